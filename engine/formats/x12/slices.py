"""What is known of a large interchange while it is cut into slices (slicing.py)."""

from __future__ import annotations

import msgspec

from engine.edi.marks import Marks
from engine.errors import MessageError
from engine.formats.x12.pieces import Piece

#: Bytes that may be known of a file before its first part.
MOST_KNOWN = 16 * 1024 * 1024


class Behind(msgspec.Struct, array_like=True):
    """What stands behind the loops of sets that are cut, by the number of their ST, GS and ISA."""

    sets: dict[int, list[tuple[int, bytes]]] = {}
    groups: dict[int, tuple[int, bytes]] = {}
    ends: dict[int, tuple[int, bytes]] = {}
    counted: dict[int, tuple[int, str]] = {}
    """Of trailers and summaries that count rightly (SE01, CTT01): the element, and the segments that it counts; all where empty."""
    size: int = 0
    bare: list[int] = []
    """The numbers of the ST of sets that hold none of the loops; each is a part by itself."""

    def keep(self, into: dict[int, tuple[int, bytes]], key: int, piece: Piece) -> None:
        """Remember a trailer."""
        into[key] = piece.number, piece.raw
        self.count(piece.raw)

    def learn(self, piece: Piece, values: list[str], element: int, count: int, of: str) -> None:
        """Remember what counts rightly."""
        if element < len(values) and values[element].strip().lstrip("0") == str(count):
            self.counted[piece.number] = element, of

    def count(self, raw: bytes) -> None:
        """MessageError where what stands around the parts would be a file of its own."""
        self.size += len(raw) + 16
        if self.size > MOST_KNOWN:
            raise MessageError("too_large", "there is too much behind the parts of the file")

    def recounted(self, lines: list[tuple[int, bytes]], bar: bytes) -> list[tuple[int, bytes]]:
        """Trailers and summaries that count rightly count what is in the slice."""
        begun = 0
        met: dict[bytes, int] = {}
        for at, (number, raw) in enumerate(lines):
            name = raw.partition(bar)[0].strip()
            if name == b"ST":
                begun, met = at, {key: met.get(key, 0) for key in (b"ST", b"GS")}
            elif name in (b"GS", b"ISA"):
                met = {b"GS": met.get(b"GS", 0)} if name == b"GS" else {}
            met[name] = met.get(name, 0) + 1
            if number in self.counted:
                element, of = self.counted[number]
                count = met.get(of.encode(), 0) if of else at - begun + 1
                values = raw.split(bar)
                values[element] = str(count).encode() + values[element].lstrip(b"0123456789")
                lines[at] = number, bar.join(values)
        return lines


class Bare:
    """Finds the sets that hold none of the loops that a file is split by, where `learns`."""

    def __init__(self, behind: Behind, learns: bool) -> None:
        self._behind, self._learns = behind, learns
        self._set = self._count = 0
        self.known = frozenset(behind.bare)

    def begun(self, number: int, count: int) -> None:
        """A set begins; `count` loops were met before it."""
        self.ended(count)
        self._set, self._count = number, count

    def ended(self, count: int) -> None:
        """The set is over, if one was open."""
        if self._set and self._learns and count == self._count:
            self._behind.bare.append(self._set)
            self._behind.count(b"")
        self._set = 0


class Start(msgspec.Struct, array_like=True, frozen=True):
    """Where a slice begins, for a process that knows of nothing else."""

    offset: int = 0
    number: int = 0
    """Segments before it."""
    around: list[tuple[int, bytes]] = []
    """The number and the bytes of each segment around it: ISA, GS, ST and what is shared up to here."""
    marks: Marks | None = None
    """The delimiters, where something stands around it."""


class Slice(msgspec.Struct, frozen=True):
    """An interchange that holds some of the loops of a large one."""

    raw: bytes
    numbers: list[int]
    """The number of each of its segments in the file, from 1."""
    start: Start
    after: Start
    """Where the one behind it begins."""
