"""Tables without a store: rows from a CSV, for the tests of a channel (`tables: {cdm: samples/tables/cdm.csv}`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from engine.effects import Lookups
from engine.mapping.lookups import Definition
from engine.store.tables.form import CELL, UNIT
from engine.store.tables.sheet import OPEN, Cells, Sheet


class GivenTable:
    """One table in memory; read and checked like an import."""

    def __init__(self, definition: Definition, path: Path) -> None:
        """NotImported, with every problem, where the sheet cannot be taken."""
        self.name, self.dated = definition.name, definition.effective is not None
        self.columns = (*definition.keys, *definition.columns)
        self._rows: dict[tuple[str, ...], list[tuple[str, str, list[str]]]] = {}
        sheet = Sheet(path, definition)
        lines: dict[bytes, list[Cells]] = {}
        for row in sheet.read():
            lines.setdefault(row.keys, []).append(row)
        for some in lines.values():
            _check(some, sheet)
            keys = tuple(some[0].keys.decode().split(UNIT))
            self._rows[keys] = [
                (row.first, row.last or OPEN, row.values.split(CELL)) for row in some
            ]
        sheet.done()

    def find(self, keys: tuple[str, ...], at: str) -> list[str] | None:
        """The values of the row that holds at a day."""
        for first, last, values in self._rows.get(keys, ()):
            if not self.dated or first <= at <= last:
                return values
        return None


def _check(some: list[Cells], sheet: Sheet) -> None:
    for before, after in pairwise(sorted(some, key=lambda row: (row.first, row.line))):
        if after.first <= (before.last or OPEN):
            later, earlier = max(before.line, after.line), min(before.line, after.line)
            sheet.problems.append(sheet.twice(later, earlier))


class GivenTables(Lookups):
    """Several of them; a table that is not given has no data."""

    def __init__(self, tables: Iterable[GivenTable], today: str = "") -> None:
        """`today` (ISO 8601): what a look-up without a day means; empty = the day of the machine, in UTC."""
        self._tables = {table.name: table for table in tables}
        self._today = today or datetime.now(UTC).date().isoformat()

    def find(self, table: str, keys: tuple[str, ...], at: str | None) -> list[str] | None:
        """See Lookups.find."""
        one = self._tables.get(table)
        return None if one is None else one.find(keys, at or self._today)

    def version(self, table: str) -> int:
        """See Lookups.version: 1 where rows are given."""
        return int(table in self._tables)

    def columns(self, table: str) -> tuple[str, ...]:
        """See Lookups.columns."""
        return self._tables[table].columns


def from_csv(definition: Definition, path: Path) -> GivenTable:
    """The rows of a CSV as a table, to be put into GivenTables. NotImported where it cannot be taken."""
    return GivenTable(definition, path)
