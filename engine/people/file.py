"""The file `data/people.db`: apart from the messages, so that the console writes it while the engine owns the store."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import apsw

from engine.errors import StoreError

#: Seconds that one process waits for another to finish writing.
PATIENCE = 5.0
_VERSION = 1


class PeopleFile:
    """One connection, safe for threads; every statement is a transaction of its own. Readable by its owner only."""

    def __init__(self, home: Path) -> None:
        path = home / "data" / "people.db"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._lock = threading.RLock()
        try:
            self._connection = apsw.Connection(str(path))
            self._connection.set_busy_timeout(int(PATIENCE * 1000))
            self._prepare()
        except apsw.Error as error:
            raise StoreError(f"{path} cannot be read: {error}") from None

    def _prepare(self) -> None:
        connection = self._connection
        connection.execute(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF"
        )
        with connection:
            version = connection.pragma("user_version")
            if version > _VERSION:
                raise StoreError("data/people.db was written by a later release of Corridor")
            if version == 0:
                connection.execute(
                    (resources.files("engine.people") / "schema.sql").read_text("utf-8")
                )

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement; its rows."""
        with self._lock:
            try:
                return self._connection.execute(statement, values).fetchall()
            except apsw.ConstraintError:
                raise
            except apsw.Error as error:
                raise StoreError(f"data/people.db cannot be used: {error}") from None

    def one(self, statement: str, *values: Any) -> tuple[Any, ...] | None:
        """Run a statement; its first row, None where it has none."""
        found = self.rows(statement, *values)
        return found[0] if found else None

    def together(self, statements: Sequence[tuple[str, tuple[Any, ...]]]) -> None:
        """Several statements, all or none."""
        with self._lock, self._connection:
            for statement, values in statements:
                self._connection.execute(statement, values)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
