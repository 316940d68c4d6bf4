"""A folder of this machine, as the watching of folders asks for it."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from engine.connectors.file.disk import move_aside, sync_folder
from engine.connectors.file.looking import look, real, sight_of
from engine.connectors.file.settings import SourceSettings
from engine.folders import Chunks, Content, Listing
from engine.message import LARGE
from engine.wire.pickup import Sight

_PIECE = 1024 * 1024
#: Files that are read at a time.
_AT_ONCE = 4


class LocalFolder:
    """A folder of the disk. OSError where it is missing or may not be read."""

    def __init__(self, settings: SourceSettings, home: Path) -> None:
        self._settings = settings
        self._folder = home / settings.folder
        self.peer = settings.folder
        self.at_once = _AT_ONCE

    async def look(self) -> Listing:
        """What lies in it, but for what was put away inside it."""
        settings = self._settings
        away = {self._folder / each for each in (settings.archive, settings.move_to) if each}
        return await asyncio.to_thread(look, self._folder, settings.subfolders, away)

    async def read(self, sight: Sight) -> Content | None:
        """A file; a large one is read again when it is spooled, and must not change meanwhile."""
        return await asyncio.to_thread(_read, real(self._folder, sight.name), sight)

    async def put_away(self, sight: Sight, target: str, done: str) -> None:
        """Move or delete a file, then its done-file, and put the names on the disk."""
        await asyncio.to_thread(self._away, sight, target, done)

    def _away(self, sight: Sight, target: str, done: str) -> None:
        path = real(self._folder, sight.name)
        if target:
            folder = real(self._folder / target, sight.name).parent
            if self._settings.after == "archive":
                folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            move_aside(path, folder)
        else:
            path.unlink(missing_ok=True)
        if done:
            real(self._folder, done).unlink(missing_ok=True)
        sync_folder(path.parent)

    def path(self, below: str) -> str:
        """A folder inside it."""
        return f"{self._settings.folder}/{below}" if below else self._settings.folder


class _Unchanged(Chunks):
    """A file that is read more than once: each time it must be what it was."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self._looked = _looks(file)

    def __iter__(self) -> Iterator[bytes]:
        yield from super().__iter__()
        if _looks(self.file) != self._looked:
            raise OSError(errno.EBUSY, "changed while it was read")


def _looks(file: IO[bytes]) -> tuple[int, int]:
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns


def _read(path: Path, sight: Sight) -> Content | None:
    """None where it no longer looks as it did."""
    digest = hashlib.blake2b(digest_size=16)
    file = open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb")  # noqa: SIM115 (closed by whoever reads it)
    try:
        if sight.size <= LARGE:
            body = file.read(LARGE + 1)
            digest.update(body)
        else:
            while piece := file.read(_PIECE):
                digest.update(piece)
        whole = sight_of(sight.name, str(path)) == sight
        if whole and sight.size > LARGE:
            return Content(_Unchanged(file), digest.digest())
    except BaseException:
        file.close()
        raise
    file.close()
    return Content(body, digest.digest()) if whole else None
