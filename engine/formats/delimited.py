"""
Delimited lines: values in columns between separators, quoted where they must be.

A layout is a file of the release, `mappings/layouts/NAME.yaml`; `to: delimited/NAME` in a mapping names it. This
release writes lines; a channel cannot read them yet.
"""

from __future__ import annotations

import msgspec

from engine.errors import MessageError


class Layout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a line looks like."""

    columns: tuple[str, ...]
    """The columns, in their order."""
    separator: str = ","
    """What stands between two values: one character."""
    quote: str = '"'
    """What stands around a value that needs it, doubled inside; empty = nothing can be quoted."""
    quoting: str = "when_needed"
    """`when_needed`, `always` or `never`. With `never` a value that needs quotes is a MessageError."""
    line_breaks: str = "space"
    """A line break inside a value: `space` (becomes a space), `quoted` (stays, in quotes) or `refuse`."""
    end: str = "\n"
    """What ends a line: the characters themselves, or `lf`, `crlf`, `cr`."""
    encoding: str = "utf-8"
    """Character set of the file."""
    unmappable: str = "quarantine"
    """A character that the character set lacks: `quarantine` (a MessageError) or `replace` (by a question mark)."""


ENDS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}
_CHOICES = {
    "quoting": ("when_needed", "always", "never"),
    "line_breaks": ("space", "quoted", "refuse"),
    "unmappable": ("quarantine", "replace"),
}


def problem(layout: Layout) -> tuple[str, str] | None:
    """
    The key of a layout that cannot work, and why.

    >>> problem(Layout(columns=("a",), separator="||"))
    ('separator', 'one character stands between two values')
    """
    for key, choices in _CHOICES.items():
        if getattr(layout, key) not in choices:
            return key, f"it is one of: {', '.join(choices)}"
    return _marks_problem(layout) or _columns_problem(layout)


def _marks_problem(layout: Layout) -> tuple[str, str] | None:
    if len(layout.separator) != 1 or layout.separator in "\r\n":
        return "separator", "one character stands between two values"
    if len(layout.quote) > 1 or layout.quote == layout.separator:
        return "quote", "it is one character, another one than the separator, or empty"
    if not layout.quote and layout.quoting == "always":
        return "quoting", "without a quote nothing can be quoted"
    return None


def _columns_problem(layout: Layout) -> tuple[str, str] | None:
    if not layout.columns or len(set(layout.columns)) < len(layout.columns):
        return "columns", "a layout names its columns, each once"
    try:
        "".encode(layout.encoding)
    except LookupError:
        return "encoding", "there is no such character set"
    return None


def line(values: list[str], layout: Layout) -> bytes:
    r"""
    One line, its end included; MessageError `bad_value` with the column where a value does not fit.

    >>> line(["1", 'a|"b" c', ""], Layout(columns=("n", "text", "none"), separator="|"))
    b'1|"a|""b"" c"|\n'
    """
    cells = [
        _cell(value, name, layout) for value, name in zip(values, layout.columns, strict=True)
    ]
    text = layout.separator.join(cells) + ENDS.get(layout.end, layout.end)
    try:
        return text.encode(
            layout.encoding, "replace" if layout.unmappable == "replace" else "strict"
        )
    except UnicodeEncodeError:
        name = next(
            (n for n, c in zip(layout.columns, cells, strict=True) if not _fits(c, layout)), ""
        )
        rule = f"{layout.encoding} lacks a character of it"
        raise MessageError("bad_value", rule, name) from None


def _fits(cell: str, layout: Layout) -> bool:
    try:
        cell.encode(layout.encoding)
    except UnicodeEncodeError:
        return False
    return True


def _cell(value: str, name: str, layout: Layout) -> str:
    if ("\n" in value or "\r" in value) and layout.line_breaks != "quoted":
        if layout.line_breaks == "refuse":
            raise MessageError("bad_value", "a line break stands in it", name)
        value = " ".join(value.splitlines())
    quote = layout.quote
    needs = layout.separator in value or "\n" in value or "\r" in value
    needs = needs or bool(quote and quote in value)
    if layout.quoting == "always" or (needs and layout.quoting == "when_needed"):
        if not quote:
            raise MessageError("bad_value", "it needs quotes, and the layout has none", name)
        return quote + value.replace(quote, quote * 2) + quote
    if needs:
        raise MessageError("bad_value", "it needs quotes, and the layout forbids them", name)
    return value
