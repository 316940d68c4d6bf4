"""
Lanes: due deliveries on their way to one destination, in order.

A lane is the unit of order. Lanes are data, not tasks: a dictionary of short lines (lines.py), one heap of what waits, and
a few carriers that take whatever may go. What does not fit into memory stays in the store and is read when its turn comes.

A delivery may go when it heads every lane it stands in, its wait is over, the destination is neither held nor paused,
its breaker is closed (or this is the one trial), it is open, the rate allows it, and fewer than `concurrency` claims are still on
their way to the disk: after a crash no more than those can repeat without a record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import msgspec

from engine.channel import Route
from engine.connectors import Destination
from engine.errors import Uncertain
from engine.lanes.breaker import Breaker
from engine.lanes.carriers import Carriers
from engine.lanes.due import Due
from engine.lanes.following import Following
from engine.lanes.lines import Lines
from engine.lanes.pace import Alarm, Pace
from engine.lanes.payload import keeps_place, loaded
from engine.message import Delivery, Settlement, State
from engine.pipeline import Attempt, Clock, deliver, failed_attempt
from engine.store import Hold, Store

#: Sends after a crash that are recorded before they begin.
CAREFUL = 1000


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
        self.hold = Hold(destination=number, held=False)
        self.breaker = Breaker()
        self.lines = Lines(number, store, route.order_by is None, self._offer, self._background)
        self.due = Due()
        self.sending: dict[int, Delivery] = {}
        self.stuck: set[int] = set()
        """Uncertain and refused deliveries that keep their place until a person decides."""
        self.careful = False
        """After a crash the first sends are recorded before they begin, so that one that kills the engine is known."""
        self.delivered = self.attempts = 0
        self.last_delivered_at = 0.0
        self._offered: set[int] = set()
        self._waits: dict[int, int] = {}
        self._unclaimed = 0
        self._pace = Pace()
        self._alarm = Alarm(clock.monotonic, self.pump)
        self._stopping = False
        self._settled = getattr(destination, "settled", None)
        self.following = Following(store, self.lines.stands_still)
        self.followers: list[Lanes] = []
        """The destinations that go `after` this one."""
        self.hand_on: Callable[[Delivery, Attempt], Awaitable[None]] | None = None
        """Where the partner's answers go (`reply: {to:}`), before the delivery is settled."""
        self.unkept = ""  # why an answer cannot be kept there now
        self._carriers = Carriers(self._send, self.pump)
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    # -- what comes in --------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Read the heads of all lanes that have something open, and begin to send."""
        await self.lines.start()
        self.pump()

    def add(self, deliveries: Sequence[Delivery]) -> None:
        """Newly queued deliveries, in commit order."""
        for delivery in deliveries:
            standing = self.lines.standing(delivery) if delivery.payload is None else None
            if standing is None:
                self.lines.join(delivery)
            elif standing.state is not State.QUEUED:
                self.stuck.discard(delivery.id)
                self.lines.stand_again(standing, delivery)
        self.pump()

    def _offer(self, delivery: Delivery) -> None:
        """A delivery heads all its lanes: it is ready, or waits for its time, or for a person."""
        if delivery.state is not State.QUEUED:
            self.stuck.add(delivery.id)
            return
        if delivery.id in self.sending:
            return
        if len(delivery.lanes) > 1:
            if delivery.id in self._offered:
                return
            self._offered.add(delivery.id)
        if (wait := delivery.due_at - self.clock.now() if delivery.due_at else 0.0) > 0:
            wait = min(wait, max(self.route.policy.retry.longest_wait, 1.0) * 2)
            self.due.wait(delivery, self.clock.monotonic() + wait)
        else:
            self.due.ready.append(delivery)

    # -- what goes out --------------------------------------------------------------------------------------

    def pump(self) -> None:
        """Hand out whatever may go now, and arrange to come back when more may."""
        if self._stopping or self.hold.held:
            return
        breaker, concurrency, due = self.breaker, self.route.concurrency, self.due
        if due.waiting or breaker.until:
            now = self.clock.monotonic()
            due.ripen(now, self._alarm.set)
            if breaker.blocks(now):
                if breaker.until > now:
                    self._alarm.set(breaker.until)
                return
        sending = self.sending
        while due.ready and len(sending) < concurrency:
            if self._unclaimed >= concurrency:
                self.store.hurry()
                return
            if not self._may_pass():
                return
            delivery = due.take(sending)
            if delivery is None:
                continue
            sending[delivery.id] = delivery
            self._unclaimed += 1
            self._offered.discard(delivery.id)
            self._carriers.carry(delivery)
            if breaker.until:
                breaker.trial = True
                return

    def _may_pass(self) -> bool:
        rate, hours = self.hold.rate or self.route.rate, self.route.open
        if not rate and hours is None:
            return True
        later = self._pace.later(rate, self.clock.monotonic(), hours, self.clock.now())
        if later:
            self._alarm.set(later)
        return not later

    async def _send(self, delivery: Delivery) -> None:
        route, clock = self.route, self.clock
        if delivery.after and await self.following.waits(delivery):
            self._put_off(delivery)
            return
        delivery, payload = await loaded(self.store, delivery)
        self.sending[delivery.id] = delivery
        waits = self._waits.get(delivery.id, self.breaker.outages)
        self.attempts += 1
        try:
            await self._claim(delivery)
            attempt = await deliver(route, self.destination, delivery, payload, waits, clock)
            if self.hand_on is not None and attempt.answer is not None:
                await self.hand_on(delivery, attempt)
        except asyncio.CancelledError:
            cut = Uncertain("interrupted", "stopped before the answer came, or was kept")
            self._ended(delivery, failed_attempt(route, delivery, cut, waits, clock))
            raise
        self._ended(delivery, attempt)

    def _put_off(self, delivery: Delivery) -> None:
        """What it goes `after` is not delivered: it keeps its place, and is looked at again."""
        self._unclaimed -= 1
        self.breaker.trial = False
        self._pace.back(self.hold.rate or self.route.rate)
        del self.sending[delivery.id]
        self.due.wait(delivery, self.clock.monotonic() + self.following.again())

    async def _claim(self, delivery: Delivery) -> None:
        careful = self.careful and self.attempts <= CAREFUL
        at = self.clock.now()
        if careful or self.route.policy.on_uncertain == "hold":
            durable = self._loop.create_future()
            self.store.claim(delivery, at, lambda: self._claimed(durable))
            self.store.hurry()
            await durable
        else:
            self.store.claim(delivery, at, self._claimed)

    def _claimed(self, durable: asyncio.Future[None] | None = None) -> None:
        self._unclaimed -= 1
        if durable is not None and not durable.done():
            durable.set_result(None)
        if self.due.ready:
            self.pump()

    # -- how it ended ---------------------------------------------------------------------------------------

    def _ended(self, delivery: Delivery, attempt: Attempt) -> None:
        settlement = attempt.settlement
        del self.sending[delivery.id]
        waits_for_a_person = keeps_place(settlement.state, self.route.policy)
        if attempt.decision is None:
            self.store.settle(settlement, self._teller(delivery))
            self.delivered += 1
            self.last_delivered_at = settlement.at
            self.breaker.answered()
        else:
            self.store.settle(settlement, None, keep_lane=waits_for_a_person)
            now, retry = self.clock.monotonic(), self.route.policy.retry
            if self.breaker.after(attempt, delivery.attempt, retry, now):
                self._alarm.set(self.breaker.until)
            elif attempt.decision.strikes:
                self._waits[delivery.id] = self._waits.get(delivery.id, 0) + 1
        self.breaker.trial = False
        if settlement.state is State.QUEUED:
            self._again(delivery, settlement)
        elif waits_for_a_person:
            self.stuck.add(delivery.id)
            self.lines.replace(
                delivery, msgspec.structs.replace(delivery, state=settlement.state)
            )
        else:
            self._leave(delivery)
        self.tell(self, delivery, attempt)

    def _again(self, delivery: Delivery, settlement: Settlement) -> None:
        """Back to the head of its lanes, for the time it was given or until the breaker lets a trial pass."""
        again = msgspec.structs.replace(
            delivery, attempt=settlement.attempt, due_at=settlement.due_at
        )
        self.lines.replace(delivery, again)
        if self.breaker.until:
            self.due.ready.appendleft(again)
        else:
            self._offer(again)

    def _leave(self, delivery: Delivery) -> None:
        self._waits.pop(delivery.id, None)
        self.stuck.discard(delivery.id)
        self.following.left(delivery)
        self.lines.leave(delivery)

    def _teller(self, delivery: Delivery) -> Callable[[], None] | None:
        """What tells the destination, and those that go after it, that an outcome is durable."""
        return (lambda: self._durable(delivery)) if self._settled or self.followers else None

    def _durable(self, delivery: Delivery) -> None:
        if self._settled is not None:
            self._background(self._settled(delivery))
        for lanes in self.followers:
            lanes.wake(delivery.message)

    def wake(self, message: int) -> None:
        """What this message waited for is delivered."""
        for delivery in self.following.wake(message):
            self.due.hasten(delivery)
        self.pump()

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(self._then_pump(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _then_pump(self, work: Coroutine[Any, Any, None]) -> None:
        await work
        if self.due.ready:
            self.pump()

    # -- what people order ----------------------------------------------------------------------------------

    def set_hold(self, hold: Hold) -> None:
        """Put on hold, or release (at a rate); a release also ends a pause and closes the breaker."""
        self.hold = hold
        if not hold.held:
            self.breaker.close()
            self.pump()

    def decided(self, numbers: set[int], gone: set[int]) -> None:
        """A person decided about deliveries that `due` withheld: these are gone, the others go on."""
        self.due.decided(numbers, gone)
        for found in self.lines.find(gone) if gone else ():
            if found.id not in self.sending:
                self._leave(found)
        self.pump()

    async def stop(self, within: float) -> None:
        """Let what is being sent end, then let go; the rest stays queued in the store."""
        self._stopping = True
        self._alarm.stop()
        await self._carriers.stop(within)
        for task in (cut := [*self._carriers.tasks, *self._tasks]):
            task.cancel()
        await asyncio.gather(*cut, return_exceptions=True)
        await self.destination.close()
