"""Files of a folder as messages: each is read once, when it is whole, and then archived, deleted or left."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
from pathlib import Path
from typing import Literal

import msgspec

from engine.connectors import Receive, Site
from engine.connectors.file.disk import move_aside, sync_folder
from engine.message import LARGE, Body, Inbound
from engine.settings import Duration, Size
from engine.wire.pickup import Rules, Sight, done_file, ready

_CHUNK = 1024 * 1024


class SourceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Watches a folder; every file is one message."""

    folder: str
    """Folder to watch, relative to the home."""
    pattern: str = "*"
    """Names to take, `*.hl7`; hidden and temporary names are never taken."""
    every: Duration = Duration(5)
    """Time between two looks."""
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
            while True:
                seen, names = await asyncio.to_thread(_look, self._folder)
                self.ready.set()
                round_ = asyncio.ensure_future(self._take_ready(seen, names, receive))
                try:
                    await asyncio.shield(round_)
                except asyncio.CancelledError:
                    self._stopping = True
                    await round_
                    raise
                await asyncio.sleep(self._settings.every)
        finally:
            self.ready.clear()

    _stopping = False

    async def _take_ready(self, seen: list[Sight], names: set[str], receive: Receive) -> None:
        before, self._before = self._before, {sight.name: sight for sight in seen}
        self._known = {name: sight for name, sight in self._known.items() if name in names}
        fresh = [sight for sight in seen if self._known.get(sight.name) != sight]
        for sight in ready(self._site.now(), fresh, before, names, self._rules):
            if self._stopping or self._site.pressure():
                return
            if not await self._take(sight, receive):
                return  # nobody kept it; what follows must not overtake it

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
        return Inbound(
            raw=raw,
            received_at=self._site.now(),
            peer=self._settings.folder,
            facts={"file_name": sight.name, "folder": self._settings.folder},
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
            self._archive.mkdir(mode=0o750, parents=True, exist_ok=True)
            move_aside(path, self._archive)
        if self._rules.done:
            (self._folder / done_file(sight.name, self._rules)).unlink(missing_ok=True)
        sync_folder(self._folder)

    def _tell(self, sight: Sight, event: str, error: OSError) -> None:
        """Say once what cannot be done; a file's name may be a patient's, its inode is not."""
        if sight.name not in self._told:
            self._told.add(sight.name)
            self._site.notice("error", event, inode=sight.inode, reason=error.strerror)


def _look(folder: Path) -> tuple[list[Sight], set[str]]:
    """Every regular file (links are not followed: they lead out of the folder), and every name."""
    seen: list[Sight] = []
    names: set[str] = set()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                names.add(entry.name)
                if entry.is_file(follow_symlinks=False):
                    sight = _sight(entry.name, entry.path)
                    seen += [sight] if sight is not None else []
    except FileNotFoundError:
        raise OSError(errno.ENOENT, f"the folder {folder} does not exist") from None
    except PermissionError:
        raise OSError(errno.EACCES, f"the folder {folder} may not be read") from None
    return seen, names


def _sight(name: str, path: str) -> Sight | None:
    try:
        found = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:  # taken away meanwhile
        return None
    return Sight(name=name, size=found.st_size, modified=found.st_mtime_ns, inode=found.st_ino)


def _content(path: Path, sight: Sight) -> Content | None:
    """Read it whole; None where it no longer looks as it did."""
    chunks: list[bytes] = []
    digest = hashlib.blake2b(digest_size=16)
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        while chunk := file.read(_CHUNK):
            chunks.append(chunk)
            digest.update(chunk)
    if _sight(sight.name, str(path)) != sight:
        return None
    return Content(chunks, sum(map(len, chunks)), digest.digest())
