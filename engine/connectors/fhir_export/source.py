"""
When an export begins, and what becomes of it: asked after until it is done, its files handed over one by one, let go.

What is remembered is durable: the address of the export under way, so that a restart goes on with it; how many of its files are
messages, in the very commit that keeps each; and the moment of the last finished one, since when the next asks.
"""

from __future__ import annotations

import asyncio

import msgspec

from engine.connectors import Receive, Site
from engine.connectors.fhir_export.job import Jobs, Manifest, Working
from engine.connectors.fhir_export.settings import SourceSettings
from engine.connectors.fhir_export.taking import LONGEST, TAKEN, Taking, wait_after
from engine.errors import DeliveryError, Misconfigured, Refused
from engine.schedule import Ticker

#: Under this name the state is remembered.
STATE = "state"
#: Seconds between two questions at least, whatever the server asks.
LEAST = 0.1
#: What a server says of an export that it does not know any more.
_LOST = ("404", "410")


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is remembered between two exports, and of the one under way."""

    since: str = ""
    """When the last finished export was made, by the server's clock."""
    began_at: float = 0.0
    """When the last export began."""
    job: str = ""
    """Where the export under way is asked after; empty = none is."""
    manifest: Manifest | None = None
    """Its files, once it is done."""
    anew: bool = False
    """Whether the one under way was begun anew, because the server lost the one before."""


class Source:
    """Begins exports at their times, one at a time."""

    def __init__(self, settings: SourceSettings, site: Site) -> None:
        self._settings, self._site = settings, site
        self._jobs = Jobs(settings, site.home, site.now)
        self._taking = Taking(settings, site, self._jobs)
        self._state = State()
        self._progress = ""
        self.ready = asyncio.Event()

    async def run(self, receive: Receive) -> None:
        """
        Export until cancelled; the file being handed over is finished first. Misconfigured where the server does not take
        us or what we ask: the export under way is gone on with at the next start.
        """
        found = await self._site.remember.get(STATE)
        self._state = msgspec.json.decode(found, type=State) if found else State()
        ticker = self._ticker()
        self.ready.set()
        try:
            while True:
                if not self._state.job:
                    if not self._state.anew:
                        await ticker.wait()
                    await self._begin()
                await self._finish(receive)
        finally:
            self.ready.clear()
            await self._jobs.close()

    def _ticker(self) -> Ticker:
        schedule, last = self._settings.times(), self._state.began_at or None
        if last is None and schedule.every is not None:
            last = self._site.now() - schedule.every  # the first begins at once
        return Ticker(schedule, self._site.zone, self._site.now, last)

    async def _begin(self) -> None:
        """Ask for an export until the server has begun one."""
        wait = float(self._settings.poll)
        while True:
            try:
                url = await self._jobs.begin(self._since())
                break
            except (Misconfigured, Refused) as error:
                why = f"the export was not begun: {error.detail}"
                raise Misconfigured(error.status, why) from None
            except DeliveryError as error:
                wait = await wait_after(self._site, error, wait)
        await self._site.remember.put(TAKEN, b"0")
        now = self._site.now()
        await self._keep(msgspec.structs.replace(self._state, job=url, began_at=now))
        self._site.notice("info", "export_began")

    def _since(self) -> str:
        said = self._settings.since
        if said == "always":
            return ""
        return self._state.since or ("" if said == "last" else said)

    async def _finish(self, receive: Receive) -> None:
        """The export under way: done, handed over, let go. One that failed is told, and the next waits for its time."""
        state = self._state
        try:
            manifest = state.manifest or await self._done()
            await self._keep(msgspec.structs.replace(state, manifest=manifest))
            taken = await self._taking.all(receive, manifest, self._done)
        except Refused as error:
            facts = {"status": error.status, "detail": error.detail}
            self._site.notice("error", "export_failed", **facts)
            anew = error.status in _LOST and not state.anew
            await self._let_go(State(since=state.since, began_at=state.began_at, anew=anew))
            return
        self._tell_left(manifest)
        self._site.notice("info", "export_done", files=taken)
        await self._let_go(State(since=manifest.transactionTime, began_at=state.began_at))

    async def _let_go(self, state: State) -> None:
        """Nothing is under way any more; the server may forget its files."""
        url = self._state.job
        await self._keep(state)
        if not await self._jobs.end(url):
            self._site.notice("info", "export_not_deleted")

    async def _done(self) -> Manifest:
        """The files, once the server has made them. Refused where it failed, or takes longer than our patience."""
        patience, wait = self._settings.patience, float(self._settings.poll)
        while True:
            try:
                found = await self._jobs.look(self._state.job)
            except (Refused, Misconfigured):
                raise
            except DeliveryError as error:
                wait = await wait_after(self._site, error, wait)
                continue
            if isinstance(found, Manifest):
                return found
            if self._site.now() - self._state.began_at > patience:
                raise Refused("time-out", f"not done within {patience:g} s")
            self._tell(found)
            await asyncio.sleep(wait if found.wait is None else max(found.wait, LEAST))
            wait = min(wait * 2, LONGEST)

    def _tell(self, working: Working) -> None:
        if working.progress and working.progress != self._progress:
            self._progress = working.progress
            self._site.notice("info", "export_in_progress", progress=working.progress)

    def _tell_left(self, manifest: Manifest) -> None:
        """Say what the export has besides, and nobody takes."""
        for kind in ("deleted", "error"):
            files = getattr(manifest, kind)
            if files and kind not in self._settings.take:
                self._site.notice("warning", "export_files_left", kind=kind, files=len(files))

    async def _keep(self, state: State) -> None:
        self._state = state
        await self._site.remember.put(STATE, msgspec.json.encode(state))
