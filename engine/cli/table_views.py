"""What `corridor tables` shows."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from engine.cli.running import counted
from engine.cli.terminal import json_out, moment, safe, table
from engine.handling import tables
from engine.handling.table_uses import find
from engine.mapping import lookups
from engine.store.tables import Changes, Version
from engine.store.tables.changes import Difference
from engine.store.tables.drift import Drift, drift
from engine.store.tables.rows import TableRows
from engine.store.tables.usage import shown

_DAY = 86_400


def changes(counts: Changes) -> str:
    """
    Numbers of rows in words.

    >>> changes(Changes(added=2, changed=1)), changes(Changes())
    ('2 added, 1 changed', 'nothing changed')
    """
    named = {"added": counts.added, "removed": counts.removed, "changed": counts.changed}
    told = (f"{count} {name}" for name, count in named.items() if count)
    return ", ".join(told) or "nothing changed"


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(at))


# -- lists ----------------------------------------------------------------------------------------------------------


def overview(home: Path, as_json: bool) -> None:
    """Every table that is declared or has data."""
    listed = tables.listing(home)
    if as_json:
        json_out(listed)
    elif not listed:
        print("no table is declared; declare one in mappings/tables/NAME.yaml")
    else:
        heads = ("table", "owner", "rows", "version", "since", "who", "last used")
        print("\n".join(table(map(_line, listed), heads)))


def _line(one: tables.Listed) -> tuple[object, ...]:
    since = "no data yet" if one.since is None else moment(one.since)
    used = (one.last_used or "never") + ("" if one.declared else "; not declared")
    return (one.table, one.owner, one.rows, one.version, since, one.who, used)


def history(home: Path, name: str, as_json: bool) -> None:
    """The versions of a table, newest first."""
    versions = list(reversed(tables.versions(home, name)))
    if as_json:
        json_out(versions)
        return
    heads = ("version", "when", "who", "approved by", "rows", "change", "reason")
    lines = [
        (one.version, moment(one.at), one.who, one.approver, one.rows, _change(one), one.reason)
        for one in versions
    ]
    print("\n".join(table(lines, heads)))


def _change(version: Version) -> str:
    back = f" (back to {version.rolled_back_to})" if version.rolled_back_to else ""
    return changes(version.changes) + back


# -- rows -----------------------------------------------------------------------------------------------------------


def diff(home: Path, name: str, before: int, after: int, limit: int, as_json: bool) -> bool:
    """The rows that differ; whether any does."""
    found = tables.diff(home, name, before, after, limit)
    counts = found.counts
    if as_json:
        json_out([_difference(one) for one in found.rows])
        return bool(counts)
    print(f"{name}, version {found.before} to {found.after}: {changes(counts)}")
    for one in found.rows:
        print(safe(f"  {one.what:8}{_told(one, found.columns)}"))
    if (left := counts.added + counts.removed + counts.changed - limit) > 0:
        print(f"  and {left} more (--limit)")
    return bool(counts)


def _difference(one: Difference) -> dict[str, Any]:
    return {
        "what": one.what,
        "keys": tables.row_of(one).keys,
        "before": one.before,
        "after": one.after,
    }


def _told(one: Difference, columns: tuple[str, ...]) -> str:
    row = tables.row_of(one)
    text = shown(row.keys) + (f" from {row.first}" if row.first else "")
    if one.before is None or one.after is None:
        return f"{text}: {', '.join(row.values)}"
    cells = zip(columns, one.before.values, one.after.values, strict=True)
    told = [
        f"{name} {was or '(empty)'} -> {now or '(empty)'}"
        for name, was, now in cells
        if was != now
    ]
    if one.before.last != one.after.last:
        told.append(f"until {one.before.last or '(open)'} -> {one.after.last or '(open)'}")
    return f"{text}: {', '.join(told)}"


def export(home: Path, name: str, file: Path | None, number: int) -> None:
    """A version as CSV: keys, dates and values, rows in the order in which they came."""
    version = tables.version(tables.versions(home, name), number)
    opened = tables.opened(home, version)
    if file is None:
        tables.write(opened, sys.stdout)
        return
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with open(draft, "w", encoding="utf-8", newline="") as target:
            tables.write(opened, target)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    print(f"{name}: version {version.version}, {counted(version.rows, 'row')} to {file}")


# -- reports --------------------------------------------------------------------------------------------------------


def drifts(home: Path, name: str, days: int, limit: int, as_json: bool) -> None:
    """The drift of one table, or of all that have data."""
    names = [name] if name else [version.table for version in TableRows(home).newest()]
    if name:
        tables.versions(home, name)
    found = [one for each in names if (one := drift(home, each, time.time(), days)) is not None]
    if as_json:
        json_out(found)
        return
    if not found:
        print("no table has data yet")
    for one in found:
        print("\n".join(_drift(one, limit)))


def _drift(one: Drift, limit: int) -> Iterable[str]:
    yield safe(f"{one.table} ({one.owner}): version {one.version}, {counted(one.rows, 'row')}")
    yield f"  asked for and not found: {counted(len(one.missing), 'code')}"
    missing = [
        (
            f"    {shown(each.keys)}",
            each.at,
            f"{each.count} times",
            _day(each.first_at),
            f"to {_day(each.last_at)}",
        )
        for each in one.missing
    ]
    yield from _first(table(missing), limit)
    yield f"  not used since {_day(one.since)}: {counted(len(one.unused), 'code')}"
    yield from _first([safe(f"    {shown(keys)}") for keys in one.unused], limit)
    yield f"  changed since version {one.compared_with}: {changes(one.changes)}"
    told = [
        (
            f"    {each.what}",
            shown(each.keys),
            ", ".join(each.columns),
            "in use" if each.used else "",
        )
        for each in one.changed
    ]
    yield from _first(table(told), limit)


def _first(lines: list[str], limit: int) -> list[str]:
    more = [f"    and {len(lines) - limit} more (--limit)"] if len(lines) > limit else []
    return lines[:limit] + more


def uses(home: Path, name: str, as_json: bool) -> None:
    """Where a table is used: places in mappings and channels, and the channels behind them."""
    found = find(home, name)
    if not found and name not in lookups.names(home):
        code_table = home / lookups.FOLDER / f"{name}.csv"
        if not code_table.exists():
            tables.declared(home, name)
    if as_json:
        json_out(found)
        return
    if not found:
        print(f"nothing uses the table '{name}'")
        return
    heads = ("place", "what", "channels")
    lines = [(f"{one.file}:{one.line}", one.what, ", ".join(one.channels)) for one in found]
    print("\n".join(table(lines, heads)))
