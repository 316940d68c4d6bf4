"""Several interchanges in one file, and one interchange taken apart: each part is an interchange of its own."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from engine.edi.counts import right_totals, totals
from engine.edi.document import Document, parse
from engine.edi.edit import Line, lines_of
from engine.edi.loop import Loop
from engine.edi.maps import guide, heads
from engine.edi.names import loops as loops_of
from engine.edi.splitting import with_bare
from engine.edi.tokens import decoded, stretches
from engine.errors import MessageError
from engine.formats import Reading
from engine.reading import Part

_HEADER = b"ISA"
#: What the parts of an interchange may come to, as times its own size and besides, in bytes: what stands around a loop is
#: in every part.
TIMES, MOST = 10, 64 * 1024 * 1024


def parts(raw: bytes, reading: Reading) -> Sequence[bytes] | None:
    """The interchanges in a file, in order, as they came; None where it is one, or none that can be read."""
    at = raw.find(_HEADER)
    if raw.find(_HEADER, at + 3) < 0:
        return None
    try:
        text, codec = decoded(raw, reading.encoding)
        found = [text[each.start : each.end] for each in stretches(text)]
    except MessageError:
        return None
    return [each.encode(codec) for each in found] if len(found) > 1 else None


def splits(by: str, layout: Any = None) -> str:
    """What is wrong with `split: BY`, in words; empty where it can be."""
    if by == "ST" or any(loops_of(guide(file), by) for file in heads()):
        return ""
    return f"'{by}' is no loop of X12: split by ST, or by a loop such as 2000B, 2300, 2100, PO1"


def split(raw: bytes, reading: Reading, by: str) -> Iterable[bytes]:
    """
    One interchange for each transaction set, or for each loop of that name, with everything that stands around it and
    none of the others, its counts and levels made again where they were right: a wrong count stays wrong. A set without any
    is a part by itself, an interchange without any is given whole. MessageError where the parts would come to too much.
    """
    return (part.raw for part in parted(raw, reading, by))


def parted(raw: bytes, reading: Reading, by: str) -> Iterable[Part]:
    """See Format.parted: `line` is the number of the segment that begins the part, ISA being 1."""
    document = parse(raw, reading)
    found = with_bare(document, loops_named(document, by))
    return taken_apart(document, found, by) if found else [Part(raw=raw, line=1)]


def loops_named(document: Document, by: str) -> list[Loop]:
    """The loops that `split: BY` means, in order."""
    if by == "ST":
        return document.loops.sets
    loops = document.loops
    if by in loops.named:
        return loops.named[by]
    begun = [loops.of(segment) for segment in document.index.get(by, ())]
    return [loop for loop in begun if loop.part is not None]


def taken_apart(document: Document, found: list[Loop], by: str) -> Iterator[Part]:
    """A part for each loop."""
    splitter, left = _Splitter(document, found), TIMES * len(document.raw) + MOST
    for loop in found:
        part = splitter.part(loop)
        left -= len(part)
        if left < 0:
            rule = f"what stands around {by} is so large that its parts come to more than {TIMES} times the file"
            raise MessageError("too_large", rule, by)
        yield Part(raw=part, line=loop.start + 1)


class _Splitter:
    """Takes interchanges apart, in time that grows with what comes out."""

    def __init__(self, document: Document, found: list[Loop]) -> None:
        self.document = document
        _, self.lines = lines_of(document)
        self._holding: set[int] = set()
        """Loops that are split by, and those around them."""
        for loop in found:
            around: Loop | None = loop
            while around is not None and id(around) not in self._holding:
                self._holding.add(id(around))
                around = around.parent
        self._totals = right_totals(self.lines, document)
        self._right = set(_right_counts(self.lines))
        """Keys of the trailers that count rightly: a wrong count stays, for whoever checks the part."""
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
        whole = loop.parent is None
        _count(lines, self._right, whole)
        for line, element, count in totals(lines, self.document):
            if line.key in self._totals and not whole:
                line.write(element, str(count))
        text = "".join([line.text() + line.end for line in lines])
        return text.encode(self.document.codec)

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
    interchange: list[int] = []
    group, begun = list[int](), 0
    found: list[tuple[int, int, list[int], list[int]]] = []
    for at, segment in enumerate(document.segments):
        if segment.name == "ISA":
            yield from found
            found, interchange, group, begun = [], [at], [], at
        elif segment.name in ("ISB", "ISE") and not group:
            interchange.append(at)
        elif segment.name == "GS":
            group, begun = [at], at
        elif segment.name == "GE":
            found.append((begun, at + 1, [*interchange, *group], [at]))
            group, begun = [], at
        elif segment.name == "IEA":
            if not found or group:
                found.append((begun, at + 1, [*interchange, *group], []))
            for one in found:
                one[3].append(at)
    if group or not found:
        found.append((begun, len(document.segments), [*interchange, *group], []))
    yield from found


def _right_counts(lines: list[Line]) -> Iterator[int]:
    """Keys of SE, GE and IEA that rightly say what they count."""
    begun = {"SE": 0, "GE": 0, "IEA": 0}
    for line in lines:
        if line.name in _OPENS:
            begun.update(dict.fromkeys(_OPENS[line.name], 0))
        for closing in _COUNTS.get(line.name, ("SE",)):
            begun[closing] += 1
        said = line.elements[1].strip() if line.name in begun and len(line.elements) > 1 else ""
        if said.isdigit() and said.lstrip("0") == str(begun[line.name]):
            yield line.key


#: Which counts begin again where a segment stands, and which count it.
_OPENS = {"ISA": ("SE", "GE", "IEA"), "GS": ("SE", "GE"), "ST": ("SE",)}
_COUNTS = {"ST": ("SE", "GE"), "GS": ("IEA",), "ISA": (), "GE": (), "IEA": ()}


def _count(lines: list[Line], right: set[int], whole: bool) -> None:
    """Counts and levels of an interchange with one set; nothing inside a set that is whole."""
    start = 0
    levels: dict[str, str] = {}
    children = {
        line.elements[2] for line in lines if line.name == "HL" and len(line.elements) > 2
    }
    for at, line in enumerate(lines):
        if line.name == "ST":
            start = at
        elif line.name in ("GE", "IEA") and line.key in right:
            line.write(1, "1")
        elif whole:
            continue
        elif line.name == "SE" and line.key in right:
            line.write(1, str(at - start + 1))
        elif line.name == "HL" and len(line.elements) > 3:
            number = line.elements[1]
            levels[number] = str(len(levels) + 1)
            if len(line.elements) > 4:
                line.write(4, "1" if number in children else "0")
            line.write(1, levels[number])
            line.write(2, levels.get(line.elements[2], line.elements[2]))
