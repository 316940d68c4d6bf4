"""What the store keeps of tables: their versions, which keys are used, and which were asked for and not found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import apsw
import msgspec

from engine.errors import StoreError
from engine.store import audit
from engine.store.home import store_file
from engine.store.schema import first, open_reader, queries
from engine.store.tables import Changes, Version

_SQL = queries("tables")
#: Keys not found that are kept for each table; what is asked for beyond them is not told apart.
MISSES = 10_000


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was asked for and not found."""

    key: str
    """Its parts joined by U+001F."""
    at: str
    """The day that was last asked for; empty in a table without dates."""
    count: int
    first_at: float
    last_at: float


# -- in the writer's transaction ------------------------------------------------------------------------------------


def publish(connection: apsw.Connection, version: Version) -> None:
    """Make a version count, with its audit record. StoreError where it does not follow the one in force."""
    latest = first(connection, _SQL["latest"], (version.table,))[0]
    if version.version != latest + 1:
        raise StoreError(f"version {latest} of the table '{version.table}' came in between")
    changes = version.changes
    connection.execute(
        _SQL["publish"],
        (version.table, version.version, version.at, version.who, version.owner, version.reason, version.approver,
         version.rows, version.digest, version.file, changes.added, changes.removed, changes.changed,
         version.rolled_back_to),
    )  # fmt: skip
    action = "table rollback" if version.rolled_back_to else "table import"
    audit.append(connection, version.who, action, _told(version), version.reason, version.at)


def _told(version: Version) -> str:
    approved = f", approved by {version.approver}" if version.approver else ""
    back = f", the rows of version {version.rolled_back_to}" if version.rolled_back_to else ""
    return (
        f"table {version.table} version {version.version}, {version.rows} rows{back}{approved}"
    )


def note(
    connection: apsw.Connection,
    used: Iterable[tuple[str, str, int]],
    missed: Sequence[tuple[str, str, str, int, float]],
) -> None:
    """Keys that were used, with the day; keys that were not found, with day asked for, count and when."""
    connection.executemany(_SQL["use"], used)
    room: dict[str, int] = {}
    for table, key, at, count, now in missed:
        connection.execute(_SQL["missed_again"], (at, count, now, table, key))
        if connection.changes():
            continue
        if table not in room:
            room[table] = MISSES - first(connection, _SQL["misses_kept"], (table,))[0]
        if room[table] > 0:
            connection.execute(_SQL["missed"], (table, key, at, count, now, now))
            room[table] -= 1


# -- reading --------------------------------------------------------------------------------------------------------


class TableRows:
    """The read side, for any process. A home without a store has no tables."""

    def __init__(self, home: Path) -> None:
        self._path = store_file(home)

    def _rows(self, query: str, *values: Any) -> list[Any] | None:
        """The rows of a query; None where there is no store, or one of an earlier release, which had no tables."""
        if not self._path.is_file():
            return None
        try:
            connection = open_reader(str(self._path))
            try:
                if first(connection, _SQL["has_tables"]) is None:
                    return None
                return connection.execute(_SQL[query], values).fetchall()
            finally:
                connection.close()
        except apsw.Error as error:
            raise StoreError(f"the store cannot be read: {error}") from None

    def newest(self) -> list[Version]:
        """The version in force of every table that has one, by name."""
        return [_version(row) for row in self._rows("newest") or ()]

    def versions(self, table: str) -> list[Version]:
        """Every version of a table, in order."""
        return [_version(row) for row in self._rows("versions", table) or ()]

    def files(self) -> dict[tuple[str, str], bytes] | None:
        """Table and file of every version, with the digest; None where nobody can tell."""
        rows = self._rows("files")
        return None if rows is None else {(table, file): digest for table, file, digest in rows}

    def used(self, table: str, day: int) -> set[str]:
        """The keys of a table that were found on a day (days since 1970) or later."""
        return {row[0] for row in self._rows("used", table, day) or ()}

    def last_used(self, table: str) -> int:
        """The last day on which any key of a table was found; 0 = never."""
        rows = self._rows("last_used", table)
        return int(rows[0][0]) if rows else 0

    def misses(self, table: str) -> list[Missed]:
        """Keys asked for and not found, most often first."""
        return [
            Missed(key=key, at=at, count=count, first_at=first_at, last_at=last_at)
            for key, at, count, first_at, last_at in self._rows("misses", table) or ()
        ]


def _version(row: Sequence[Any]) -> Version:
    (
        table,
        version,
        at,
        who,
        owner,
        reason,
        approver,
        rows,
        digest,
        file,
        added,
        removed,
        changed,
        back,
    ) = row
    return Version(
        table=table,
        version=version,
        at=at,
        who=who,
        owner=owner,
        reason=reason,
        approver=approver,
        rows=rows,
        digest=digest,
        file=file,
        changes=Changes(added=added, removed=removed, changed=changed),
        rolled_back_to=back,
    )
