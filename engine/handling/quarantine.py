"""
What is held and needs a person, by cause: quarantined messages, and deliveries that were refused or are uncertain.

When an item is open:
- a quarantined message, as long as nobody put it away and nothing stands in its place. A replay (or a corrected copy)
  stands in the place of what it repeats, and so does one of the message it was split off or handed over by: where the
  replay was quarantined too it is the item, where it was not there is none any more;
- a delivery in the state refused or uncertain, unless a later replay of its message has a delivery to the same
  destination: then that one counts.

The reader remembers what it has seen and reads on from there, in steps that each stay far below the store's limit, so that
100,000 items of 10,000,000 messages cost the first reader a second or two and everybody after that almost nothing.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Any

import msgspec

from engine.handling.causes import Cause, answered, pattern
from engine.handling.families import Families
from engine.message import State
from engine.store.schema import PLACES, STATE_CODE, integers

Rows = Callable[..., list[Any]]

#: Rows of one read, hours that a trend shows, and seconds after which deliveries are looked at from the beginning.
STRIDE, HOURS, AFRESH = 2000, 24, 600.0
_PARKED = (State.UNCERTAIN, State.REFUSED)


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is held."""

    id: int
    """message * 65536 + the delivery's place in the message; place 0 = the message itself."""
    cause: Cause
    at: float
    """When it was received; of a delivery when it last came a step further."""

    @property
    def message(self) -> int:
        """The message's number."""
        return self.id // PLACES


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """What one cause holds."""

    cause: Cause
    count: int
    oldest: float
    newest: float
    hours: tuple[int, ...]
    """How many of them came in each of the last 24 hours, the present one last."""


