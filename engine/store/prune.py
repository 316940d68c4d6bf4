"""Drops the bodies of old messages in small steps; what is known about them stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw

from engine.store.home import large_folder
from engine.store.large import locked
from engine.store.schema import integers, queries

#: Seconds that a large body nobody refers to is left alone: its message may be on its way.
GRACE = 86_400

_SQL = queries("prune")


class Prune:
    """One round after another over all messages, oldest first."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._after = 0

    def step(self, older_than: float, limit: int) -> int:
        """
        Inside the writer's transaction: look at the next `limit` messages and drop the bodies of those that came
        before `older_than` and are done with: no delivery is open or refused, nothing of them waits in a group. How
        many were looked at; 0 = the round is over, the next step begins a new one.
        """
        rows: list[Any] = self._connection.execute(
            _SQL["candidates"], (self._after, limit)
        ).fetchall()
        old = [row for row in rows if row[1] < older_than]
        contents: list[int] = []
        for id, _, content, is_open in old:
            if not is_open:
                contents.append(content)
                contents += [
                    row[0] for row in self._connection.execute(_SQL["payloads"], (id,))
                ]
        if contents:
            self._connection.execute(_SQL["drop"], (integers(contents),))
        self._after = old[-1][0] if len(old) == limit else 0
        return len(old) if self._after else 0


def sweep(home: Path, connection: apsw.Connection, now: float) -> int:
    """Remove large bodies that nothing refers to, in a thread; how many."""
    removed = 0
    for path in large_folder(home).iterdir():
        with locked(home):
            if _is_needed(path, connection, now):
                continue
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _is_needed(path: Path, connection: apsw.Connection, now: float) -> bool:
    if path.stat().st_mtime > now - GRACE:
        return True
    try:
        digest = bytes.fromhex(path.name)
    except ValueError:
        return False  # a draft that was never finished
    return bool(connection.execute(_SQL["named"], (digest, digest + b"\xff" * 9)).fetchall())


def shrink(connection: apsw.Connection, pages: int) -> None:
    """Give free pages back to the disk, between two transactions."""
    connection.execute(f"PRAGMA incremental_vacuum({pages})").fetchall()
