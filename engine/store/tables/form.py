"""
The file of one version: rows sorted by a hash of their keys, an index into them, and the order in which they came.

    rows    for each row 0xFF, its keys joined by U+001F, 0xFE, then [first day, last day,] values joined by U+0000
    index   one offset (8 bytes, little endian) for each bucket, and one more: bucket = CRC-32 of the keys * buckets >> 32
    order   one offset for each row, in the order of the CSV
    trailer JSON (`Trailer`), its length in 4 bytes, MAGIC

Bytes 0xFE and 0xFF never stand in UTF-8, and U+0000 and U+001F are refused in cells, so that nothing needs escaping. A
bucket has one row on average: a look-up reads two offsets and one short run of rows. The index is memory-mapped, the
rows are too where they are small; the rows of a large table are read (docs/decisions/0010-data-tables.md).
"""

from __future__ import annotations

import mmap
import os
import sys
from array import array
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path
from zlib import crc32

import msgspec

from engine.errors import StoreError

MAGIC = b"corridor-table-1"
ROW, VALUES, UNIT, CELL = b"\xff", b"\xfe", "\x1f", "\0"
#: Rows up to this many bytes are memory-mapped, more are read: what is mapped counts as the process's own memory.
MAPPED = 8 * 1024 * 1024
#: The index begins at a multiple of the largest page there is, so that it can be mapped by itself on every machine.
PAGE = 64 * 1024
#: Bytes for each offset.
OFFSET = 8


class Trailer(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says about itself."""

    table: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    dates: tuple[str, ...]
    """Columns of the first and the last day; none = rows hold always."""
    rows: int
    end: int
    """Where the rows end."""
    index: int
    """Where the index begins."""

    @property
    def buckets(self) -> int:
        """Buckets of the index."""
        return max(self.rows, 1)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row, read back."""

    keys: tuple[str, ...]
    first: str
    """The first day on which it holds; empty = from the beginning, or the table has no dates."""
    last: str
    values: tuple[str, ...]


class TableFile:
    """One version's file, open to be read. Never changes; let go when nobody holds it any more."""

    __slots__ = ("_buckets", "_dated", "_handle", "_index", "_rows", "path", "trailer")

    def __init__(self, path: Path) -> None:
        """StoreError where it is not there or not whole."""
        self._handle = -1
        self.path = path
        try:
            self._handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            self.trailer = _trailer(self._handle)
            self._index = self._mapped(self.trailer.index, (self.trailer.buckets + 1) * OFFSET)
        except (OSError, ValueError, msgspec.DecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not whole"
            raise StoreError(f"{path.name}: a table's version cannot be read: {why}") from None
        self._buckets, self._dated = self.trailer.buckets, bool(self.trailer.dates)
        self._rows: mmap.mmap | None = None
        if self.trailer.end <= MAPPED:
            self._rows = mmap.mmap(self._handle, self.trailer.end, prot=mmap.PROT_READ)
        else:
            os.posix_fadvise(self._handle, 0, self.trailer.end, os.POSIX_FADV_WILLNEED)

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        # `close` is bound here: when the interpreter ends, `os` may be gone before this
        if self._handle >= 0:
            close(self._handle)

    def _mapped(self, start: int, length: int) -> memoryview:
        if sys.byteorder != "little":
            raise ValueError("the index is little endian")
        found = mmap.mmap(self._handle, length, offset=start, prot=mmap.PROT_READ)
        return memoryview(found).cast("Q")

    # -- one row --------------------------------------------------------------------------------------------

    def find(self, wanted: bytes, at: str) -> list[str] | None:
        """
        The values of the row with these keys (joined by U+001F), in a dated table the one that holds at a day (ISO 8601);
        None = there is none.
        """
        index = self._index
        bucket = crc32(wanted) * self._buckets >> 32
        start, end = index[bucket], index[bucket + 1]
        if start == end:
            return None
        rows = self._rows
        block = rows[start:end] if rows is not None else os.pread(self._handle, end - start, start)  # fmt: skip
        head = b"\xff%b\xfe" % wanted
        found = block.find(head)
        if self._dated:
            return _holding(block, head, found, at)
        if found < 0:
            return None
        ends = block.find(ROW, found + 1)
        return str(block[found + len(head) : ends if ends >= 0 else None], "utf-8").split(CELL)

    def has(self, wanted: bytes) -> bool:
        """Whether there is a row with these keys, whenever it holds."""
        bucket = crc32(wanted) * self._buckets >> 32
        start, end = self._index[bucket], self._index[bucket + 1]
        return b"\xff%b\xfe" % wanted in os.pread(self._handle, end - start, start)

    # -- all rows -------------------------------------------------------------------------------------------

    def between(self, low: int, high: int) -> Iterator[tuple[bytes, bytes]]:
        """Keys and the rest of every row whose hash is in [low, high), in the order of the file."""
        first, last = low * self._buckets >> 32, (high - 1) * self._buckets >> 32
        start, end = self._index[first], self._index[last + 1]
        for row in os.pread(self._handle, end - start, start).split(ROW)[1:]:
            keys, _, rest = row.partition(VALUES)
            if low <= crc32(keys) < high:
                yield keys, rest

    def ordered(self, start: int = 0) -> Iterator[Row]:
        """Every row, in the order in which they were imported; from a place in that order on."""
        trailer = self.trailer
        order = array("Q")
        begins = trailer.index + (trailer.buckets + 1) * OFFSET
        with open(self.path, "rb") as file:
            file.seek(begins)
            order.frombytes(file.read(trailer.rows * OFFSET))
        if not trailer.rows:
            return
        with mmap.mmap(self._handle, trailer.end + 1, prot=mmap.PROT_READ) as rows:
            for at in order[start:]:
                row = rows[at + 1 : rows.find(ROW, at + 1)]
                yield self.row(*row.partition(VALUES)[::2])

    def row(self, keys: bytes, rest: bytes) -> Row:
        """A row from its two halves."""
        cells = rest.decode().split(CELL)
        first, last = cells[:2] if self._dated else ("", "")
        values = cells[2:] if self._dated else cells
        named = tuple(keys.decode().split(UNIT))
        return Row(keys=named, first=first, last=last, values=tuple(values))

    def digest(self) -> bytes:
        """BLAKE2b-128 of the file as it is on the disk."""
        digest = blake2b(digest_size=16)
        with open(self.path, "rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        return digest.digest()


def _holding(block: bytes, head: bytes, found: int, at: str) -> list[str] | None:
    """Of the rows that begin with `head`, the values of the one that holds at a day."""
    while found >= 0:
        ends = block.find(ROW, found + 1)
        first, last, *values = str(
            block[found + len(head) : ends if ends >= 0 else None], "utf-8"
        ).split(CELL)
        if first <= at and (not last or at <= last):
            return values
        found = block.find(head, found + 1)
    return None


def _trailer(handle: int) -> Trailer:
    """What the end of a file says. ValueError where there is none."""
    size = os.fstat(handle).st_size
    tail = os.pread(handle, len(MAGIC) + 4, max(size - len(MAGIC) - 4, 0))
    if tail[4:] != MAGIC:
        raise ValueError("no trailer")
    length = int.from_bytes(tail[:4], "little")
    begins = size - len(tail) - length
    found = msgspec.json.decode(os.pread(handle, length, begins), type=Trailer)
    if found.index + (found.buckets + 1 + found.rows) * OFFSET != begins:
        raise ValueError("cut short")
    return found
