"""Data tables: list, versions, rows, what differs, what is asked for and missing. Cells and keys only for who may see them, recorded."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Annotated, Any

import msgspec

from engine.errors import CommandError, ConfigError
from engine.handling import tables
from engine.handling.table_uses import Use, find
from engine.handling.tables import Differing, Listed
from engine.mapping.lookups import Definition
from engine.people.rights import Right
from engine.store.tables import Changes, Version
from engine.store.tables.changes import Difference
from engine.store.tables.drift import Drift, Missing, drift, missing
from engine.store.tables.rows import TableRows
from engine.store.tables.sheet import columns_of
from engine.web.asked import Asked
from engine.web.problem import Problem, unknown
from engine.web.views.messages import visible

#: Seconds that one look through rows lasts.
PATIENCE = 0.7
#: Differing rows that are told.
TOLD = 200
Limit = Annotated[int, msgspec.Meta(ge=1, le=500)]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table in the list."""

    name: str
    owner: str
    description: str
    declared: bool
    """Whether the house declares it; else only its data is left."""
    rows: int
    version: int
    """The one in force; 0 = it has no data yet."""
    since: float
    """When that came into force, seconds since 1970; 0 = it has no data yet."""
    who: str
    """Who brought it."""
    last_used: str
    """The day on which a row of it was last found; empty = never."""
    missing: int
    """Keys that were asked for and that it has not."""


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a table."""

    version: int
    at: float
    who: str
    approver: str
    reason: str
    rows: int
    changes: Changes
    """Against the version before, in rows."""
    rolled_back_to: int
    """The version whose rows these are; 0 = it was imported."""


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows."""

    version: Annotated[int, msgspec.Meta(ge=0, lt=1 << 31)] = 0
    """0 = the one in force."""
    start: Annotated[int, msgspec.Meta(ge=0, lt=1 << 40)] = 0
    """The place to begin at: `next` of the last page."""
    limit: Limit = 50


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a version, in the order in which they came."""

    table: str
    version: int
    keys: list[str]
    """Names of the first columns, by which a row is found."""
    dates: list[str]
    """Names of the columns behind them, the days on which a row holds; none = rows hold always."""
    columns: list[str]
    """Names of the other columns, the values."""
    rows: list[list[str]]
    next: int
    """The place to go on from; 0 = those were all."""


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two versions."""

    before: int
    """0 = there was none."""
    after: int
    changes: Changes
    columns: list[str]
    """Names of the values."""
    rows: list[Difference]
    """The first 200, by key."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A table and its history."""

    table: Table
    columns: list[str]
    """Of a declared table: keys, dates, values."""
    keys: list[str]
    dates: list[str]
    versions: list[Release]
    """Newest first."""
    uses: list[Use]
    mistake: str
    """What is wrong with its declaration; empty = nothing."""


def listed(asked: Asked[Any, Any]) -> list[Table]:
    """The tables that the person may see, by name."""
    home, seen = asked.house.home, visible(asked)
    return [
        _table(asked, one)
        for one in tables.listing(home)
        if seen is None or _is_seen(asked, one.table)
    ]


def _is_seen(asked: Asked[Any, Any], name: str) -> bool:
    """Whether somebody with tags may see it: a channel of theirs stands behind it."""
    return any(asked.may(Right.VIEW, channel) for channel in channels(asked, name))


def channels(asked: Asked[Any, Any], name: str) -> list[str]:
    """The channels in whose line the table stands."""
    return sorted({channel for use in find(asked.house.home, name) for channel in use.channels})


def _table(asked: Asked[Any, Any], one: Listed) -> Table:
    return Table(
        name=one.table, owner=one.owner, description=one.description, declared=one.declared, rows=one.rows,
        version=one.version, since=one.since or 0.0, who=one.who, last_used=one.last_used or "",
        missing=len(_missing(asked, one.table)),
    )  # fmt: skip


def _missing(asked: Asked[Any, Any], name: str) -> tuple[Missing, ...]:
    return missing(asked.house.home, name, time.time())


def table(asked: Asked[Any, Any], name: str) -> Table:
    """A table that the person may see; Problem 404 where there is none."""
    for one in tables.listing(asked.house.home):
        if one.table == name and (visible(asked) is None or _is_seen(asked, name)):
            return _table(asked, one)
    raise unknown("table of that name")


