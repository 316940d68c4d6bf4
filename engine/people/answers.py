"""What was answered to requests that may come twice: kept for a day, so that the second one does nothing."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import NamedTuple

from engine.people.file import PeopleFile

#: Seconds that an answer is kept.
KEPT = 86_400.0
#: Old answers are looked for this often, in seconds.
PRUNED = 600.0


class Answer(NamedTuple):
    """An answer, or that it is still being made (`status` 0)."""

    sent: bytes
    status: int
    kind: str
    """Its media type."""
    body: bytes
    here: bool
    """Whether this process gave it, or is about to."""


class Answers:
    """The answers of one home. Safe for threads and processes."""

    def __init__(self, file: PeopleFile, now: Callable[[], float]) -> None:
        self._file, self._now = file, now
        self._run = secrets.token_hex(8)
        self._pruned = 0.0

    def begin(self, name: bytes, sent: bytes) -> Answer | None:
        """None where this is the first of its name, which is now being done; else what came of that."""
        now = self._now()
        if now > self._pruned + PRUNED:
            self._pruned = now
            self._file.rows("DELETE FROM answered WHERE at < ?", now - KEPT)
        made = self._file.rows(
            "INSERT INTO answered VALUES (?, ?, 0, '', x'', ?, ?) ON CONFLICT (name) DO UPDATE"
            " SET sent = excluded.sent, status = 0, kind = '', body = x'', run = excluded.run, at = excluded.at"
            " WHERE answered.at < ? RETURNING 1",
            name, sent, self._run, now, now - KEPT,
        )  # fmt: skip
        if made:
            return None
        row = self._file.one(
            "SELECT sent, status, kind, body, run FROM answered WHERE name = ?", name
        )
        if row is None:
            return None  # it was too old, and is gone just now
        sent, status, kind, body, run = row
        return Answer(sent, status, kind, body, run == self._run)

    def keep(self, name: bytes, status: int, kind: str, body: bytes) -> None:
        """What came of it."""
        self._file.rows(
            "UPDATE answered SET status = ?, kind = ?, body = ?, at = ? WHERE name = ?",
            status, kind, body, self._now(), name,
        )  # fmt: skip
