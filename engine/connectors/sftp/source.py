"""Files of a partner's server as messages: each is taken once, when it is whole, and then put away."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

from engine.connectors import Receive, Site
from engine.connectors.sftp.download import Chunks, Content, download
from engine.connectors.sftp.found import Found, end, forget
from engine.connectors.sftp.listing import Listing, joined, look, put_away, remove
from engine.connectors.sftp.pool import Pool
from engine.connectors.sftp.registry import Registry, Taken
from engine.connectors.sftp.session import Lost, Session
from engine.connectors.sftp.settings import SourceSettings
from engine.errors import Misconfigured, Unavailable
from engine.message import Body, Inbound
from engine.schedule import Schedule, Ticker
from engine.wire.pickup import Rules, Sight, day_of, done_file, ready, unsettled

#: Seconds between two looks while a file is not yet whole, however rarely one looks otherwise.
SETTLE = 1.0
#: Under this name the time up to which everything was looked at is remembered.
_LOOKED = "looked"


class Source:
    """
    Looks into a folder at its times. Files are read over several connections, ahead of their turn, and handed over one
    after the other in order.

    What was taken is remembered in the commit that keeps the message (`Inbound.mark`): a crash before the file is put
    away takes nothing twice. A file that comes again under its name is known by its content.
    """

    def __init__(self, settings: SourceSettings, site: Site) -> None:
        self._settings, self._site = settings, site
        self._rules = Rules(
            pattern=settings.pattern,
            minimum_age=settings.minimum_age,
            done=settings.done,
            order=settings.order,
        )
        self._registry = Registry(site.remember, site.now, settings)
        self._before: dict[str, Sight] = {}
        self._known: dict[str, Sight] = {}
        self._told: set[str] = set()
        self._stopping = False
        self.ready = asyncio.Event()
        self._pool: Pool

    async def run(self, receive: Receive) -> None:
        """
        Look until cancelled; the file under way is finished first. Unavailable, Misconfigured where the server cannot be
        used: what is under way is finished, and nothing is lost.
        """
        self._pool = Pool(self._settings, self._site.home)
        try:
            await self._look()
            self.ready.set()
            await self._keep_looking(receive, await self._ticker())
        except Lost as error:
            raise Unavailable("connection lost", str(error)) from None
        finally:
            self.ready.clear()
            await self._pool.close()

    async def _ticker(self) -> Ticker:
        settings, site = self._settings, self._site
        schedule = settings.schedule or Schedule(every=settings.every)
        found = await site.remember.get(_LOOKED) if schedule.cron else None
        last = float(found) if found else None
        return Ticker(schedule, site.zone, site.now, last)

    async def _keep_looking(self, receive: Receive, ticker: Ticker) -> None:
        by_clock = bool(self._settings.schedule and self._settings.schedule.cron)
        soon = None if by_clock else 0.0  # an interval begins with a look
        while True:
            due = await ticker.wait(soon)
            if due is not None and due.missed:
                self._site.notice("warning", "looks_missed", count=due.missed)
            soon = await self._finished(self._round(receive))
            ticker.done()
            if by_clock and due is not None:
                await self._site.remember.put(_LOOKED, repr(ticker.last).encode())

    async def _finished(self, round_: Coroutine[Any, Any, float | None]) -> float | None:
        """A round, which a cancellation lets end."""
        task = asyncio.create_task(round_)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._stopping = True
            with suppress(Lost, Unavailable, Misconfigured, OSError):
                await task
            raise

    # -- one look ------------------------------------------------------------------------------------------

    async def _look(self) -> Listing:
        settings = self._settings
        away = {
            joined(settings.folder, each)
            for each in (settings.archive, settings.move_to)
            if each
        }
        job = partial(look, folder=settings.folder, deep=settings.subfolders, passed_over=away)
        return await self._pool.run(job)

    async def _round(self, receive: Receive) -> float | None:
        """Take what is whole; seconds after which another look is due before its time, None = at its time."""
        listing = await self._look()
        if listing.cut:
            self._say_once("", "folder_too_full", "error", most=len(listing.names))
        before, self._before = self._before, {each.name: each for each in listing.files}
        self._known = {
            name: each for name, each in self._known.items() if name in listing.names
        }
        fresh = [each for each in listing.files if self._known.get(each.name) != each]
        whole = ready(self._site.now(), fresh, before, listing.names, self._rules)
        taken = whole[: self._settings.max_files]
        complete = await self._take_all(taken, receive)
        await self._registry.tidy(listing.names)
        if complete and len(taken) < len(whole):
            return 0.0
        return (
            max(SETTLE, self._settings.minimum_age)
            if unsettled(fresh, whole, self._rules)
            else None
        )

    async def _take_all(self, sights: list[Sight], receive: Receive) -> bool:
        """Whether all were kept; those read ahead in vain are read again in the next look."""
        ahead: deque[asyncio.Task[Found | None]] = deque()
        ending: set[asyncio.Task[None]] = set()
        left = deque(sights)
        try:
            while left or ahead:
                while left and len(ahead) < 2 * self._settings.connections:
                    ahead.append(asyncio.create_task(self._fetch(left.popleft())))
                found = await ahead[0]
                if self._stopping or self._site.pressure():
                    return False
                if found is not None:
                    if not await self._hand_over(found, receive):
                        return False
                    task = asyncio.create_task(self._put_away(found))
                    ending.add(task)
                    task.add_done_callback(partial(forget, ending))
                ahead.popleft()
            return True
        finally:
            await end(ahead, ending)

    # -- one file -------------------------------------------------------------------------------------------

    async def _fetch(self, sight: Sight) -> Found | None:
        """The content, unless just this file was taken already; None where it cannot be taken now."""
        if sight.size > self._settings.max_size:
            self._known[sight.name] = sight
            self._say_once(sight.name, "file_too_large", "error", size=sight.size)
            return None
        taken = await self._registry.get(sight.name)
        if taken is not None and taken.sight == sight and not taken.away:
            return Found(sight, taken, None)
        job = partial(download, folder=self._settings.folder, seen=sight, home=self._site.home)
        try:
            content = await self._pool.run(job)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._say_once(sight.name, "file_not_readable", "error", reason=_reason(error))
            return None
        return Found(sight, taken, content) if content is not None else None

    async def _hand_over(self, found: Found, receive: Receive) -> bool:
        """False where the message was not kept and the round must end: what follows must not overtake it."""
        content = found.content
        if content is None:
            return True
        mark = Taken(sight=found.sight, digest=content.digest)
        if found.taken is not None and self._is_again(found.taken, content):
            found.drop()
            self._site.notice("info", "file_taken_before")
            await self._registry.put(mark)
            return True
        reply = await receive(await self._inbound(found.sight, content, mark))
        if reply.receipt is not None:
            self._registry.marked(mark)
        return reply.receipt is not None

    def _is_again(self, taken: Taken, content: Content) -> bool:
        """Whether the same content under the same name is no new message."""
        if taken.digest != content.digest:
            return False
        return self._settings.again == "changed" or self._settings.after == "leave"

    async def _inbound(self, sight: Sight, content: Content, mark: Taken) -> Inbound:
        raw: Body
        if isinstance(content.body, Chunks):
            try:
                raw = await self._site.spool(content.body)
            finally:
                content.body.close()
        else:
            raw = content.body
        folder, _, name = sight.name.rpartition("/")
        settings = self._settings
        return Inbound(
            raw=raw,
            received_at=self._site.now(),
            peer=f"{settings.user}@{settings.host}",
            facts={"file_name": name, "folder": joined(settings.folder, folder)},
            mark=self._registry.mark(mark),
        )

    # -- afterwards -----------------------------------------------------------------------------------------

    async def _put_away(self, found: Found) -> None:
        """Archive, move, delete or leave a file that was taken."""
        sight = found.sight
        self._known[sight.name] = sight
        if self._settings.after == "leave":
            return
        try:
            await self._pool.run(partial(self._away, sight))
        except OSError as error:
            self._say_once(sight.name, "file_not_put_away", "error", reason=_reason(error))
            return
        self._known.pop(sight.name, None)
        await self._registry.put_away(Taken(sight=sight, digest=found.digest, away=True))

    def _away(self, sight: Sight, session: Session) -> None:
        settings = self._settings
        path = joined(settings.folder, sight.name)
        if settings.after == "delete":
            remove(session, path)
        else:
            target = settings.move_to if settings.after == "move" else settings.archive
            if settings.after == "archive" and settings.archive_by_day:
                target = joined(target, day_of(self._site.now()))
            put_away(session, path, joined(joined(settings.folder, target), sight.name))
        if self._rules.done:
            remove(session, joined(settings.folder, done_file(sight.name, self._rules)))

    def _say_once(self, name: str, event: str, level: str, **facts: object) -> None:
        """Say once what cannot be done; a file's name may be a patient's, a short hash of it is not."""
        if name not in self._told:
            self._told.add(name)
            file = hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=4).hexdigest()
            self._site.notice(level, event, file=file, **facts)


def _reason(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "not permitted"
    return "the server refused"
