"""
Makes the file of a version from a sheet, in bounded memory: rows go to scratch files by a hash of their keys, each small
enough to be sorted; one after another they are compared with the version in force and written.
"""

from __future__ import annotations

import os
import struct
import tempfile
from array import array
from collections.abc import Sequence
from contextlib import ExitStack
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

import msgspec

from engine.mapping.lookups import Definition
from engine.store.tables import Changes
from engine.store.tables.changes import HASHES, counted, differing, stored
from engine.store.tables.form import (
    CELL,
    MAGIC,
    OFFSET,
    PAGE,
    ROW,
    VALUES,
    TableFile,
    Trailer,
)
from engine.store.tables.sheet import OPEN, Cells, Sheet, dates_of

#: Bytes of CSV for each scratch file, and scratch files at most.
SHARE, MOST = 4 * 1024 * 1024, 128
#: Of a row in a scratch file: hash, place in the sheet, line, length of its keys, length of the rest.
_HEAD = struct.Struct("<IIIII")


class _Sorted(msgspec.Struct, frozen=True, array_like=True):
    """A row on its way from a scratch file into the table's."""

    hash: int
    keys: bytes
    place: int
    line: int
    rest: bytes


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What was built."""

    rows: int
    digest: bytes
    changes: Changes


def build(sheet: Sheet, path: Path, before: TableFile | None) -> Made:
    """
    Write the rows of a sheet into an empty file, on the disk when this returns, and say what changes against a version.

    NotImported, with every problem, where the sheet cannot be taken; the file is then not whole.
    """
    with ExitStack() as stack:
        shares = _shares(sheet.path)
        scratch = [
            stack.enter_context(tempfile.TemporaryFile(dir=path.parent)) for _ in range(shares)
        ]
        width = HASHES // shares
        _scatter(sheet, scratch, width)
        with open(path, "r+b") as file:
            writer = _Writer(file, trailer_of(sheet.definition, sheet.rows))
            total = Changes()
            for number, share in enumerate(scratch):
                rows = _gather(share)
                _check(rows, sheet)
                if sheet.problems:
                    continue
                old = stored(before, writer.trailer, number * width, (number + 1) * width)
                new = ((row.keys, row.rest) for row in rows)
                total = counted(differing(old, new, bool(writer.trailer.dates)), total)
                writer.write(rows)
            sheet.done()
            digest = writer.finish()
    return Made(rows=sheet.rows, digest=digest, changes=total)


def _shares(path: Path) -> int:
    """How many scratch files: a power of two, so that each has an equal range of hashes."""
    wanted = path.stat().st_size // SHARE + 1
    return min(1 << (wanted - 1).bit_length(), MOST)


def _scatter(sheet: Sheet, scratch: Sequence[BinaryIO], width: int) -> None:
    for place, row in enumerate(sheet.read()):
        hash_ = crc32(row.keys)
        rest = _rest(row, sheet.definition)
        head = _HEAD.pack(hash_, place, row.line, len(row.keys), len(rest))
        scratch[hash_ // width].write(head + row.keys + rest)


def _rest(row: Cells, definition: Definition) -> bytes:
    if definition.effective is None:
        return row.values.encode()
    return f"{row.first}{CELL}{row.last}{CELL}{row.values}".encode()


def _gather(share: BinaryIO) -> list[_Sorted]:
    """The rows of a scratch file, in the order of the table's file."""
    share.seek(0)
    data, at, found = share.read(), 0, []
    while at < len(data):
        hash_, place, line, keyed, length = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        keys, rest = data[at : at + keyed], data[at + keyed : at + keyed + length]
        at += keyed + length
        found.append(_Sorted(hash_, keys, place, line, rest))
    return sorted(found, key=_order)


def _order(row: _Sorted) -> tuple[int, bytes, bytes, int]:
    return row.hash, row.keys, row.rest.partition(b"\0")[0], row.line


def trailer_of(definition: Definition, rows: int) -> Trailer:
    """What a file of this table says about itself, but for where its parts stand."""
    return Trailer(
        table=definition.name,
        keys=definition.keys,
        columns=definition.columns,
        dates=dates_of(definition),
        rows=rows,
        end=0,
        index=0,
    )


def _check(rows: list[_Sorted], sheet: Sheet) -> None:
    """Note rows of one key that hold at the same time; in a table without dates, keys that stand twice."""
    keys, last, line = b"", "", 0
    for row in rows:
        first, until = _period(row, sheet.definition)
        if row.keys == keys and first <= last:
            sheet.problems.append(sheet.twice(max(row.line, line), min(row.line, line)))
        if row.keys != keys or until > last:
            last, line = until, row.line
        keys = row.keys


def _period(row: _Sorted, definition: Definition) -> tuple[str, str]:
    if definition.effective is None:
        return "", ""
    first, last, _ = row.rest.decode().split(CELL, 2)
    return first, last or OPEN


class _Writer:
    """The table's file, written from its beginning to its end."""

    def __init__(self, file: BinaryIO, trailer: Trailer) -> None:
        self._file, self._digest, self._at = file, blake2b(digest_size=16), 0
        self.trailer, self._buckets = trailer, trailer.buckets
        self._index, self._order = array("Q"), array("Q", bytes(OFFSET * trailer.rows))

    def write(self, rows: list[_Sorted]) -> None:
        """Append rows, whose hashes are not below those before."""
        parts = []
        at, index, order = self._at, self._index, self._order
        for row in rows:
            bucket = row.hash * self._buckets >> 32
            while len(index) <= bucket:
                index.append(at)
            order[row.place] = at
            part = ROW + row.keys + VALUES + row.rest
            parts.append(part)
            at += len(part)
        self._put(b"".join(parts))

    def finish(self) -> bytes:
        """Index, order and trailer; on the disk. The digest of it all."""
        end = self._at
        while len(self._index) <= self._buckets:
            self._index.append(end)
        self._put(ROW)
        self._put(bytes(-self._at % PAGE))
        said = msgspec.structs.replace(self.trailer, end=end, index=self._at)
        trailer = msgspec.json.encode(said)
        for part in (self._index, self._order):
            self._put(part.tobytes())
        self._put(trailer + len(trailer).to_bytes(4, "little") + MAGIC)
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._digest.digest()

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self._at += len(data)
