"""What a delimited file looks like: `mappings/layouts/NAME.yaml`, its keys and what may stand under them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import msgspec

from engine.placed import Mistakes, Node
from engine.rows import checks, encodings, kinds
from engine.rows.checks import Problem
from engine.rows.kinds import Kind, Kinds, Role
from engine.rows.snapshot import Snapshot
from engine.rows.table import Column, Level
from engine.rows.totals import Totals, Trailer, totals


class When(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the records of a type are known."""

    is_: str | tuple[str, ...] = msgspec.field(name="is")
    """The value that stands in the column, or a list of them."""
    column: int = 1
    """Which column it is, from 1."""


class Type(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One record type."""

    columns: tuple[str, ...]
    """The columns, in their order."""
    when: When | None = None
    """How its records are known: `{column: 1, is: "H"}`. One type may leave it out: it takes every other record."""
    role: Role = "record"
    """`record`, `header` (before the records) or `trailer` (behind them). Of a header and a trailer there is one each."""
    inside: str = ""
    """The type whose records it belongs to: it stands behind one of them. Empty = the file."""


class Layout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """What a delimited file looks like."""

    columns: tuple[str, ...] = ()
    """The columns, in their order."""
    separator: str = ","
    """What stands between two values: one character. A tab is `"\\t"`."""
    quote: str = '"'
    """What stands around a value that needs it, doubled inside; empty = nothing can be quoted."""
    quoting: str = "when_needed"
    """`when_needed`, `always` or `never`. With `never` a value that needs quotes is a MessageError."""
    line_breaks: str = "space"
    """A line break inside a value. Written: `space` (becomes a space), `quoted` (stays, in quotes) or `refuse`. Read: it stays, in quotes; with `refuse` every line is a record."""
    end: str = "lf"
    """What ends a line: the characters themselves, or `lf`, `crlf`, `cr`. A file read with `lf` may have `crlf` too."""
    encoding: str = "utf-8"
    """Character set of the file."""
    unmappable: str = "quarantine"
    """A character that the character set lacks: `quarantine` (a MessageError) or `replace` (by a question mark)."""
    header: str = "false"
    """The line of column names before the records. `false`: there is none. `true`: there is one, and the columns stand in the order of the layout. `names`: the columns are found by it, in any order; a missing or unknown one is a MessageError."""
    skip: int = 0
    """How many lines before that are not read."""
    comment: str = ""
    """What a line begins with that is not read; empty = every line is."""
    trim: bool = False
    """Whether blanks around values are taken away."""
    empty_lines: str = "skip"
    """A line with nothing in it: `skip`, or `keep` (a record)."""
    group_by: str | tuple[str, ...] = ()
    """The column, or columns: consecutive rows with the same value there are one record, `rows[*]`."""
    types: dict[str, Type] = {}
    """Record types by name, instead of `columns`: `{H: {when: {is: "H"}, role: header, columns: [...]}, D: {...}}`."""
    trailer: Trailer | None = None
    """What the record of the type with `role: trailer` says of the others: `{count: records, total: {of: amount, is: sum}}`."""
    snapshot: Snapshot | None = None
    """Every file is the whole truth: `{key: item_number, stop_at: 5%}`. What the last one had and this one has not becomes a part with `meta.vanished`."""
    name: str = ""
    """The layout's name; it is the name of its file."""

    @cached_property
    def kinds(self) -> Kinds:
        """The record types, compiled."""
        return Kinds(list(compiled(self)), simple=not self.types)

    @property
    def level(self) -> Level:
        """What paths may name."""
        return self.kinds.level

    @cached_property
    def totals(self) -> Totals | None:
        """What the trailer says, compiled."""
        return None if self.trailer is None else totals(self.trailer, self.kinds)

    @cached_property
    def met(self) -> dict[Any, Any]:
        """What was worked out of it so far: marks by character set, the order of the last line of column names."""
        return {}

    @cached_property
    def grouping(self) -> tuple[Column, ...]:
        """The columns of `group_by`."""
        return self._of(self.group_by)

    @cached_property
    def key(self) -> tuple[Column, ...]:
        """What identifies a record from file to file."""
        return self._of(self.snapshot.key) if self.snapshot is not None else ()

    def _of(self, names: str | tuple[str, ...]) -> tuple[Column, ...]:
        """Columns of the records by name."""
        wanted = (names,) if isinstance(names, str) else names
        return tuple(self.kinds.level.columns[name] for name in wanted)


CHOICES = {
    "quoting": ("when_needed", "always", "never"),
    "line_breaks": ("space", "quoted", "refuse"),
    "unmappable": ("quarantine", "replace"),
    "header": ("false", "true", "names"),
    "empty_lines": ("skip", "keep"),
}


def compiled(layout: Layout) -> Iterator[Kind]:
    """The record types; one named `rows` where the layout has none."""
    if not layout.types:
        yield Kind(name=kinds.ROWS, columns=_columns(layout.columns))
    for name, each in layout.types.items():
        columns = _columns(each.columns)
        yield Kind(name=name, columns=columns, role=each.role, inside=each.inside)


def _columns(names: tuple[str, ...]) -> tuple[Column, ...]:
    return tuple(Column(name=name, at=at) for at, name in enumerate(names))


def layout(name: str, node: Node, mistakes: Mistakes) -> Layout | None:
    """The layout of a file of `mappings/layouts/`; None where mistakes were noted."""
    made: Layout | None = checks.read(Layout, name, node, mistakes, problem)
    return made


def problem(layout: Layout) -> Problem:
    """
    The key of a layout that cannot work, and why.

    >>> problem(Layout(columns=("a",), separator="||"))
    ('separator', 'one character stands between two values')
    """
    return (
        checks.choices(layout, CHOICES)
        or _marks(layout)
        or checks.ends(layout)
        or _lacking(layout)
        or _columns_named(layout)
        or _types(layout)
        or checks.types(layout, list(compiled(layout)))
        or checks.used(layout)
    )


def _marks(layout: Layout) -> Problem:
    if len(layout.separator) != 1 or layout.separator in "\r\n":
        return "separator", "one character stands between two values"
    same = layout.quote in (layout.separator, "\r", "\n")
    if len(layout.quote) > 1 or same:
        return "quote", "it is one character, another one than the separator, or empty"
    if not layout.quote and layout.quoting == "always":
        return "quoting", "without a quote nothing can be quoted"
    end = encodings.ENDS.get(layout.end, layout.end)
    if layout.separator in end or (layout.quote and layout.quote in end):
        return "end", "neither the separator nor the quote ends a line"
    return None


def _lacking(layout: Layout) -> Problem:
    for key in ("separator", "quote", "comment"):
        if encodings.lacks(getattr(layout, key), layout.encoding):
            return key, f"{layout.encoding} lacks it"
    return None


def _columns_named(layout: Layout) -> Problem:
    if layout.types and layout.columns:
        return "columns", "the columns stand with each type where there are types"
    named = [(f"types.{name}.columns", each.columns) for name, each in layout.types.items()]
    for key, columns in named or [("columns", layout.columns)]:
        if not columns or len(set(columns)) < len(columns) or "" in columns:
            return key, "a layout names its columns, each once"
    return None


def _types(layout: Layout) -> Problem:
    if layout.types and layout.header == "names":
        return "header", "with several types the columns stand in the order of the layout"
    for name, each in layout.types.items():
        if each.when is not None and not 1 <= each.when.column <= 1000:
            return f"types.{name}.when.column", "columns are counted from 1"
    return None
