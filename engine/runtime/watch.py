"""What the engine watches while it runs: edited files, its own lag, and what people should be told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from watchfiles import awatch

from engine.alerts import AlertState, Fact, Webhook, judge
from engine.errors import CommitUnknown, ConfigError, StoreError
from engine.planning import place
from engine.runtime.apart import loaded
from engine.runtime.engine import Engine
from engine.runtime.releases import rejected, unconfirmed

#: What an analyst edits.
WATCHED = (".yaml", ".csv")
#: Seconds before a watch that failed begins again.
BEGIN_AGAIN = 5.0
#: Seconds between two measurements of the event loop's lag.
LAG_EVERY = 0.02
#: Seconds between two rounds of dropping old bodies, and between two steps of one.
PRUNE_EVERY, PRUNE_PAUSE = 600.0, 0.1
#: Seconds between two times that the use of tables is kept.
FLUSH_EVERY = 60.0
#: Seconds between two looks at queues and silences.
LOOK_EVERY = 5.0


async def lasting(engine: Engine, work: Callable[[Engine], Awaitable[None]]) -> None:
    """Do a watch's work as long as the engine runs: one that fails is said and begun again, for nobody else would miss it."""
    while True:
        try:
            await work(engine)
            return
        except CommitUnknown as error:
            engine.die(str(error))
            return
        except Exception as error:
            detail = f"{work.__name__}: {place(error)}"
            engine.log.event("error", "", "watch_failed", detail=detail)
            await asyncio.sleep(BEGIN_AGAIN)


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
        except (OSError, StoreError) as error:
            detail = f"the edit was not taken over: {error}"
            engine.log.event("error", "", "not_reloaded", detail=detail)


async def lag(engine: Engine) -> None:
    """Measure how late the event loop is, over and over; the engine keeps the last minute."""
    loop = asyncio.get_running_loop()
    while True:
        before = loop.time()
        await asyncio.sleep(LAG_EVERY)
        engine.lags.append(max(0.0, loop.time() - before - LAG_EVERY))
        if fatal := engine.store.fatal():
            engine.die(fatal)
            return


async def prune(engine: Engine) -> None:
    """
    Forget what was to be remembered until now, and drop the bodies of old messages where config.yaml says how long they
    are kept; a little at a time.
    """
    keep = engine.home_config.installation.store.sqlite.bodies
    while True:
        await asyncio.sleep(PRUNE_EVERY)
        try:
            while await engine.store.forget():  # noqa: ASYNC110 - a pace
                await asyncio.sleep(PRUNE_PAUSE)
            while keep is not None and await engine.store.prune(  # noqa: ASYNC110 - a pace
                engine.clock.now() - keep
            ):
                await asyncio.sleep(PRUNE_PAUSE)
        except StoreError as error:
            engine.log.event("warning", "", "not_pruned", detail=str(error))


async def usage(engine: Engine) -> None:
    """Keep which rows of the data tables were asked for, every so often (`corridor tables drift`)."""
    while True:
        await asyncio.sleep(FLUSH_EVERY)
        try:
            await engine.tables.flush(engine.store)
        except StoreError as error:
            engine.log.event("warning", "", "usage_not_kept", detail=str(error))


async def apart(engine: Engine) -> None:
    """Take large messages apart, chunk by chunk."""
    await engine.apart.run()


async def alerts(engine: Engine) -> None:
    """Tell people when something is late, silent or paused, and when it is over; a webhook where there is one."""
    settings = engine.home_config.installation.alerts
    webhook: Webhook | None = None
    posting: asyncio.Task[None] | None = None
    if settings.url:
        headers = settings.headers

        def revealed() -> dict[str, str]:
            return {name: secret.reveal(engine.home) for name, secret in headers.items()}

        console = engine.home_config.installation.console.address
        webhook = Webhook(settings.url, engine.log.notice(""), revealed, console=console)
        posting = asyncio.create_task(webhook.run())
    state: AlertState = {}
    try:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            state, told = judge(state, facts(engine), engine.clock.now())
            for alert in (
                *told,
                *unconfirmed(engine),
                *rejected(engine),
                *await loaded(engine),
            ):
                event = "alert_cleared" if alert.cleared else "alert"
                level = "info" if alert.cleared else "warning"
                engine.log.event(
                    level,
                    alert.channel,
                    event,
                    destination=alert.destination,
                    detail=alert.text,
                )
                if webhook is not None:
                    webhook.send(alert)
    finally:
        if posting is not None:
            posting.cancel()


def facts(engine: Engine) -> list[Fact]:
    """How every source and destination stands."""
    found: list[Fact] = []
    monotonic, now = engine.clock.monotonic(), engine.clock.now()
    for station in engine.stations.values():
        channel = station.channel
        last = max(station.counting.last_received_at, station.started_at)
        found.append(
            Fact(
                channel=channel.name,
                owner=channel.owner,
                silent=channel.alerts.silent,
                warned=(*station.receiving.warned, *engine.apart.ways.warned(channel.name)),
                last_message_at=None
                if station.receiving.stopped or station.receiving.closed
                else last,
            )
        )
        for name, lanes in station.lanes.items():
            breaker = lanes.breaker
            since = now - (monotonic - breaker.since) if breaker.until else None
            found.append(
                Fact(
                    channel=channel.name,
                    destination=name,
                    owner=channel.owner,
                    queue_age=channel.alerts.queue_age,
                    oldest_at=lanes.lines.oldest(),
                    depth=engine.counts.get(lanes.number, 0),
                    paused=breaker.why if breaker.paused else "",
                    paused_at=since,
                    breaker_open_at=since,
                    held=lanes.hold.held,
                )
            )
    return found
