"""The engine while it runs: one process, one loop, one task group for sources, lanes, orders and watches."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import uvloop

from engine import orders
from engine.errors import CommitUnknown
from engine.runtime.desk import Desk
from engine.runtime.engine import Engine
from engine.runtime.releases import releases
from engine.runtime.watch import alerts, apart, edits, lag, lasting, prune, usage

#: Seconds a thread may run Python before another gets its turn; the writer and the loop hand over often.
SWITCH = 0.001


def run(
    home: Path, hold_all: bool = False, on_ready: Callable[[Engine], None] | None = None
) -> None:
    """
    Run the engine of a home until it is told to stop (SIGTERM, SIGINT, the order `stop`).

    `on_ready` is called once everything listens. Raises StoreInUse, ConfigError, CommitUnknown.
    """
    sys.setswitchinterval(SWITCH)
    uvloop.run(_run(home, hold_all, on_ready))


async def _run(home: Path, hold_all: bool, on_ready: Callable[[Engine], None] | None) -> None:
    engine = await Engine.open(home, hold_all)
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, engine.ended.set)
    server = await orders.serve(home, Desk(engine).obey)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    works = (edits, lag, alerts, prune, releases, usage, apart)
    watches = [asyncio.create_task(lasting(engine, work)) for work in works]
    try:
        await engine.start()
        await listening(engine)
        if on_ready is not None:
            on_ready(engine)
        await engine.ended.wait()
    finally:
        for watch in watches:
            watch.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*watches, return_exceptions=True)
        server.close()
        await engine.stop()
    if engine.fatal:
        raise CommitUnknown(engine.fatal)


async def listening(engine: Engine, within: float = 2.0) -> None:
    """Wait until every source listens, or has said why it cannot, for at most `within` seconds."""
    loop = asyncio.get_running_loop()
    until = loop.time() + within
    for station in engine.stations.values():
        while loop.time() < until and not station.receiving.trouble:
            source = station.receiving.source
            if station.receiving.closed or (source is not None and source.ready.is_set()):
                break
            await asyncio.sleep(0.005)
