"""The lanes of a destination as far as they stand in memory; what does not fit waits in the store."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from itertools import islice
from typing import Any

import msgspec

from engine.message import Delivery
from engine.store import Store

#: Deliveries of one lane that stand in memory; the others wait in the store.
IN_LINE = 512
#: Lanes that stand in memory.
LINES = 200_000
#: Deliveries in memory, before new ones stay in the store.
IN_MEMORY = 20_000
#: Payload bytes in memory, per destination.
PAYLOADS = 8 * 1024 * 1024


class Line:
    """One lane: its first deliveries, and whether the store has more behind them."""

    __slots__ = ("behind", "items", "loading", "missed")

    def __init__(self, behind: bool = False) -> None:
        self.items: list[Delivery] = []
        self.behind = behind
        self.loading = False
        self.missed = False
        """Whether something was queued while the store was being read."""


class Lines:
    """
    Who stands where. `offer` is told of each delivery that heads all its lanes; `free` (order: none) of every one.

    `later` runs a coroutine in the background: reading what the store has behind a line.
    """

    def __init__(
        self,
        number: int,
        store: Store,
        free: bool,
        offer: Callable[[Delivery], None],
        later: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._number, self._store, self._free = number, store, free
        self._offer, self._later = offer, later
        self.lines: dict[int, Line] = {}
        self.in_memory = 0
        self.payload_bytes = 0
        self.overflow = True
        """Whether there may be lanes that do not stand in memory; so it is until the store has been read."""
        self._missed = False
        self._refilling = False

    # -- coming in ------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Read the heads of all lanes that have something open."""
        self._refilling = True
        await self._refill()

    def _add_heads(self, heads: Iterable[Delivery]) -> None:
        fresh: list[Line] = []
        for delivery in heads:
            for lane in delivery.lanes:
                line = self.lines.get(lane)
                if line is None:
                    line = self.lines[lane] = Line(behind=True)
                    fresh.append(line)
                if not line.items:
                    line.items.append(delivery)
                    self.in_memory += 1
        if len(fresh) >= LINES:
            self.overflow = True
        for line in fresh:
            self._head(line)

    def join(self, delivery: Delivery) -> None:
        """A newly queued delivery goes to the end of its lanes, here or in the store."""
        if len(delivery.lanes) > 1:
            self._join_all(delivery)
            return
        lines, lane = self.lines, delivery.lanes[0]
        line = lines.get(lane)
        if line is None:
            if self.overflow or len(lines) >= LINES:
                self.overflow = self._missed = True
                return
            line = lines[lane] = Line()
        elif line.behind:
            line.missed = True
            return
        if len(line.items) >= IN_LINE or self.in_memory >= IN_MEMORY:
            line.behind = True
            if line.items:
                return
        light = self._lightened(delivery)
        line.items.append(light)
        self.in_memory += 1
        if self._free or len(line.items) == 1:
            self._offer(light)

    def _join_all(self, delivery: Delivery) -> None:
        if self.overflow:
            self._missed = True
            for lane in delivery.lanes:
                if (line := self.lines.get(lane)) is not None:
                    line.behind = line.missed = True
            return
        light = self._lightened(delivery)
        for lane in delivery.lanes:
            line = self.lines.get(lane)
            if line is None:
                line = self.lines[lane] = Line()
            if line.behind:
                line.missed = True
                continue
            line.items.append(light)
            self.in_memory += 1
        self._head(self.lines[delivery.lanes[0]])

    def _lightened(self, delivery: Delivery) -> Delivery:
        """Without its payload where memory holds enough of them; it is read at send."""
        payload = delivery.payload
        if not isinstance(payload, bytes):
            return delivery
        if self.payload_bytes + len(payload) > PAYLOADS:
            return msgspec.structs.replace(delivery, payload=None, options=None)
        self.payload_bytes += len(payload)
        return delivery

    def _head(self, line: Line) -> None:
        """Offer the head of a line if it heads all its lanes; read more where a line is dry."""
        if not line.items:
            return
        if self._free:
            for delivery in line.items:
                self._offer(delivery)
            return
        head = line.items[0]
        for lane in head.lanes:
            other = self.lines.get(lane)
            if other is None:
                other = self.lines[lane] = Line(behind=True)
            if not other.items:
                self._load(lane, other, 0)
                return
            if other.items[0].id != head.id:
                return
        self._offer(head)

    # -- changing and going ---------------------------------------------------------------------------------

    def replace(self, delivery: Delivery, again: Delivery) -> None:
        """The same delivery, in another condition, where it stands."""
        for lane in delivery.lanes:
            line = self.lines.get(lane)
            for at, item in enumerate(line.items if line else ()):
                if line and item.id == delivery.id:
                    line.items[at] = again
                    break

    def leave(self, delivery: Delivery) -> None:
        """A delivery goes out of its lanes, and those behind it move up."""
        if isinstance(delivery.payload, bytes):
            self.payload_bytes = max(0, self.payload_bytes - len(delivery.payload))
        for lane in delivery.lanes:
            line = self.lines.get(lane)
            if line is None:
                continue
            items = line.items
            for at, item in enumerate(items):
                if item.id == delivery.id:
                    del items[at]
                    self.in_memory -= 1
                    break
            if items:
                if not self._free:
                    self._head(line)
            elif line.behind:
                self._load(lane, line, delivery.id)
            else:
                del self.lines[lane]
        if self.overflow and not self._refilling and len(self.lines) < LINES // 2:
            self._refilling = True
            self._later(self._refill())

    def find(self, number: int) -> Delivery | None:
        """The delivery of that number, where it stands in memory."""
        for line in self.lines.values():
            for item in line.items:
                if item.id == number:
                    return item
        return None

    def stand_again(self, again: Delivery) -> None:
        """A delivery that stood still is queued again, in its old place."""
        self.replace(again, again)
        for lane in again.lanes:
            if (line := self.lines.get(lane)) is not None:
                self._head(line)

    def oldest(self) -> float | None:
        """When the oldest open delivery was queued; None = nothing waits. Lanes stand in the order they came."""
        lines = islice(self.lines.values(), 1000)
        return min((line.items[0].queued_at for line in lines if line.items), default=None)

    # -- what the store still has ---------------------------------------------------------------------------

    def _load(self, lane: int, line: Line, after: int) -> None:
        if not line.loading:
            line.loading = True
            self._later(self._load_behind(lane, line, after))

    async def _load_behind(self, lane: int, line: Line, after: int) -> None:
        found = await self._store.behind(self._number, lane, after, IN_LINE)
        line.loading = False
        line.items.extend(found)
        self.in_memory += len(found)
        line.behind = line.missed or len(found) >= IN_LINE
        line.missed = False
        if line.items:
            self._head(line)
        elif line.behind:
            self._load(lane, line, after)
        elif self.lines.get(lane) is line:
            del self.lines[lane]

    async def _refill(self) -> None:
        """Lanes that did not fit: read their heads, until nothing was queued meanwhile."""
        self._missed = True
        while self._missed and len(self.lines) < LINES:
            self._missed = False
            heads = await self._store.heads(self._number, LINES)
            self.overflow = self._missed
            self._add_heads(heads)
        self._refilling = False
