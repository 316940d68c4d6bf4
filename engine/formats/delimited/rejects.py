"""Records that were rejected, as a file: the lines as they came, with reason, line and what is wrong in front."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from engine.errors import MessageError
from engine.formats import Reading, Rejected
from engine.formats.delimited.layout import Layout
from engine.formats.delimited.reader import Reader
from engine.rows import encodings

#: The columns in front.
COLUMNS = ("reject_reason", "reject_line", "reject_detail")
_BOM = b"\xef\xbb\xbf"


def rejects(rejected: Iterable[Rejected], reading: Reading) -> Iterator[bytes]:
    """See Format.rejects. Header records stand in front of the lines, once; trailers do not come back."""
    encoder = None
    for number, each in enumerate(rejected):
        try:
            reader = Reader(each.raw, reading)
        except MessageError:  # bytes that are no file of the layout: as they came
            yield each.raw
            continue
        lines = b"".join(_lines(each, reader, number == 0))
        if reader.marks.direct:
            yield lines
            continue
        if encoder is None:
            encoder = codecs.getincrementalencoder(reader.marks.encoding)("replace")
        yield encoder.encode(lines.decode())


def _lines(each: Rejected, reader: Reader, first: bool) -> Iterator[bytes]:
    if first:
        yield _head(reader)
    for piece in reader.pieces():
        if piece.kind is not None and piece.kind.role != "record":
            if first and piece.kind.role == "header":
                yield piece.raw
            continue
        line = each.line + piece.line - reader.first
        front = _front((each.reason, str(line), each.detail), reader.layout, reader.marks.codec)
        end = reader.marks.end
        yield front + (piece.raw if piece.raw.endswith(end) else piece.raw + end)


def _head(reader: Reader) -> bytes:
    """What stands before the records; the line of column names has three more."""
    prefix, end = reader.prefix, reader.marks.end
    if reader.layout.header == "false":
        return prefix
    ended = prefix if prefix.endswith(end) else prefix + end
    at = ended.rfind(end, 0, -len(end)) + len(end) if end in ended[: -len(end)] else 0
    if not at and ended.startswith(_BOM):
        at = len(_BOM)
    return ended[:at] + _front(COLUMNS, reader.layout, reader.marks.codec) + ended[at:]


def _front(values: tuple[str, str, str], layout: Layout, codec: str) -> bytes:
    """Values and separators in front of a line."""
    cells = [_cell(value, layout) + layout.separator for value in values]
    return "".join(cells).encode(codec, "replace")


def _cell(value: str, layout: Layout) -> str:
    """Quoted where the layout quotes, and otherwise without what would be read as something else."""
    quote, quoting = layout.quote, layout.quoting
    marks = any(mark in value for mark in (layout.separator, quote or "\n"))
    if quote and (quoting == "always" or (quoting == "when_needed" and marks)):
        return quote + value.replace(quote, quote * 2) + quote
    end = encodings.ENDS.get(layout.end, layout.end)
    for mark in (layout.separator, quote, end):
        value = value.replace(mark, " ") if mark else value
    return value
