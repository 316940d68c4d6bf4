"""
Large files of interchanges: taken apart, looked through and told what became of them, in the memory of one slice.

The parts are those that a file that is held whole gives (envelope.py), byte for byte, as long as nothing that the parts of
a set share stands out of order behind some of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from engine.edi.document import parse
from engine.edi.splitting import loops_named
from engine.errors import MessageError
from engine.formats.x12.envelope import taken_apart
from engine.formats.x12.inspection import Inspection
from engine.formats.x12.pieces import pieces
from engine.formats.x12.slices import Behind, Slice, Start
from engine.formats.x12.slicing import LONGEST, Slicer
from engine.reading import Blocks, Part, Reading, Surveyed


class _Position(msgspec.Struct, array_like=True, frozen=True):
    """Behind which part: the slice, and how many of its parts were taken."""

    start: Start
    taken: int


class Parts:
    """The parts of a file from a place on (engine/reading.py: Parting)."""

    def __init__(
        self, blocks: Blocks, reading: Reading, by: str, behind: Behind, position: bytes
    ) -> None:
        self._reading, self._by = reading, by
        said = msgspec.msgpack.decode(position, type=_Position) if position else None
        self._at = said or _Position(Start(), 0)
        self._bare = frozenset(behind.bare)
        self._slicer = Slicer(blocks, by, behind, False, self._at.start)
        self._parts = self._made()

    def __iter__(self) -> Parts:
        return self

    def __next__(self) -> Part:
        return next(self._parts)

    def position(self) -> bytes:
        """See Parting.position."""
        return msgspec.msgpack.encode(self._at)

    def _made(self) -> Iterator[Part]:
        skipped = self._at.taken
        for slice_ in self._slicer.slices():
            for taken, part in enumerate(self._of(slice_), 1):
                if taken > skipped:
                    self._at = _Position(slice_.start, taken)
                    yield part
            skipped = 0

    def _of(self, slice_: Slice) -> Iterator[Part]:
        document = parse(slice_.raw, self._reading)
        found = loops_named(document, self._by)
        if self._bare:
            sets = document.loops.sets
            found = [*found, *(one for one in sets if slice_.numbers[one.start] in self._bare)]
            found.sort(key=lambda loop: loop.start)
        for part in taken_apart(document, found, self._by) if found else ():
            yield msgspec.structs.replace(part, line=slice_.numbers[part.line - 1])


def survey(
    blocks: Blocks, reading: Reading, by: str, met: Callable[[str | None], None]
) -> Surveyed:
    """See Format.survey: what stands behind the loops that the file is split by."""
    slicer = Slicer(blocks, by, Behind(), True, Start())
    for _ in slicer.slices():
        pass
    if not slicer.count and blocks.size > LONGEST:
        raise MessageError(
            "too_large", f"there is no {by} by which so large a file could be split", by
        )
    parts = slicer.count + len(slicer.behind.bare)
    return Surveyed(parts=parts, known=msgspec.msgpack.encode(slicer.behind))


def parted_blocks(
    blocks: Blocks, reading: Reading, by: str, known: bytes, position: bytes
) -> Parts:
    """See Format.parted_blocks."""
    return Parts(blocks, reading, by, msgspec.msgpack.decode(known, type=Behind), position)


def parted_stream(blocks: Blocks, reading: Reading, by: str) -> Iterator[Part]:
    """The parts of a large file in order; MessageError where it cannot be taken apart."""
    known = survey(blocks, reading, by, lambda key: None).known
    yield from parted_blocks(blocks, reading, by, known, b"")


def inspected_blocks(blocks: Blocks, level: str = "syntax") -> Iterator[Inspection]:
    """The interchanges of a large file, looked through one by one as `check` does."""
    found: Inspection | None = None
    for piece in pieces(blocks, 0, 0, None):
        if piece.name == "ISA":
            if found is not None:
                found.finish()
                yield found
            found = Inspection(piece.marks, level != "syntax")
        if found is not None:
            found.meet_all([piece.line])
    if found is not None:
        found.finish()
        yield found
