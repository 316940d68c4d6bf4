"""Files of a folder as messages: each is read once, when it is whole, and then archived, deleted or left."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path
from typing import Literal

import msgspec

from engine.connectors import Receive, Site
from engine.connectors.file.disk import move_aside, sync_folder
from engine.connectors.file.looking import look, sight_of
from engine.message import LARGE, Body, Inbound
from engine.schedule import Schedule, Ticker
from engine.settings import Duration, Size
from engine.wire.pickup import Rules, Sight, day_of, done_file, ready, unsettled

_CHUNK = 1024 * 1024
#: Seconds between two looks while a file is not yet whole, however rarely one looks otherwise.
SETTLE = 1.0
#: Under this name the time up to which everything was looked at is remembered.
_LOOKED = "//looked"


class SourceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Watches a folder; every file is one message."""

    folder: str
    """Folder to watch, relative to the home."""
    pattern: str = "*"
    """Names to take, `*.hl7`; hidden and temporary names are never taken."""
    subfolders: bool = False
    """Whether folders inside it are looked into too."""
    every: Duration = Duration(5)
    """Time between two looks."""
    schedule: Schedule | None = None
    """When to look, in place of `every`: `{cron: "0 6 * * mon-fri"}`."""
    minimum_age: Duration = Duration(2)
    """A file is taken when it has not changed for so long and looked the same twice."""
    done: str = ""
    """Name of the file by which the sender says that another is whole, `{name}.done` or `{stem}.ok`; empty = none."""
    order: Literal["name", "time"] = "name"
    """The order in which files of one look are taken."""
    after: Literal["archive", "delete", "leave"] = "archive"
    """What becomes of a file that was taken."""
    archive: str = "archive"
    """Folder for taken files, relative to the watched one unless absolute."""
    archive_by_day: bool = False
    """Whether the archive has a folder for every day, `2026-03-15` (UTC)."""
    max_size: Size = Size(200 * 1024 * 1024)
    """Longest file; longer ones are left and logged."""

    def __post_init__(self) -> None:
        if self.done and "{name}" not in self.done and "{stem}" not in self.done:
            raise ValueError("done: expected {name} or {stem} in it, such as {name}.done")
        if "/" in self.pattern or "/" in self.done:
            raise ValueError(
                "pattern: expected a name, not a path; the folder stands in folder:"
            )


class Taken(msgspec.Struct, frozen=True):
    """What is remembered of a file that was taken."""

    sight: Sight
    digest: bytes
    """BLAKE2b-128 of its content."""


class Content(msgspec.Struct, frozen=True):
    """One file, read."""

    chunks: list[bytes]
    size: int
    digest: bytes


