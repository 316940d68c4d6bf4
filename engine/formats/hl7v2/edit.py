"""
Editing a message in place: every byte that no rule names stays as it came.

    editor = document.edit()
    target.set(editor, scope, "GENHOSP")
    editor.render()

Segments keep their `key` over all of it, so scopes made from the document, or from `editor.document()` at any
moment, name the same segments in the editor.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from engine.formats import Scope
from engine.formats.hl7v2.additions import Added, placed
from engine.formats.hl7v2.charset import Decoded, codec_of, encode, readable
from engine.formats.hl7v2.document import (
    Document,
    Segment,
    name_of,
    split_fields,
    split_lines,
)
from engine.formats.hl7v2.exact import exact_bytes
from engine.formats.hl7v2.marks import HEADERS, Marks
from engine.formats.hl7v2.walk import Nodes, Parents, walk


class Line(msgspec.Struct, gc=False):
    """One line of the message being edited."""

    was: str
    """As it came."""
    end: str
    name: str
    """Empty in a blank line."""
    marks: Marks
    key: int
    origin: int = -1
    """Which line of the original it is; -1 = a new one."""
    touched: bool = False
    came: Segment | None = None
    """The segment that it was."""
    cut: list[str] | None = None
    """`fields`, once they were asked for."""

    @property
    def fields(self) -> list[str]:
        """Name and fields as they are now."""
        if self.cut is None:
            came = self.came
            if came is not None and came.line == self.was:
                self.cut = came.fields.copy()
            else:
                self.cut = split_fields(self.was, self.name, self.marks)
            self.cut[0] = self.was.partition(self.marks.field)[0]
        return self.cut

    def write(self, number: int, raw: str) -> None:
        """Set a field as written; an empty one behind the last is not written at all."""
        fields = self.fields
        if number >= len(fields):
            if not raw:
                return
            fields.extend([""] * (number + 1 - len(fields)))
        if fields[number] != raw:
            fields[number] = raw
            self.touched = True

    def text(self) -> str:
        """As it is now."""
        if not self.touched:
            return self.was
        fields = self.fields
        return self.marks.field.join(
            [fields[0], *fields[2:]] if self.name in HEADERS else fields
        )


class Editor:
    """A message being edited."""

    def __init__(self, document: Document) -> None:
        self.source = document
        self.marks = document.marks
        decoded = document.decoded
        text = decoded.exact or decoded.text
        start = text.find("MSH")
        self.before = text[:start]
        """Blanks before the message."""
        self.original = split_lines(text[start:], self.marks.field)
        marks, field, segments = self.marks, self.marks.field, iter(document.segments)
        self._lines: list[Line] = []
        for at, (line, end) in enumerate(zip(*self.original, strict=True)):
            if line[3:4] == field or name_of(line, field):
                came = next(segments)
                made = Line(line, end, came.name, marks, came.key, at, False, came)
            else:
                made = Line(line, end, "", marks, at, at)
            self._lines.append(made)
        self._gone: set[int] = set()
        """Lines taken out and still in the list, so that taking out many one by one stays quick."""
        self._next = 1 + max([line.key for line in self._lines])
        self._by_key: dict[int, Line] | None = None
        self.moved = False
        """Whether segments were taken out or added."""
        self.parents: Parents | None = None
        """The groups of its segments, once a walk has asked for them."""
        self.added: set[int] = set()
        """Keys of the segments that were added."""
        self._view: Document | None = document
        self._raw: bytes | None = document.raw
        self._text: str | None = None

    @property
    def lines(self) -> list[Line]:
        """The lines as they are now, blank ones included."""
        if self._gone:
            last = self._lines[-1]
            self._lines = [line for line in self._lines if id(line) not in self._gone]
            if not last.end and id(last) in self._gone:
                self._lines[-1].end = ""
            self._gone.clear()
        return self._lines

    def changed(self) -> None:
        """What was rendered before is no longer true."""
        self._view = self._raw = self._text = None

    def named(self, name: str) -> list[Line]:
        """The segments of that name, in order."""
        return [line for line in self.lines if line.name == name]

    def first(self, name: str) -> Sequence[Line]:
        """The first segment of that name, if there is one."""
        for line in self.lines:
            if line.name == name:
                return (line,)
        return ()

    def behind(self, segments: Iterable[Segment]) -> list[Line]:
        """What became of segments of a document of this message; removed ones are left out."""
        keys = self.keys()
        return [line for one in segments if (line := keys.get(one.key)) is not None]

    def new(self, name: str) -> Added:
        """A segment that is written to and not yet in its place."""
        line = Line(name, "", name, self.marks, self._next)
        self._next += 1
        self.keys()[line.key] = line
        return Added(line)

    def place(
        self, made: Sequence[tuple[Added, Scope | None]], after: str = "", before: str = ""
    ) -> None:
        """New segments go to their place (additions.py), each in the group of its scope."""
        if made:
            self._lines = placed(self, made, after, before)
            self.added.update(one.line.key for one, _ in made)
            self.moved, self.parents = True, None
            self.changed()

    def add(
        self, name: str, scope: Scope | None = None, after: str = "", before: str = ""
    ) -> Added:
        """One new, empty segment in its place."""
        made = self.new(name)
        self.place([(made, scope)], after, before)
        return made

    def walk(self, nodes: Nodes, scope: Scope) -> list[tuple[int, Any]]:
        """The things of an `each` that are left, each with its number in its group (walk.py)."""
        return walk(self, nodes, scope)

    def drop(self, lines: Iterable[Line]) -> None:
        """Take segments out; MSH stays."""
        gone = [line for line in lines if line.name != "MSH"]
        if not gone:
            return
        self._gone.update(id(line) for line in gone)
        keys = self.keys()
        for line in gone:
            keys.pop(line.key, None)
        self.moved, self.parents = True, None
        self.changed()

    def keep(self, names: Sequence[str]) -> None:
        """Take out every segment of another name; MSH stays."""
        self.drop([line for line in self.lines if line.name and line.name not in names])

    def document(self) -> Document:
        """The message as it is now, to be read."""
        if self._view is None:
            raw, text, decoded = self.render(), self._written(), self.source.decoded
            if decoded.exact:
                read = readable(text, self.source.reading.unmappable)
                now = Decoded(read, self._codec(), decoded.mark, text)
            else:
                now = Decoded(text, self._codec(), decoded.mark)
            segments, index = self._segments()
            self._view = self.source.again(raw, now, segments, index)
        return self._view

    def render(self) -> bytes:
        """
        The message as bytes, in its character set, or in the one that an edit of MSH-18 names.

        Raises MessageError where that set does not have a character, unless `unmappable` says otherwise.
        """
        if self._raw is None:
            self._raw = self._rendered()
        return self._raw

    def _rendered(self) -> bytes:
        if not self.moved and not any(line.touched for line in self.lines):
            return self.source.raw
        decoded, unmappable = self.source.decoded, self.source.reading.unmappable
        codec = self._codec()
        text = self.before + self._written()
        if codec != decoded.codec:
            return encode(text, codec, unmappable)
        if codec in _FAITHFUL or self._is_canonical(codec):
            return decoded.mark + encode(text, codec, unmappable)
        return exact_bytes(self, unmappable)

    def _written(self) -> str:
        if self._text is None:
            self._text = "".join(
                [(line.text() if line.touched else line.was) + line.end for line in self.lines]
            )
        return self._text

    def _segments(self) -> tuple[list[Segment], dict[str, list[Segment]]]:
        """The segments as they are now; those that nobody touched are those that came."""
        segments: list[Segment] = []
        index: dict[str, list[Segment]] = {}
        for line in self._named():
            segment = line.came
            if segment is None or line.touched:
                text = line.text()
                if self.source.decoded.exact:
                    text = readable(text, self.source.reading.unmappable)
                segment = Segment(text, line.name, line.key, line.marks)
            segments.append(segment)
            if line.name in index:
                index[line.name].append(segment)
            else:
                index[line.name] = [segment]
        return segments, index

    def _is_canonical(self, codec: str) -> bool:
        """Whether encoding what was read gives back its bytes."""
        decoded = self.source.decoded
        return encode(decoded.exact or decoded.text, codec, "replace") == self.source.raw

    def _codec(self) -> str:
        header = self._lines[0]
        if not header.touched:
            return self.source.decoded.codec
        was, now = self.source.index["MSH"][0].fields, header.fields
        old, new = (fields[18] if len(fields) > 18 else "" for fields in (was, now))
        if old == new or not new:
            return self.source.decoded.codec
        return codec_of(new.partition(self.marks.repetition)[0] or "ASCII")

    def _named(self) -> list[Line]:
        """The lines that are segments."""
        return [line for line in self.lines if line.name]

    def keys(self) -> dict[int, Line]:
        """The segments by key."""
        if self._by_key is None:
            self._by_key = {line.key: line for line in self._named()}
        return self._by_key


#: Sets in which text and bytes correspond one to one.
_FAITHFUL = frozenset(
    ["ascii", "utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "cp1252"]
    + [f"iso8859-{number}" for number in range(1, 17)]
)
