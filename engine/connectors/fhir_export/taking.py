"""The files of a finished export: downloaded until each came whole, handed over until each is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from engine.connectors import Receive, Site
from engine.connectors.fhir_export.download import Draft
from engine.connectors.fhir_export.job import File, Jobs, Manifest
from engine.connectors.fhir_export.settings import SourceSettings
from engine.errors import DeliveryError, Misconfigured, Refused, Unavailable
from engine.message import Inbound

#: Under this name stands how many files of the export under way are messages.
TAKEN = "taken"
#: Seconds: longest wait between two tries, and until a message that nobody kept is handed over again.
LONGEST, AGAIN = 300.0, 1.0
#: So often a file is downloaded again that has fewer resources than the server says; then it is taken, and people are told.
SHORT = 2


async def wait_after(site: Site, error: DeliveryError, wait: float) -> float:
    """After something that passes: as long as the server asks, or twice as long as the last time, which is returned."""
    site.notice("warning", "export_waits", status=error.status, detail=error.detail)
    await asyncio.sleep(wait if error.retry_after is None else max(error.retry_after, AGAIN))
    return min(wait * 2, LONGEST)


class Taking:
    """Makes messages of files, each once: its number is kept in the commit that keeps it."""

    def __init__(self, settings: SourceSettings, site: Site, jobs: Jobs) -> None:
        self._settings, self._site, self._jobs = settings, site, jobs

    async def all(
        self, receive: Receive, manifest: Manifest, renew: Callable[[], Awaitable[Manifest]]
    ) -> int:
        """
        Every file that is no message yet; how many the export has. `renew` asks for the list again, where addresses are no
        longer good. Refused where a file is gone for good.
        """
        files = manifest.files(self._settings.take)
        taken = int(await self._site.remember.get(TAKEN) or 0)
        for at in range(taken, len(files)):
            try:
                draft = await self._whole(files[at][1], manifest.requiresAccessToken)
            except Refused as gone:
                renewed = (await renew()).files(self._settings.take)
                if [_kind(each) for each in renewed] != [_kind(each) for each in files]:
                    raise gone from None
                files = renewed
                draft = await self._whole(files[at][1], manifest.requiresAccessToken)
            try:
                await self._keep(receive, draft, *files[at], at + 1)
            finally:
                draft.close()
        return len(files)

    async def _whole(self, file: File, named: bool) -> Draft:
        """A file, downloaded again until it came whole; one that lacks resources which the server counts, a few times."""
        wait, short = float(self._settings.poll), 0
        while True:
            draft = Draft(self._site.home, self._settings.max_size)
            try:
                await self._jobs.download(file, named, draft.write)
                draft.check()
                if short >= SHORT or draft.resources >= (file.count or 0):
                    return draft
                short += 1
                raise Unavailable(
                    "not whole", "the file has fewer resources than the server says"
                )
            except (Refused, Misconfigured):
                draft.close()
                raise
            except DeliveryError as error:
                draft.close()
                wait = await wait_after(self._site, error, wait)
            except BaseException:
                draft.close()
                raise

    async def _keep(
        self, receive: Receive, draft: Draft, kind: str, file: File, number: int
    ) -> None:
        """Hand a file over until somebody keeps it; one without a line is none."""
        if file.count is not None and file.count != draft.resources:
            facts = {"said": file.count, "found": draft.resources}
            self._site.notice("warning", "export_count_differs", **facts)
        if not draft.size:
            await self._site.remember.put(TAKEN, str(number).encode())
            return
        while True:
            if await self._kept(receive, draft, kind, file, number):
                return
            await asyncio.sleep(AGAIN)

    async def _kept(
        self, receive: Receive, draft: Draft, kind: str, file: File, number: int
    ) -> bool:
        """Whether a file was kept; a cancellation lets the hand-over end first."""
        if self._site.pressure():
            return False
        inbound = Inbound(
            raw=await draft.body(self._site),
            received_at=self._site.now(),
            peer=urlsplit(self._settings.url).hostname or "",
            facts={"file_name": file.name(number), "folder": kind},
            mark=self._site.remember.mark(TAKEN, str(number).encode()),
        )
        handing = asyncio.ensure_future(receive(inbound))
        try:
            reply = await asyncio.shield(handing)
        except asyncio.CancelledError:
            await handing
            raise
        return reply.receipt is not None


def _kind(each: tuple[str, File]) -> tuple[str, str, int | None]:
    """By what two lists of files are the same although the addresses differ."""
    kind, file = each
    return kind, file.type, file.count
