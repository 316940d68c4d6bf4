"""What channels remember, and sequences: read on the loop, with what is on its way to the disk laid over it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import islice
from typing import Any

import apsw
import msgspec

from engine.effects import Memory, Numbers, Remembered
from engine.errors import StoreError
from engine.message import Plan
from engine.store.schema import queries

_SQL = queries("effects")
_decode = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode

#: Sequences whose last number is kept in memory.
SEQUENCES = 10_000


class KeptMemory(Memory):
    """`engine.effects.Memory`. Reads through a connection of its own, so that it never waits for a COMMIT."""

    def __init__(self, reader: apsw.Connection, now: Callable[[], float]) -> None:
        self._execute, self._now = reader.execute, now
        self._recall = _SQL["recall"]
        self._on_its_way: dict[tuple[str, str], list[Remembered]] = {}
        """By name and key what was handed over and is neither committed nor refused, oldest first."""

    def recall(self, name: str, key: str) -> dict[str, Any] | None:
        """See Memory.recall. StoreError when the disk cannot be read."""
        if waiting := self._on_its_way.get((name, key)):
            newest = waiting[-1]
            value, until = newest.value, newest.until
        else:
            value, until = self._kept(name, key)
        return None if value is None or until <= self._now() else _decode(value)

    def _kept(self, name: str, key: str) -> tuple[bytes | None, float]:
        try:
            rows: list[Any] = self._execute(self._recall, (name, key)).fetchall()
        except apsw.Error as error:
            raise StoreError(f"the store cannot be read: {type(error).__name__}") from None
        return rows[0] if rows else (None, 0.0)

    def lay(self, plan: Plan) -> Overlay | None:
        """Show what a plan remembers, its parts included, until the overlay is ended; None where it remembers nothing."""
        remembers = list(_remembered(plan))
        if not remembers:
            return None
        for record in remembers:
            self._on_its_way.setdefault((record.name, record.key), []).append(record)
        return Overlay(self, remembers)

    def lift(self, remembers: Iterable[Remembered]) -> None:
        """These are on the disk, or never will be."""
        for record in remembers:
            place = (record.name, record.key)
            waiting = [other for other in self._on_its_way[place] if other is not record]
            if waiting:
                self._on_its_way[place] = waiting
            else:
                del self._on_its_way[place]


class Overlay:
    """What one message remembers while its commit is under way."""

    __slots__ = ("_memory", "_remembers")

    def __init__(self, memory: KeptMemory, remembers: list[Remembered]) -> None:
        self._memory, self._remembers = memory, remembers

    def end(self) -> None:
        """It was committed or refused; from now on the store says what is remembered."""
        remembers, self._remembers = self._remembers, []
        self._memory.lift(remembers)


def _remembered(plan: Plan) -> Iterable[Remembered]:
    yield from plan.remembers
    for part in plan.parts:
        yield from _remembered(part)


class Sequences(Numbers):
    """`engine.effects.Numbers`. What it gave out it does not give again, whatever became of the plan."""

    def __init__(self, reader: apsw.Connection) -> None:
        self._execute, self._last_of = reader.execute, _SQL["last"]
        self._last: dict[str, int] = {}

    def next(self, sequence: str, least: int = 1) -> int:
        """See Numbers.next. StoreError when the disk cannot be read."""
        last = self._last.get(sequence)
        if last is None:
            last = self._kept(sequence)
            if len(self._last) >= SEQUENCES:
                self._make_room()
        number = self._last[sequence] = max(last + 1, least)
        return number

    def unused(self, sequence: str, number: int) -> None:
        """See Store.unused."""
        if self._last.get(sequence) == number and self._kept(sequence) < number:
            self._last[sequence] = number - 1

    def _kept(self, sequence: str) -> int:
        try:
            rows: list[Any] = self._execute(self._last_of, (sequence,)).fetchall()
        except apsw.Error as error:
            raise StoreError(f"the store cannot be read: {type(error).__name__}") from None
        return rows[0][0] if rows else 0

    def _make_room(self) -> None:
        """Forget the two oldest; one whose last number is not on the disk yet counts as the newest again."""
        for oldest in list(islice(self._last, 2)):
            last = self._last.pop(oldest)
            if self._kept(oldest) < last:
                self._last[oldest] = last
