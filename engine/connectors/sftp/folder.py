"""A folder of a partner's server, as the watching of folders asks for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from engine.connectors.sftp.download import download
from engine.connectors.sftp.listing import joined, look, put_away, remove
from engine.connectors.sftp.pool import Pool
from engine.connectors.sftp.session import Lost, Session
from engine.connectors.sftp.settings import SourceSettings
from engine.errors import Unavailable
from engine.folders import Content, Listing
from engine.wire.pickup import Sight

Result = TypeVar("Result")


class RemoteFolder:
    """Asks over a pool of connections. Unavailable, Misconfigured where the server cannot be used."""

    def __init__(self, settings: SourceSettings, home: Path, pool: Pool) -> None:
        self._settings, self._home, self._pool = settings, home, pool
        self.peer = f"{settings.user}@{settings.host}"
        self.at_once = settings.connections

    async def look(self) -> Listing:
        """What lies in it, but for what was put away inside it."""
        settings = self._settings
        away = {
            joined(settings.folder, each)
            for each in (settings.archive, settings.move_to)
            if each
        }
        job = partial(look, folder=settings.folder, deep=settings.subfolders, passed_over=away)
        return await self._run(job)

    async def read(self, sight: Sight) -> Content | None:
        """A file; large ones through a nameless file of the home."""
        folder, home = self._settings.folder, self._home
        return await self._run(partial(download, folder=folder, seen=sight, home=home))

    async def put_away(self, sight: Sight, target: str, done: str) -> None:
        """Move or delete a file, then its done-file."""
        await self._run(partial(self._away, sight, target, done))

    def _away(self, sight: Sight, target: str, done: str, session: Session) -> None:
        folder = self._settings.folder
        path = joined(folder, sight.name)
        if target:
            put_away(session, path, joined(joined(folder, target), sight.name))
        else:
            remove(session, path)
        if done:
            remove(session, joined(folder, done))

    def path(self, below: str) -> str:
        """A folder inside it."""
        return joined(self._settings.folder, below)

    async def _run(self, job: Callable[[Session], Result]) -> Result:
        try:
            return await self._pool.run(job)
        except Lost as error:
            raise Unavailable("connection lost", str(error)) from None
