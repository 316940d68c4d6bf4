"""Files of a folder as messages: each is taken once, when it is whole, and then put away."""

from __future__ import annotations

import asyncio

from engine.connectors import Receive, Site
from engine.connectors.file.folder import LocalFolder
from engine.connectors.file.settings import SourceSettings
from engine.folders.numbering import Warned
from engine.folders.watching import Watching


class Source:
    """Looks at a folder again and again (engine/folders/watching.py)."""

    def __init__(self, settings: SourceSettings, site: Site) -> None:
        folder = LocalFolder(settings, site.home)
        files = f"{settings.folder}/"
        self._watching = Watching(settings, site, folder, files=files, own="//")

    @property
    def ready(self) -> asyncio.Event:
        """Set while it watches."""
        return self._watching.ready

    async def run(self, receive: Receive) -> None:
        """Watch until cancelled; the file under way is finished first. OSError where the folder is missing."""
        await self._watching.run(receive)

    def warned(self) -> list[Warned] | None:
        """What people should be told of the files; None while one does not know yet."""
        return self._watching.warned()
