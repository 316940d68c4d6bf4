"""Planning of large bodies in a process of its own, so that the event loop's lag stays under 10 ms."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from engine import judgement, pipeline
from engine.channel import Channel, load_all
from engine.errors import ConfigError
from engine.message import LARGE, Context, Inbound, Outbound, Plan, Receipt, Spooled, Verdict
from engine.store.large import write
from engine.store.tables.reading import StoreTables
from engine.store.tables.usage import Noted

#: Seconds without a large message after which the planning process ends.
IDLE = 30.0
#: By how much the planning process is nicer than the engine's.
NICE = 10

#: What is done there: (home, channel, context, ...) -> a plan. A function of a module, so that it can be named to it.
Work = Callable[..., Plan]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Plan).decode

_channels: dict[str, Channel] = {}
_home = Path()


def _begin(home: str) -> None:
    """In the planning process: remember the home; channels are read when first asked for. The event loop goes first."""
    os.nice(NICE)
    global _home  # noqa: PLW0603 - the process exists for this alone
    _home = Path(home)


def channel_of(name: str, release: str) -> Channel:
    """In the planning process: the channel, as the engine has it. LookupError where its files say something else."""
    if name not in _channels or _channels[name].release != release:
        with contextlib.suppress(ConfigError):
            _channels.update(load_all(_home, lenient=True).channels)
        if name not in _channels or _channels[name].release != release:
            raise LookupError(name)
    return _channels[name]


def _do(
    work: Work, name: str, release: str, context: Context, rest: tuple[Any, ...]
) -> tuple[bytes, Noted]:
    """In the planning process: plan, and put large payloads into files; also which rows of tables were asked for."""
    channel = channel_of(name, release)
    planned = work(_home, channel, msgspec.structs.replace(context, channels=_channels), *rest)
    assert isinstance(context.lookups, StoreTables)
    return _encode(_spooled(planned)), context.lookups.noted()


def _plan(home: Path, channel: Channel, context: Context, inbound: Inbound) -> Plan:
    return pipeline.plan(channel, inbound, context)


def _acknowledge(name: str, release: str, raw: Spooled, receipt: Receipt, now: float) -> bytes:
    return judgement.acknowledged(channel_of(name, release), raw, receipt, now)


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
        try:
            return await self.run(_plan, channel, context, inbound)
        except BrokenProcessPool:
            return Plan(
                verdict=Verdict.QUARANTINED,
                reason="engine_error",
                detail="planning this message ended its process",
                owner=channel.owner,
                release=channel.release,
            )

    async def acknowledge(
        self, channel: Channel, raw: Spooled, receipt: Receipt, now: float
    ) -> bytes:
        """The same as `judgement.acknowledged`; empty when it ends the process: the message is kept, its sender asks again."""
        self._under_way += 1
        pool, loop = self._started(), asyncio.get_running_loop()
        said = partial(_acknowledge, channel.name, channel.release, raw, receipt, now)
        try:
            return await loop.run_in_executor(pool, said)
        except LookupError:
            return await asyncio.to_thread(judgement.acknowledged, channel, raw, receipt, now)
        except BrokenProcessPool:
            if self._pool is pool:
                self.close()
            return b""
        finally:
            self._under_way -= 1
            self._rest(loop)

    async def run(self, work: Work, channel: Channel, context: Context, *rest: Any) -> Plan:
        """What `work`, a function of a module, makes there; BrokenProcessPool when it ends the process."""
        self._under_way += 1
        try:
            return await self._try(work, channel, context, rest)
        except BrokenProcessPool:
            async with self._alone:
                # it ended with several messages in it: each is tried alone, so that only the culprit is held
                return await self._try(work, channel, context, rest)
        finally:
            self._under_way -= 1
            self._rest(asyncio.get_running_loop())

    async def _try(
        self, work: Work, channel: Channel, context: Context, rest: tuple[Any, ...]
    ) -> Plan:
        bare = msgspec.structs.replace(context, channels=None, memory=None, numbers=None)
        pool = self._started()
        done = partial(_do, work, channel.name, channel.release, bare, rest)
        try:
            packed, noted = await asyncio.get_running_loop().run_in_executor(pool, done)
        except LookupError:
            # its files were edited, and the edit is not in force: only this process knows it
            return await asyncio.to_thread(work, self._home, channel, context, *rest)
        except BrokenProcessPool:
            if self._pool is pool:
                self.close()
            raise
        if isinstance(context.lookups, StoreTables):
            context.lookups.note(noted)
        return _decode(packed)

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
