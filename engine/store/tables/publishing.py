"""
How a version comes into force: built by whoever orders it (`imported`, `rolled_back`), published by whoever owns the
store (`publish`): in one transaction its row and its audit record, and from then on it counts.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from engine.errors import CommandError, StoreError
from engine.mapping.lookups import Definition
from engine.store.tables import Changes, Version, files, rows, table_file
from engine.store.tables.build import Made, build, trailer_of
from engine.store.tables.changes import counted, differing, steps, stored
from engine.store.tables.form import TableFile
from engine.store.tables.reading import StoreTables
from engine.store.tables.rows import TableRows
from engine.store.tables.sheet import Sheet
from engine.store.tables.usage import Writes

_FILE = re.compile(r"[0-9a-f]{16}-[0-9a-f]{8}\.table")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A version that is to come into force; travels as the arguments of an order."""

    table: str
    owner: str
    file: str
    rows: int
    digest: bytes
    changes: Changes
    after: int
    """The version that was in force when it was made; 0 = none. Another one by now: it is not published."""
    approver: str = ""
    rolled_back_to: int = 0


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """An import that is ready to be published."""

    wanted: Wanted
    same: bool
    """Whether the version in force says the same already."""
    unused: tuple[str, ...]
    """Columns of the sheet that the table does not declare."""


@contextmanager
def imported(
    home: Path, definition: Definition, path: Path, encoding: str = "utf-8", approver: str = ""
) -> Iterator[Prepared]:
    """
    Build the file of a new version from a sheet; it is held until the end, so publish it inside.

    NotImported where the sheet cannot be taken. Without being published nothing of it counts.
    """
    files.sweep(home)
    versions = TableRows(home).versions(definition.name)
    before = _file_of(home, versions[-1]) if versions else None
    sheet = Sheet(path, definition, encoding)
    try:
        with files.draft(home, definition.name) as made_in:
            made = build(sheet, made_in, before)
            named = files.name(made_in, made.digest)
            yield Prepared(
                wanted=_wanted(definition, named.name, made, versions, approver),
                same=before is not None and _says_the_same(before, definition, made),
                unused=sheet.unused,
            )
    finally:
        files.sweep(home)


def _wanted(
    definition: Definition, file: str, made: Made, versions: list[Version], approver: str
) -> Wanted:
    return Wanted(
        table=definition.name,
        owner=definition.owner,
        file=file,
        rows=made.rows,
        digest=made.digest,
        changes=made.changes,
        after=versions[-1].version if versions else 0,
        approver=approver,
    )


def _says_the_same(before: TableFile, definition: Definition, made: Made) -> bool:
    new, old = trailer_of(definition, made.rows), before.trailer
    alike = (new.keys, new.columns, new.dates) == (old.keys, old.columns, old.dates)
    return alike and not made.changes


def _file_of(home: Path, version: Version) -> TableFile | None:
    """The file of a version; None where it is lost: then all of its rows count as new."""
    try:
        return TableFile(table_file(home, version.table, version.file))
    except StoreError:
        return None


def rolled_back(home: Path, definition: Definition, to: int = 0, approver: str = "") -> Wanted:
    """The rows of an earlier version as a new one; `to` 0 = the version before the one in force. CommandError where there is none."""
    name, versions = definition.name, TableRows(home).versions(definition.name)
    known = {version.version: version for version in versions}
    wanted = to or len(versions) - 1
    if wanted not in known or wanted == len(versions):
        raise CommandError(_no_version(name, wanted, len(versions)))
    target = known[wanted]
    after = TableFile(table_file(home, name, target.file))
    return Wanted(
        table=name,
        owner=definition.owner,
        file=target.file,
        rows=target.rows,
        digest=target.digest,
        changes=_between(_file_of(home, versions[-1]), after),
        after=len(versions),
        approver=approver,
        rolled_back_to=wanted,
    )


def _no_version(table: str, wanted: int, last: int) -> str:
    if last == 0:
        return f"the table '{table}' has no version yet; import one: corridor tables import {table} FILE.csv"
    if wanted == last:
        return f"version {last} of the table '{table}' is in force already"
    if wanted == 0:
        return f"the table '{table}' has one version only, there is none before it"
    return f"the table '{table}' has no version {wanted}; it has 1 to {last}"


def _between(before: TableFile | None, after: TableFile) -> Changes:
    total = Changes()
    for low, high in steps(before, after):
        old = stored(before, after.trailer, low, high)
        new = after.between(low, high)
        total = counted(differing(old, new, bool(after.trailer.dates)), total)
    return total


# -- whoever owns the store -----------------------------------------------------------------------------------------


async def publish(
    store: Writes, home: Path, wanted: Wanted, who: str, reason: str, at: float
) -> Version:
    """
    Make a version count: its row and its audit record in one transaction, durable when done.

    StoreError where its file is not what was built, or another version came in between; nothing changes then.
    """
    if not _FILE.fullmatch(wanted.file) or "/" in wanted.table or wanted.table.startswith("."):
        raise CommandError("this is no file of a table's version")
    if not reason.strip():
        raise CommandError("a change of a table needs a reason")
    path = table_file(home, wanted.table, wanted.file)
    with files.held(path):
        if await asyncio.to_thread(_digest, path) != wanted.digest:
            raise StoreError(
                "the file of the new version is not what was built: import it again"
            )
        version = Version(
            table=wanted.table,
            version=wanted.after + 1,
            at=at,
            who=who,
            owner=wanted.owner,
            reason=reason,
            approver=wanted.approver,
            rows=wanted.rows,
            digest=wanted.digest,
            file=wanted.file,
            changes=wanted.changes,
            rolled_back_to=wanted.rolled_back_to,
        )
        await store.write(partial(rows.publish, version=version))
    return version


def _digest(path: Path) -> bytes:
    return TableFile(path).digest()


async def obey(
    store: Writes,
    tables: StoreTables,
    home: Path,
    arguments: dict[str, Any],
    who: str,
    reason: str,
    at: float,
) -> dict[str, Any]:
    """The order `tables` of the running engine: publish, and let the next message see it."""
    try:
        wanted = msgspec.convert(arguments, Wanted)
    except msgspec.ValidationError as error:
        raise CommandError(f"not an order for a table: {error}") from None
    version = await publish(store, home, wanted, who, reason, at)
    tables.use(version)
    return {"table": version.table, "version": version.version}
