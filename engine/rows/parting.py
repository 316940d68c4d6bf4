"""
A file into parts: each is a whole file of the layout with one record in it, or one group of rows.

What stands around the records comes along: lines that are skipped, the line of column names, header records, and the
trailer with the figures of this part. A record that cannot be read is a part of its own. Where rows are grouped it may
belong to the group before it or to the one behind, so that these become one part with it, which cannot be read either:
a group that lacks a row is never taken for a whole one.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from engine.errors import MessageError
from engine.rows.assembly import Order
from engine.rows.kinds import Piece, Source
from engine.rows.table import Column, Row
from engine.rows.totals import Tally

#: Joins the parts of a key.
UNIT = "\x1f"
#: What the parts of a file may come to, as times its own size and besides, in bytes: what stands around the records is in
#: every part.
TIMES, MOST = 10, 64 * 1024 * 1024


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a file."""

    raw: bytes
    line: int
    """Where its first record begins in the file: the number of its line, or of the record where there are no lines."""
    key: str | None = None
    """What identifies it from file to file (`snapshot: {key: ...}`); None where that cannot be read or is not asked."""


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
            rule = f"what stands around the records is so large that the parts come to more than {TIMES} times the file"
            raise MessageError("too_large", rule)
        yield part


def _parts(source: Source) -> Iterator[Part]:
    if source.kinds.simple and not source.group_by and not source.key:
        for line, raw in source.records():
            yield Part(raw=source.encoded(source.prefix + raw), line=line)
        return
    cutter = _Cutter(source)
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


class _Cutter:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.head = source.prefix
        self.headers: list[Piece] = []
        self.trailers: list[Piece] = []

    def frame(self) -> None:
        """Read the file once for what stands around the records, and compare its totals."""
        order = Order(self.source)
        for piece in self.source.pieces():
            order.take(piece)
            if piece.kind is not None and piece.kind.role == "header":
                self.headers.append(piece)
            elif piece.kind is not None and piece.kind.role == "trailer":
                self.trailers.append(piece)
        order.finish()
        self.head += b"".join([piece.raw for piece in self.headers])

    def groups(self) -> Iterator[list[Piece]]:
        """The records of each part."""
        pieces = (
            piece
            for piece in self.source.pieces()
            if piece.kind is None or piece.kind.role == "record"
        )
        if self.source.group_by:
            return self.grouped(pieces)
        if self.source.kinds.simple:
            return ([piece] for piece in pieces)
        return self.nested(pieces)

    def nested(self, pieces: Iterator[Piece]) -> Iterator[list[Piece]]:
        """A record and those inside it; what cannot be read belongs to the record before it."""
        holds = any(kind.inside for kind in self.source.kinds.kinds)
        group: list[Piece] = []
        for piece in pieces:
            inside = holds and (piece.kind is None or piece.kind.inside)
            if group and not inside:
                yield group
                group = []
            group.append(piece)
        if group:
            yield group

    def grouped(self, pieces: Iterator[Piece]) -> Iterator[list[Piece]]:
        """Consecutive rows with the same value."""
        group: list[Piece] = []
        last: str | None = None
        unsure = False
        for piece in pieces:
            key = key_of(self.source.group_by, piece)
            if piece.error is not None:
                unsure = True
            elif group and not (unsure or (key is not None and key == last)):
                yield group
                group = []
            else:
                unsure = False
            group.append(piece)
            last = key if piece.error is None else last
        if group:
            yield group

    def part(self, group: list[Piece]) -> Part:
        """The part that holds these records."""
        source, first = self.source, group[0]
        raw = first.raw if len(group) == 1 else b"".join([piece.raw for piece in group])
        if self.head or self.trailers:
            raw = self.head + raw + self.foot(group)
        unread = source.key and any(piece.error is not None for piece in group)
        key = key_of(source.key, first) if source.key and not unread else None
        return Part(raw=source.encoded(raw), line=first.line, key=key)

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
