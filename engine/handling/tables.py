"""Data tables as people see them: the list, versions, rows, what differs, what is missing."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO

import msgspec

from engine.errors import CommandError, ConfigError
from engine.mapping import lookups
from engine.mapping.language import suggestion
from engine.mapping.lookups import Definition
from engine.placed import Mistakes
from engine.store.tables import Changes, Version, table_file
from engine.store.tables.changes import Difference, differences
from engine.store.tables.form import Row, TableFile
from engine.store.tables.rows import TableRows

_DAY = 86_400
#: Differences that are kept to be put in order before the first are told.
KEPT = 10_000


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A table in the list."""

    table: str
    owner: str
    declared: bool
    """Whether mappings/tables declares it."""
    description: str = ""
    rows: int = 0
    version: int = 0
    """The one in force; 0 = it has no data yet."""
    since: float | None = None
    """When that came into force, seconds since 1970; null = it has no data yet."""
    who: str = ""
    last_used: str | None = None
    """The day on which a row of it was last found; null = never."""


class Differing(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two versions."""

    before: int
    """0 = there was none."""
    after: int
    counts: Changes
    columns: tuple[str, ...]
    """Names of the values, in order."""
    rows: list[Difference]
    """The first of them, by key."""


def declared(home: Path, name: str) -> Definition:
    """The table's declaration; CommandError, saying what to write, where there is none."""
    mistakes = Mistakes()
    try:
        found = lookups.load(name, home, mistakes)
    except LookupError:
        near = suggestion(name, lookups.names(home))
        raise CommandError(f"there is no table '{name}'{near or _declare(name)}") from None
    if found is None:
        raise ConfigError(mistakes.found)
    return found


def _declare(name: str) -> str:
    return (
        f"; declare it first, in mappings/tables/{name}.yaml:\n"
        "  description: What it says, in one line\n"
        "  owner: who-answers-for-it\n"
        "  keys: [code]\n"
        "  columns: [charge_code, price]"
    )


# -- lists ----------------------------------------------------------------------------------------------------------


def listing(home: Path) -> list[Listed]:
    """Every table that is declared or has data, by name."""
    rows = TableRows(home)
    newest = {version.table: version for version in rows.newest()}
    known = lookups.definitions(home, Mistakes())
    names = sorted({*known, *newest, *lookups.names(home)})
    return [_listed(rows, name, newest.get(name), known.get(name)) for name in names]


def _listed(rows: TableRows, name: str, newest: Version | None, known: Definition | None) -> Listed:  # fmt: skip
    last = rows.last_used(name)
    return Listed(
        table=name,
        owner=known.owner if known else newest.owner if newest else "",
        declared=known is not None,
        description=known.description if known else "",
        rows=newest.rows if newest else 0,
        version=newest.version if newest else 0,
        since=newest.at if newest else None,
        who=newest.who if newest else "",
        last_used=time.strftime("%Y-%m-%d", time.gmtime(last * _DAY)) if last else None,
    )


def versions(home: Path, name: str) -> list[Version]:
    """Every version of a table, in order; CommandError where it has none."""
    found = TableRows(home).versions(name)
    if not found:
        declared(home, name)  # says what to write where it is not declared either
        raise CommandError(
            f"the table '{name}' has no data yet; import it: corridor tables import {name} FILE.csv --reason ..."
        )
    return found


def version(versions: Sequence[Version], number: int) -> Version:
    """The one of that number, 0 = the one in force; CommandError where there is none."""
    for one in versions:
        if one.version == (number or len(versions)):
            return one
    raise CommandError(
        f"the table '{versions[0].table}' has no version {number}; it has 1 to {len(versions)}"
    )


def opened(home: Path, one: Version) -> TableFile:
    """The rows of a version."""
    return TableFile(table_file(home, one.table, one.file))


# -- rows -----------------------------------------------------------------------------------------------------------


def page(
    table: TableFile, start: int, count: int, text: str, patience: float
) -> tuple[list[Row], int]:
    """
    Rows in the order in which they came, from a place on: those in which a text stands, in any cell and any case. And the
    place to go on from; 0 = those were all. Where looking takes longer than somebody waits it ends early.
    """
    wanted, found = text.casefold(), list[Row]()
    ends, place = time.monotonic() + patience, start
    for row in table.ordered(start):
        if len(found) == count or (place % 512 == 0 and time.monotonic() > ends):
            return found, place
        place += 1
        if not wanted or any(
            wanted in cell.casefold() for cell in (*row.keys, row.first, row.last, *row.values)
        ):
            found.append(row)
    return found, 0


def diff(home: Path, name: str, before: int = 0, after: int = 0, limit: int = 50) -> Differing:
    """What differs between two versions; by default between the one in force and the one before."""
    known = versions(home, name)
    new = version(known, after)
    number = before or new.version - 1
    old = opened(home, version(known, number)) if number else None
    return compared(old, opened(home, new), number, new.version, limit)


def compared(
    old: TableFile | None, new: TableFile, before: int, after: int, limit: int
) -> Differing:
    """The same of two files."""
    counts = {"added": 0, "removed": 0, "changed": 0}
    found: list[Difference] = []
    for one in differences(old, new):
        counts[one.what] += 1
        if len(found) < max(limit, KEPT):
            found.append(one)
    found.sort(key=_place)
    return Differing(
        before=before,
        after=after,
        counts=Changes(**counts),
        columns=new.trailer.columns,
        rows=found[:limit],
    )


def _place(one: Difference) -> tuple[tuple[str, ...], str]:
    row = row_of(one)
    return row.keys, row.first


def row_of(one: Difference) -> Row:
    """The row that it is about, as it is now or was."""
    row = one.after or one.before
    assert row is not None
    return row


def write(table: TableFile, target: TextIO) -> None:
    """A version as CSV: keys, dates and values, rows in the order in which they came."""
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(header(table))
    writer.writerows(cells(table, row) for row in table.ordered())


def header(table: TableFile) -> tuple[str, ...]:
    """The names of all columns: keys, dates, values."""
    trailer = table.trailer
    return (*trailer.keys, *trailer.dates, *trailer.columns)


def cells(table: TableFile, row: Row) -> tuple[str, ...]:
    """A row in the order of the header."""
    days = (row.first, row.last)[: len(table.trailer.dates)]
    return (*row.keys, *days, *row.values)


def first_lines(table: TableFile, count: int) -> Iterator[tuple[str, ...]]:
    """The first rows."""
    return (cells(table, row) for row in islice(table.ordered(), count))
