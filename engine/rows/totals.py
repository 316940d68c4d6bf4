"""Control totals: what the trailer says of the records, compared before the first of them counts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from engine.errors import MessageError
from engine.hints import meant
from engine.rows.kinds import Kind, Kinds, Piece
from engine.rows.numbers import number
from engine.rows.table import Column, Row

LINES = "lines"


class Count(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many there are, as the trailer says."""

    is_: str = msgspec.field(name="is")
    """The column of the trailer that says it."""
    of: str = ""
    """What is counted: a type, or `lines` (every record of the file, header and trailer too); empty = the records."""

    @classmethod
    def read(cls, text: str) -> Count:
        """`count: records`: the column alone."""
        return cls(is_=text)


class Total(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sum, as the trailer says."""

    of: str
    """The column that is added up: `amount`, or `D.amount` where there are several types."""
    is_: str = msgspec.field(name="is")
    """The column of the trailer that says it."""


class Trailer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the trailer says of the records. It is compared before the first record counts."""

    count: Count | None = None
    """The column of the trailer that says how many records there are; `{is: lines, of: lines}` counts every line."""
    total: Total | tuple[Total, ...] = ()
    """Sums that the trailer says: `{of: amount, is: total_amount}`, or a list of them."""


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of the trailer, compiled."""

    kinds: tuple[str, ...]
    """The types that are counted or added up; empty = all."""
    column: Column | None
    """What is added up; None = they are counted."""
    of: str
    said: Column


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the trailer says."""

    trailer: str
    sums: tuple[Sum, ...]


def totals(settings: Trailer, kinds: Kinds) -> Totals:
    """The settings bound to the columns of the types; LookupError, with what to say, where that cannot be."""
    trailers = [kind for kind in kinds.kinds if kind.role == "trailer"]
    if len(trailers) != 1:
        raise LookupError("control totals need one type with `role: trailer`")
    (trailer,) = trailers
    found = []
    if settings.count is not None:
        of = settings.count.of
        said = _column(trailer, settings.count.is_)
        found.append(Sum(kinds=_counted(of, kinds), column=None, of=of or "records", said=said))
    given = settings.total if isinstance(settings.total, tuple) else (settings.total,)
    for each in given:
        kind, column = _added(each.of, kinds)
        said = _column(trailer, each.is_)
        found.append(Sum(kinds=(kind.name,), column=column, of=each.of, said=said))
    return Totals(trailer=trailer.name, sums=tuple(found))


def _counted(of: str, kinds: Kinds) -> tuple[str, ...]:
    if of == LINES:
        return ()
    if of and of not in kinds.by_name:
        raise LookupError(f"there is no type '{of}'{meant(of, kinds.by_name)}")
    records = [kind.name for kind in kinds.kinds if kind.role == "record" and not kind.inside]
    return (of,) if of else tuple(records)


def _added(of: str, kinds: Kinds) -> tuple[Kind, Column]:
    head, dot, name = of.partition(".")
    if dot and head in kinds.by_name:
        return kinds.by_name[head], _column(kinds.by_name[head], name)
    if kinds.sole is None:
        raise LookupError(f"'{of}' needs its type: D.{of}")
    return kinds.sole, _column(kinds.sole, of)


def _column(kind: Kind, name: str) -> Column:
    names = {column.name: column for column in kind.columns}
    if name not in names:
        raise LookupError(f"'{kind.name}' has no column '{name}'{meant(name, names)}")
    return names[name]


class Tally:
    """Counts and adds up while records go by."""

    def __init__(self, totals: Totals) -> None:
        self.totals = totals
        self.sums = [Decimal(0)] * len(totals.sums)

    def add(self, piece: Piece, place: str) -> None:
        """One more record; MessageError where it hides a value that is added up."""
        name = piece.kind.name if piece.kind is not None else ""
        for at, each in enumerate(self.totals.sums):
            if piece.kind is None:
                if each.column is not None:
                    rule = f"this record cannot be read, so nobody knows the sum of {each.of}"
                    raise MessageError("control_total", rule, f"{each.said.name}, {place}")
                self.sums[at] += 1
            elif not each.kinds or name in each.kinds:
                self.sums[at] += 1 if each.column is None else amount(each.column, piece)

    def check(self, trailer: Piece, place: str) -> None:
        """MessageError `control_total` where the trailer says something else."""
        for each, found in zip(self.totals.sums, self.sums, strict=True):
            if amount(each.said, trailer) != found:
                what = "number" if each.column is None else "sum"
                rule = f"it is not the {what} of {each.of} in the file"
                raise MessageError("control_total", rule, f"{each.said.name}, {place}")

    def said(self) -> dict[str, Decimal]:
        """What a trailer would say, by column."""
        return {
            each.said.name: found
            for each, found in zip(self.totals.sums, self.sums, strict=True)
        }


def amount(column: Column, piece: Piece) -> Decimal:
    """A column as a number; nothing is 0."""
    value: Any = column.value(Row(piece.values))
    if isinstance(value, str):
        value = number(value, column.name)
    return Decimal(0) if value is None else value
