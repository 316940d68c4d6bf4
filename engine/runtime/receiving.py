"""The source of a channel, kept alive: started again when it fails, closed outside its hours."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from engine.connectors import Source
from engine.errors import EngineError, Misconfigured
from engine.hours import is_open, next_close
from engine.lanes.pace import closed_for

if TYPE_CHECKING:
    from engine.runtime.station import Station

#: Seconds between two tries to start a source that cannot start.
START_AGAIN = 5.0
#: Seconds between two tries where only a person can help: a password tried too often locks the account.
TRUST_AGAIN = 60.0
#: Seconds after which an open source looks at the clock again, which may have been set.
LOOK_AGAIN = 30.0


def _said(error: OSError | EngineError) -> str:
    """The error in words: without the number that the system has for it, where we named it ourselves."""
    if isinstance(error, OSError) and error.strerror and not error.filename:
        return error.strerror
    return str(error)


class Receiving:
    """Keeps one channel's source running until it is stopped."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self.source: Source | None = None
        self.trouble = ""
        """Why the source does not run, in words; empty while it does."""
        self.closed = False
        """Whether it is outside its hours."""
        self.stopped = False
        self._warned: tuple[tuple[str, float, str], ...] = ()
        self._task: asyncio.Task[None] | None = None

    @property
    def warned(self) -> tuple[tuple[str, float, str], ...]:
        """What the source says of its partner's files: kind of alert, since when, in which words; while it is away, what it said."""
        ask = getattr(self.source, "warned", None)
        said = ask() if ask is not None else None
        if said is not None:
            self._warned = tuple(said)
        return self._warned

    def start(self) -> None:
        """Begin to receive."""
        self.stopped = False
        if self._task is None:
            self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Take no more messages; those under way are answered."""
        self.stopped = True
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self.source = None

    async def _keep(self) -> None:
        station = self._station
        while True:
            await self._until_open()
            try:
                if await self._receive():
                    return
                continue
            except (OSError, EngineError) as error:
                self.trouble = _said(error)
                again = TRUST_AGAIN if isinstance(error, Misconfigured) else START_AGAIN
            except Exception as error:
                again = START_AGAIN
                said = str(error) if type(error) is LookupError else type(error).__name__
                self.trouble = f"the source failed: {said}"
            station.engine.log.event(
                "error", station.channel.name, "source_stopped", detail=self.trouble
            )
            await asyncio.sleep(again)

    async def _until_open(self) -> None:
        station = self._station
        while wait := closed_for(station.channel.open, station.engine.clock.now()):
            if not self.closed:
                self.closed = True
                station.engine.log.event("info", station.channel.name, "closed")
            await asyncio.sleep(wait)
        if self.closed:
            self.closed = False
            station.engine.log.event("info", station.channel.name, "opened")

    async def _receive(self) -> bool:
        """
        Until the source ends, or its hours do: whether it has ended for good. Hours that an edit brings count from then on.
        """
        station = self._station
        link = station.channel.source
        self.source = source = link.module.Source(link.settings, station.site("source"))
        self.trouble = ""
        running = asyncio.create_task(source.run(station.receive))
        closing = asyncio.create_task(self._until_closed())
        try:
            await asyncio.wait({running, closing}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            return running.done() and station.channel.open is None
        finally:
            for task in (running, closing):
                task.cancel()
            await asyncio.gather(running, closing, return_exceptions=True)
            self.source = None

    async def _until_closed(self) -> None:
        station = self._station
        while (hours := station.channel.open) is None or is_open(
            hours, now := station.engine.clock.now()
        ):
            wait = LOOK_AGAIN if hours is None else next_close(hours, now) - now
            await asyncio.sleep(min(max(wait, 0.001), LOOK_AGAIN))
