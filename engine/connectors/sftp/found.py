"""Files on their way from a server to the line, and the work that is under way for them."""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

from engine.connectors.sftp.download import Chunks, Content
from engine.connectors.sftp.registry import Taken
from engine.wire.pickup import Sight


class Found(msgspec.Struct, frozen=True):
    """One file, read or known."""

    sight: Sight
    taken: Taken | None
    """What is remembered of its name."""
    content: Content | None
    """None where just this file was taken already."""

    @property
    def digest(self) -> bytes:
        """The content's."""
        if self.content is not None:
            return self.content.digest
        return self.taken.digest if self.taken is not None else b""

    def drop(self) -> None:
        """Let go of the content."""
        if self.content is not None and isinstance(self.content.body, Chunks):
            self.content.body.close()


async def end(
    ahead: deque[asyncio.Task[Found | None]], ending: set[asyncio.Task[None]]
) -> None:
    """Wait for everything under way; raises what went wrong in putting away."""
    for found in await asyncio.gather(*ahead, return_exceptions=True):
        if isinstance(found, Found):
            found.drop()
    for problem in await asyncio.gather(*ending, return_exceptions=True):
        if isinstance(problem, BaseException):
            raise problem


def forget(ending: set[asyncio.Task[None]], task: asyncio.Task[None]) -> None:
    """A task that went well is not waited for."""
    if not task.cancelled() and task.exception() is None:
        ending.discard(task)
