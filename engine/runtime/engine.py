"""The engine of one home: its store, its stations, what people ordered, what is watched."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Container, Iterator, Sequence
from pathlib import Path

from engine.channel import Channel, Home, load_all
from engine.errors import ConfigError, Mistake
from engine.lanes import Lanes
from engine.log import Log
from engine.message import Delivery, State
from engine.pipeline import Clock
from engine.runtime import past
from engine.runtime.apart import Apart
from engine.runtime.gates import gates
from engine.runtime.large import LargePlanner
from engine.runtime.lineage import put_to_use
from engine.runtime.places import has_place
from engine.runtime.station import Station
from engine.store import Hold
from engine.store.sqlite import SqliteStore
from engine.store.tables.reading import StoreTables


class Engine:
    """Everything that runs in one home. Made by `Engine.open`, ended by `stop`."""

    store: SqliteStore
    log: Log
    home_config: Home
    environment: str

    def __init__(self, home: Path) -> None:
        self.home = home
        self.clock = Clock(now=time.time, monotonic=time.monotonic, random=random.random)
        self.stations: dict[str, Station] = {}
        self.channels: dict[str, Channel] = {}
        self.lanes: dict[int, Lanes] = {}
        self.holds: dict[int, Hold] = {}
        self.counts: dict[int, int] = {}
        self.tables = StoreTables(home)
        """The data tables that `lookup` asks."""
        self.mistakes: tuple[Mistake, ...] = ()
        self.gates = gates()
        self.large = LargePlanner(home)
        self.apart = Apart(self, self.large)
        self.ended = asyncio.Event()
        self._reloading = asyncio.Lock()
        self.fatal = ""
        self.started_at = time.time()
        self.careful = False
        """Whether the last run ended in a crash: first sends are then recorded before they begin."""
        self.lags: deque[float] = deque(maxlen=3000)
        """How late the event loop was, the last minute, in seconds."""

    @classmethod
    async def open(cls, home: Path, hold_all: bool = False) -> Engine:
        """
        Take the home, read its channels, recover what a crash left, and open the lanes; nothing is received yet.

        Channels with mistakes do not run and are named in `mistakes`; the others do. StoreInUse where another
        process owns the home, ConfigError where config.yaml itself cannot be read.
        """
        engine = cls(home)
        config = load_all(home, lenient=True)
        if any(mistake.file == "config.yaml" for mistake in config.mistakes):
            raise ConfigError(config.mistakes)
        engine.home_config = config
        engine.environment = config.installation.environment
        engine.store = await SqliteStore.open(home, asyncio.get_running_loop(), time.time)
        try:
            engine.tables = StoreTables.open(home, engine.clock.now)
            logs = config.installation.logs
            engine.log = Log(home / logs.folder, age=logs.keep)
            for table, why in engine.tables.troubles.items():
                engine.log.event("error", "", "table_not_read", detail=f"{table}: {why}")
            await engine._begin(config, hold_all)
        except BaseException:
            await engine.store.close()
            raise
        return engine

    async def _begin(self, config: Home, hold_all: bool) -> None:
        self.channels = dict(config.channels)
        self.counts = self.store.open_counts()
        self.store.listen(self._queued)
        self.holds = dict(self.store.holds())
        if hold_all:
            await self._hold_all("started with --hold-all")
        await self._recover()
        self.apart.left()
        await self.store.keys_left(coming=False)
        left = self._left_behind(self.channels, config.broken)
        self.mistakes = (*config.mistakes, *left)
        for mistake in self.mistakes:
            self.log.event("error", "", "mistake", detail=str(mistake))
        await put_to_use(self, self.channels.values())
        for channel in self.channels.values():
            await self.take_over(channel)
            station = self.stations[channel.name] = Station(self, channel)
            await station.open_lanes()

    async def _hold_all(self, reason: str) -> None:
        """Every destination of every channel, also of those that do not run now."""
        now = self.clock.now()
        for channel in self.channels.values():
            for route in channel.routes:
                self.store.destination(channel.name, route.name)
        for number in self.store.destinations().values():
            hold = Hold(destination=number, held=True, reason=reason, since=now)
            await self.store.hold(hold)
            self.holds[number] = hold

    async def _recover(self) -> None:
        """What a crash interrupted: resent where the destination says so, left to a person where not."""
        self.careful = await self.store.get("engine", "running") is not None
        await self.store.put("engine", "running", b"1")
        interrupted = await self.store.recover()
        policies = {
            self.store.destination(channel.name, route.name): route.policy.on_uncertain
            for channel in self.channels.values()
            for route in channel.routes
        }
        again = [d.id for d in interrupted if policies.get(d.destination, "hold") == "resend"]
        if again:
            now = self.clock.now()
            await self.store.move(again, State.QUEUED, "", "interrupted; sent again", now)
        if interrupted:
            detail = (
                f"{len(interrupted)} deliveries were interrupted, {len(again)} are sent again"
            )
            self.log.event("warning", "", "recovered", detail=detail)

    def _queued(self, deliveries: Sequence[Delivery]) -> None:
        """Deliveries were committed: hand them to their lanes, in commit order."""
        by_lanes: dict[int, list[Delivery]] = {}
        for delivery in deliveries:
            by_lanes.setdefault(delivery.destination, []).append(delivery)
        for number, some in by_lanes.items():
            lanes = self.lanes.get(number)
            if lanes is not None:
                lanes.add(some)

    async def start(self) -> None:
        """Begin to receive, on every channel."""
        for station in self.stations.values():
            station.start()

    def die(self, why: str) -> None:
        """The store does not know what it holds: end the process, and recover at the next start."""
        self.fatal = self.fatal or why
        self.ended.set()

    async def stop(self) -> None:
        """Stop sources, let deliveries under way end, commit what rides, let go of the home."""
        await asyncio.gather(*(station.stop_source() for station in self.stations.values()))
        await asyncio.gather(*(station.stop() for station in self.stations.values()))
        self.large.close()
        if not self.fatal:
            await self.tables.flush(self.store)
            await self.store.put("engine", "running", None)
            await self.store.close()
        self.log.close()

    async def reload(self, who: str = "") -> list[str]:
        """
        Read the home again and go on with what is right; what changed, by name. `who` ordered it; empty = a file was edited. A channel with mistakes keeps running
        as it was. ConfigError, with every mistake, when there was one.
        """
        async with self._reloading:
            return await self._reload(who)

    async def _reload(self, who: str) -> list[str]:
        config = load_all(self.home, lenient=True)
        wanted = dict(config.channels)
        left = self._left_behind(wanted, config.broken)
        mistakes = [*config.mistakes, *left]
        broken = {*config.broken, *(Path(mistake.file).stem for mistake in left)}
        self.environment = config.installation.environment
        changed = [name for name in wanted if name not in broken and self._is_new(wanted[name])]
        await put_to_use(self, [wanted[name] for name in changed], who)
        for name in changed:
            await self._change(name, wanted[name], self.stations.get(name))
        for name in sorted(set(self.stations) - set(wanted) - broken):
            self.channels.pop(name, None)
            await self.stations.pop(name).stop()
            changed.append(name)
        self.mistakes = tuple(mistakes)
        for name in changed:
            self.log.event("info", name, "reloaded")
        if mistakes:
            raise ConfigError(mistakes)
        return changed

    def _is_new(self, channel: Channel) -> bool:
        station = self.stations.get(channel.name)
        return station is None or station.channel.release != channel.release

    async def _change(self, name: str, channel: Channel, station: Station | None) -> None:
        self.channels[name] = channel
        if station is not None and station.channel.restart == channel.restart:
            await station.become(channel)
            return
        stopped = station is not None and station.receiving.stopped
        if station is not None:
            await station.stop()
        await self.take_over(channel)
        station = self.stations[name] = Station(self, channel)
        await station.open_lanes()
        station.receiving.stopped = stopped
        if not stopped:
            station.start()

    def _left_behind(self, wanted: dict[str, Channel], broken: Container[str]) -> list[Mistake]:
        """Destinations that are no longer there while deliveries wait for them."""
        mistakes: list[Mistake] = []
        for (name, gone), number in self.store.destinations().items():
            count = self.counts.get(number, 0)
            if not count or name in broken:
                continue
            channel = wanted.get(name)
            routes = channel.routes if channel else ()
            named = any(gone in (route.name, route.renamed_from) for route in routes)
            if not named and not any(route.discard_queued for route in routes):
                file = channel.file if channel else f"channels/{name}.yaml"
                mistakes.append(_queued_mistake(file, gone, count))
        return [*mistakes, *_groups_left(self.store.open_groups(), wanted, broken)]

    async def take_over(self, channel: Channel) -> None:
        """Destinations that were renamed keep what waits for them; what was to be discarded is."""
        names = {route.name for route in channel.routes}
        for route in channel.routes:
            if route.renamed_from:
                await self.store.rename(channel.name, route.renamed_from, route.name)
        if not any(route.discard_queued for route in channel.routes):
            return
        for (name, gone), number in self.store.destinations().items():
            if name == channel.name and gone not in names and self.counts.get(number, 0):
                await self._discard(number, f"{gone} is no longer a destination")

    async def _discard(self, number: int, reason: str) -> None:
        """Everything that waits for a destination that is gone, with the reason in each trail."""
        while self.counts.get(number, 0):
            heads = [delivery.id for delivery in await self.store.heads(number, 500)]
            at = self.clock.now()
            if not await self.store.move(heads, State.DISCARDED, "", reason, at):
                return

    async def open_deliveries(self, message: int, names: Sequence[str]) -> list[int]:
        """The deliveries of a message to these destinations that have not arrived."""
        return await asyncio.to_thread(past.undelivered, self.home, message, names)

    async def answered(self, message: int, destination: str) -> past.Past:
        """What a destination has answered to a message that came before."""
        return await asyncio.to_thread(past.answered, self.home, message, destination)


def _groups_left(
    waiting: dict[tuple[str, str], int], wanted: dict[str, Channel], broken: Container[str]
) -> Iterator[Mistake]:
    """Groups and batches that wait in a channel that has no `collect` or `batch` for them any more."""
    for (name, group), count in waiting.items():
        channel = wanted.get(name)
        if name in broken or (channel is not None and has_place(channel, group)):
            continue
        said = "1 group waits" if count == 1 else f"{count} groups wait"
        what = f"the batch of '{group}'" if group else "'collect'"
        yield Mistake(
            file=channel.file if channel else f"channels/{name}.yaml",
            line=1,
            column=1,
            path=f"destinations.{group}.batch" if group else "collect",
            problem=f"{said} for {what}, which is no longer here; put it back until they are released"
            f" (corridor groups {name}, corridor release-group ID)",
        )


def _queued_mistake(file: str, gone: str, count: int) -> Mistake:
    said = "1 delivery waits" if count == 1 else f"{count} deliveries wait"
    return Mistake(
        file=file,
        line=1,
        column=1,
        path=f"destinations.{gone}",
        problem=f"{said} for '{gone}', which is no longer here",
        write=f"renamed_from: {gone}   (or discard_queued: true) at the destination that takes its place",
    )
