"""Files of a partner's server as messages: each is taken once, when it is whole, and then put away."""

from __future__ import annotations

import asyncio

from engine.connectors import Receive, Site
from engine.connectors.sftp.folder import RemoteFolder
from engine.connectors.sftp.pool import Pool
from engine.connectors.sftp.settings import SourceSettings
from engine.folders.numbering import Warned
from engine.folders.watching import Watching


class Source:
    """Looks into a folder of a server at its times (engine/folders/watching.py), over several connections."""

    def __init__(self, settings: SourceSettings, site: Site) -> None:
        self._pool = Pool(settings, site.home)
        folder = RemoteFolder(settings, site.home, self._pool)
        self._watching = Watching(settings, site, folder, files="file/", own="")

    @property
    def ready(self) -> asyncio.Event:
        """Set while it watches."""
        return self._watching.ready

    async def run(self, receive: Receive) -> None:
        """
        Look until cancelled; the file under way is finished first. Unavailable, Misconfigured where the server cannot be
        used: what is under way is finished, and nothing is lost.
        """
        try:
            await self._watching.run(receive)
        finally:
            await self._pool.close()

    def warned(self) -> list[Warned] | None:
        """What people should be told of the files; None while one does not know yet."""
        return self._watching.warned()
