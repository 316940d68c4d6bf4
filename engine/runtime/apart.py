"""
Large messages taken apart: surveyed before they are kept, then planned and kept chunk by chunk as long as the engine runs.

A message of a channel that reads memory, numbers or groups is planned in this process, in small steps, each seeing what
the one before has left; others are planned in the process for large messages, the next chunk while one is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from typing import TYPE_CHECKING

import apsw
import msgspec

from engine import pipeline
from engine.alerts import Alert
from engine.channel import Channel
from engine.errors import CommitRefused, CommitUnknown, StoreError
from engine.message import Context, Inbound, Plan, Receipt, Spooled, short_id
from engine.planning import chunks, place, rejects
from engine.runtime import elsewhere
from engine.runtime.large import LargePlanner
from engine.runtime.ways import Ways
from engine.store.loading import Loading

if TYPE_CHECKING:
    from engine.runtime.engine import Engine
    from engine.runtime.station import Station

#: Seconds before what cannot go on is looked at again: a channel that is stopped, a full queue, a full disk.
LOOK_AGAIN = 0.5
#: Seconds before a message is tried again that cannot be taken apart: its file is gone, its channel is another. Those of
#: other channels go on meanwhile.
PATIENCE = 5.0
#: Parts of a chunk; fewer where one of them ended the planning process, so that only the culprit is held.
SIZES = (chunks.PARTS, 16, 1)


class Apart:
    """Takes large messages apart: one of a channel at a time, in the order in which they came."""

    def __init__(self, engine: Engine, planner: LargePlanner) -> None:
        self._engine, self._planner = engine, planner
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self.open: dict[str, Loading] = {}
        """By channel the message that is being taken apart."""
        self.coming: set[str] = set()
        """Channels with a message that is surveyed, and kept or not in a moment."""
        self.ways = Ways(engine)

    def busy(self, channel: str) -> bool:
        """Whether a message of the channel is being taken apart: what comes behind it must not overtake it."""
        return channel in self.open or channel in self.coming

    def left(self) -> None:
        """Take note of what a crash or a stop left; before anything is received."""
        for loading in self._engine.store.loadings():
            self.open.setdefault(loading.channel, loading)

    def kept(self, channel: str, message: int) -> None:
        """A message is kept that is to be taken apart."""
        loading = self._engine.store.loading(message)
        if loading is not None:
            self.open.setdefault(channel, loading)
            self._woken.set()

    async def plan(self, channel: Channel, inbound: Inbound, context: Context) -> Plan:
        """See pipeline.Elsewhere."""
        return await self._planner.plan(channel, inbound, context)

    async def tell(self, channel: Channel, raw: Spooled, receipt: Receipt, now: float) -> bytes:
        """See pipeline.Elsewhere."""
        if hasattr(channel.format, "acknowledge_blocks"):
            return await self._planner.acknowledge(channel, raw, receipt, now)
        head = await self._engine.store.read(raw)
        return channel.format.acknowledge(head, receipt, channel.reading, now)

    async def survey(self, channel: Channel, inbound: Inbound, context: Context) -> Plan:
        """Whether and how a message is taken apart. CommitRefused where that cannot be said now."""
        stateful = pipeline.remembers(channel, context)
        check = channel.on_part == "quarantine_message"
        number = self._engine.store.channel_number(channel.name)
        try:
            made = await self._planner.run(
                elsewhere.survey, channel, context, inbound, number, check and not stateful
            )
        except BrokenProcessPool:
            raise CommitRefused("the process that plans large messages ended") from None
        except (OSError, apsw.Error) as error:
            raise CommitRefused(f"the message cannot be read: {type(error).__name__}") from None
        if not (check and stateful and made.load is not None):
            return made
        with ExitStack() as stack:
            blocks, close = chunks.blocks_of(inbound.raw)
            stack.callback(close)
            steps = chunks.checked(channel, inbound, made, blocks, context, pipeline.plan)
            return await _in_steps(steps)

    # -- as long as the engine runs -------------------------------------------------------------------------

    async def run(self) -> None:
        """Take apart what is there and what comes. CommitUnknown ends the engine."""
        try:
            while True:
                self._woken.clear()
                for name in self.open:
                    if name not in self._busy:
                        self._busy[name] = asyncio.create_task(self._channel(name))
                woken = asyncio.create_task(self._woken.wait())
                done, _ = await asyncio.wait(
                    [woken, *self._busy.values()], return_when=asyncio.FIRST_COMPLETED
                )
                woken.cancel()
                for name in [name for name, task in self._busy.items() if task in done]:
                    self._busy.pop(name).result()
        finally:
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)
            self._busy.clear()

    async def _channel(self, name: str) -> None:
        """Take the channel's messages apart until there is none."""
        store = self._engine.store
        while name in self.open:
            try:
                await self._one(name, self.open[name].message)
            except CommitUnknown:
                raise
            except Exception as error:
                message = self.open[name].message
                self._engine.log.event(
                    "error", name, "not_taken_apart", message, detail=place(error)
                )
                await asyncio.sleep(PATIENCE)
            left = [one for one in store.loadings() if one.channel == name]
            if left:
                self.open[name] = left[0]
            else:
                del self.open[name]
        await store.keys_left()

    async def _one(self, name: str, message: int) -> None:
        """Chunk by chunk, the next one planned while one is kept."""
        store = self._engine.store
        planned: asyncio.Task[Plan] | None = None
        try:
            while (loading := store.loading(message)) is not None and loading.phase < 2:
                self.open[name] = loading
                station = await self._ready(name, loading)
                made = await (planned or self._planned(station, loading, {}))
                planned = None
                assert made.step is not None
                if made.step.next == 0 and not self._stateful(station, loading):
                    planned = asyncio.create_task(self._behind(station, loading, made))
                if not await self._keep(station, loading, made) and planned is not None:
                    await _dropped(planned)
                    planned = None
        finally:
            if planned is not None:
                await _dropped(planned)

    async def _ready(self, name: str, loading: Loading) -> Station:
        """The channel's station, once it runs, takes messages apart in the way this one began, and its destinations have room."""
        while True:
            station = self._engine.stations.get(name)
            if (
                station is not None
                and self.ways.goes_on(station.channel, loading)
                and not (station.receiving.stopped or station.full())
            ):
                return station
            await asyncio.sleep(LOOK_AGAIN)

    def _stateful(self, station: Station, loading: Loading) -> bool:
        return pipeline.remembers(station.channel, station.context_of(loading))

    # -- one chunk ------------------------------------------------------------------------------------------

    async def _behind(self, station: Station, loading: Loading, made: Plan) -> Plan:
        """The chunk behind one that is on its way to the store."""
        step = made.step
        assert step is not None
        ahead = {one.key: one.digest for one in step.kept}
        met = loading.met + len(made.parts) + step.unchanged
        behind = msgspec.structs.replace(loading, position=step.end, met=met)
        return await self._planned(station, behind, ahead)

    async def _planned(
        self, station: Station, loading: Loading, ahead: dict[str, bytes]
    ) -> Plan:
        channel, context = station.channel, station.context_of(loading)
        home, number = self._engine.home, self._engine.store.channel_number(channel.name)
        if loading.phase:
            return await self._ending(channel, loading, context, number)
        if self._stateful(station, loading):
            with ExitStack() as stack:
                most = chunks.PARTS
                return await _in_steps(
                    elsewhere.steps(stack, home, channel, context, loading, number, ahead, most)
                )
        for most in SIZES:
            try:
                return await self._planner.run(
                    elsewhere.chunk, channel, context, loading, number, ahead, most
                )
            except BrokenProcessPool:
                continue
        return await asyncio.to_thread(elsewhere.skipped, home, channel, loading, number, ahead)

    async def _ending(
        self, channel: Channel, loading: Loading, context: Context, number: int
    ) -> Plan:
        """What vanished since the last file; when that is through, what is sent back, and the end."""
        home, inbound = self._engine.home, loading.inbound
        gone = await asyncio.to_thread(elsewhere.gone, home, channel, loading, number)
        if gone:
            return chunks.vanished(channel, loading, gone, context, pipeline.plan)
        parts: tuple[Plan, ...] = ()
        if loading.rejected and rejects.routes(channel, inbound):
            body = await asyncio.to_thread(elsewhere.returned, home, channel, loading)
            parts = (rejects.planned(channel, inbound, body, loading.rejected, context),)
        return chunks.ended(channel, loading, parts, self._engine.clock.now())

    async def _keep(self, station: Station, loading: Loading, made: Plan) -> bool:
        """Whether the chunk was kept; where it was not, it is planned again later."""
        engine, channel = self._engine, station.channel
        try:
            receipt = await engine.store.accept(
                channel.name, loading.inbound, made, loading.message, channel.class_
            )
        except CommitUnknown as error:
            engine.die(str(error))
            raise
        except StoreError as error:
            engine.log.event(
                "warning", channel.name, "chunk_not_kept", loading.message, detail=str(error)
            )
            await asyncio.sleep(LOOK_AGAIN)
            return False
        station.counting.chunk(channel, loading, receipt, made)
        if made.step is not None and made.step.next == 2:
            over = engine.store.loading(loading.message)
            assert over is not None
            station.counting.loaded(channel, over)
        return True


async def _dropped(planned: asyncio.Task[Plan]) -> None:
    planned.cancel()
    await asyncio.gather(planned, return_exceptions=True)


async def _in_steps(steps: Generator[None, None, Plan]) -> Plan:
    """What they return, with room for others between two of them."""
    while True:
        try:
            next(steps)
        except StopIteration as ended:
            made: Plan = ended.value
            return made
        await asyncio.sleep(0)


async def loaded(engine: Engine) -> list[Alert]:
    """What people are told of large messages that are through and have rejected parts, each once."""
    return [_alert(engine, loading) for loading in await engine.store.told()]


def _alert(engine: Engine, loading: Loading) -> Alert:
    station, id = engine.stations.get(loading.channel), short_id(loading.message)
    text = (
        f"{loading.channel}: of message {id} some records were rejected; {loading.report()}."
        f" Which: corridor messages {loading.channel} --verdict quarantined"
    )
    return Alert(
        kind="rejected_records",
        channel=loading.channel,
        destination="",
        owner=station.channel.owner if station is not None else "",
        since=loading.ended_at,
        text=text,
    )
