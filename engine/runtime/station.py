"""One running channel: its source, kept alive, and the lanes of its destinations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from engine.channel import Channel, Route
from engine.connectors import Site
from engine.effects import Group
from engine.errors import CommitRefused, CommitUnknown, DeliveryError
from engine.judgement import negative
from engine.lanes import Lanes
from engine.message import Context, Delivery, Inbound, Receipt, Reply
from engine.pipeline import Attempt, receive, release
from engine.planning.chunks import in_chunks
from engine.runtime.answers import hand_on
from engine.runtime.converting import convert
from engine.runtime.counting import Counting
from engine.runtime.onward import kept
from engine.runtime.owed import Owed
from engine.runtime.receiving import Receiving
from engine.runtime.remembered import Remembered
from engine.store.loading import Loading

if TYPE_CHECKING:
    from engine.runtime.engine import Engine

#: Seconds that deliveries under way get when a channel stops.
STOP_WITHIN = 10.0


class Station:
    """A channel while it runs."""

    def __init__(self, engine: Engine, channel: Channel) -> None:
        self.engine, self.channel = engine, channel
        self.lanes: dict[str, Lanes] = {}
        self.receiving = Receiving(self)
        self.counting = Counting(engine.log, engine.clock)
        self.started_at = time.time()
        self._owed = Owed(self)
        self._gate = engine.gates[channel.class_]

    # -- life -----------------------------------------------------------------------------------------------

    async def open_lanes(self) -> None:
        """Build the destinations and read what waits for them."""
        for route in self.channel.routes:
            if route.link.kind == "channel":
                continue
            await self._open(route)
        self._follow()

    def _follow(self) -> None:
        """Tell each destination which others go `after` it, and where its partner's answers go."""
        for name, lanes in self.lanes.items():
            behind = [route.name for route in self.channel.routes if route.after == name]
            lanes.followers = [self.lanes[other] for other in behind if other in self.lanes]
            replies = lanes.route.replies
            lanes.hand_on = partial(hand_on, self, lanes) if replies and replies.to else None

    async def _open(self, route: Route) -> None:
        engine = self.engine
        number = engine.store.destination(self.channel.name, route.name)
        destination = route.link.module.Destination(route.link.settings, self.site(route.name))
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
        self.receiving.start()

    async def stop_source(self) -> None:
        """Take no more messages; those under way are answered."""
        await self.receiving.stop()

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
        self._follow()

    def site(self, name: str) -> Site:
        """What a connector of the channel is given: the source, or a destination by its name."""
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
            zone=engine.home_config.installation.zone,
            remember=Remembered(store, f"{self.channel.name}/{name}"),
            convert=partial(convert, self),
            keeps=lambda: kept(self.channel),
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
        if reply.receipt is None or not self._owed.any:
            return reply
        return await self._owed.reply(inbound, reply)

    async def _receive(self, inbound: Inbound) -> Reply:
        engine, channel = self.engine, self.channel
        if self.pressure():
            busy = engine.apart.busy(channel.name)
            why = "the message before it is being taken apart" if busy else "the queue is full"
            return await self._refused(inbound, why)
        coming = bool(channel.split) and in_chunks(channel, inbound)
        if not coming:
            return await self._kept(inbound)
        engine.apart.coming.add(channel.name)
        try:
            return await self._kept(inbound)
        finally:
            engine.apart.coming.discard(channel.name)

    async def _kept(self, inbound: Inbound) -> Reply:
        engine, channel = self.engine, self.channel
        context = self.context(inbound)
        try:
            reply = await receive(channel, inbound, engine.store, context, engine.apart)
        except CommitRefused as error:
            return await self._refused(inbound, str(error))
        except CommitUnknown as error:
            engine.die(str(error))
            raise
        receipt = reply.receipt
        assert receipt is not None
        self.counting.kept(channel, inbound, receipt, reply.plan)
        if reply.plan is not None and reply.plan.load is not None:
            engine.apart.kept(channel.name, receipt.id)
        return reply

    def context(self, inbound: Inbound) -> Context:
        """What planning is given besides a message, which gets a number of its own."""
        return self._context(inbound.received_at, self.engine.store.reserve())

    def context_of(self, loading: Loading) -> Context:
        """The same for the next parts of a message that is taken apart."""
        return self._context(loading.inbound.received_at, loading.message)

    def _context(self, now: float, id: int) -> Context:
        engine = self.engine
        return Context(
            now=now,
            id=id,
            environment=engine.environment,
            channels=engine.channels,
            lookups=engine.tables,
            memory=engine.store.memory,
            numbers=engine.store.sequences,
        )

    async def release(self, group: Group) -> None:
        """Make a message of a group whose time has come. GroupChanged, CommitRefused: nothing was kept."""
        now = self.engine.clock.now()
        inbound = Inbound(raw=b"", received_at=now, facts={})
        context = self.context(inbound)
        receipt, planned = await release(self.channel, group, self.engine.store, context)
        self.counting.kept(self.channel, inbound, receipt, planned)

    async def _refused(self, inbound: Inbound, why: str) -> Reply:
        self.engine.log.event("warning", self.channel.name, "not_taken", detail=why)
        raw = await self.engine.store.read(inbound.raw)
        body = self.channel.format.refuse(
            raw, self.channel.reading, self.engine.clock.now(), why
        )
        return Reply(receipt=None, body=body, error=why)

    async def negative(
        self, inbound: Inbound, receipt: Receipt, reason: str, why: str, code: str
    ) -> bytes:
        """The answer to a sender whose message is kept, but who must not be told yes."""
        raw = await self.engine.store.read(inbound.raw)
        now = self.engine.clock.now()
        return negative(self.channel, raw, receipt, now, reason, why, code)

    def pressure(self) -> bool:
        """Whether nothing can be taken now: a queue is full, or what came before is still being taken apart."""
        return self.engine.apart.busy(self.channel.name) or self.full()

    def full(self) -> bool:
        """Whether a destination's queue is full."""
        counts = self.engine.counts
        return any(
            counts.get(lanes.number, 0) >= lanes.route.queue_limit
            for lanes in self.lanes.values()
        )

    def _told(self, lanes: Lanes, delivery: Delivery, attempt: Attempt) -> None:
        """An attempt ended: say so in the log, and to a sender who waits for it."""
        self.counting.tried(self.channel, lanes, delivery, attempt)
        if self._owed.any:
            self._owed.ended(delivery, attempt, lanes.route.name)
