"""Records written by a layout."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import MessageError
from engine.formats.fixed import fields
from engine.formats.fixed.layout import Layout, spans
from engine.rows import encodings


def line(values: Sequence[str], layout: Layout, type: str = "") -> bytes:
    """
    One record, what ends it included; MessageError `bad_value` with the field where a value does not fit.

    `values` are those of the fields that have one, in the order of the layout; `type` is the record type, where the
    layout has types. Dates are given as ISO 8601 text, or as they are written.

    >>> from engine.formats.fixed.fields import Field
    >>> amount = Field(length=7, type="number", decimals=2)
    >>> line(["A1", "12.5"], Layout(fields={"number": Field(length=4), "amount": amount}))
    b'A1  0001250\\n'
    """
    given = layout.fields_of(type)
    valued = [name for name, each in given.items() if each.type != "filler"]
    cells = [
        (name, fields.write(value, name, given[name]))
        for name, value in zip(valued, values, strict=True)
    ]
    if layout.lines:
        return _line(cells, layout, type)
    return _record(cells, layout, type)


def _line(cells: list[tuple[str, str | bytes]], layout: Layout, type: str) -> bytes:
    found = spans(layout.fields_of(type))
    text = [" "] * max(end for _, end in found.values())
    for name, cell in cells:
        begin, end = found[name]
        text[begin:end] = str(cell)
    ended = "".join(text) + encodings.ENDS.get(layout.end, layout.end)
    errors = "replace" if layout.unmappable == "replace" else "strict"
    try:
        return ended.encode(encodings.plain(layout.encoding), errors)
    except UnicodeError:
        lacking = (name for name, cell in cells if encodings.lacks(str(cell), layout.encoding))
        rule = f"{layout.encoding} lacks a character of it"
        raise MessageError("bad_value", rule, next(lacking, "")) from None


def _record(cells: list[tuple[str, str | bytes]], layout: Layout, type: str) -> bytes:
    found = spans(layout.fields_of(type))
    width = layout.record.length or max(end for _, end in found.values())
    codec = encodings.plain(layout.encoding)
    record = bytearray((" ".encode(codec) * width)[:width])
    for name, cell in cells:
        begin, end = found[name]
        record[begin:end] = cell if isinstance(cell, bytes) else _bytes(cell, name, layout)
    if layout.record.prefix:
        return (width + 4).to_bytes(2, "big") + b"\0\0" + bytes(record)
    return bytes(record)


def _bytes(cell: str, name: str, layout: Layout) -> bytes:
    """Text as the bytes of its field: as many as it has characters."""
    errors = "replace" if layout.unmappable == "replace" else "strict"
    try:
        made = cell.encode(encodings.plain(layout.encoding), errors)
    except UnicodeError:
        rule = f"{layout.encoding} lacks a character of it"
        raise MessageError("bad_value", rule, name) from None
    if len(made) != len(cell):
        rule = f"it needs {len(made)} bytes, and its field has {len(cell)}"
        raise MessageError("bad_value", rule, name)
    return made