class Quarantine:
    """All that is held in one store. Safe for threads."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._families = Families()
        self._arrival = 0
        self._items: dict[int, Item] = {}
        self._parked: dict[int, Item] = {}
        """Deliveries in a parked state, whatever stands in their place."""
        self._by_cause: dict[Cause, dict[int, Item]] = {}
        self._closed: set[int] = set()
        self._afresh = 0.0
        self.complete = False
        """Whether everything was read; False right after the start, where that takes longer than somebody waits."""

    # -- reading --------------------------------------------------------------------------------------------

    def refresh(self, rows: Rows, closed: Collection[int], patience: float = 1.0) -> None:
        """Read on, at most so many seconds; `closed` is what people put away (engine/people/work.py)."""
        with self._lock:
            ends = time.monotonic() + patience
            touched = self._families.read(rows)
            self.complete = self._messages(rows, ends)
            self._deliveries(rows)
            for item in touched:
                self._settle(rows, item)
            self._put_away(set(closed))

    def _messages(self, rows: Rows, ends: float) -> bool:
        """Quarantined messages since the last arrival seen; whether those are all."""
        while True:
            some = rows("quarantined", self._arrival, STRIDE)
            self._families.know(rows, [(row[0], row[7], row[8]) for row in some])
            for id, channel, arrival, at, reason, detail, owner, _, _ in some:
                cause = Cause(
                    kind="quarantined", channel=channel, reason=reason, pattern=pattern(detail), owner=owner
                )  # fmt: skip
                self._add(rows, Item(id=id * PLACES, cause=cause, at=at))
                self._arrival = arrival
            if len(some) < STRIDE:
                return True
            if time.monotonic() > ends:
                return False

    def _deliveries(self, rows: Rows) -> None:
        """Those that stand refused or uncertain now."""
        if time.monotonic() > self._afresh:
            for id in list(self._parked):
                self._forget(id)
            self._afresh = time.monotonic() + AFRESH
        for state in _PARKED:
            ids = set(_all(rows, STATE_CODE[state]))
            known = {id for id, one in self._parked.items() if one.cause.kind == state.value}
            for id in known - ids:
                self._forget(id)
            self._park(rows, state, sorted(ids - known))

    def _park(self, rows: Rows, state: State, ids: list[int]) -> None:
        for start in range(0, len(ids), STRIDE):
            some = ids[start : start + STRIDE]
            messages = sorted({id // PLACES for id in some})
            origins = rows("origins", integers(messages))
            self._families.know(rows, [tuple(row) for row in origins])
            for id, channel, destination, at, status, detail in rows(
                "parked_facts", integers(some)
            ):
                cause = Cause(
                    kind=state.value, channel=channel, reason=status or state.value, pattern=answered(detail or ""),
                    destination=destination,
                )  # fmt: skip
                item = Item(id=id, cause=cause, at=at or 0.0)
                self._parked[id] = item
                self._add(rows, item)

    def _add(self, rows: Rows, item: Item) -> None:
        self._items[item.id] = item
        self._families.watch(item.id)
        self._settle(rows, item.id)

    def _forget(self, id: int) -> None:
        item = self._items.pop(id, None)
        self._parked.pop(id, None)
        if item is not None:
            self._out(item)

    def _settle(self, rows: Rows, id: int) -> None:
        """Whether an item counts, after something that concerns it came."""
        item = self._items.get(id)
        if item is None:
            return
        if id in self._closed or self._replaced(rows, item):
            self._out(item)
        else:
            self._by_cause.setdefault(item.cause, {})[id] = item

    def _replaced(self, rows: Rows, item: Item) -> bool:
        later = self._families.in_place_of(item.message)
        if not later or not item.cause.destination:
            return bool(later)
        return any(
            row[1] == item.cause.destination for one in later for row in rows("queued", one)
        )

    def _out(self, item: Item) -> None:
        held = self._by_cause.get(item.cause)
        if held is not None and held.pop(item.id, None) is not None and not held:
            del self._by_cause[item.cause]

    def _put_away(self, closed: set[int]) -> None:
        changed, self._closed = closed ^ self._closed, closed
        for id in changed:
            self._settle(_no_rows, id)

    # -- telling --------------------------------------------------------------------------------------------

    def groups(self) -> list[Group]:
        """What is open, by cause; what holds most comes first."""
        with self._lock:
            now = self._now()
            found = [_group(cause, held, now) for cause, held in self._by_cause.items()]
        return sorted(found, key=lambda one: (-one.count, one.oldest))

    def items(self, cause: str, before: int = 0, limit: int = 50) -> list[Item]:
        """Items of the cause of that id, newest first, from before an item; none where there is no such cause."""
        with self._lock:
            held = self._held(cause)
            ids = sorted((id for id in held if not before or id < before), reverse=True)
            return [held[id] for id in ids[:limit]]

    def find(self, id: int) -> Item | None:
        """One that is open."""
        with self._lock:
            item = self._items.get(id)
            return item if item and id in self._by_cause.get(item.cause, {}) else None

    def group(self, cause: str) -> Group | None:
        """What one cause holds; None where it holds nothing any more."""
        with self._lock:
            found = next((one for one in self._by_cause if one.id == cause), None)
            return None if found is None else _group(found, self._by_cause[found], self._now())

    def _held(self, cause: str) -> dict[int, Item]:
        return next((held for one, held in self._by_cause.items() if one.id == cause), {})


def _group(cause: Cause, held: dict[int, Item], now: float) -> Group:
    hours = Counter(int((now - item.at) // 3600) for item in held.values())
    return Group(
        cause=cause,
        count=len(held),
        oldest=min(item.at for item in held.values()),
        newest=max(item.at for item in held.values()),
        hours=tuple(hours.get(hour, 0) for hour in range(HOURS - 1, -1, -1)),
    )


def _all(rows: Rows, state: int) -> Iterator[int]:
    after = 0
    while some := rows("parked", state, after, 20_000):
        yield from (row[0] for row in some)
        after = some[-1][0]


def _no_rows(*_: Any) -> list[Any]:
    return []
