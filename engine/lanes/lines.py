"""The lanes of a destination as far as they stand in memory; what does not fit waits in the store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from itertools import islice
from typing import Any

import msgspec

from engine.errors import StoreError
from engine.lanes.line import Line, lanes_of
from engine.message import Delivery, State
from engine.store import Store

#: Deliveries of one lane that stand in memory; the others wait in the store.
IN_LINE = 512
#: Lanes that stand in memory.
LINES = 200_000
#: Deliveries in memory, before new ones stay in the store.
IN_MEMORY = 20_000
#: Payload bytes in memory, per destination.
PAYLOADS = 8 * 1024 * 1024
#: Seconds before the store is read again where it could not be read.
PATIENCE = 0.25


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
        self._refilling = True

    # -- coming in ------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Read the heads of all lanes that have something open."""
        heads = await self._store.heads(self._number, LINES)
        self._add_heads(heads)
        self.overflow = self._missed or lanes_of(heads) >= LINES
        self._refilling = False
        self._refill_soon()

    def _add_heads(self, heads: Iterable[Delivery]) -> bool:
        fresh: dict[int, Line] = {}
        for delivery in heads:
            for lane in delivery.lanes:
                line = self.lines.get(lane)
                if line is None:
                    line = fresh[lane] = self.lines[lane] = Line(behind=True)
                if not line.items and not line.loading:
                    line.append(delivery)
                    self.in_memory += 1
        for lane, line in fresh.items():
            self._moved_up(lane, line, line.items[:])
        return bool(fresh)

    def _moved_up(self, lane: int, line: Line, fresh: list[Delivery]) -> None:
        """These came into a line that was dry; without order, into any."""
        if not self._free:
            self._head(line)
            return
        for delivery in fresh:
            self._offer(delivery)
        self._top_up(lane, line)

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
                self._refill_soon()
                return
            line = lines[lane] = Line()
        elif line.behind:
            line.missed = True
            return
        elif delivery.id <= line.read and line.standing(delivery):
            return
        if len(line.items) >= IN_LINE or self.in_memory >= IN_MEMORY:
            line.behind = True
            if line.items:
                self._top_up(lane, line)
                return
        light = self._lightened(delivery)
        line.append(light)
        self.in_memory += 1
        if self._free or len(line.items) == 1:
            self._offer(light)

    def _join_all(self, delivery: Delivery) -> None:
        light = self._lightened(delivery)
        for lane in delivery.lanes:
            line = self.lines.get(lane)
            if line is None:
                line = self.lines[lane] = Line(behind=self.overflow)
            if line.behind:
                line.missed = True
                if not line.items:
                    self._load(lane, line)
            elif delivery.id > line.read or not line.standing(delivery):
                line.append(light)
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
        head = line.items[0]
        for lane in head.lanes:
            other = self.lines.get(lane)
            if other is None:
                other = self.lines[lane] = Line(behind=True)
            if not other.items:
                self._load(lane, other)
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
                    line.still += item.state is State.QUEUED
                    line.still -= again.state is State.QUEUED
                    if self._free:
                        self._top_up(lane, line)
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
                    line.still -= item.state is not State.QUEUED
                    self.in_memory -= 1
                    break
            if items and not self._free:
                self._head(line)
            elif line.behind:
                self._top_up(lane, line)
            elif not items:
                del self.lines[lane]
        self._refill_soon()

    def find(self, numbers: set[int]) -> list[Delivery]:
        """The deliveries of these numbers, as far as they stand in memory."""
        lines = self.lines.values()
        found = {item.id: item for line in lines for item in line.items if item.id in numbers}
        return list(found.values())

    def standing(self, delivery: Delivery) -> Delivery | None:
        """The delivery of the same number, as it stands in its lanes in memory."""
        for lane in delivery.lanes:
            line = self.lines.get(lane)
            if line is not None and (found := line.standing(delivery)):
                return found
        return None

    def stand_again(self, standing: Delivery, again: Delivery) -> None:
        """A delivery that stood still is queued again, in its old place."""
        again = msgspec.structs.replace(
            again, payload=standing.payload, options=standing.options
        )
        self.replace(standing, again)
        if self._free:
            self._offer(again)
            return
        line = self.lines.get(again.lanes[0])
        if line is not None and line.items and line.items[0].id == again.id:
            self._head(line)

    def oldest(self) -> float | None:
        """When the oldest open delivery was queued; None = nothing waits. Lanes stand in the order they came."""
        lines = islice(self.lines.values(), 1000)
        return min((line.items[0].queued_at for line in lines if line.items), default=None)

    def stands_still(self, delivery: Delivery, more: int) -> None:
        """It begins (1) or ceases (-1) to wait for another destination; without order those behind it are not held up."""
        line = self.lines.get(delivery.lanes[0]) if self._free else None
        if line is not None:
            line.still += more
            self._top_up(delivery.lanes[0], line)

    # -- what the store still has ---------------------------------------------------------------------------

    def _load(self, lane: int, line: Line) -> None:
        if not line.loading:
            line.loading = True
            self._later(self._load_behind(lane, line))

    def _top_up(self, lane: int, line: Line) -> None:
        """Read more when a line is dry; without order already before, for those that stand still hold nobody up."""
        enough = max(IN_LINE // 2, 1) if self._free else 1
        if line.behind and len(line.items) - line.still * self._free < enough:
            self._load(lane, line)

    async def _load_behind(self, lane: int, line: Line) -> None:
        """
        From the beginning of the lane, for what has a lower number may have been queued later. The end is where
        nothing is found: what left a moment ago is not shown, so that fewer than asked for may not be all.
        """
        limit = len(line.items) + IN_LINE
        found = await self._read(lambda: self._store.behind(self._number, lane, 0, limit))
        line.loading = False
        here = {item.id for item in line.items}
        fresh = [delivery for delivery in found if delivery.id not in here]
        for delivery in fresh:
            line.append(delivery)
            self.in_memory += 1
            line.read = max(line.read, delivery.id)
        line.behind = line.missed or bool(fresh)
        line.missed = False
        if line.items:
            self._moved_up(lane, line, fresh)
        elif line.behind:
            self._load(lane, line)
        elif self.lines.get(lane) is line:
            del self.lines[lane]
            self._refill_soon()

    async def _read(self, query: Callable[[], Awaitable[list[Delivery]]]) -> list[Delivery]:
        """Read the store until it can be read: what waits there must not be forgotten."""
        while True:
            try:
                return await query()
            except StoreError:
                await asyncio.sleep(PATIENCE)

    def _refill_soon(self) -> None:
        if self.overflow and not self._refilling and len(self.lines) <= LINES // 2:
            self._refilling = True
            self._later(self._refill())

    async def _refill(self) -> None:
        """Lanes that did not fit: read their heads, until there are no others and nothing was queued meanwhile."""
        more = True
        while more and len(self.lines) < LINES:
            self._missed = False
            heads = await self._read(lambda: self._store.heads(self._number, LINES))
            more = self._add_heads(heads) or self._missed
            self.overflow = more or lanes_of(heads) >= LINES
        self._refilling = False
        self._refill_soon()
