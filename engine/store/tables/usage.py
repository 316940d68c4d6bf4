"""Which keys of a table are used and which are asked for in vain: noted in memory on the hot path, kept by `flush`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol

import msgspec

from engine.store.tables.rows import note

#: Keys of a table that are known to be noted already, and misses that wait.
NOTED, WAITING = 20_000, 1_000
#: Characters of a key asked for in vain that are kept: a code is shorter, what is longer is none.
LONGEST = 120
#: Rows that one transaction of `flush` writes: a few milliseconds of the writer.
AT_ONCE = 300
_DAY = 86_400


class Writes(Protocol):
    """The store, as far as `flush` needs it."""

    async def write(self, work: Callable[[Any], Any]) -> Any:
        """Run something with the writer's connection, in a transaction of its own."""


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """What was noted since the last time; also how it travels from another process."""

    found: tuple[tuple[str, str], ...] = ()
    """Table and key (its parts joined by U+001F)."""
    missed: tuple[tuple[str, str, str, int], ...] = ()
    """Table, key, the day that was last asked for (empty = none), how often."""


class Usage:
    """Of one table."""

    __slots__ = ("fresh", "missed", "noted")

    def __init__(self) -> None:
        self.noted: set[bytes] = set()
        """Keys that need not be noted again today."""
        self.fresh: list[bytes] = []
        self.missed: dict[bytes, tuple[str, int]] = {}

    def use(self, wanted: bytes) -> None:
        """A key was found that is not among `noted`."""
        if len(self.noted) < NOTED:
            self.noted.add(wanted)
            self.fresh.append(wanted)

    def miss(self, wanted: bytes, at: str, times: int = 1) -> None:
        """A key was not found."""
        wanted = wanted[: 4 * LONGEST]
        _, before = self.missed.get(wanted, ("", 0))
        if before or len(self.missed) < WAITING:
            self.missed[wanted] = (at, before + times)


class Usages:
    """Of all tables."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._of: dict[str, Usage] = {}
        self._day = self._today()

    def of(self, table: str) -> Usage:
        """Where what is asked of a table is noted; the same object as long as the process lives."""
        found = self._of.get(table)
        if found is None:
            found = self._of[table] = Usage()
        return found

    def take(self) -> Noted:
        """What was noted since the last time, forgotten here. Keys are noted anew each day."""
        found: list[tuple[str, str]] = []
        missed: list[tuple[str, str, str, int]] = []
        today = self._today()
        for table, one in self._of.items():
            fresh, one.fresh = one.fresh, []
            misses, one.missed = one.missed, {}
            found += [(table, _text(key)) for key in fresh]
            missed += [(table, _text(key)[:LONGEST], *told) for key, told in misses.items()]
            if today != self._day or len(one.noted) >= NOTED:
                one.noted.clear()
        self._day = today
        return Noted(found=tuple(found), missed=tuple(missed))

    def add(self, noted: Noted) -> None:
        """What another process noted."""
        for table, key in noted.found:
            if key.encode() not in self.of(table).noted:
                self.of(table).use(key.encode())
        for table, key, at, times in noted.missed:
            self.of(table).miss(key.encode(), at, times)

    async def flush(self, store: Writes) -> None:
        """Keep what was noted since the last time, in small transactions."""
        noted, day, now = self.take(), self._today(), self._now()
        found = [(table, key, day) for table, key in noted.found]
        missed = [(*one, now) for one in noted.missed]
        for start in range(0, max(len(found), len(missed)), AT_ONCE):
            piece = slice(start, start + AT_ONCE)
            await store.write(partial(note, used=found[piece], missed=missed[piece]))

    def _today(self) -> int:
        return int(self._now() // _DAY)


def _text(key: bytes) -> str:
    return key.decode("utf-8", "replace")


def parts(key: str) -> tuple[str, ...]:
    """The parts of a key as it is kept."""
    return tuple(key.split("\x1f"))


def shown(keys: Iterable[str]) -> str:
    """A key for people: its parts with blanks between."""
    return " ".join(keys)
