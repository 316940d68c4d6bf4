"""One file on its way from a folder to the line: read, and opened where it is packed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial

import msgspec

from engine.errors import MessageError
from engine.folders import Chunks, Content, Folder, Site, as_body, hidden
from engine.folders.registry import Registry, Taken
from engine.folders.settings import Pickup
from engine.message import LARGE, Body
from engine.packing import Member
from engine.packing.opening import unpacked
from engine.packing.settings import listed
from engine.wire.file_names import shown
from engine.wire.pickup import Sight

#: Bytes that are read ahead, besides the file whose turn it is.
AHEAD = 64 * 1024 * 1024


class Found(msgspec.Struct, frozen=True):
    """One file, read or known."""

    sight: Sight
    taken: Taken | None
    """What is remembered of its name."""
    content: Content | None
    """None where just this file was taken already."""
    members: list[Member] | None = None
    """What was in it, where it is unpacked."""

    @property
    def digest(self) -> bytes:
        """The content's."""
        if self.content is not None:
            return self.content.digest
        return self.taken.digest if self.taken is not None else b""

    @property
    def part(self) -> int:
        """How many of its members were taken before, in a round that did not end."""
        taken = self.taken
        same = taken is not None and self.content is not None and taken.digest == self.digest
        return taken.members if taken is not None and same and not taken.away else 0

    def drop(self) -> None:
        """Let go of the content."""
        if self.content is not None:
            self.content.drop()


class Fetching:
    """Reads and opens files; what cannot be is said once, and tried again when it has changed or a while has passed."""

    def __init__(
        self, settings: Pickup, site: Site, folder: Folder, registry: Registry
    ) -> None:
        self._settings, self._site, self._folder = settings, site, folder
        self._registry = registry
        self._steps = listed(settings.unpack)
        self._told: set[str] = set()
        self.left: dict[str, tuple[Sight, float, str]] = {}
        """Files that are left where they are: how they looked, since when, and why."""

    async def fetch(self, sight: Sight) -> Found | None:
        """The file, its content only where it was not taken already; None where it cannot be taken now."""
        if sight.size > self._settings.max_size:
            self._leave(sight, "file_too_large", "it is longer than max_size", size=sight.size)
            return None
        taken = await self._registry.get(sight.name)
        if taken is not None and taken.sight == sight and not taken.away and not taken.members:
            return Found(sight, taken, None)
        try:
            content = await self._folder.read(sight)
        except FileNotFoundError:
            return None
        except OSError as error:
            why = reason(error)
            self._leave(sight, "file_not_readable", why, reason=why)
            return None
        if content is None or not self._steps:
            return Found(sight, taken, content) if content is not None else None
        return await self._opened(Found(sight, taken, content))

    async def _opened(self, found: Found) -> Found | None:
        """With its members; what a stranger's file does must not stop the others."""
        sight, settings = found.sight, self._settings
        assert found.content is not None
        body = found.content.body
        content = body.file if isinstance(body, Chunks) else body
        name = shown(sight.name).rpartition("/")[2]
        work = partial(unpacked, name, content, self._steps, settings.max_size, self._site.home)
        try:
            members = await asyncio.to_thread(work)
        except MessageError as error:
            found.drop()
            self._leave(sight, "file_not_unpacked", error.rule, reason=error.code)
            return None
        except BaseException:
            found.drop()
            raise
        self.left.pop(sight.name, None)
        return msgspec.structs.replace(found, members=members)

    async def body(self, found: Found, member: Member | None) -> Body:
        """The body of a message: the file, or one member of it."""
        if member is not None:
            return await as_body(self._site, member.size, _Again(member), LARGE)
        assert found.content is not None
        whole = found.content.body
        return whole if isinstance(whole, bytes) else await self._site.spool(whole)

    def _leave(self, sight: Sight, event: str, why: str, **facts: object) -> None:
        self.left[sight.name] = (sight, self._site.now(), f"{event}: {why}")
        self.say_once(sight.name, event, "error", **facts)

    def say_once(self, name: str, event: str, level: str, **facts: object) -> None:
        """Say once what cannot be done."""
        if name not in self._told:
            self._told.add(name)
            self._site.notice(level, event, file=hidden(name), **facts)


class _Again:
    """A member's bytes, as often as they are gone through."""

    def __init__(self, member: Member) -> None:
        self._member = member

    def __iter__(self) -> Iterator[bytes]:
        return self._member.read()


def reason(error: OSError) -> str:
    """What a system or a server said, in words that name no file."""
    if isinstance(error, PermissionError):
        return "not permitted"
    return error.strerror.lower() if error.errno and error.strerror else "it was refused"


def is_room(ahead: Iterable[Sight], following: Sight, most: int) -> bool:
    """Whether one more file may be read ahead of its turn."""
    under_way = list(ahead)
    size = sum(sight.size for sight in under_way) + following.size
    return not under_way or (len(under_way) < most and size <= AHEAD)


async def end(
    ahead: deque[tuple[Sight, asyncio.Task[Found | None]]], ending: set[asyncio.Task[None]]
) -> None:
    """Wait for everything under way; raises what went wrong in putting away."""
    tasks = [task for _, task in ahead]
    for found in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(found, Found):
            found.drop()
    for problem in await asyncio.gather(*ending, return_exceptions=True):
        if isinstance(problem, BaseException):
            raise problem


def forget(ending: set[asyncio.Task[None]], task: asyncio.Task[None]) -> None:
    """A task that went well is not waited for."""
    if not task.cancelled() and task.exception() is None:
        ending.discard(task)
