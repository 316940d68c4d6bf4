"""The embedded store's SQL: named queries, codes of verdicts and states, connections and numbered migrations."""

from __future__ import annotations

import array
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

import apsw

from engine.errors import StoreError
from engine.message import State, Verdict

VERDICTS = tuple(Verdict)
STATES = tuple(State)
VERDICT_CODE = {verdict: code for code, verdict in enumerate(VERDICTS)}
STATE_CODE = {state: code for code, state in enumerate(STATES)}

#: A delivery's id is its message's id times this, plus its place in the message.
PLACES = 1 << 16

#: Flags of a message (and `TEST` of a delivery).
KEYED, TEST, PART, ANSWERED = 1, 2, 4, 8

#: Codecs of a content row.
PLAIN, IN_FILE = 0, 1

#: Scopes of a counter.
BY_VERDICT, BY_STATE, LAST_DELIVERED = 0, 1, 2

_PRAGMAS = """
PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -24000; PRAGMA cache_spill = OFF; PRAGMA temp_store = MEMORY;
PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 67108864; PRAGMA recursive_triggers = ON;
"""
_READER_PRAGMAS = (
    "PRAGMA query_only = ON; PRAGMA cache_size = -8000; PRAGMA temp_store = MEMORY;"
)


def named_queries(text: str) -> dict[str, str]:
    """
    The queries of a file, by name.

    >>> named_queries("-- one --\\nSELECT 1;\\n-- two --\\nSELECT 2;\\n")
    {'one': 'SELECT 1;', 'two': 'SELECT 2;'}
    """
    parts = re.split(r"^-- (\w+) --$", text, flags=re.MULTILINE)[1:]
    return {name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}


@cache
def queries(name: str) -> dict[str, str]:
    """The named queries of `sql/NAME.sql`."""
    return named_queries(
        (resources.files("engine.store.sql") / f"{name}.sql").read_text("utf-8")
    )


@cache
def migrations() -> list[tuple[int, str]]:
    """Number and SQL of every step, in order."""
    folder = resources.files("engine.store.migrations")
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return [(int(name[:-4]), (folder / name).read_text("utf-8")) for name in names]


def open_writer(path: str, vfs: str | None = None) -> apsw.Connection:
    """The one connection that writes; the schema is brought up to date. StoreError for a store of a later release."""
    connection = apsw.Connection(path, vfs=vfs, statementcachesize=400)
    connection.set_busy_timeout(5000)
    connection.execute(_PRAGMAS).fetchall()
    migrate(connection)
    connection.set_busy_timeout(
        250
    )  # nobody else writes here; whoever does must not stop the loop
    return connection


def open_reader(path: str, vfs: str | None = None) -> apsw.Connection:
    """A connection that only reads."""
    connection = apsw.Connection(path, vfs=vfs, flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(5000)
    connection.execute(_READER_PRAGMAS).fetchall()
    return connection


def check_version(connection: apsw.Connection) -> None:
    """StoreError where the schema is of another release than the one that reads it."""
    version, newest = int(connection.pragma("user_version")), migrations()[-1][0]
    if version > newest:
        raise StoreError(_later(version, newest))
    if version < newest:
        raise StoreError(
            f"the store has schema {version}, this release reads {newest}: start it once with: corridor run"
        )


def _later(version: int, newest: int) -> str:
    return f"the store has schema {version}, this release knows {newest}: use a later release"


def migrate(connection: apsw.Connection) -> None:
    """Apply the steps that are missing, each in a transaction of its own."""
    steps = migrations()
    version = int(connection.pragma("user_version"))
    if version > steps[-1][0]:
        raise StoreError(_later(version, steps[-1][0]))
    for number, sql in steps:
        if number > version:
            with connection:
                connection.execute(sql).fetchall()
                connection.pragma("user_version", number)


class Rows:
    """
    One statement that takes many rows at once.

    A run of rows is cut into powers of two, so that few distinct statements are prepared and each stays in the
    connection's cache: the cost per batch is nearly constant, whatever its length.
    """

    LONGEST = 128

    def __init__(
        self, connection: apsw.Connection, head: str, columns: int, tail: str = ""
    ) -> None:
        self._execute = connection.execute
        self._columns = columns
        row = "(" + ",".join("?" * columns) + ")"
        sizes = (1 << power for power in range(self.LONGEST.bit_length()))
        self._sql = {size: f"{head} {','.join([row] * size)}{tail}" for size in sizes}

    def run(self, flat: Sequence[Any]) -> None:
        """Write the rows whose values stand one after another in `flat`."""
        columns = self._columns
        rest, at = len(flat) // columns, 0
        while rest:
            size = min(1 << (rest.bit_length() - 1), self.LONGEST)
            end = at + size * columns
            self._execute(self._sql[size], flat[at:end])
            at, rest = end, rest - size


def first(connection: apsw.Connection, sql: str, values: Sequence[Any] = ()) -> Any:
    """The first row, or None."""
    for row in connection.execute(sql, values):
        return row
    return None


def integers(numbers: Sequence[int]) -> Any:
    """Numbers for `IN carray(?)`; 0 stands for none, which is no id."""
    return apsw.carray(array.array("q", numbers or (0,)))
