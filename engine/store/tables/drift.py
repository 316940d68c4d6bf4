"""How a table drifts from what is asked of it: codes asked for in vain, rows nobody uses, codes changed at the source."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from engine.store.tables import Changes, Version, table_file
from engine.store.tables.changes import differences
from engine.store.tables.form import UNIT, TableFile
from engine.store.tables.rows import TableRows
from engine.store.tables.usage import parts

_DAY = 86_400


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """A code that was asked for and is not there."""

    keys: tuple[str, ...]
    at: str
    """In a dated table the day that was last asked for."""
    count: int
    first_at: float
    last_at: float


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A row that another version brought, took or changed."""

    keys: tuple[str, ...]
    what: str
    """`added`, `removed` or `changed`."""
    columns: tuple[str, ...] = ()
    """The columns that differ; `until` where it is the last day."""
    used: bool = False
    """Whether it was used lately."""


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """One table's report."""

    table: str
    owner: str
    version: int
    rows: int
    since: float
    """From when on it is looked at, seconds since 1970."""
    missing: tuple[Missing, ...]
    """Most often first."""
    unused: tuple[tuple[str, ...], ...]
    """Keys of the rows that hold today, were there all the time and were not used."""
    compared_with: int
    """The version that was in force then, or the first."""
    changes: Changes
    changed: tuple[Changed, ...]
    """Changed and removed rows, by key."""


def drift(home: Path, table: str, now: float, days: int) -> Drift | None:
    """What the last days say about a table; None where it has no version yet."""
    rows = TableRows(home)
    versions = rows.versions(table)
    if not versions:
        return None
    cutoff = now - days * _DAY
    newest, then = versions[-1], _in_force(versions, cutoff)
    current = TableFile(table_file(home, table, newest.file))
    before = TableFile(table_file(home, table, then.file))
    since = max(cutoff, then.at)
    used = rows.used(table, int(since // _DAY))
    changes, changed = _changed(before, current, used)
    today = time.strftime("%Y-%m-%d", time.gmtime(now))
    return Drift(
        table=table,
        owner=newest.owner,
        version=newest.version,
        rows=newest.rows,
        since=since,
        missing=_missing(rows, table, current, today),
        unused=_unused(before, current, used, today),
        compared_with=then.version,
        changes=changes,
        changed=changed,
    )


def missing(home: Path, table: str, now: float) -> tuple[Missing, ...]:
    """What was asked for and would not be found now either, most often first; of a table without data all of it."""
    rows = TableRows(home)
    versions = rows.versions(table)
    today = time.strftime("%Y-%m-%d", time.gmtime(now))
    current = TableFile(table_file(home, table, versions[-1].file)) if versions else None
    return _missing(rows, table, current, today)


def _in_force(versions: list[Version], at: float) -> Version:
    """The version in force at a moment, or the first."""
    return next((one for one in reversed(versions) if one.at <= at), versions[0])


def _missing(
    rows: TableRows, table: str, current: TableFile | None, today: str
) -> tuple[Missing, ...]:
    """What was not found and would not be found now either."""
    return tuple(
        Missing(
            keys=parts(one.key),
            at=one.at,
            count=one.count,
            first_at=one.first_at,
            last_at=one.last_at,
        )
        for one in rows.misses(table)
        if current is None or current.find(one.key.encode(), one.at or today) is None
    )


def _unused(
    before: TableFile, current: TableFile, used: set[str], today: str
) -> tuple[tuple[str, ...], ...]:
    found: dict[tuple[str, ...], None] = {}
    for row in current.ordered():
        holds = row.first <= today and (not row.last or today <= row.last)
        key = UNIT.join(row.keys)
        if holds and key not in used and before.has(key.encode()):
            found[row.keys] = None
    return tuple(found)


def _changed(
    before: TableFile, current: TableFile, used: set[str]
) -> tuple[Changes, tuple[Changed, ...]]:
    counts = {"added": 0, "removed": 0, "changed": 0}
    found: list[Changed] = []
    columns = current.trailer.columns
    for one in differences(before, current):
        counts[one.what] += 1
        row = one.after or one.before
        if row is None or one.what == "added":
            continue
        differing = one.columns(columns) if one.after else ()
        key = UNIT.join(row.keys)
        found.append(Changed(keys=row.keys, what=one.what, columns=differing, used=key in used))
    found.sort(key=lambda one: (one.what, one.keys))
    return Changes(**counts), tuple(found)
