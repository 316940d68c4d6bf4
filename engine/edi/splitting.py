"""One interchange taken apart: each part is an interchange of its own, with one of the things it is split by."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator

from engine.edi.counts import right_totals, totals, trailers
from engine.edi.document import Document
from engine.edi.edit import Line, joined, lines_of
from engine.edi.loop import Loop
from engine.edi.marks import HEADERS
from engine.errors import MessageError
from engine.reading import Part

#: What the parts of an interchange may come to, as times its own size and besides, in bytes: what stands around a loop is
#: in every part.
TIMES, MOST = 10, 64 * 1024 * 1024
#: Segments of X12 that belong to the header of the interchange.
_HEAD = frozenset(["ISB", "ISE"])

#: Makes again what else counts in a part: the levels of X12.
Again = Callable[[list[Line]], None]


def loops_named(document: Document, by: str) -> list[Loop]:
    """The loops that `split: BY` means, in order."""
    loops = document.loops
    if by == document.dialect.set:
        return loops.sets
    if by in loops.named:
        return loops.named[by]
    begun = [loops.of(segment) for segment in document.index.get(by, ())]
    return [loop for loop in begun if loop.part is not None]


def taken_apart(
    document: Document, found: list[Loop], by: str, again: Again | None = None
) -> Iterator[Part]:
    """A part for each loop. MessageError where the parts would come to too much."""
    splitter, left = _Splitter(document, found, again), TIMES * len(document.raw) + MOST
    for loop in found:
        part = splitter.part(loop)
        left -= len(part)
        if left < 0:
            rule = f"what stands around {by} is so large that its parts come to more than {TIMES} times the file"
            raise MessageError("too_large", rule, by)
        yield Part(raw=part, line=loop.start + 1)


class _Splitter:
    """Takes interchanges apart, in time that grows with what comes out."""

    def __init__(self, document: Document, found: list[Loop], again: Again | None) -> None:
        self.document, self.again = document, again
        _, self.lines = lines_of(document)
        self._holding: set[int] = set()
        """Loops that are split by, and those around them."""
        for loop in found:
            around: Loop | None = loop
            while around is not None and id(around) not in self._holding:
                self._holding.add(id(around))
                around = around.parent
        self._totals = right_totals(self.lines, document)
        self._common: dict[int, list[int]] = {}
        self._envelopes = list(_envelopes(document))
        self._starts = [start for start, *_ in self._envelopes]

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
        trailers(lines, self.document.dialect)
        if self.again is not None:
            self.again(lines)
        for line, element, count in totals(lines, self.document):
            if line.key in self._totals:
                line.write(element, count)
        return joined(lines).encode(self.document.codec)

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


def _envelopes(document: Document) -> Iterator[tuple[int, int, list[int], list[int]]]:
    """Where each functional group begins and ends, and the envelope before and behind its sets."""
    dialect = document.dialect
    advice, interchange, group = list[int](), list[int](), list[int]()
    found: list[tuple[int, int, list[int], list[int]]] = []
    begun = 0
    for at, segment in enumerate(document.segments):
        name = segment.name
        if name == dialect.opens:
            yield from found
            found, interchange, advice, group, begun = [], [*advice, at], [], [], at
        elif name in HEADERS:
            advice = [at]
        elif name in _HEAD and not group:
            interchange.append(at)
        elif name == dialect.group:
            group, begun = [at], at
        elif name == dialect.group_ends:
            found.append((begun, at + 1, [*interchange, *group], [at]))
            group, begun = [], at
        elif name == dialect.closes:
            if not found or group:
                found.append((begun, at + 1, [*interchange, *group], []))
            for one in found:
                one[3].append(at)
    if group or not found:
        found.append((begun, len(document.segments), [*interchange, *group], []))
    yield from found