def need(asked: Asked[Any, Any], name: str, *rights: Right) -> None:
    """Problem where the person may not see the table, or has none of these rights for every channel behind it."""
    table(asked, name)
    behind = channels(asked, name) if visible(asked) is not None else []
    for right in rights:
        if asked.may(right) and all(asked.may(right, one) for one in behind):
            return
    words = "' or '".join(right.value for right in rights)
    raise Problem(403, "forbidden", f"this takes the right '{words}' for all that uses this table")  # fmt: skip


def look(asked: Asked[Any, Any], name: str, what: str, reason: str = "") -> None:
    """What is in a table may be somebody's data: who sees it may, and is recorded before."""
    need(asked, name, Right.TABLES, Right.CONTENT)
    asked.audit(f"read {what}", f"table {name}", reason)


def page(asked: Asked[Any, Any], name: str) -> Page:
    """A table, its history and where it is used."""
    one, definition, mistake = table(asked, name), None, ""
    try:
        definition = tables.declared(asked.house.home, name)
    except (CommandError, ConfigError) as error:
        mistake = str(error) if one.declared else ""
    return Page(
        table=one,
        columns=list(columns_of(definition)) if definition else [],
        keys=list(definition.keys) if definition else [],
        dates=_dates(definition),
        versions=[_release(version) for version in TableRows(asked.house.home).versions(name)][::-1],
        uses=[_use(asked, use) for use in find(asked.house.home, name)],
        mistake=mistake,
    )  # fmt: skip


def _dates(definition: Definition | None) -> list[str]:
    said = definition.effective if definition else None
    return [day for day in (said.from_, said.to) if day] if said else []


def _use(asked: Asked[Any, Any], use: Use) -> Use:
    """Without the channels that the person may not see."""
    seen = tuple(one for one in use.channels if asked.may(Right.VIEW, one))
    return msgspec.structs.replace(use, channels=seen)


def _release(one: Version) -> Release:
    return Release(
        version=one.version, at=one.at, who=one.who, approver=one.approver, reason=one.reason, rows=one.rows,
        changes=one.changes, rolled_back_to=one.rolled_back_to,
    )  # fmt: skip


def versions(asked: Asked[Any, Any], name: str) -> list[Release]:
    """Its history, newest first."""
    table(asked, name)
    return [_release(one) for one in TableRows(asked.house.home).versions(name)][::-1]


def rows(asked: Asked[Any, Any], name: str, which: Which, text: str = "") -> Rows:
    """Rows of a version, those in which a text stands. Recorded before."""
    look(asked, name, "rows")
    home = asked.house.home
    one = tables.version(tables.versions(home, name), which.version)
    file = tables.opened(home, one)
    found, behind = tables.page(file, which.start, which.limit, text, PATIENCE)
    return Rows(
        table=name, version=one.version, keys=list(file.trailer.keys), dates=list(file.trailer.dates),
        columns=list(file.trailer.columns), rows=[list(tables.cells(file, row)) for row in found], next=behind,
    )  # fmt: skip


def diff(asked: Asked[Any, Any], name: str, before: int, after: int) -> Diff:
    """What differs between two versions. Recorded before."""
    look(asked, name, f"what differs between versions {before} and {after}")
    return told(tables.diff(asked.house.home, name, before, after, TOLD))


def told(one: Differing) -> Diff:
    """As it is answered."""
    return Diff(
        before=one.before,
        after=one.after,
        changes=one.counts,
        columns=list(one.columns),
        rows=one.rows,
    )


def misses(asked: Asked[Any, Any], name: str, reason: str = "") -> list[Missing]:
    """Keys that were asked for and that it has not, most often first. Recorded before."""
    look(asked, name, "missing keys", reason)
    with suppress(CommandError):  # no engine runs: what was asked for stands in the store
        asked.order("usage", {})
    return list(_missing(asked, name))


def drifting(asked: Asked[Any, Any], name: str, days: int) -> Drift | None:
    """The drift report; None where it has no data yet. Recorded before."""
    look(asked, name, "drift")
    return drift(asked.house.home, name, time.time(), days)
