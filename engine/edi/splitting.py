"""One interchange taken apart: each part is an interchange of its own, with one of the things it is split by."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from engine.edi.counts import right_totals, right_trailers, totals, trailers
from engine.edi.document import Document
from engine.edi.edit import Line, joined, lines_of
from engine.edi.loop import Loop
from engine.edi.marks import HEADERS
from engine.errors import MessageError
from engine.reading import Part

#: What the parts of an interchange may come to, as times its own size and besides, in bytes: what stands around a loop is
#: in every part.
TIMES, MOST = 10, 64 * 1024 * 1024
#: The byte order mark: what says of the bytes that they are UTF-8, whatever the header says.
_MARK = "\ufeff"

Around = tuple[int, int, list[int], list[int]]
"""Where a functional group begins and ends, and the envelope before and behind its sets."""


def loops_named(document: Document, by: str) -> list[Loop]:
    """The loops that `split: BY` means, in order."""
    loops = document.loops
    if by == document.dialect.set:
        return loops.sets
    if by in loops.named:
        return loops.named[by]
    begun = [loops.of(segment) for segment in document.index.get(by, ())]
    return [loop for loop in begun if loop.part is not None]


def with_bare(document: Document, found: list[Loop]) -> list[Loop]:
    """
    The same with the sets that hold none of them, in order, so that nothing of an interchange is in no part; none where
    there is none at all.
    """
    holding = {id(_outermost(loop)) for loop in found}
    bare = [one for one in document.loops.sets if id(one) not in holding] if found else []
    return sorted([*found, *bare], key=lambda loop: loop.start) if bare else found


def _outermost(loop: Loop) -> Loop:
    while loop.parent is not None:
        loop = loop.parent
    return loop


def taken_apart(
    document: Document, found: list[Loop], by: str, splitter: type[Splitter] | None = None
) -> Iterator[Part]:
    """A part for each loop. MessageError where the parts would come to too much."""
    made, left = (splitter or Splitter)(document, found), TIMES * len(document.raw) + MOST
    for loop in found:
        part = made.part(loop)
        left -= len(part)
        if left < 0:
            rule = f"what stands around {by} is so large that its parts come to more than {TIMES} times the file"
            raise MessageError("too_large", rule, by)
        yield Part(raw=part, line=loop.start + 1)


class Splitter:
    """
    Takes interchanges apart, in time that grows with what comes out. A dialect may have its own way to find envelopes
    (`envelopes`), to say which counts are right (`right`) and to make them again (`counted`).
    """

    def __init__(self, document: Document, found: list[Loop]) -> None:
        self.document = document
        before, self.lines = lines_of(document)
        self.before = self.front(before)
        self._holding: set[int] = set()
        """Loops that are split by, and those around them."""
        for loop in found:
            around: Loop | None = loop
            while around is not None and id(around) not in self._holding:
                self._holding.add(id(around))
                around = around.parent
        self._totals = right_totals(self.lines, document)
        self._right = self.right()
        """Keys of the trailers that count rightly: a wrong count stays, for whoever checks the part."""
        self._common: dict[int, list[int]] = {}
        self._envelopes = list(self.envelopes())
        self._starts = [start for start, *_ in self._envelopes]

    def front(self, before: str) -> str:
        """What of the text before the first segment each part begins with."""
        return before if before.startswith(_MARK) else ""

    def envelopes(self) -> Iterator[Around]:
        """Where each functional group begins and ends, and the envelope around its sets."""
        return _envelopes(self.document)

    def right(self) -> set[int]:
        """Keys of the trailers that count rightly."""
        return right_trailers(self.lines, self.document.dialect)

    def part(self, loop: Loop) -> bytes:
        """The interchange with that loop alone."""
        kept = [*loop.own, *_below(loop)]
        around = loop.parent
        while around is not None:
            kept += self._shared(around)
            around = around.parent
        kept.sort()
        before, after = self._envelope(kept[0])
        lines = [self.lines[at].copied() for at in (*before, *kept, *after)]
        return (self.before + joined(self.counted(lines, loop))).encode(self.document.codec)

    def counted(self, lines: list[Line], loop: Loop) -> list[Line]:
        """The lines of a part with its counts made again, where they were right."""
        made = [line.copied() for line in lines]
        trailers(made, self.document.dialect)
        lines = [
            new if new.key in self._right else old for old, new in zip(lines, made, strict=True)
        ]
        self.total(lines)
        return lines

    def total(self, lines: list[Line]) -> None:
        """Make the totals of a part again that were right in the whole."""
        for line, element, count in totals(lines, self.document):
            if line.key in self._totals:
                line.write(element, count)

    def _shared(self, around: Loop) -> list[int]:
        """What of a loop around stands in each of its parts."""
        found = self._common.get(id(around))
        if found is None:
            apart = {
                (one.part, one.code) for one in around.children if id(one) in self._holding
            }
            found = list(around.own)
            for child in around.children:
                if (child.part, child.code) not in apart:
                    found += [*child.own, *_below(child)]
            self._common[id(around)] = found
        return found

    def _envelope(self, at: int) -> tuple[list[int], list[int]]:
        number = bisect_right(self._starts, at) - 1
        if number < 0 or at >= self._envelopes[number][1]:
            return [], []
        return self._envelopes[number][2:]


def _below(loop: Loop) -> Iterator[int]:
    for child in loop.children:
        yield from child.own
        yield from _below(child)


def _envelopes(document: Document) -> Iterator[Around]:
    read = _Envelopes(document)
    for at, segment in enumerate(document.segments):
        if segment.name == document.dialect.opens:
            yield from read.opened(at)
        else:
            read.meet(at, segment.name)
    yield from read.finished(len(document.segments))


class _Envelopes:
    """The envelopes of a document while its segments go by."""

    def __init__(self, document: Document) -> None:
        self.dialect = document.dialect
        self.advice, self.interchange = list[int](), list[int]()
        self.group, self.begun = list[int](), 0
        self.found: list[Around] = []

    def opened(self, at: int) -> list[Around]:
        """An interchange begins: the envelopes of the one before it."""
        done, self.found = self.found, []
        self.interchange, self.advice, self.group, self.begun = [*self.advice, at], [], [], at
        return done

    def meet(self, at: int, name: str) -> None:
        """The next segment."""
        dialect = self.dialect
        if name in HEADERS:
            self.advice = [at]
        elif name == dialect.group:
            self.group, self.begun = [at], at
        elif name == dialect.group_ends:
            self._keep(at + 1, [at])
            self.group, self.begun = [], at
        elif name == dialect.closes:
            if not self.found or self.group:
                self._keep(at + 1, [])
            for one in self.found:
                one[3].append(at)

    def finished(self, size: int) -> list[Around]:
        """The document is over."""
        if self.group or not self.found:
            self._keep(size, [])
        return self.found

    def _keep(self, end: int, after: list[int]) -> None:
        self.found.append((self.begun, end, [*self.interchange, *self.group], after))
