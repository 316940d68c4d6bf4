"""Records that were rejected, as a file: as they came; behind a line stands its reason, its number and what is wrong."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from engine.errors import MessageError
from engine.formats import Reading, Rejected
from engine.formats.fixed.reader import Reader


def rejects(rejected: Iterable[Rejected], reading: Reading) -> Iterator[bytes]:
    """
    See Format.rejects. Header records stand in front, once; trailers do not come back. Where records are no lines nothing
    can stand behind one: they come back as they came.
    """
    encoder = None
    for number, each in enumerate(rejected):
        try:
            reader = Reader(each.raw, reading)
        except MessageError:  # bytes that are no file of the layout: as they came
            yield each.raw
            continue
        lines = b"".join(_records(each, reader, number == 0))
        if reader.direct:
            yield lines
            continue
        if encoder is None:
            encoder = codecs.getincrementalencoder(reader.encoding)("replace")
        yield encoder.encode(lines.decode())


def _records(each: Rejected, reader: Reader, first: bool) -> Iterator[bytes]:
    if first:
        yield reader.prefix
    for piece in reader.pieces():
        if piece.kind is not None and piece.kind.role != "record":
            if first and piece.kind.role == "header":
                yield piece.raw
        elif reader.layout.lines:
            yield _line(piece.raw, each.line + piece.line - reader.first, each, reader)
        else:
            yield piece.raw


def _line(raw: bytes, line: int, each: Rejected, reader: Reader) -> bytes:
    end = reader.marks.end
    text = raw.removesuffix(end)
    if reader.marks.cr and text.endswith(reader.marks.cr):
        text, end = text.removesuffix(reader.marks.cr), reader.marks.cr + end
    detail = " ".join(each.detail.split())
    said = f" {each.reason} {line} {detail}".encode(reader.codec, "replace")
    return text + said + end
