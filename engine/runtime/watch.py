"""What the engine watches while it runs: edited files, its own lag, and what people should be told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from watchfiles import awatch

from engine.errors import ConfigError
from engine.runtime.engine import Engine

#: What an analyst edits.
WATCHED = (".yaml", ".csv")
#: Seconds between two measurements of the event loop's lag.
LAG_EVERY = 0.25
#: Seconds between two looks at queues and silences.
LOOK_EVERY = 5.0


async def edits(engine: Engine) -> None:
    """Reload when a channel, mapping, table or config.yaml changes; a broken edit changes nothing but the log."""
    folders = [engine.home / "channels", engine.home / "mappings"]
    watched = [folder for folder in folders if folder.is_dir()]
    config = engine.home / "config.yaml"
    if config.exists():
        watched.append(config)
    if not watched:
        return
    async for _ in awatch(
        *watched, watch_filter=lambda _, path: path.endswith(WATCHED), stop_event=engine.ended
    ):
        try:
            await engine.reload()
        except ConfigError as error:
            for mistake in error.mistakes:
                engine.log.event("error", "", "mistake", detail=str(mistake))


async def lag(engine: Engine) -> None:
    """Measure how late the event loop is, as a moving maximum that decays."""
    loop = asyncio.get_running_loop()
    while True:
        before = loop.time()
        await asyncio.sleep(LAG_EVERY)
        late = max(0.0, loop.time() - before - LAG_EVERY)
        engine.loop_lag = max(late, engine.loop_lag * 0.9)


async def alerts(engine: Engine, look: Callable[[Engine], Coroutine[Any, Any, None]]) -> None:
    """Look at queues and silences every few seconds."""
    while True:
        await asyncio.sleep(LOOK_EVERY)
        await look(engine)
