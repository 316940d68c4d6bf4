"""Lines written by a layout."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import MessageError
from engine.formats.delimited.layout import Layout
from engine.rows import encodings


def line(values: Sequence[str], layout: Layout, type: str = "") -> bytes:
    r"""
    One line, its end included; MessageError `bad_value` with the column where a value does not fit.

    `type` is the record type, where the layout has types.

    >>> line(["1", 'a|"b" c', ""], Layout(columns=("n", "text", "none"), separator="|"))
    b'1|"a|""b"" c"|\n'
    """
    columns = layout.types[type].columns if type else layout.columns
    return row(values, columns, layout, layout.encoding)


def row(values: Sequence[str], columns: Sequence[str], layout: Layout, encoding: str) -> bytes:
    """One line of these columns in a character set."""
    cells = [_cell(value, name, layout) for value, name in zip(values, columns, strict=True)]
    text = layout.separator.join(cells) + encodings.ENDS.get(layout.end, layout.end)
    try:
        return text.encode(encoding, "replace" if layout.unmappable == "replace" else "strict")
    except UnicodeEncodeError:
        lacking = (
            name
            for name, cell in zip(columns, cells, strict=True)
            if encodings.lacks(cell, encoding)
        )
        rule = f"{encoding} lacks a character of it"
        raise MessageError("bad_value", rule, next(lacking, "")) from None


def _cell(value: str, name: str, layout: Layout) -> str:
    if ("\n" in value or "\r" in value) and layout.line_breaks != "quoted":
        if layout.line_breaks == "refuse":
            raise MessageError("bad_value", "a line break stands in it", name)
        value = " ".join(value.splitlines())
    quote, needs = layout.quote, _needs_quotes(value, layout)
    if layout.quoting == "always" or (needs and layout.quoting == "when_needed"):
        if not quote:
            raise MessageError("bad_value", "it needs quotes, and the layout has none", name)
        return quote + value.replace(quote, quote * 2) + quote
    if needs:
        raise MessageError("bad_value", "it needs quotes, and the layout forbids them", name)
    return value


def _needs_quotes(value: str, layout: Layout) -> bool:
    """Whether a reader would take a value for something else."""
    marks = ("\n", "\r", layout.separator, encodings.ENDS.get(layout.end, layout.end))
    if any(mark in value for mark in marks) or (layout.quote and layout.quote in value):
        return True
    if layout.comment and value.startswith(layout.comment):
        return True
    return layout.trim and value != value.strip()
