"""New versions of data tables: some rows of the one in force set or taken, a whole sheet; through the engine where one runs."""

from __future__ import annotations

import asyncio
import csv
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from engine import orders
from engine.errors import CommandError
from engine.handling import tables
from engine.mapping.lookups import Definition
from engine.store.sqlite import SqliteStore
from engine.store.tables import Version, publishing, tables_folder
from engine.store.tables.form import Row, TableFile
from engine.store.tables.publishing import Prepared, Wanted
from engine.store.tables.rows import TableRows
from engine.store.tables.sheet import columns_of, dates_of

Cells = dict[str, str]
"""A row by the names of its columns."""


def publish(home: Path, wanted: Wanted, who: str, reason: str) -> int:
    """Bring a version into force; its number."""
    if orders.running(home):
        answer = orders.send(home, "tables", msgspec.to_builtins(wanted), who, reason)
        return int(answer["version"])
    return asyncio.run(_directly(home, wanted, who, reason)).version


async def _directly(home: Path, wanted: Wanted, who: str, reason: str) -> Version:
    store = await SqliteStore.open(home, asyncio.get_running_loop(), time.time)
    try:
        return await publishing.publish(store, home, wanted, who, reason, time.time())
    finally:
        await store.close()


@contextmanager
def sheet(home: Path, definition: Definition, content: bytes, encoding: str = "utf-8", approver: str = "") -> Iterator[Prepared]:  # fmt: skip
    """A version from the bytes of a CSV, ready to be published inside. NotImported where it cannot be taken."""
    with _file(home) as path:
        path.write_bytes(content)
        with publishing.imported(home, definition, path, encoding, approver) as prepared:
            yield prepared


@contextmanager
def with_rows(
    home: Path, definition: Definition, rows: Sequence[Cells], gone: Sequence[Cells] = (), approver: str = ""
) -> Iterator[Prepared]:  # fmt: skip
    """
    The version in force with some rows set (a row of the same key, and the same first day, is replaced) and others taken
    away, ready to be published inside. CommandError where a row names no such column, or what is taken is not there.
    """
    names = columns_of(definition)
    for one in (*rows, *gone):
        _named(definition, names, one)
    known = TableRows(home).versions(definition.name)
    before = tables.opened(home, known[-1]) if known else None
    with _file(home) as path:
        with open(path, "w", encoding="utf-8", newline="") as target:
            writer = csv.writer(target, lineterminator="\n")
            writer.writerow(names)
            writer.writerows(_merged(definition, before, rows, gone))
        with publishing.imported(home, definition, path, approver=approver) as prepared:
            yield prepared


def _named(definition: Definition, names: tuple[str, ...], one: Cells) -> None:
    for name in one:
        if name not in names:
            raise CommandError(f"the table '{definition.name}' has no column '{name}'; it has: {', '.join(names)}")  # fmt: skip
    for name in definition.keys:
        if not one.get(name, "").strip():
            raise CommandError(f"a row needs its key '{name}'")


def _merged(
    definition: Definition,
    before: TableFile | None,
    rows: Sequence[Cells],
    gone: Sequence[Cells],
) -> Iterator[list[str]]:
    """Rows in the order of before, the new ones behind."""
    names = columns_of(definition)
    place = [*definition.keys, *dates_of(definition)[:1]]
    fresh = {_identity(place, one): one for one in rows}
    taken = {_identity(place, one) for one in gone}
    if len(fresh) < len(rows):
        raise CommandError("two of these rows have the same key")
    for row in before.ordered() if before is not None else ():
        assert before is not None
        now = _by_name(before, row)
        identity = _identity(place, now)
        if identity in taken:
            taken.discard(identity)
            continue
        said = fresh.pop(identity, None)
        yield [(now | (said or {})).get(name, "") for name in names]
    if taken:
        raise CommandError("a row that is to be taken away is not in the table")
    for said in fresh.values():
        yield [said.get(name, "").strip() for name in names]


def _identity(place: Sequence[str], one: Cells) -> tuple[str, ...]:
    return tuple(one.get(name, "").strip() for name in place)


def _by_name(table: TableFile, row: Row) -> Cells:
    return dict(zip(tables.header(table), tables.cells(table, row), strict=True))


@contextmanager
def _file(home: Path) -> Iterator[Path]:
    """A file that only its owner reads, gone at the end."""
    folder = tables_folder(home)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".", suffix=".csv", dir=folder)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
