"""Rows and columns: what is known of them at load, and what they are once they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a kind of row."""

    name: str
    at: int
    """Its place among the values of a row, from 0."""
    kind: str = "text"
    """Static type of its value: text, number, moment (a date as ISO 8601 text)."""
    convert: Callable[[Any], Any] | None = None
    """Makes the value of what stands there; MessageError where it cannot. None: the text as it is."""

    def value(self, row: Row) -> Any:
        """Its value in a row; an empty text is nothing."""
        found = row.values[self.at]
        return (found or None) if self.convert is None else self.convert(found)


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """What paths may name at a place: of the file, or of a row in it."""

    name: str
    columns: dict[str, Column]
    groups: dict[str, Level] = {}
    """Rows that belong to it, by the name of their type; `rows` where a file has one type only."""
    single: bool = False
    """Whether there is one of it at most: a header, a trailer."""


class Row:
    """One row, and the rows that belong to it."""

    __slots__ = ("inner", "line", "values")

    def __init__(self, values: Any, line: int = 0) -> None:
        self.values = values
        """By place of the column: text, or bytes where the layout says that a field is binary."""
        self.inner: dict[str, list[Row]] | None = None
        self.line = line
        """Number of its line (or record) in the bytes that were read, from 1."""

    def rows(self, name: str) -> list[Row]:
        """The rows of a type that belong to it."""
        return [] if self.inner is None else self.inner.get(name, [])

    def add(self, name: str, row: Row) -> None:
        """One more row that belongs to it."""
        if self.inner is None:
            self.inner = {}
        self.inner.setdefault(name, []).append(row)


class RowsDocument(Row):
    """A file that was read. Its own values are those of the first record."""

    __slots__ = ("level", "met", "name", "raw")

    def __init__(self, name: str, raw: bytes, level: Level) -> None:
        super().__init__(("",) * len(level.columns))
        self.name, self.raw, self.level = name, raw, level
        self.met: tuple[str, ...] = ()
        """The types of its own rows, in the order in which they are met."""

    def kind(self) -> str:
        """The layout's name."""
        return self.name

    def control(self) -> str:
        """Files of rows have no number of their own."""
        return ""

    def processing(self) -> str:
        """Files of rows do not say whether they are a test."""
        return ""

    def edit(self) -> RowsDocument:
        """Rows are built, not edited: nothing can be written to it."""
        return self

    def render(self) -> bytes:
        """The bytes as they came."""
        return self.raw

    def document(self) -> RowsDocument:
        """Itself."""
        return self


def tree(document: RowsDocument) -> Iterator[tuple[int, str, str, str]]:
    """Depth, path, name and value of every row and column, for people."""
    level = document.level
    for name in document.met:
        yield from _rows(document.rows(name), level.groups[name], name, name, 0)


def _rows(
    rows: list[Row], level: Level, name: str, path: str, depth: int
) -> Iterator[tuple[int, str, str, str]]:
    for at, row in enumerate(rows):
        here = path if level.single else f"{path}[{at}]"
        yield depth, here, name, ""
        for column in level.columns.values():
            value = row.values[column.at]
            shown = value.hex() if isinstance(value, bytes) else str(value)
            yield depth + 1, f"{here}.{column.name}", column.name, shown
        for inner, deeper in level.groups.items():
            yield from _rows(row.rows(inner), deeper, inner, f"{here}.{inner}", depth + 1)
