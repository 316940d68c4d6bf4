"""
Tests that need time, memory, groups, numbers or answers: they run through the line that production runs, in a store of
their own. The clock stands still and is moved by waits; everything that falls due meanwhile happens at its moment, in order.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from engine.channel import Channel, Home
from engine.channel.cases import Case
from engine.channel.given import Step
from engine.check.givens import GivenMemory, GivenNumbers
from engine.check.partners import Partners
from engine.check.played import Played, Told, bytes_of, context_of, handing_over, inbound_of
from engine.connectors import Answer
from engine.effects import Lookups
from engine.errors import EngineError, MessageError
from engine.judgement import is_told, negative, rendered
from engine.message import (
    LARGE,
    Context,
    Delivery,
    Inbound,
    Plan,
    Receipt,
    Spooled,
    State,
    Verdict,
)
from engine.pipeline import Attempt, plan, receive, release
from engine.store.archive import SqliteArchive
from engine.store.large import load
from engine.store.sqlite import SqliteStore


def staged(channel: Channel, case: Case, home: Home, tables: Lookups | None) -> Played:
    """Play a test in a store of its own, in a temporary folder; also where an event loop runs already."""

    def work() -> Played:
        return asyncio.run(_staged(channel, case, home, tables))

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


async def _staged(channel: Channel, case: Case, home: Home, tables: Lookups | None) -> Played:
    clock = Frozen(case.now)
    with tempfile.TemporaryDirectory(prefix="corridor-test-") as folder:
        loop = asyncio.get_running_loop()
        store = await SqliteStore.open(Path(folder), loop, clock.now)
        try:
            stage = Stage(channel, case, home, store, clock, tables)
            await stage.play()
            with SqliteArchive(Path(folder)) as archive:
                stage.played.waiting = len(archive.groups(limit=100_000))
            return stage.played
        finally:
            await store.close()


class Frozen:
    """A clock that stands still until it is moved."""

    def __init__(self, moment: float) -> None:
        self.moment = moment

    def now(self) -> float:
        """Wall clock, seconds since 1970."""
        return self.moment


class Stage:
    """A test while it runs."""

    def __init__(
        self, channel: Channel, case: Case, home: Home, store: SqliteStore, clock: Frozen, tables: Lookups | None
    ) -> None:  # fmt: skip
        self.channel, self.case, self.home = channel, case, home
        self._store, self._clock, self._tables = store, clock, tables
        self._memory = GivenMemory(store.memory, case.world.memory, home)
        self._numbers = GivenNumbers(store.sequences, case.world.numbers)
        self._partners = Partners(case, channel, home, clock.now)
        self._queue: deque[Delivery] = deque()
        self._later: list[tuple[float, Delivery]] = []
        self._answers: dict[int, Answer] = {}
        self.played = Played()
        store.listen(self._queued)

    async def play(self) -> None:
        """Give what the test gives, wait as long as it waits."""
        for step in self.case.given:
            if step.sample is None:
                await self._until(self._clock.moment + step.wait)
            else:
                self._overdue()
                await self._give(step)
        self._overdue()

    def _overdue(self) -> None:
        self.played.unconfirmed += len(self._store.overdue(self._clock.moment))

    # -- messages -------------------------------------------------------------------------------------------

    async def _give(self, step: Step) -> None:
        channel = self.home.channels.get(step.channel) if step.channel else self.channel
        if channel is None:
            rule = f"there is no channel '{step.channel}' to give a message to"
            raise MessageError("no_such_channel", rule)
        inbound = inbound_of(step, self.home, self._clock.moment)
        told = await self._receive(channel, inbound)
        await self._until(self._clock.moment)
        self.played.told.append(self._answered(told))

    async def _receive(self, channel: Channel, inbound: Inbound) -> Told:
        assert isinstance(inbound.raw, bytes)
        kept = inbound
        if len(inbound.raw) > LARGE:
            spooled = await self._store.spool([inbound.raw])
            kept = msgspec.structs.replace(inbound, raw=spooled)
        context = self._context()
        reply = await receive(channel, kept, self._store, context, _Here())
        assert reply.receipt is not None and reply.plan is not None
        self._handed(channel, reply.plan, reply.receipt)
        return Told(
            channel=channel, inbound=inbound, plan=reply.plan, receipt=reply.receipt, acknowledgement=reply.body,
            reply=reply.body,
        )  # fmt: skip

    def _context(self) -> Context:
        now = self._clock.moment
        context = context_of(self.case, self.home, now, self._store.reserve(), self._tables)
        return msgspec.structs.replace(context, memory=self._memory, numbers=self._numbers)

    def _handed(self, channel: Channel, planned: Plan, receipt: Receipt) -> None:
        """What was handed over to other channels: their messages are kept in the same commit."""
        if receipt.verdict is not planned.verdict:
            return
        for part, kept in zip(planned.parts, receipt.parts, strict=True):
            if not part.channel:
                self._handed(channel, part, kept)
                continue
            for route in handing_over(channel, part.channel):
                payload = bytes_of(part.part_raw)
                self.played.give(channel, route.name, payload, self.channel)
            self.played.deliveries += channel.name == self.channel.name
            self._handed(self.home.channels[part.channel], part, kept)

    def _answered(self, told: Told) -> Told:
        """What the sender was told in the end, where the answer is a destination's."""
        channel, rule, receipt = told.channel, told.channel.answer, told.receipt
        if rule is None or receipt.verdict is not Verdict.ACCEPTED:
            return told
        number = self._store.destination(channel.name, rule.from_)
        asked = [each.id for each in receipt.deliveries if each.destination == number]
        if len(asked) != 1 and is_told(channel, told.inbound):
            return told
        answer = self._answers.get(asked[0]) if asked else None
        why = f"{rule.from_} has not answered within {rule.within:g} s"
        if answer is not None:
            try:
                body = rendered(channel, rule, answer, told.inbound, self._context())
                return msgspec.structs.replace(told, reply=body, status=answer.status)
            except EngineError as error:
                why = f"the answer of {rule.from_} cannot be passed on: {error}"
        if rule.otherwise.isdigit():
            return msgspec.structs.replace(told, reply=b"", status=rule.otherwise)
        raw = bytes_of(told.inbound.raw)
        now, code = self._clock.moment, rule.otherwise
        body = negative(channel, raw, receipt, now, "not_answered", why, code)
        return msgspec.structs.replace(told, reply=body)

    # -- time -----------------------------------------------------------------------------------------------

    async def _until(self, moment: float) -> None:
        """Let time pass; what falls due happens at its moment."""
        await self._send_all()
        while (due := self._next()) and due <= moment:
            self._clock.moment = max(self._clock.moment, due)
            await self._release()
            await self._again()
            await self._send_all()
        self._clock.moment = moment

    def _next(self) -> float:
        moments = [at for at, _ in self._later]
        if group := self._store.next_due():
            moments.append(group)
        return min(moments, default=0.0)

    async def _release(self) -> None:
        for found in self._store.due(self._clock.moment):
            group = self._store.group(found.id)
            channel = self.home.channels[found.channel]
            if group is not None:
                receipt, planned = await release(channel, group, self._store, self._context())
                self.played.released.append(receipt)
                self._handed(channel, planned, receipt)

    async def _again(self) -> None:
        """Send again what a partner did not take before."""
        now = self._clock.moment
        due = [delivery for at, delivery in self._later if at <= now]
        self._later = [(at, delivery) for at, delivery in self._later if at > now]
        self._queue.extend(due)

    # -- deliveries -----------------------------------------------------------------------------------------

    def _queued(self, deliveries: Sequence[Delivery]) -> None:
        self._queue.extend(deliveries)

    async def _send_all(self) -> None:
        """Hand over what is queued; what goes after another delivery waits until that one is delivered."""
        behind: list[Delivery] = []
        while self._queue:
            delivery = self._queue.popleft()
            waits = delivery.after and await self._store.unfinished(delivery.message, delivery.after)  # fmt: skip
            if waits:
                behind.append(delivery)
            elif await self._send(delivery):
                self._queue.extendleft(reversed(behind))
                behind = []
        self._queue.extend(behind)

    async def _send(self, delivery: Delivery) -> bool:
        """Whether it was delivered."""
        numbers = {number: place for place, number in self._store.destinations().items()}
        name, destination = numbers[delivery.destination]
        channel = self.home.channels[name]
        payload = delivery.payload
        if payload is None:
            payload, _ = await self._store.payload(delivery.id)
        content = bytes_of(payload)
        if not delivery.attempt:
            self.played.give(channel, destination, content, self.channel)
            self.played.deliveries += channel.name == self.channel.name
        self._store.claim(delivery, self._clock.moment)
        attempt = await self._partners.send(channel, destination, delivery, content)
        await self._answer(channel, destination, delivery, attempt)
        await self._settle(attempt)
        settlement = attempt.settlement
        if settlement.state is State.QUEUED and self._partners.more(channel, destination):
            again = msgspec.structs.replace(delivery, attempt=max(settlement.attempt, 1))
            self._later.append((settlement.due_at or settlement.at, again))
        return settlement.state is State.DELIVERED

    async def _settle(self, attempt: Attempt) -> None:
        durable = asyncio.get_running_loop().create_future()
        self._store.settle(attempt.settlement, lambda: durable.set_result(None))
        self._store.hurry()
        await durable

    async def _answer(
        self, channel: Channel, destination: str, delivery: Delivery, attempt: Attempt
    ) -> None:
        """Keep the answer for the sender who waits for it; hand it to the channel that takes such answers."""
        answer, state = attempt.answer, attempt.settlement.state
        if (
            answer is None
            or state is State.QUEUED
            or not self._partners.says(channel, destination)
        ):
            return
        self._answers[delivery.id] = answer
        route = next(route for route in channel.routes if route.name == destination)
        target = self.home.channels.get(route.replies.to) if route.replies else None
        if target is not None and answer.body and state in (State.DELIVERED, State.REFUSED):
            inbound = Inbound(
                raw=answer.body,
                received_at=self._clock.moment,
                peer=f"{channel.name}.{destination}",
                parent=delivery.message,
            )
            await self._receive(target, inbound)


class _Here:
    """Large messages are planned in this process, too, and kept whole."""

    async def plan(self, channel: Channel, inbound: Inbound, context: Context) -> Plan:
        return plan(channel, inbound, context)

    async def survey(self, channel: Channel, inbound: Inbound, context: Context) -> Plan:
        return plan(channel, inbound, context)

    async def tell(self, channel: Channel, raw: Spooled, receipt: Receipt, now: float) -> bytes:
        return channel.format.acknowledge(load(raw), receipt, channel.reading, now)
