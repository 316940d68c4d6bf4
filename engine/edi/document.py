"""A file of interchanges read: segments split once, elements when they are asked for. Immutable; keeps the bytes as they came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from engine.edi.dialect import Dialect
from engine.edi.marks import ABSENT, Marks
from engine.edi.x12 import X12
from engine.reading import Reading

if TYPE_CHECKING:
    from engine.edi.edit import Editor
    from engine.edi.loop import Loop
    from engine.edi.loops import Loops

_NONE: tuple[Segment, ...] = ()


class Segment(msgspec.Struct, gc=False):
    """One segment. `elements[3]` is its third element as written; `elements[0]` its name."""

    line: str
    """As written, without its terminator and the blanks around it."""
    name: str
    position: int
    """Its place in the document, from 0."""
    marks: Marks
    key: int
    """Stays the same while its document is edited."""
    cut: list[str] | None = None
    """`elements`, once they were asked for; readers look here first."""

    @property
    def elements(self) -> list[str]:
        """Its name, then its elements as written."""
        return self.cut or self.split()

    def split(self) -> list[str]:
        """Split the elements now."""
        self.cut = self.line.split(self.marks.element, 2 if self.name == "BIN" else -1)
        return self.cut

    def element(self, number: int) -> str:
        """An element as written; empty where there is none."""
        elements = self.cut or self.split()
        return elements[number] if number < len(elements) else ""


class Document:
    """One interchange, or several in a file."""

    __slots__ = (
        "_loops",
        "codec",
        "dialect",
        "index",
        "marks",
        "raw",
        "reading",
        "segments",
        "text",
    )

    def __init__(
        self,
        raw: bytes,
        text: str,
        codec: str,
        reading: Reading,
        segments: list[Segment],
        index: dict[str, list[Segment]],
        dialect: Dialect = X12,
    ) -> None:
        self.raw = raw
        """The bytes as they came."""
        # the text has one character for each delimiter that stands in a value (release.py)
        self.text, self.codec, self.reading = text, codec, reading
        self.segments = segments
        self.index = index
        """Segments by name, in their order."""
        self.dialect = dialect
        self.marks = segments[0].marks
        self._loops: Loops | None = None

    @property
    def loops(self) -> Loops:
        """Its loops, as the maps of its transaction sets have them."""
        if self._loops is None:
            from engine.edi.loops import Loops  # noqa: PLC0415

            self._loops = Loops(self)
        return self._loops

    def find(self, name: str) -> Sequence[Segment]:
        """Segments of that name as a path outside any group sees them: those of the sets themselves before their loops'."""
        if name in self.dialect.envelope or name not in self.index:
            return self.index.get(name, _NONE)
        return self.loops.seen_from_message(name)

    def groups(self, name: str) -> Sequence[Loop]:
        """Loops of that name, seen from outside any group."""
        return self.loops.groups_from_message(name)

    def header(self, name: str, element: int) -> str:
        """An element of the first segment of that name, blanks around it taken off; empty where there is none."""
        found = self.index.get(name)
        return found[0].element(element).strip() if found else ""

    def kind(self) -> str:
        """Set and version: `837 005010X222A1`, `ORDERS D96A`; of a file with several kinds the first."""
        return self.dialect.kind(self)

    def control(self) -> str:
        """The sender's number for the interchange."""
        return self.dialect.control(self)

    def processing(self) -> str:
        """`production` or `test`; empty where the interchange says neither."""
        return self.dialect.processing(self)

    def edit(self) -> Editor:
        """A copy to be written to."""
        from engine.edi.edit import Editor  # noqa: PLC0415

        return Editor(self)


def parse(raw: bytes, reading: Reading, dialect: Dialect = X12) -> Document:
    """
    Bytes to document. Byte order mark, blanks, line breaks and indentation between segments are passed over.

    Raises MessageError where no interchange header is found or its bytes cannot be read.
    """
    text, codec, stretches = dialect.read(raw, reading.encoding)
    segments: list[Segment] = []
    for stretch in stretches:
        at = len(segments)
        read_segments(stretch.lines, stretch.marks, segments)
        if dialect.advice and segments[at].line.startswith(dialect.advice):
            segments[at].name, size = dialect.advice, len(dialect.advice)
            segments[at].cut = [dialect.advice, segments[at].line[size:]]
    return Document(raw, text, codec, reading, segments, indexed(segments), dialect)


def read_segments(lines: Sequence[str], marks: Marks, into: list[Segment]) -> None:
    """Add the segments of an interchange's lines."""
    bar, at = marks.element, len(into)
    for line in lines:
        into.append(Segment(line, line.partition(bar)[0], at, marks, at))
        at += 1


def indexed(segments: Sequence[Segment]) -> dict[str, list[Segment]]:
    """Segments by name."""
    index: dict[str, list[Segment]] = {}
    for segment in segments:
        if segment.name in index:
            index[segment.name].append(segment)
        else:
            index[segment.name] = [segment]
    return index


def parts_of(raw: str, mark: str) -> list[str]:
    """The repetitions or components of an element."""
    return [raw] if mark is ABSENT else raw.split(mark)
