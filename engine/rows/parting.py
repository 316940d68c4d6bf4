"""
A file into parts: each is a whole file of the layout with one record in it, or one group of rows.

What stands around the records comes along: lines that are skipped, the line of column names, header records, and the
trailer with the figures of this part. A record that cannot be read is a part of its own. Where rows are grouped it may
belong to the group before it or to the one behind, so that these become one part with it, which cannot be read either:
a group that lacks a row is never taken for a whole one.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import MessageError
from engine.reading import Part
from engine.rows.assembly import Order
from engine.rows.kinds import Piece, Source
from engine.rows.table import Column, Row
from engine.rows.totals import Tally

#: Joins the parts of a key.
UNIT = "\x1f"
#: What the parts of a file may come to, as times its own size and besides, in bytes: what stands around the records is in
#: every part.
TIMES, MOST = 10, 64 * 1024 * 1024
#: Bytes that the records of one part may have.
LONGEST = 64 * 1024 * 1024


def parts(source: Source) -> Iterator[Part]:
    """
    The parts in order, made while they are asked for.

    MessageError before the first of them where header or trailer are missing or say something else than the records; and
    where the parts would come to too much.
    """
    left = TIMES * len(source.raw) + MOST
    for part in _parts(source):
        left -= len(part.raw)
        if left < 0:
            raise too_much()
        yield part


def too_much() -> MessageError:
    """Why a file is not taken apart whose parts would come to too much."""
    rule = f"what stands around the records is so large that the parts come to more than {TIMES} times the file"
    return MessageError("too_large", rule)


def _parts(source: Source) -> Iterator[Part]:
    if source.kinds.simple and not source.group_by and not source.key:
        for line, raw, _ in source.records():
            yield Part(raw=source.encoded(source.prefix + raw), line=line)
        return
    cutter = Cutter(source)
    if not source.kinds.simple:
        cutter.frame()
    for group in cutter.groups():
        yield cutter.part(group)


def key_of(columns: tuple[Column, ...], piece: Piece) -> str | None:
    """The values of some columns as one text; None where the record has not all of them."""
    if piece.kind is None:
        return None
    row, found = Row(piece.values), []
    try:
        for column in columns:
            if (value := column.value(row)) is None:
                return None
            found.append(str(value))
    except MessageError:
        return None
    return UNIT.join(found)


class Cutter:
    """Puts the records of a file together as parts."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.head = source.prefix
        self.headers: list[Piece] = []
        self.trailers: list[Piece] = []

    def frame(self) -> None:
        """Read the file once for what stands around the records, and compare its totals."""
        for _ in self._watched():
            pass

    def surveyed(self) -> Iterator[list[Piece]]:
        """The records of each part, while the same is done; MessageError behind the last of them."""
        return self._grouped(self._watched())

    def framed(self, around: Iterator[Piece]) -> None:
        """Take headers and trailers as they were found before."""
        for piece in around:
            self._frame(piece)
        self.head += b"".join([piece.raw for piece in self.headers])

    def _watched(self) -> Iterator[Piece]:
        """All records as they go by, watched for order and totals where the layout has types."""
        if self.source.kinds.simple:
            yield from self.source.pieces()
            return
        order = Order(self.source)
        for piece in self.source.pieces():
            order.take(piece)
            self._frame(piece)
            yield piece
        order.finish()
        self.head += b"".join([piece.raw for piece in self.headers])

    def _frame(self, piece: Piece) -> None:
        if piece.kind is not None and piece.kind.role == "header":
            self.headers.append(piece)
        elif piece.kind is not None and piece.kind.role == "trailer":
            self.trailers.append(piece)

    def groups(self) -> Iterator[list[Piece]]:
        """The records of each part."""
        return self._grouped(self.source.pieces())

    def _grouped(self, whole: Iterator[Piece]) -> Iterator[list[Piece]]:
        pieces = (piece for piece in whole if piece.kind is None or piece.kind.role == "record")
        if self.source.group_by:
            return self.grouped(pieces)
        if self.source.kinds.simple:
            return ([piece] for piece in pieces)
        return self.nested(pieces)

    def nested(self, pieces: Iterator[Piece]) -> Iterator[list[Piece]]:
        """A record and those inside it; what cannot be read belongs to the record before it."""
        holds = any(kind.inside for kind in self.source.kinds.kinds)
        group: list[Piece] = []
        size = 0
        for piece in pieces:
            inside = holds and (piece.kind is None or piece.kind.inside)
            if group and not inside:
                yield group
                group, size = [], 0
            size = self._held(size, group, piece)
            group.append(piece)
        if group:
            yield group

    def grouped(self, pieces: Iterator[Piece]) -> Iterator[list[Piece]]:
        """Consecutive rows with the same value."""
        group: list[Piece] = []
        last: str | None = None
        unsure, size = False, 0
        for piece in pieces:
            key = key_of(self.source.group_by, piece)
            if piece.error is not None:
                unsure = True
            elif group and not (unsure or (key is not None and key == last)):
                yield group
                group, size = [], 0
            else:
                unsure = False
            size = self._held(size, group, piece)
            group.append(piece)
            last = key if piece.error is None else last
        if group:
            yield group

    def _held(self, size: int, group: list[Piece], piece: Piece) -> int:
        """The bytes of a group with one more record; MessageError where these are too many for one part."""
        size += len(piece.raw)
        if size > LONGEST:
            rule = f"the records that belong together from here on have more than {LONGEST // 1024 // 1024} MB"
            raise MessageError("too_large", rule, self.source.place((group or [piece])[0].line))
        return size

    def part(self, group: list[Piece]) -> Part:
        """The part that holds these records."""
        source, first = self.source, group[0]
        raw = first.raw if len(group) == 1 else b"".join([piece.raw for piece in group])
        if self.head or self.trailers:
            raw = self.head + raw + self.foot(group)
        return Part(raw=source.encoded(raw), line=first.line, key=self.key(group))

    def key(self, group: list[Piece]) -> str | None:
        """What identifies the part from file to file; None where that cannot be read or is not asked."""
        wanted = self.source.key
        if not wanted or any(piece.error is not None for piece in group):
            return None
        return key_of(wanted, group[0])

    def foot(self, group: list[Piece]) -> bytes:
        """The trailers; what they say of the records is said of these."""
        totals = self.source.totals
        if totals is None or any(piece.kind is None for piece in group):
            return b"".join([piece.raw for piece in self.trailers])
        return b"".join([self.trailer(piece, group) for piece in self.trailers])

    def trailer(self, trailer: Piece, group: list[Piece]) -> bytes:
        assert trailer.kind is not None
        if trailer.kind.name != self.source.totals.trailer:
            return trailer.raw
        tally = Tally(self.source.totals)
        for piece in (*self.headers, *group, *self.trailers):
            tally.add(piece, "")
        return self.source.rewritten(trailer, tally.said())
