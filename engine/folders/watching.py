"""Files of a folder as messages: each is taken once, when it is whole, and then put away."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec

from engine.errors import EngineError
from engine.folders import Folder, Listing, Receive, Site, hidden
from engine.folders.fetching import Fetching, Found, end, forget, is_room, reason
from engine.folders.numbering import Numbering, Warned
from engine.folders.registry import Registry, Taken
from engine.folders.settings import Pickup
from engine.message import Inbound
from engine.packing import Member
from engine.schedule import Schedule, Ticker
from engine.wire.file_names import shown
from engine.wire.pickup import Rules, Sight, day_of, done_file, ready, unsettled

#: Seconds between two looks while a file is not yet whole, however rarely one looks otherwise.
SETTLE = 1.0
#: Seconds after which a file that could not be opened is tried again: a key may have been put right.
TRY_AGAIN = 600.0


class Watching:
    """
    Looks into a folder at its times. Files are read ahead of their turn, and handed over one after the other in order.

    What was taken is remembered in the commit that keeps the message (`Inbound.mark`): a crash before the file is put
    away takes nothing twice. A file that comes again under its name is known by its content. Of an archive each member's
    commit remembers how far one is: a crash takes up with the next.
    """

    def __init__(
        self, settings: Pickup, site: Site, folder: Folder, *, files: str, own: str
    ) -> None:
        self._settings, self._site, self._folder = settings, site, folder
        self._rules = Rules(
            pattern=settings.pattern,
            minimum_age=settings.minimum_age,
            done=settings.done,
            order=settings.order,
        )
        self._registry = Registry(site.remember, site.now, settings, files, own)
        self._fetching = Fetching(settings, site, folder, self._registry)
        self._numbering = Numbering(settings.sequence, site, own)
        self._looked = f"{own}looked"
        self._before: dict[str, Sight] = {}
        self._known: dict[str, Sight] = {}
        self._stopping = False
        self.ready = asyncio.Event()

    async def run(self, receive: Receive) -> None:
        """
        Look until cancelled; the file under way is finished first. OSError and what else the folder raises where it cannot
        be looked into; nothing is lost.
        """
        try:
            await self._folder.look()
            await self._numbering.begin()
            self.ready.set()
            await self._keep_looking(receive, await self._ticker())
        finally:
            self.ready.clear()

    def warned(self) -> list[Warned] | None:
        """What people should be told now; None while one does not know yet."""
        if not self.ready.is_set():
            return None
        said = self._numbering.warned()
        left = [
            (since, why) for _, since, why in self._fetching.left.values() if "unpacked" in why
        ]
        if left:
            since, why = min(left)
            text = f"{len(left)} files could not be opened and stay where they are; the first: {why.partition(': ')[2]}"
            said.append(("file_not_unpacked", since, text))
        return said

    async def _ticker(self) -> Ticker:
        settings, site = self._settings, self._site
        schedule = settings.schedule or Schedule(every=settings.every)  # type: ignore[arg-type]
        found = await site.remember.get(self._looked) if schedule.cron else None
        return Ticker(schedule, site.zone, site.now, float(found) if found else None)

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
                await self._site.remember.put(self._looked, repr(ticker.last).encode())

    async def _finished(self, round_: Coroutine[Any, Any, float | None]) -> float | None:
        """A round, which a cancellation lets end."""
        task = asyncio.create_task(round_)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._stopping = True
            with suppress(EngineError, OSError):
                await task
            raise

    # -- one look ------------------------------------------------------------------------------------------

    async def _round(self, receive: Receive) -> float | None:
        """Take what is whole; seconds after which another look is due before its time, None = at its time."""
        listing = await self._folder.look()
        if listing.cut:
            self._fetching.say_once("", "too_many_files", "warning", most=len(listing.names))
        fresh = self._fresh(listing)
        before, self._before = self._before, {each.name: each for each in listing.files}
        whole = ready(self._site.now(), fresh, before, listing.names, self._rules)
        taken = whole[: self._settings.max_files]
        complete = await self._take_all(taken, receive)
        await self._registry.tidy(listing.names)
        await self._numbering.forget()
        if complete and len(taken) < len(whole):
            return 0.0
        if not unsettled(fresh, whole, self._rules):
            return None
        return max(SETTLE, self._settings.minimum_age)

    def _fresh(self, listing: Listing) -> list[Sight]:
        """The files that were not dealt with as they look now."""
        now, left = self._site.now(), self._fetching.left
        for name, (_, since, _) in list(left.items()):
            if name not in listing.names or now - since > TRY_AGAIN:
                del left[name]
        names = listing.names
        self._known = {name: sight for name, sight in self._known.items() if name in names}
        dealt = {**self._known, **{name: sight for name, (sight, _, _) in left.items()}}
        return [sight for sight in listing.files if dealt.get(sight.name) != sight]

    async def _take_all(self, sights: list[Sight], receive: Receive) -> bool:
        """Whether all were kept; those read ahead in vain are read again in the next look."""
        ahead: deque[tuple[Sight, asyncio.Task[Found | None]]] = deque()
        ending: set[asyncio.Task[None]] = set()
        left, most = deque(sights), 2 * self._folder.at_once
        try:
            while left or ahead:
                while left and is_room((sight for sight, _ in ahead), left[0], most):
                    sight = left.popleft()
                    ahead.append((sight, asyncio.create_task(self._fetching.fetch(sight))))
                found = await ahead[0][1]
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

    async def _hand_over(self, found: Found, receive: Receive) -> bool:
        """False where a message was not kept and the round must end: what follows must not overtake it."""
        if found.content is None:
            return True
        if found.taken is not None and self._is_again(found):
            self._site.notice("info", "file_taken_before", file=hidden(found.sight.name))
            await self._registry.put(Taken(sight=found.sight, digest=found.digest))
            found.drop()
            return True
        try:
            return await self._hand_over_all(found, receive)
        finally:
            found.drop()

    async def _hand_over_all(self, found: Found, receive: Receive) -> bool:
        members: list[Member | None] = [None] if found.members is None else [*found.members]
        if not members:
            self._site.notice("warning", "archive_empty", file=hidden(found.sight.name))
            await self._registry.put(Taken(sight=found.sight, digest=found.digest))
        for at in range(found.part, len(members)):
            if self._stopping or (at > found.part and self._site.pressure()):
                return False
            if not await self._hand_over_one(found, members[at], at + 1, len(members), receive):
                return False
        return True

    async def _hand_over_one(
        self, found: Found, member: Member | None, number: int, of: int, receive: Receive
    ) -> bool:
        last = number == of
        mark = Taken(sight=found.sight, digest=found.digest, members=0 if last else number)
        counts = self._numbering.next(found.sight) if last else None
        inbound = await self._inbound(found, member, mark)
        if counts is not None:
            inbound = msgspec.structs.replace(inbound, marks=(self._numbering.mark(counts),))
        reply = await receive(inbound)
        if reply.receipt is None:
            return False
        self._registry.marked(mark)
        if counts is not None:
            self._numbering.kept(counts)
        return True

    def _is_again(self, found: Found) -> bool:
        """Whether the same content under the same name is no new message."""
        taken = found.taken
        if taken is None or taken.digest != found.digest or taken.members:
            return False
        return self._settings.again == "changed" or self._settings.after == "leave"

    async def _inbound(self, found: Found, member: Member | None, mark: Taken) -> Inbound:
        below, _, name = shown(found.sight.name).rpartition("/")
        facts = {"file_name": name, "folder": self._folder.path(below)}
        if member is not None:
            facts = {**facts, "file_name": member.name, "archive": name}
        return Inbound(
            raw=await self._fetching.body(found, member),
            received_at=self._site.now(),
            peer=self._folder.peer,
            facts=facts,
            mark=self._registry.mark(mark),
        )

    # -- afterwards -----------------------------------------------------------------------------------------

    async def _put_away(self, found: Found) -> None:
        """Archive, move, delete or leave a file that was taken."""
        sight, settings = found.sight, self._settings
        self._known[sight.name] = sight
        if settings.after == "leave":
            return
        target = {"archive": settings.archive, "move": settings.move_to, "delete": ""}[
            settings.after
        ]
        if settings.after == "archive" and settings.archive_by_day:
            target += f"/{day_of(self._site.now())}"
        done = done_file(sight.name, self._rules) if self._rules.done else ""
        try:
            await self._folder.put_away(sight, target, done)
        except OSError as error:
            event = "file_not_put_away"
            self._fetching.say_once(sight.name, event, "error", reason=reason(error))
            return
        self._known.pop(sight.name, None)
        await self._registry.put_away(Taken(sight=sight, digest=found.digest, away=True))
