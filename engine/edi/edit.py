"""
Editing an interchange in place: every byte that no rule names stays as it came.

    editor = document.edit()
    target.set(editor, scope, "GENHOSP")
    editor.render()

Where segments were taken out or added, the counts of sets, groups and interchange (SE01, GE01, IEA01, and the line items
of CTT01 where they were right before; in EDIFACT UNT, UNE, UNZ and CNT) are made again. Segments keep their `key` over all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from engine.edi.additions import Added, placed
from engine.edi.counts import recounted, right_totals
from engine.edi.document import Document, Segment, parse
from engine.edi.loop import Loop
from engine.edi.marks import ABSENT, BLANK, HEADERS, Marks
from engine.edi.release import shown
from engine.errors import MessageError
from engine.paths import Scope
from engine.reading import Reading

Nodes = Callable[[Scope], Sequence[Any] | None]


class Line(msgspec.Struct, gc=False):
    """One segment of the interchange being edited."""

    was: str
    """As it came."""
    end: str
    """What stands behind it: terminator, line break, indentation of the next."""
    name: str
    marks: Marks
    key: int
    elements: list[str]
    """Its name and its elements, as they are now."""
    touched: bool = False

    def write(self, number: int, raw: str) -> None:
        """Set an element as written; empty ones behind the last are not written at all."""
        elements = self.elements
        if number >= len(elements):
            if not raw:
                return
            elements.extend([""] * (number + 1 - len(elements)))
        if elements[number] != raw:
            elements[number] = raw
            self.touched = True
            while len(elements) > 1 and not elements[-1]:
                elements.pop()

    def copied(self) -> Line:
        """The same, to be written to apart."""
        return Line(
            self.was,
            self.end,
            self.name,
            self.marks,
            self.key,
            self.elements.copy(),
            self.touched,
        )

    def text(self) -> str:
        """As it is now."""
        return self.marks.element.join(self.elements) if self.touched else self.was

    def segment(self, position: int) -> Segment:
        """As it is now, to be read."""
        line = self.marks.element.join(self.elements)
        return Segment(line, self.name, position, self.marks, self.key)


class Editor:
    """An interchange being edited."""

    def __init__(self, document: Document) -> None:
        self.source = document
        self.before, self._lines = lines_of(document)
        self.moved = False
        """Whether segments were taken out or added."""
        self.added: set[int] = set()
        """Keys of the segments that were added."""
        self._next = len(self._lines)
        self._by_key: dict[int, Line] = {line.key: line for line in self._lines}
        self._gone: set[int] = set()
        self._right: set[int] | None = None
        """Keys of the summaries that counted rightly before segments moved."""
        self._view: Document | None = document
        self._raw: bytes | None = document.raw

    @property
    def lines(self) -> list[Line]:
        """The segments as they are now."""
        if self._gone:
            self._lines = [line for line in self._lines if line.key not in self._gone]
            self._gone.clear()
        return self._lines

    def changed(self) -> None:
        """What was rendered before is no longer true."""
        self._view = self._raw = None

    def named(self, name: str) -> list[Line]:
        """The segments of that name, in order."""
        return [line for line in self.lines if line.name == name]

    def behind(self, segments: Iterable[Segment]) -> list[Line]:
        """What became of segments of a document of this interchange; removed ones are left out."""
        keys = self._by_key
        return [line for one in segments if (line := keys.get(one.key)) is not None]

    def new(self, name: str) -> Added:
        """A segment that is written to and not yet in its place."""
        marks = self._lines[0].marks
        line = Line(name, marks.segment + marks.end, name, marks, self._next, [name])
        self._next += 1
        self._by_key[line.key] = line
        return Added(line)

    def place(
        self, made: Sequence[tuple[Added, Scope | None]], after: str = "", before: str = ""
    ) -> None:
        """New segments go to their place (additions.py), each in the loop of its scope."""
        if made:
            self._moving()
            self._lines = placed(self, made, after, before)
            self.added.update(one.line.key for one, _ in made)

    def add(
        self, name: str, scope: Scope | None = None, after: str = "", before: str = ""
    ) -> Added:
        """One new, empty segment in its place."""
        made = self.new(name)
        self.place([(made, scope)], after, before)
        return made

    def walk(self, nodes: Nodes, scope: Scope) -> list[tuple[int, Any]]:
        """The things of an `each` that are left, each with its number, from 1, in the loop around it."""
        seen: dict[int, int] = {}
        walked = []
        for thing in nodes(scope) or ():
            around = 0
            if isinstance(thing, Loop):
                if thing.segment.key not in self._by_key:
                    continue
                around = id(thing.parent)
            seen[around] = seen.get(around, 0) + 1
            walked.append((seen[around], thing))
        return walked

    def drop(self, lines: Iterable[Line]) -> None:
        """Take segments out; first and last of an interchange stay, and the others of the envelope as long as they hold something."""
        dialect = self.source.dialect
        never = HEADERS.union([dialect.opens, dialect.closes])
        gone = [line for line in lines if line.name not in never]
        if not gone:
            return
        self._moving()
        self._gone.update(line.key for line in gone)
        for line in gone:
            self._by_key.pop(line.key, None)

    def keep(self, names: Sequence[str]) -> None:
        """Take out every segment of another name; the envelope stays."""
        stays = self.source.dialect.stays.union(names)
        self.drop([line for line in self.lines if line.name not in stays])

    def document(self) -> Document:
        """The interchange as it is now, to be read."""
        if self._view is None:
            reading = Reading(encoding=self.source.codec)
            made = parse(self.render(), reading, self.source.dialect)
            for segment, line in zip(made.segments, self.lines, strict=True):
                segment.key = line.key
            self._view = made
        return self._view

    def render(self) -> bytes:
        """
        The interchange as bytes, in the character set in which it came.

        A character that this set does not have is a MessageError.
        """
        if self._raw is None:
            if self._right is not None:
                recounted(self, self._right)
            self._raw = self._encoded(self.before + joined(self.lines))
        return self._raw

    def _encoded(self, text: str) -> bytes:
        try:
            return text.encode(self.source.codec)
        except UnicodeEncodeError:
            rule = f"a character is not in {self.source.codec}, in which the interchange came"
            raise MessageError("unmappable", rule) from None

    def _moving(self) -> None:
        if self._right is None:
            self._right = right_totals(self.lines, self.source)
        self.moved = True
        self.changed()


def joined(lines: Sequence[Line]) -> str:
    """The text of segments, with what stands behind each."""
    text = "".join([line.text() + line.end for line in lines])
    if text.isascii() or lines[0].marks.release is ABSENT:
        return text
    return "".join([shown(line.text() + line.end, line.marks) for line in lines])


def lines_of(document: Document) -> tuple[str, list[Line]]:
    """What stands before the first segment, and the segments with what stands behind each."""
    text, made = document.text, list[Line]()
    before, at = "", 0
    for segment, start, end in _extents(document):
        if made:
            made[-1].end = text[at:start]
        else:
            before = text[:start]
        elements = list(segment.elements)
        made.append(
            Line(text[start:end], "", segment.name, segment.marks, segment.key, elements)
        )
        at = end
    made[-1].end = text[at:]
    return before, made


def _extents(document: Document) -> Iterator[tuple[Segment, int, int]]:
    """Where each segment stands in the text."""
    text, at = document.text, 0
    for segment in document.segments:
        between = BLANK + segment.marks.segment
        while text[at] in between:
            at += 1
        end = at + len(segment.line)
        if not text.startswith(segment.line, at):
            end = _wrapped(text, at, segment.line)
        yield segment, at, end
        at = end


def _wrapped(text: str, at: int, line: str) -> int:
    """Where a segment ends that line breaks were put into."""
    for character in line:
        while text[at] != character:
            at += 1
        at += 1
    return at
