"""One running channel: its source, kept alive, and the lanes of its destinations."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec

from engine.channel import Channel, Route
from engine.connectors import Site, Source
from engine.errors import CommitRefused, CommitUnknown, DeliveryError, EngineError
from engine.lanes import Lanes
from engine.message import Context, Delivery, Inbound, Plan, Receipt, Reply, State, Verdict
from engine.pipeline import Attempt, receive
from engine.runtime.outcomes import Outcomes
from engine.runtime.remembered import Remembered

if TYPE_CHECKING:
    from engine.runtime.engine import Engine

#: Seconds between two tries to start a source that cannot start.
START_AGAIN = 5.0
#: Seconds that deliveries under way get when a channel stops.
STOP_WITHIN = 10.0


class Station:
    """A channel while it runs."""

    def __init__(self, engine: Engine, channel: Channel) -> None:
        self.engine, self.channel = engine, channel
        self.lanes: dict[str, Lanes] = {}
        self.source: Source | None = None
        self.received = 0
        self.verdicts: dict[str, int] = {}
        self.last_received_at = 0.0
        self.started_at = time.time()
        self.trouble = ""
        """Why the source does not run, in words; empty while it does."""
        self.stopped = False
        self._task: asyncio.Task[None] | None = None
        self._outcomes = Outcomes()
        self._gate = engine.gates[channel.class_]
        self._waits = getattr(channel.source.settings, "ack", "accepted") == "delivered"

    # -- life -----------------------------------------------------------------------------------------------

    async def open_lanes(self) -> None:
        """Build the destinations and read what waits for them."""
        for route in self.channel.routes:
            if route.link.kind == "channel":
                continue
            await self._open(route)

    async def _open(self, route: Route) -> None:
        engine = self.engine
        number = engine.store.destination(self.channel.name, route.name)
        destination = route.link.module.Destination(route.link.settings, self._site(route.name))
        lanes = Lanes(number, route, destination, engine.store, engine.clock, self._told)
        lanes.hold = engine.holds.get(number, lanes.hold)
        lanes.careful = engine.careful
        self.lanes[route.name] = engine.lanes[number] = lanes
        if (prepare := getattr(destination, "open", None)) is not None:
            await self._prepare(route.name, prepare)
        await lanes.start()

    async def _prepare(self, name: str, prepare: Callable[[], Awaitable[None]]) -> None:
        """A destination that listens opens its port before the first delivery; one that cannot is tried at each send."""
        try:
            await prepare()
        except (OSError, DeliveryError) as error:
            self.engine.log.event(
                "error", self.channel.name, "not_listening", destination=name, detail=str(error)
            )

    def start(self) -> None:
        """Begin to receive; a source that cannot start is tried again until it can."""
        self.stopped = False
        if self._task is None:
            self._task = asyncio.create_task(self._keep_receiving())

    async def _keep_receiving(self) -> None:
        link = self.channel.source
        while True:
            try:
                self.source = link.module.Source(link.settings, self._site("source"))
                self.trouble = ""
                await self.source.run(self.receive)
                return
            except (OSError, EngineError) as error:
                self.trouble = str(error)
            except Exception as error:
                said = str(error) if type(error) is LookupError else type(error).__name__
                self.trouble = f"the source failed: {said}"
            self.engine.log.event(
                "error", self.channel.name, "source_stopped", detail=self.trouble
            )
            await asyncio.sleep(START_AGAIN)

    async def stop_source(self) -> None:
        """Take no more messages; those under way are answered."""
        self.stopped = True
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self.source = None

    async def stop(self) -> None:
        """Stop the source, then let deliveries under way end."""
        await self.stop_source()
        for lanes in self.lanes.values():
            self.engine.lanes.pop(lanes.number, None)
        await asyncio.gather(*(lanes.stop(STOP_WITHIN) for lanes in self.lanes.values()))

    async def become(self, channel: Channel) -> None:
        """Go on as an edited channel: listeners stay open, destinations whose settings changed are renewed."""
        before = {route.name: route for route in self.channel.routes}
        after = {route.name: route for route in channel.routes if route.link.kind != "channel"}
        self.channel = channel
        self._gate = self.engine.gates[channel.class_]
        for name, lanes in list(self.lanes.items()):
            route = after.get(name)
            if route is None or route.needs_new_lanes(before[name]):
                del self.lanes[name]
                self.engine.lanes.pop(lanes.number, None)
                await lanes.stop(STOP_WITHIN)
            else:
                lanes.route = route
        await self.engine.take_over(channel)
        for name, route in after.items():
            if name not in self.lanes:
                await self._open(route)

    def _site(self, name: str) -> Site:
        engine, store = self.engine, self.engine.store
        return Site(
            channel=self.channel.name,
            name=name,
            home=engine.home,
            format=self.channel.format,
            reading=self.channel.reading,
            notice=engine.log.notice(self.channel.name, "" if name == "source" else name),
            now=engine.clock.now,
            spool=store.spool,
            read=store.read,
            pressure=self.pressure,
            remember=Remembered(store, f"{self.channel.name}/{name}"),
        )

    # -- the line -------------------------------------------------------------------------------------------

    async def receive(self, inbound: Inbound) -> Reply:
        """Plan, keep, answer one message; count it and say so in the log."""
        gate = self._gate
        if gate.full(inbound.received_at):
            await gate.wait()
        else:
            gate.inside += 1
        try:
            reply = await self._receive(inbound)
        finally:
            gate.leave()
        if reply.receipt is None or not self._waits:
            return reply
        return await self._when_delivered(inbound, reply, self.channel.source.settings)

    async def _receive(self, inbound: Inbound) -> Reply:
        engine, channel = self.engine, self.channel
        if self.pressure():
            return await self._refused(inbound, "the queue is full")
        context = Context(
            now=inbound.received_at,
            id=engine.store.reserve(),
            environment=engine.environment,
            channels=engine.channels,
        )
        try:
            reply = await receive(channel, inbound, engine.store, context, engine.large.plan)
        except CommitRefused as error:
            return await self._refused(inbound, str(error))
        except CommitUnknown as error:
            engine.die(str(error))
            raise
        receipt = reply.receipt
        assert receipt is not None
        self._count(inbound, receipt, reply.plan)
        return reply

    async def _refused(self, inbound: Inbound, why: str) -> Reply:
        self.engine.log.event("warning", self.channel.name, "not_taken", detail=why)
        raw = await self.engine.store.read(inbound.raw)
        body = self.channel.format.refuse(
            raw, self.channel.reading, self.engine.clock.now(), why
        )
        return Reply(receipt=None, body=body, error=why)

    def _count(self, inbound: Inbound, receipt: Receipt, planned: Plan | None) -> None:
        channel, log = self.channel, self.engine.log
        self.received += 1
        self.last_received_at = inbound.received_at
        verdict = receipt.verdict.value
        self.verdicts[verdict] = self.verdicts.get(verdict, 0) + 1
        good = receipt.verdict is not Verdict.QUARANTINED
        log.event(
            "info" if good else "warning",
            channel.name,
            verdict,
            receipt.id,
            reason=receipt.reason,
            detail=receipt.detail,
            duration=self.engine.clock.now() - inbound.received_at,
            keys=_key_names(planned),
            kind=planned.kind if planned else "",
            owner="" if good else channel.owner,
            peer=inbound.peer,
            made=planned.summary if planned else "",
            deliveries=len(receipt.deliveries),
        )
        for at, part in enumerate(receipt.parts):
            self._count(inbound, part, planned.parts[at] if planned else None)

    async def _when_delivered(self, inbound: Inbound, reply: Reply, settings: Any) -> Reply:
        """
        Answer yes only once the destinations named have it; no positive answer when the limit is reached.

        A sender that repeats itself meanwhile joins the wait for the original's deliveries.
        """
        receipt = reply.receipt
        assert receipt is not None
        names = settings.ack_from or tuple(self.lanes)
        wanted = {self.lanes[name].number for name in names if name in self.lanes}
        receipts = (receipt, *receipt.parts)
        queued = (item for one in receipts for item in one.deliveries)
        deliveries = [item.id for item in queued if item.destination in wanted]
        if receipt.verdict is Verdict.DUPLICATE:
            deliveries = await self.engine.open_deliveries(receipt.original, names)
        why = await self._outcomes.wait(deliveries, settings.ack_within)
        if not why:
            return reply
        said = msgspec.structs.replace(
            receipt,
            verdict=Verdict.QUARANTINED,
            reason="not_delivered",
            detail=f"the message is kept, but {why}",
            parts=(),
        )
        raw = await self.engine.store.read(inbound.raw)
        channel = self.channel
        now = self.engine.clock.now()
        body = channel.format.acknowledge(raw, said, channel.reading, now)
        return Reply(receipt=receipt, body=body, error=why)

    def pressure(self) -> bool:
        """Whether a destination's queue is full."""
        counts = self.engine.counts
        return any(
            counts.get(lanes.number, 0) >= lanes.route.queue_limit
            for lanes in self.lanes.values()
        )

    def _told(self, lanes: Lanes, delivery: Delivery, attempt: Attempt) -> None:
        """An attempt ended: say so in the log, and to a sender who waits for it."""
        settlement = attempt.settlement
        state = settlement.state
        event = "waiting" if state is State.QUEUED else state.value
        self.engine.log.event(
            "info" if state is State.DELIVERED else "warning",
            self.channel.name,
            event,
            delivery.message,
            destination=lanes.route.name,
            status=settlement.status,
            detail=settlement.detail,
            duration=settlement.duration,
            attempt=settlement.attempt,
            again_in=round(settlement.due_at - settlement.at, 1) if settlement.due_at else 0,
        )
        if state is not State.QUEUED and self._waits:
            self._outcomes.ended(delivery.id, state)


def _key_names(planned: Plan | None) -> tuple[str, ...]:
    """The names of the keys a message has, once each."""
    return tuple(dict.fromkeys(name for name, _ in planned.keys)) if planned else ()
