"""
The last file of a channel whose files are the whole truth, read beside the writer, and the keys of the one that comes.

The keys of a file that is taken apart stand in a file of their own, `data/loading/NUMBER.keys`, until it is over: what
vanished is found without holding either of them. It can be made again at any time from the body.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import apsw

from engine.store.home import data_folder, store_file
from engine.store.schema import first, open_reader, queries

#: Keys that are put down at once.
AT_ONCE = 2000

_SQL = queries("loads")


def keys_file(home: Path, message: int) -> Path:
    """Where the keys of a message stand while it is taken apart."""
    return data_folder(home) / "loading" / f"{message}.keys"


class Keys:
    """The keys of one file, put down while it is surveyed."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        self._path, self._draft = path, path.with_suffix(".draft")
        self._draft.unlink(missing_ok=True)
        self._connection = apsw.Connection(str(self._draft))
        self._draft.chmod(0o600)
        self._connection.execute(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8000;"
            "CREATE TABLE met (key TEXT PRIMARY KEY) STRICT, WITHOUT ROWID; BEGIN"
        ).fetchall()
        self._waiting: list[tuple[str]] = []
        self.unread = False
        """Whether a record cannot be read: it may be any."""

    def met(self, key: str | None) -> None:
        """One more record."""
        if key is None:
            self.unread = True
            return
        self._waiting.append((key,))
        if len(self._waiting) >= AT_ONCE:
            self._put()

    def _put(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._connection.executemany("INSERT OR IGNORE INTO met VALUES (?)", waiting)

    def close(self) -> None:
        """Give the file its name."""
        self._put()
        if self.unread:
            self._connection.execute("PRAGMA user_version = 1")
        self._connection.execute("COMMIT")
        self._connection.close()
        self._draft.rename(self._path)


class LastFile:
    """What the last file of a channel had."""

    def __init__(self, home: Path, channel: int, keys: Path | None = None) -> None:
        """`keys`: those of the file that comes (`Keys`)."""
        self._connection = open_reader(str(store_file(home)))
        self._channel = channel
        if keys is not None:
            self._connection.execute("ATTACH ? AS there", (str(keys),)).fetchall()

    def __enter__(self) -> LastFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def digests(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The digests of those that it had."""
        if not keys:
            return {}
        rows = self._connection.execute(
            _SQL["digests"], (self._channel, apsw.carray(tuple(keys)))
        )
        return {key: digest for key, digest in rows}

    def counts(self) -> tuple[int, int]:
        """How many records it had, and how many of them are not in the one that comes."""
        known: int = first(self._connection, _SQL["known"], (self._channel,))[0]
        missing: int = first(self._connection, _SQL["missing"], (self._channel,))[0]
        return known, missing

    def sure(self) -> bool:
        """Whether every record of the file that comes could be read: else nothing vanishes."""
        return not int(self._connection.pragma("user_version", schema="there"))

    def vanished(self, after: str, limit: int) -> list[tuple[str, bytes]]:
        """Key and bytes of those that are not in the one that comes, in the order of their keys."""
        rows: list[Any] = self._connection.execute(
            _SQL["vanished"], (self._channel, after, limit)
        ).fetchall()
        return [(key, stored or b"") for key, stored in rows]


def rejected(home: Path, message: int) -> Iterator[tuple[str, str, str, bytes]]:
    """Reason, sentence, facts (JSON) and bytes of every part of a message that is in quarantine, in order."""
    connection, after = open_reader(str(store_file(home))), 0
    try:
        while True:
            rows: list[Any] = connection.execute(
                _SQL["rejected"], (message, after, 200)
            ).fetchall()
            for _, reason, detail, facts, stored in rows:
                yield reason, detail, facts or "{}", stored or b""
            if not rows:
                return
            after = rows[-1][0]
    finally:
        connection.close()
