"""
What people do about what is held: who looks after an item, what they said about it, whether somebody put it away.

An item is message * 65536 + the delivery's place in the message; place 0 = the message itself. Whoever changes anything
writes the audit record first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

import msgspec

from engine.errors import CommandError
from engine.people.file import PeopleFile

#: Items that one call may change.
MOST = 10_000
#: Characters of a comment or a reason.
LONGEST = 2000


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said about an item."""

    at: float
    """Seconds since 1970."""
    who: str
    text: str


class Stand(msgspec.Struct, frozen=True, kw_only=True):
    """How the work on an item stands."""

    assigned: str = ""
    """Who looks after it; empty = nobody yet."""
    closed: bool = False
    reason: str = ""
    """Why it was put away."""
    who: str = ""
    """Who assigned it or put it away."""
    since: float = 0.0


#: Of an item that nobody touched yet.
UNTOUCHED = Stand()


class Work:
    """The work on the items of one home. Safe for threads."""

    def __init__(self, file: PeopleFile, now: Callable[[], float]) -> None:
        self._file, self._now = file, now

    # -- what is done ---------------------------------------------------------------------------------------

    def assign(self, items: Collection[int], to: str, by: str) -> None:
        """Somebody looks after these from now on; empty = nobody does. CommandError where they are too many."""
        _bounded(items)
        now = self._now()
        self._file.together(
            [
                (
                    "INSERT INTO work VALUES (?, ?, 0, '', ?, ?) ON CONFLICT DO UPDATE SET assigned = excluded.assigned,"
                    " who = excluded.who, since = excluded.since",
                    (item, to, by, now),
                )
                for item in items
            ]
        )

    def comment(self, items: Collection[int], by: str, text: str) -> None:
        """Say something about these. CommandError where nothing or too much is said."""
        _bounded(items)
        said, now = _said(text, "say something"), self._now()
        self._file.together(
            [
                ("INSERT INTO comment (item, at, who, text) VALUES (?, ?, ?, ?)", (item, now, by, said))
                for item in items
            ]
        )  # fmt: skip

    def close(self, items: Collection[int], by: str, reason: str) -> None:
        """Put these away without sending them. CommandError where no reason is given."""
        _bounded(items)
        why, now = _said(reason, "say why: the reason is kept with your name"), self._now()
        self._file.together(
            [
                (
                    "INSERT INTO work VALUES (?, '', 1, ?, ?, ?) ON CONFLICT DO UPDATE SET closed = 1,"
                    " reason = excluded.reason, who = excluded.who, since = excluded.since",
                    (item, why, by, now),
                )
                for item in items
            ]
        )

    def reopen(self, items: Collection[int], by: str) -> None:
        """Take these out again."""
        _bounded(items)
        now = self._now()
        self._file.together(
            [
                (
                    "UPDATE work SET closed = 0, reason = '', who = ?, since = ? WHERE item = ?",
                    (by, now, item),
                )
                for item in items
            ]
        )

    # -- how it stands --------------------------------------------------------------------------------------

    def closed(self) -> set[int]:
        """All that was put away."""
        return {row[0] for row in self._file.rows("SELECT item FROM work WHERE closed = 1")}

    def assigned(self) -> dict[int, str]:
        """Who looks after what is not put away."""
        return dict(
            self._file.rows("SELECT item, assigned FROM work WHERE closed = 0 AND assigned <> ''")
        )  # fmt: skip

    def of(self, items: Sequence[int]) -> dict[int, Stand]:
        """How the work on these stands; those that nobody touched are left out."""
        rows = self._rows_of("item, assigned, closed, reason, who, since FROM work", items)
        return {
            item: Stand(assigned=to, closed=bool(closed), reason=reason, who=who, since=since)
            for item, to, closed, reason, who, since in rows
        }

    def comments(self, items: Sequence[int]) -> dict[int, list[Comment]]:
        """What was said about these, oldest first."""
        found: dict[int, list[Comment]] = {}
        rows = self._rows_of("item, at, who, text FROM comment", items, " ORDER BY id")
        for item, at, who, text in rows:
            found.setdefault(item, []).append(Comment(at=at, who=who, text=text))
        return found

    def _rows_of(self, what: str, items: Sequence[int], order: str = "") -> Iterable[tuple]:  # type: ignore[type-arg]
        if not items:
            return []
        holes = ",".join("?" * len(items))
        return self._file.rows(f"SELECT {what} WHERE item IN ({holes}){order}", *items)


def _bounded(items: Collection[int]) -> None:
    if len(items) > MOST:
        raise CommandError(f"that is more than {MOST} at once: take it in pieces")


def _said(text: str, otherwise: str) -> str:
    said = text.strip()
    if not said:
        raise CommandError(otherwise)
    if len(said) > LONGEST:
        raise CommandError(f"at most {LONGEST} characters")
    return said
