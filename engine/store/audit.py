"""
The audit trail as a chain: each record is sealed together with all before it, so that none can be changed, put in or left
out in the middle without the chain saying so. That the last ones are there is seen by whoever keeps a head elsewhere.

    seal(n) = SHA-256(seal(n - 1) + record n as JSON); before the first stands the hash of the store's first incarnation
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import msgspec

from engine.errors import StoreError
from engine.store.home import store_file
from engine.store.schema import first, open_reader, queries

_SQL = queries("audit")
#: Records read at a time.
_STRIDE = 2000


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody did or looked at."""

    id: int
    """Its place in the chain, from 1."""
    at: float
    """Seconds since 1970."""
    who: str
    """Account, token or person at the keyboard."""
    action: str
    """What was done: `read_content`, `replay`, `sign_in`."""
    what: str
    """To what: `message 774K-6`. Never a value."""
    reason: str
    """What they said why; empty where nobody asked."""
    seal: str
    """The chain up to here, SHA-256 in hexadecimal digits; empty for records of releases before the chain."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What recomputing the chain found."""

    sound: bool
    records: int
    """How many were looked at: all, or those up to the broken place."""
    head: str
    """The seal of the last record, to be kept elsewhere; empty where there is none."""
    broken: str
    """The first place that does not fit, in words; empty = none."""


def append(
    connection: apsw.Connection, who: str, action: str, what: str, reason: str, at: float
) -> None:
    """Add a record, in the transaction that is open."""
    number, before = _head(connection)
    row = (number + 1, float(at), who, action, what, reason)
    connection.execute(_SQL["append"], (*row, _seal(before, row)))


def verify(home: Path) -> Verified:
    """Recompute the whole chain. Reads in short steps, so it may run beside the engine. StoreError where there is no store."""
    connection = _reader(home)
    try:
        return verified(connection)
    finally:
        connection.close()


def verified(connection: apsw.Connection) -> Verified:
    """The same, of an open store."""
    before, place, sealed = _origin(connection), 0, False
    for full in _walk(connection, 0):
        row, seal = full[:-1], full[-1]
        name = f"audit record {row[0]}"
        if row[0] != place + 1:
            missing = f"audit record {place + 1} is gone: {name} comes after {place}"
            return Verified(sound=False, records=place, head="", broken=missing)
        before = _seal(before, row)
        place += 1
        if seal is None and sealed:
            return _broken(place, f"{name} has lost its seal")
        if seal is not None and seal != before:
            since = "" if sealed else " (or one before it, made by an earlier release)"
            return _broken(place, f"{name} is not what was written{since}")
        sealed = sealed or seal is not None
    return Verified(
        sound=True, records=place, head=before.hex() if place and sealed else "", broken=""
    )


def records(
    home: Path, since: float | None = None, until: float | None = None
) -> Iterator[Record]:
    """The records of a span of time, oldest first. StoreError where there is no store."""
    connection = _reader(home)
    try:
        for row in _walk(connection, 0):
            if (since is None or row[1] >= since) and (until is None or row[1] < until):
                yield record_of(row)
    finally:
        connection.close()


def record_of(row: Sequence[Any]) -> Record:
    """A row as a record."""
    id, at, who, action, what, reason, seal = row
    return Record(
        id=id, at=at, who=who, action=action, what=what, reason=reason,
        seal=seal.hex() if seal is not None else "",
    )  # fmt: skip


def _broken(place: int, words: str) -> Verified:
    return Verified(sound=False, records=place, head="", broken=words)


def _reader(home: Path) -> apsw.Connection:
    path = store_file(home)
    if not path.is_file():
        raise StoreError(f"{home} has no store yet; it begins with: corridor run")
    return open_reader(str(path))


def _walk(connection: apsw.Connection, after: int) -> Iterator[list[Any]]:
    while True:
        rows: list[Any] = connection.execute(_SQL["walk"], (after, _STRIDE)).fetchall()
        if not rows:
            return
        yield from (list(row) for row in rows)
        after = rows[-1][0]


def _head(connection: apsw.Connection) -> tuple[int, bytes]:
    """Number and seal of the last record; records of releases before the chain are sealed by the first one after them."""
    last = first(connection, _SQL["last"])
    if last is None:
        return 0, _origin(connection)
    if last[1] is not None:
        return last[0], last[1]
    before = _origin(connection)
    for *row, _ in _walk(connection, 0):
        before = _seal(before, row)
    return last[0], before


def _origin(connection: apsw.Connection) -> bytes:
    found = first(connection, _SQL["origin"])
    return hashlib.sha256((found[0] if found else "").encode()).digest()


def _seal(before: bytes, row: Sequence[Any]) -> bytes:
    return hashlib.sha256(before + msgspec.json.encode(row)).digest()
