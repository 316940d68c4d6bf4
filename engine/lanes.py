"""
Lanes: due deliveries on their way to one destination, in order.

A lane is the unit of order. Lanes are data, not tasks: a dictionary of short lines, one heap of what waits, and a few
carriers that take whatever may go. What does not fit into memory stays in the store and is read when its turn comes.

A delivery may go when it heads every lane it stands in, its wait is over, the destination is neither held nor paused,
its breaker is closed (or this is the one trial), the rate allows it, and fewer than `concurrency` claims are still on
their way to the disk: after a crash no more than those can repeat without a record.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import msgspec

from engine.channel import Route
from engine.connectors import Destination
from engine.errors import Misconfigured, StoreError
from engine.message import Body, Delivery, State
from engine.pipeline import Attempt, Clock, deliver
from engine.store import Hold, Store

#: Deliveries of one lane that stand in memory; the others wait in the store.
IN_LINE = 512
#: Lanes that stand in memory.
LINES = 200_000
#: Deliveries in memory, payloads included, before new ones stay in the store.
IN_MEMORY = 20_000
#: Payload bytes in memory, per destination.
PAYLOADS = 8 * 1024 * 1024
#: Uncertain ends in a row that open the breaker; one Unavailable opens it at once.
STRIKES = 5


class Line:
    """One lane: its first deliveries, and whether the store has more behind them."""

    __slots__ = ("behind", "items", "loading", "missed")

    def __init__(self, behind: bool = False) -> None:
        self.items: list[Delivery] = []
        self.behind = behind
        self.loading = False
        self.missed = False


class Lanes:
    """All lanes of one destination."""

    def __init__(
        self,
        number: int,
        route: Route,
        destination: Destination,
        store: Store,
        clock: Clock,
        tell: Callable[[Lanes, Delivery, Attempt], None],
    ) -> None:
        self.number, self.route, self.destination = number, route, destination
        self.store, self.clock, self.tell = store, clock, tell
        self.free = route.order_by is None
        self.hold = Hold(destination=number, held=False)
        self.lines: dict[int, Line] = {}
        self.ready: deque[Delivery] = deque()
        self.waiting: list[tuple[float, int, Delivery]] = []
        self.unclaimed = 0
        self.sending: dict[int, Delivery] = {}
        self.in_memory = 0
        self.payload_bytes = 0
        self.overflow = False
        self.missed = False
        self.refilling = False
        self.stuck: set[int] = set()
        """Uncertain and refused deliveries that keep their place until a person decides."""
        self.offered: set[int] = set()
        """Deliveries of several lanes that are ready or wait: each lane would offer them."""
        self.blocked_until = 0.0
        self.blocked_since = 0.0
        self.blocked_why = ""
        self.paused = False
        self.waits: dict[int, int] = {}
        self.outages = 0
        self.strikes = 0
        self.trial = False
        self.next_send = 0.0
        self.last_delivered_at = 0.0
        self.delivered = 0
        self.attempts = 0
        self.stopping = False
        self._settled = getattr(destination, "settled", None)
        self._idle: list[asyncio.Future[Delivery | None]] = []
        self._carriers: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()

    # -- what comes in --------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Read the heads of all lanes that have something open."""
        self.add_stored(await self.store.heads(self.number, LINES))

    def add_stored(self, heads: Iterable[Delivery]) -> None:
        """Put the heads of lanes, as the store has them, into memory; more may be behind each."""
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
        self.pump()

    def add(self, deliveries: Sequence[Delivery]) -> None:
        """Newly queued deliveries, in commit order."""
        for delivery in deliveries:
            self._join(delivery)
        self.pump()

    def _join(self, delivery: Delivery) -> None:
        lines = self.lines
        if self.stuck and delivery.id in self.stuck:
            self._revive(delivery.id)
            return
        if len(delivery.lanes) == 1:
            lane = delivery.lanes[0]
            line = lines.get(lane)
            if line is None:
                if self.overflow or len(lines) >= LINES:
                    self.overflow = self.missed = True
                    return
                line = lines[lane] = Line()
            elif line.behind:
                line.missed = True
                return
            if len(line.items) >= IN_LINE or self.in_memory >= IN_MEMORY:
                line.behind = True
                if line.items:
                    return
            line.items.append(self._lighten(delivery))
            self.in_memory += 1
            if len(line.items) == 1 or self.free:
                self._offer(line.items[-1])
            return
        self._join_all(delivery)

    def _join_all(self, delivery: Delivery) -> None:
        light = self._lighten(delivery)
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

    def _lighten(self, delivery: Delivery) -> Delivery:
        """Drop the payload from memory when there is too much of it; it is read at send."""
        payload = delivery.payload
        if payload is None:
            return delivery
        size = len(payload) if isinstance(payload, bytes) else 0
        if self.payload_bytes + size > PAYLOADS:
            return msgspec.structs.replace(delivery, payload=None, options=None)
        self.payload_bytes += size
        return delivery

    def _head(self, line: Line) -> None:
        """Offer the head of a line if it heads all its lanes; load more where the line is dry."""
        if not line.items:
            return
        if self.free:
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

    def _offer(self, delivery: Delivery) -> None:
        if delivery.state is not State.QUEUED:
            self.stuck.add(delivery.id)
            return
        if delivery.id in self.sending:
            return
        if len(delivery.lanes) > 1:
            if delivery.id in self.offered:
                return
            self.offered.add(delivery.id)
        wait = delivery.due_at - self.clock.now() if delivery.due_at else 0.0
        if wait > 0:
            wait = min(wait, max(self.route.policy.retry.longest_wait, 1.0) * 2)
            due = self.clock.monotonic() + wait
            heapq.heappush(self.waiting, (due, delivery.id, delivery))
        else:
            self.ready.append(delivery)

    # -- what goes out --------------------------------------------------------------------------------------

    def pump(self) -> None:
        """Hand out whatever may go now, and arrange to come back when more may."""
        if self.stopping or self.hold.held:
            return
        if self.waiting or self.blocked_until or self.next_send:
            now = self.clock.monotonic()
            self._ripen(now)
            if self.blocked_until > now:
                self._wake(self.blocked_until)
                return
            if self.blocked_until and self.trial:
                return
        ready, concurrency = self.ready, self.route.concurrency
        while ready and len(self.sending) < concurrency:
            if self.unclaimed >= concurrency:
                self.store.hurry()
                return
            if not self._may_pass():
                return
            delivery = ready.popleft()
            if delivery.id in self.sending:
                continue
            self.sending[delivery.id] = delivery
            self.offered.discard(delivery.id)
            self._carry(delivery)
            if self.blocked_until:
                self.trial = True
                return

    def _ripen(self, now: float) -> None:
        waiting = self.waiting
        while waiting and waiting[0][0] <= now:
            self.ready.append(heapq.heappop(waiting)[2])
        if waiting:
            self._wake(waiting[0][0])

    def _may_pass(self) -> bool:
        rate = self.hold.rate or self.route.rate
        if not rate:
            return True
        now = self.clock.monotonic()
        if now < self.next_send:
            self._wake(self.next_send)
            return False
        self.next_send = max(self.next_send, now - 1.0 / rate) + 1.0 / rate
        return True

    def _wake(self, at: float) -> None:
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._loop.call_later(max(0.0, at - self.clock.monotonic()), self._rang)

    def _rang(self) -> None:
        self._timer = None
        self.pump()

    def _carry(self, delivery: Delivery) -> None:
        if self._idle:
            self._idle.pop().set_result(delivery)
            return
        task = self._loop.create_task(self._carrier(delivery))
        self._carriers.add(task)
        task.add_done_callback(self._carriers.discard)

    async def _carrier(self, delivery: Delivery | None) -> None:
        """Take one delivery after another; wait on a future of its own between them."""
        while delivery is not None:
            try:
                await self._send(delivery)
            except StoreError:
                return
            delivery = None
            if not self.stopping:
                future: asyncio.Future[Delivery | None] = self._loop.create_future()
                self._idle.append(future)
                self.pump()
                delivery = await future

    async def _send(self, delivery: Delivery) -> None:
        payload: Body | None = delivery.payload
        if payload is None:
            payload, options = await self.store.payload(delivery.id)
            delivery = msgspec.structs.replace(delivery, options=options)
            self.sending[delivery.id] = delivery
        if not isinstance(payload, bytes):
            payload = await self.store.read(payload)
        self.attempts += 1
        self.unclaimed += 1
        at = self.clock.now()
        if self.route.policy.on_uncertain == "hold":
            durable = self._loop.create_future()
            self.store.claim(delivery, at, lambda: self._claimed(durable))
            self.store.hurry()
            await durable
        else:
            self.store.claim(delivery, at, self._claimed)
        waits = self.waits.get(delivery.id, self.outages)
        attempt = await deliver(
            self.route, self.destination, delivery, payload, waits, self.clock
        )
        self._ended(delivery, attempt)

    def _claimed(self, durable: asyncio.Future[None] | None = None) -> None:
        self.unclaimed -= 1
        if durable is not None and not durable.done():
            durable.set_result(None)
        if self.ready:
            self.pump()

    # -- how it ended ---------------------------------------------------------------------------------------

    def _ended(self, delivery: Delivery, attempt: Attempt) -> None:
        settlement, decision = attempt.settlement, attempt.decision
        del self.sending[delivery.id]
        stays = (
            settlement.state is State.REFUSED and self.route.policy.on_refused == "wait"
        )
        if decision is None:
            self.store.settle(settlement, self._teller(delivery))
            self.delivered += 1
            self.last_delivered_at = settlement.at
            self._recovered()
        else:
            self.store.settle(settlement, None, keep_lane=stays)
            self._strike(delivery, attempt)
        self.trial = False
        if settlement.state is State.QUEUED:
            again = msgspec.structs.replace(
                delivery, attempt=settlement.attempt, due_at=settlement.due_at
            )
            self._replace(delivery, again)
            if self.paused or self.blocked_until:
                self.ready.appendleft(again)
            else:
                self._offer(again)
        elif stays or settlement.state is State.UNCERTAIN:
            self.stuck.add(delivery.id)
            self._replace(delivery, msgspec.structs.replace(delivery, state=settlement.state))
        else:
            self._leave(delivery)
        self.tell(self, delivery, attempt)

    def _teller(self, delivery: Delivery) -> Callable[[], None] | None:
        """What tells the destination that an outcome is durable, where it wants to know."""
        settled = self._settled
        if settled is None:
            return None
        return lambda: self._background(settled(delivery))

    def _recovered(self) -> None:
        self.strikes = self.outages = 0
        self.blocked_until = 0.0
        self.blocked_why = ""
        self.paused = False

    def _strike(self, delivery: Delivery, attempt: Attempt) -> None:
        """Open the breaker or pause the destination where the failure says so."""
        decision, failure = attempt.decision, attempt.failure
        assert decision is not None and failure is not None
        if not (decision.strikes or decision.pause):
            self._recovered()  # the partner answered: only this message is at fault
            return
        self.strikes += 1
        counts_attempt = decision.attempt > delivery.attempt
        if counts_attempt and self.strikes < STRIKES:
            self.waits[delivery.id] = self.waits.get(delivery.id, 0) + 1
            return
        wait = decision.wait or self.route.policy.retry.first_wait
        if decision.pause:
            wait = self.route.policy.retry.longest_wait
        now = self.clock.monotonic()
        if not self.blocked_until:
            self.blocked_since = now
        if self.blocked_until <= now:
            self.outages += 1
            self.blocked_until = now + wait
        self.paused = isinstance(failure, Misconfigured)
        self.blocked_why = str(failure)
        self._wake(self.blocked_until)

    def _replace(self, delivery: Delivery, again: Delivery) -> None:
        for lane in delivery.lanes:
            line = self.lines.get(lane)
            if line is None:
                continue
            for at, item in enumerate(line.items):
                if item.id == delivery.id:
                    line.items[at] = again
                    break

    def _leave(self, delivery: Delivery) -> None:
        """Take a delivery out of its lanes and let those behind it move up."""
        self.waits.pop(delivery.id, None)
        self.stuck.discard(delivery.id)
        payload = delivery.payload
        if isinstance(payload, bytes):
            self.payload_bytes = max(0, self.payload_bytes - len(payload))
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
                if not self.free:
                    self._head(line)
            elif line.behind:
                self._load(lane, line, delivery.id)
            else:
                del self.lines[lane]
        if self.overflow and not self.refilling and len(self.lines) < LINES // 2:
            self._refill()

    def drop(self, number: int) -> None:
        """A person took this delivery away (discarded, declared delivered)."""
        for line in self.lines.values():
            for item in line.items:
                if item.id == number and number not in self.sending:
                    if item in self.ready:
                        self.ready.remove(item)
                    self.waiting = [entry for entry in self.waiting if entry[1] != number]
                    heapq.heapify(self.waiting)
                    self._leave(item)
                    self.pump()
                    return

    def _revive(self, number: int) -> None:
        """A person queued this delivery again where it stood."""
        self.stuck.discard(number)
        for line in self.lines.values():
            for item in line.items:
                if item.id == number:
                    again = msgspec.structs.replace(item, state=State.QUEUED, due_at=0.0)
                    self._replace(item, again)
                    self._head(line)
                    return

    # -- what the store still has ---------------------------------------------------------------------------

    def _load(self, lane: int, line: Line, after: int) -> None:
        if line.loading:
            return
        line.loading = True
        self._background(self._load_behind(lane, line, after))

    async def _load_behind(self, lane: int, line: Line, after: int) -> None:
        found = await self.store.behind(self.number, lane, after, IN_LINE)
        line.loading = False
        line.items.extend(found)
        self.in_memory += len(found)
        line.behind = line.missed or len(found) >= IN_LINE
        line.missed = False
        if not line.items:
            if line.behind:
                self._load(lane, line, after)
            elif self.lines.get(lane) is line:
                del self.lines[lane]
            return
        self._head(line)
        self.pump()

    def _refill(self) -> None:
        self.refilling = True
        self._background(self._refill_heads())

    async def _refill_heads(self) -> None:
        self.missed = True
        while self.missed and len(self.lines) < LINES:
            self.missed = False
            heads = await self.store.heads(self.number, LINES)
            self.overflow = self.missed
            self.add_stored(head for head in heads if head.id not in self.sending)
        self.refilling = False

    def _background(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- what people order ----------------------------------------------------------------------------------

    def set_hold(self, hold: Hold) -> None:
        """Put on hold, or release (at a rate); releasing also ends a pause and closes the breaker for a trial."""
        self.hold = hold
        if not hold.held:
            self.paused, self.blocked_until, self.blocked_why = False, 0.0, ""
            self.trial = False
            self.pump()

    async def stop(self, within: float) -> None:
        """Let what is being sent end, then let go; the rest stays queued in the store."""
        self.stopping = True
        if self._timer is not None:
            self._timer.cancel()
        for future in self._idle:
            if not future.done():
                future.set_result(None)
        self._idle.clear()
        if self._carriers:
            await asyncio.wait(self._carriers, timeout=within)
        for task in (*self._carriers, *self._tasks):
            task.cancel()
        await self.destination.close()

    def oldest(self) -> float | None:
        """When the oldest open delivery was queued; None = nothing waits. Lanes stand in the order they came."""
        heads = (line.items[0].queued_at for line in islice(self.lines.values(), 1000) if line.items)
        return min(heads, default=None)

    def state(self) -> dict[str, Any]:
        """For people: what the destination is doing and why it waits, in words."""
        now = self.clock.monotonic()
        blocked = max(0.0, self.blocked_until - now) if self.blocked_until else 0.0
        mode = "sending" if self.sending else "idle"
        if self.blocked_until:
            mode = "paused" if self.paused else "waiting"
        if self.hold.held:
            mode = "held"
        return {
            "state": mode,
            "why": self.hold.reason if self.hold.held else self.blocked_why,
            "next_attempt_in": round(blocked, 1),
            "breaker": "open" if self.blocked_until else "closed",
            "sending": len(self.sending),
            "lanes": len(self.lines),
            "delivered": self.delivered,
            "attempts": self.attempts,
            "last_delivered_at": self.last_delivered_at,
            "drain_rate": self.hold.rate,
        }

