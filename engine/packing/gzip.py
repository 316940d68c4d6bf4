"""One compressed file (RFC 1952); several one after the other are one file, as the standard has it (section 2.2)."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator

from engine.errors import MessageError
from engine.packing import PIECE, Content, Member

#: Above so many bytes, what comes out may not be more than so many times as long as what went in.
_FREE, _RATIO = 8 * 1024 * 1024, 500
_WITH_HEADER = 31


def opened(content: Content, name: str, longest: int) -> list[Member]:
    """
    What was compressed. MessageError where it is damaged, cut, or longer than `longest` bytes; it has been read to its end
    before it is handed on.
    """
    size = sum(len(piece) for piece in _pieces(content, longest))
    return [Member(name, size, lambda: _pieces(content, longest))]


def _pieces(content: Content, longest: int) -> Iterator[bytes]:
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    file.seek(0)
    inflate, taken, given, empty = zlib.decompressobj(_WITH_HEADER), 0, 0, True
    while piece := inflate.unconsumed_tail or inflate.unused_data or file.read(PIECE):
        if inflate.eof:
            inflate = zlib.decompressobj(_WITH_HEADER)
        try:
            made = inflate.decompress(piece, PIECE)
        except zlib.error:
            raise MessageError(
                "archive_damaged", "the file is no gzip file, or is damaged"
            ) from None
        taken += len(piece) - len(inflate.unconsumed_tail) - len(inflate.unused_data)
        given, empty = given + len(made), False
        _check(given, taken, longest)
        if made:
            yield made
    if empty or not inflate.eof:
        raise MessageError("archive_damaged", "the gzip file is cut")


def _check(given: int, taken: int, longest: int) -> None:
    if given > longest or (given > _FREE and given > _RATIO * taken):
        raise MessageError("archive_too_large", "the file is too long when it is unpacked")


def made(content: bytes) -> bytes:
    """Compressed; the same content gives the same bytes."""
    return gzip.compress(content, mtime=0)
