"""Several interchanges in one file, and one interchange taken apart: each part is an interchange of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from engine.edi import splitting
from engine.edi.document import Document, parse
from engine.edi.edit import Line
from engine.edi.loop import Loop
from engine.edi.maps import guide, heads
from engine.edi.names import loops as loops_of
from engine.edi.splitting import Around, Splitter, loops_named, with_bare
from engine.edi.tokens import decoded, stretches
from engine.errors import MessageError
from engine.formats import Reading
from engine.reading import Part

_HEADER = b"ISA"


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


class _Splitter(Splitter):
    """A part begins at its ISA; of a whole set only the envelope is counted again."""

    def front(self, before: str) -> str:
        """Nothing: a byte order mark belongs to the file."""
        return ""

    def envelopes(self) -> Iterator[Around]:
        """With ISB and ISE, which stand beside the ISA."""
        return _envelopes(self.document)

    def right(self) -> set[int]:
        """Keys of SE, GE and IEA that rightly say what they count."""
        return set(_right_counts(self.lines))

    def counted(self, lines: list[Line], loop: Loop) -> list[Line]:
        """Counts and levels made again; nothing inside a set that is whole."""
        whole = loop.parent is None
        _count(lines, self._right, whole)
        if not whole:
            self.total(lines)
        return lines


def taken_apart(document: Document, found: list[Loop], by: str) -> Iterator[Part]:
    """A part for each loop."""
    return splitting.taken_apart(document, found, by, _Splitter)


def _envelopes(document: Document) -> Iterator[Around]:
    """Where each functional group begins and ends, and the envelope before and behind its sets."""
    interchange: list[int] = []
    group, begun = list[int](), 0
    found: list[Around] = []
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
