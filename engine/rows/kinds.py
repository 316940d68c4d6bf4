"""Record types: header, records, records inside records, trailer; and the levels that paths walk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, Protocol

import msgspec

from engine.errors import MessageError
from engine.rows.table import Column, Level

Role = Literal["record", "header", "trailer"]
#: The name of the only type, where a layout has no types.
ROWS = "rows"


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One record type."""

    name: str
    columns: tuple[Column, ...]
    role: Role = "record"
    inside: str = ""
    """The type whose records it belongs to; empty = the file."""


class Piece:
    """One record of a file, as it was found."""

    __slots__ = ("end", "error", "kind", "line", "raw", "values")

    def __init__(
        self,
        line: int,
        raw: bytes,
        end: int,
        kind: Kind | None = None,
        values: Any = (),
        error: MessageError | None = None,
    ) -> None:
        self.line = line
        """Number of its first line (or of the record) in the file, from 1."""
        self.raw = raw
        """Its bytes, what ends it included (Source.encoded)."""
        self.end = end
        """Where it ends in the bytes that are read."""
        self.kind, self.values = kind, values
        self.error = error
        """Why it cannot be read; it has no type then."""


class Kinds:
    """The types of a layout."""

    def __init__(self, kinds: Sequence[Kind], simple: bool) -> None:
        self.kinds = tuple(kinds)
        self.simple = simple
        """Whether the layout has no types."""
        self.by_name = {kind.name: kind for kind in kinds}
        records = [kind for kind in kinds if kind.role == "record" and not kind.inside]
        self.sole = records[0] if len(records) == 1 else None
        """The only type of record, where there is one: its columns are those of the file."""
        self.framed = any(kind.role != "record" for kind in kinds)
        self.nested = {kind.name: self._below(kind.name) for kind in kinds}
        """The types that are inside each, however deep."""
        self.level = self._file()

    def _below(self, name: str) -> tuple[str, ...]:
        direct = [kind.name for kind in self.kinds if kind.inside == name and kind.name != name]
        return tuple(each for child in direct for each in (child, *self._below(child)))

    def _level(self, kind: Kind) -> Level:
        return Level(
            name=kind.name,
            columns={column.name: column for column in kind.columns},
            groups={
                each.name: self._level(each) for each in self.kinds if each.inside == kind.name
            },
            single=kind.role != "record",
        )

    def _file(self) -> Level:
        groups = {kind.name: self._level(kind) for kind in self.kinds if not kind.inside}
        if self.sole is None:
            return Level(name="file", columns={}, groups=groups)
        sole = groups[self.sole.name]
        inner = {**sole.groups, **groups, ROWS: sole}
        return Level(name="file", columns=sole.columns, groups=inner)


class Source(Protocol):
    """A file taken apart by its format."""

    name: str
    """The layout's name."""
    kinds: Kinds
    raw: bytes
    prefix: bytes
    """What stands before the first record: lines that are skipped, the line of column names."""
    first: int
    """Number of the line behind it."""
    group_by: tuple[Column, ...]
    """Consecutive records with the same values here are one; empty = each stands for itself."""
    key: tuple[Column, ...]
    """What identifies a record from file to file; empty = no snapshot."""
    totals: Any
    """What the trailer says (engine/rows/totals.py: Totals); None = nothing."""

    def pieces(self) -> Iterator[Piece]:
        """The records in order; each call reads from the beginning. MessageError where no record can be told."""

    def records(self) -> Iterator[tuple[int, bytes, int]]:
        """Line, bytes and end of each record, as `pieces` has them, without a look at what they hold."""

    def lines_of(self, raw: bytes) -> int:
        """How many lines (or records) the bytes of a record are."""

    def encoded(self, raw: bytes) -> bytes:
        """A part in the character set of the file: while it is taken apart it may be another one."""

    def place(self, line: int) -> str:
        """Where a record stands, for people: `line 17`."""

    def rewritten(self, trailer: Piece, said: dict[str, Any]) -> bytes:
        """The trailer with other values in these columns."""


def problem(kinds: Sequence[Kind]) -> tuple[str, str] | None:
    """The type that cannot be, and why."""
    names = {kind.name: kind for kind in kinds}
    if not any(kind.role == "record" and not kind.inside for kind in kinds):
        return "", "no type is a record: all are headers, trailers or stand inside another one"
    for kind in kinds:
        if kind.name == ROWS:
            return kind.name, "'rows' are the records of the file; a type has another name"
        if kind.inside and (why := _inside(kind, names)):
            return kind.name, why
    return None


def _inside(kind: Kind, names: dict[str, Kind]) -> str:
    if kind.role != "record":
        return f"a {kind.role} stands for itself, not inside another type"
    met, at = {kind.name}, kind
    while at.inside:
        if at.inside not in names:
            return f"there is no type '{at.inside}' that '{at.name}' could stand inside"
        if at.inside in met:
            return f"'{kind.name}' stands inside itself"
        met.add(at.inside)
        at = names[at.inside]
    return "" if at.role == "record" else f"a {at.role} holds no other records"
