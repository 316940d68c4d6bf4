"""
Messages by the clock: a channel that begins at its times and not with a sender.

Each time of the schedule makes one message, whose body the channel gives. The time is remembered in the commit that keeps
the message, so that no time makes two, also over a crash; times that nobody was there for are said in the log.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Literal

from engine.connectors import Receive, Site
from engine.message import Inbound
from engine.schedule import Due, Schedule, Ticker

#: Under this name the last time that made a message is remembered.
_LAST = "last"
#: Seconds until a message that nobody kept is made again.
AGAIN = 1.0


class SourceSettings(Schedule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Makes a message at its times: `timer: {cron: "0 6 * * mon-fri", body: "{}"}`."""

    body: str = "{}"
    """What the message holds; `{at}` becomes the time it was due, `2026-03-15T06:00:00+00:00`."""
    missed: Literal["once", "skip"] = "once"
    """What becomes of times that passed while the engine was down: one message, at once, for the last of them, or none."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.body:
            raise ValueError("body: what the message holds stands here")


class Source:
    """Waits for the next time, and hands over its message until somebody keeps it."""

    def __init__(self, settings: SourceSettings, site: Site) -> None:
        self._settings, self._site = settings, site
        self.ready = asyncio.Event()

    async def run(self, receive: Receive) -> None:
        """Make messages until cancelled."""
        found = await self._site.remember.get(_LAST)
        last = float(found) if found else None
        if (
            last is None
        ):  # what comes from now on counts, also if the engine dies before the first time
            await self._site.remember.put(_LAST, repr(self._site.now()).encode())
        ticker = Ticker(self._settings, self._site.zone, self._site.now, last)
        self.ready.set()
        try:
            while True:
                due = await ticker.wait()
                if due is not None:
                    await self._come(due, ticker, receive)
        finally:
            self.ready.clear()

    async def _come(self, due: Due, ticker: Ticker, receive: Receive) -> None:
        if due.missed:
            self._site.notice("warning", "times_missed", count=due.missed)
        if due.late and self._settings.missed == "skip":
            await self._site.remember.put(_LAST, repr(ticker.last).encode())
            return
        while True:
            making = asyncio.create_task(self._make(due.at, receive))
            try:
                kept = await asyncio.shield(making)
            except asyncio.CancelledError:
                await making
                raise
            if kept:
                return
            await asyncio.sleep(AGAIN)

    async def _make(self, at: float, receive: Receive) -> bool:
        """Whether the message of a time was kept."""
        moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
        inbound = Inbound(
            raw=self._settings.body.replace("{at}", moment).encode(),
            received_at=self._site.now(),
            peer="timer",
            mark=self._site.remember.mark(_LAST, repr(at).encode()),
        )
        return (await receive(inbound)).receipt is not None
