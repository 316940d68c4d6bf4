"""Planning of large bodies in a process of its own, so that the event loop's lag stays under 10 ms."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

import msgspec

from engine import pipeline
from engine.channel import Channel, load_all
from engine.errors import ConfigError
from engine.message import LARGE, Context, Inbound, Outbound, Plan, Verdict
from engine.store.large import write
from engine.store.tables.reading import StoreTables
from engine.store.tables.usage import Noted

#: Seconds without a large message after which the planning process ends.
IDLE = 30.0

_channels: dict[str, Channel] = {}
_home = Path()


def _begin(home: str) -> None:
    """In the planning process: remember the home; channels are read when first asked for."""
    global _home  # noqa: PLW0603 - the process exists for this alone
    _home = Path(home)


def _plan(name: str, release: str, inbound: Inbound, context: Context) -> tuple[Plan, Noted]:
    """In the planning process: plan, and put large payloads into files; also which rows of tables were asked for."""
    if name not in _channels or _channels[name].release != release:
        with contextlib.suppress(ConfigError):
            _channels.update(load_all(_home, lenient=True).channels)
        if name not in _channels or _channels[name].release != release:
            raise LookupError(name)
    whole = msgspec.structs.replace(context, channels=_channels)
    planned = pipeline.plan(_channels[name], inbound, whole)
    assert isinstance(context.lookups, StoreTables)
    return _spooled(planned), context.lookups.noted()


def _spooled(planned: Plan) -> Plan:
    outbound = tuple(_spool(outbound) for outbound in planned.outbound)
    parts = tuple(_spooled(part) for part in planned.parts)
    return msgspec.structs.replace(planned, outbound=outbound, parts=parts)


def _spool(outbound: Outbound) -> Outbound:
    if not isinstance(outbound.payload, bytes) or len(outbound.payload) <= LARGE:
        return outbound
    return msgspec.structs.replace(outbound, payload=write(_home, [outbound.payload]))


class LargePlanner:
    """One planning process, started when a large message comes and ended when none came for a while."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._pool: ProcessPoolExecutor | None = None
        self._under_way = 0
        self._alone = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None

    async def plan(self, channel: Channel, inbound: Inbound, context: Context) -> Plan:
        """The same plan as `pipeline.plan` makes; quarantined `engine_error` when planning ends the process."""
        self._under_way += 1
        try:
            return await self._try(channel, inbound, context)
        except BrokenProcessPool:
            return await self._once_more(channel, inbound, context)
        finally:
            self._under_way -= 1
            self._rest(asyncio.get_running_loop())

    async def _try(self, channel: Channel, inbound: Inbound, context: Context) -> Plan:
        bare = msgspec.structs.replace(context, channels=None, memory=None, numbers=None)
        pool = self._started()
        work = partial(_plan, channel.name, channel.release, inbound, bare)
        try:
            planned, noted = await asyncio.get_running_loop().run_in_executor(pool, work)
        except LookupError:
            # its files were edited, and the edit is not in force: only this process knows it
            return await asyncio.to_thread(pipeline.plan, channel, inbound, context)
        except BrokenProcessPool:
            if self._pool is pool:
                self.close()
            raise
        if isinstance(context.lookups, StoreTables):
            context.lookups.note(noted)
        return planned

    async def _once_more(self, channel: Channel, inbound: Inbound, context: Context) -> Plan:
        """The process ended with several messages in it: each is tried alone, so that only the culprit is held."""
        async with self._alone:
            try:
                return await self._try(channel, inbound, context)
            except BrokenProcessPool:
                return Plan(
                    verdict=Verdict.QUARANTINED,
                    reason="engine_error",
                    detail="planning this message ended its process",
                    owner=channel.owner,
                    release=channel.release,
                )

    def _rest(self, loop: asyncio.AbstractEventLoop) -> None:
        """End the process when it stays idle: what it planned has left its memory large."""
        if self._idle is not None:
            self._idle.cancel()
        self._idle = loop.call_later(IDLE, self.close) if not self._under_way else None

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                max_workers=1,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begin,
                initargs=(str(self._home),),
            )
        return self._pool

    def close(self) -> None:
        """End the process; what it was planning is not kept."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