class Source:
    """
    Looks at a folder again and again.

    What was taken is remembered in the commit that keeps the message (`Inbound.mark`), so that a crash between
    accepting and archiving reads nothing twice: the file that looks exactly like the remembered one is only
    archived. A file that is left in place is known by its content too: touched, it is not read again; sent again
    under its name with other content, it is.
    """

    def __init__(self, settings: SourceSettings, site: Site) -> None:
        self._settings = settings
        self._site = site
        self._folder = site.home / settings.folder
        self._archive = self._folder / settings.archive
        self._rules = Rules(
            pattern=settings.pattern,
            minimum_age=settings.minimum_age,
            done=settings.done,
            order=settings.order,
        )
        self._before: dict[str, Sight] = {}
        self._known: dict[str, Sight] = {}
        self._told: set[str] = set()
        self.ready = asyncio.Event()

    async def run(self, receive: Receive) -> None:
        """Watch until cancelled; the file under way is finished first. OSError where the folder is missing."""
        try:
            await asyncio.to_thread(self._look)
            self.ready.set()
            await self._keep_looking(receive, await self._ticker())
        finally:
            self.ready.clear()

    async def _ticker(self) -> Ticker:
        settings, site = self._settings, self._site
        schedule = settings.schedule or Schedule(every=settings.every)
        found = await site.remember.get(_LOOKED) if schedule.cron else None
        return Ticker(schedule, site.zone, site.now, float(found) if found else None)

    async def _keep_looking(self, receive: Receive, ticker: Ticker) -> None:
        by_clock = bool(self._settings.schedule and self._settings.schedule.cron)
        soon = None if by_clock else 0.0  # an interval begins with a look
        while True:
            due = await ticker.wait(soon)
            if due is not None and due.missed:
                self._site.notice("warning", "looks_missed", count=due.missed)
            round_ = asyncio.create_task(self._round(receive))
            try:
                soon = await asyncio.shield(round_)
            except asyncio.CancelledError:
                self._stopping = True
                await round_
                raise
            ticker.done()
            if by_clock and due is not None:
                await self._site.remember.put(_LOOKED, repr(ticker.last).encode())

    _stopping = False

    def _look(self) -> tuple[list[Sight], set[str]]:
        return look(self._folder, self._settings.subfolders, self._archive)

    async def _round(self, receive: Receive) -> float | None:
        """Take what is whole; seconds after which another look is due before its time, None = at its time."""
        seen, names = await asyncio.to_thread(self._look)
        whole = await self._take_ready(seen, names, receive)
        if not unsettled(seen, [*whole, *self._known.values()], self._rules):
            return None
        return max(SETTLE, self._settings.minimum_age)

    async def _take_ready(
        self, seen: list[Sight], names: set[str], receive: Receive
    ) -> list[Sight]:
        before, self._before = self._before, {sight.name: sight for sight in seen}
        self._known = {name: sight for name, sight in self._known.items() if name in names}
        fresh = [sight for sight in seen if self._known.get(sight.name) != sight]
        whole = ready(self._site.now(), fresh, before, names, self._rules)
        for sight in whole:
            if self._stopping or self._site.pressure():
                break
            if not await self._take(sight, receive):
                break  # nobody kept it; what follows must not overtake it
        return whole

    async def _take(self, sight: Sight, receive: Receive) -> bool:
        """Take one file; False where the message was not kept and the round must end."""
        name = f"{self._settings.folder}/{sight.name}"
        found = await self._site.remember.get(name)
        taken = msgspec.msgpack.decode(found, type=Taken) if found else None
        if taken is not None and taken.sight == sight:
            await self._finish(sight, name)
            return True
        content = await self._read(sight)
        if content is None:
            return True
        mark = msgspec.msgpack.encode(Taken(sight, content.digest))
        if (
            taken is not None
            and taken.digest == content.digest
            and self._settings.after == "leave"
        ):
            await self._site.remember.put(name, mark)
            self._known[sight.name] = sight
            return True
        reply = await receive(await self._inbound(sight, content, name, mark))
        if reply.receipt is None:
            return False
        await self._finish(sight, name)
        return True

    async def _inbound(self, sight: Sight, content: Content, name: str, mark: bytes) -> Inbound:
        raw: Body = b"".join(content.chunks) if content.size <= LARGE else b""
        if content.size > LARGE:
            raw = await self._site.spool(content.chunks)
        below, _, file_name = sight.name.rpartition("/")
        folder = f"{self._settings.folder}/{below}" if below else self._settings.folder
        return Inbound(
            raw=raw,
            received_at=self._site.now(),
            peer=self._settings.folder,
            facts={"file_name": file_name, "folder": folder},
            mark=self._site.remember.mark(name, mark),
        )

    async def _read(self, sight: Sight) -> Content | None:
        """The content; None where the file is too long, cannot be read, or is still changing."""
        if sight.size > self._settings.max_size:
            self._known[sight.name] = sight
            self._site.notice("error", "file_too_large", size=sight.size, inode=sight.inode)
            return None
        try:
            return await asyncio.to_thread(_content, self._folder / sight.name, sight)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._tell(sight, "file_not_readable", error)
            return None

    async def _finish(self, sight: Sight, name: str) -> None:
        """Archive, delete or leave a file that was taken, then forget it where it is gone."""
        if self._settings.after == "leave":
            self._known[sight.name] = sight
            return
        try:
            await asyncio.to_thread(self._put_away, sight)
        except OSError as error:
            self._tell(sight, "file_not_put_away", error)
            return
        await self._site.remember.put(name, None)

    def _put_away(self, sight: Sight) -> None:
        path = self._folder / sight.name
        if self._settings.after == "delete":
            path.unlink(missing_ok=True)
        else:
            archive = self._archive
            if self._settings.archive_by_day:
                archive /= day_of(self._site.now())
            archive = (archive / sight.name).parent
            archive.mkdir(mode=0o750, parents=True, exist_ok=True)
            move_aside(path, archive)
        if self._rules.done:
            (self._folder / done_file(sight.name, self._rules)).unlink(missing_ok=True)
        sync_folder(path.parent)

    def _tell(self, sight: Sight, event: str, error: OSError) -> None:
        """Say once what cannot be done; a file's name may be a patient's, its inode is not."""
        if sight.name not in self._told:
            self._told.add(sight.name)
            self._site.notice("error", event, inode=sight.inode, reason=error.strerror)


def _content(path: Path, sight: Sight) -> Content | None:
    """Read it whole; None where it no longer looks as it did."""
    chunks: list[bytes] = []
    digest = hashlib.blake2b(digest_size=16)
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        while chunk := file.read(_CHUNK):
            chunks.append(chunk)
            digest.update(chunk)
    if sight_of(sight.name, str(path)) != sight:
        return None
    return Content(chunks, sum(map(len, chunks)), digest.digest())
