"""
Folders that partners leave files in, whichever way one reaches them: what the connectors `file` and `sftp` have in common.
Which files may be taken is `engine/wire/pickup.py`; what they are packed in, `engine/packing`.

    watching   looks at a folder at its times and hands every file over, once and in order
    fetching   one file read and opened
    registry   what was taken
    sequence   a partner's numbered files: which are missing, which came twice. Pure
    settings   what both connectors check, and `sequence:`
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Protocol

import msgspec

from engine.message import Body, Inbound, Reply, Spooled
from engine.wire.pickup import Sight

#: Entries of one look most, and how deep it goes.
MOST, DEEPEST = 100_000, 16
Receive = Callable[[Inbound], Awaitable[Reply]]


class Site(Protocol):
    """What of a connector's site is needed here (engine/connectors/__init__.py)."""

    @property
    def home(self) -> Path: ...
    @property
    def notice(self) -> Callable[..., None]: ...
    @property
    def now(self) -> Callable[[], float]: ...
    @property
    def spool(self) -> Callable[[Iterable[bytes]], Awaitable[Spooled]]: ...
    @property
    def pressure(self) -> Callable[[], bool]: ...
    @property
    def zone(self) -> str: ...
    @property
    def remember(self) -> Any: ...


class Listing(msgspec.Struct, frozen=True):
    """One look."""

    files: list[Sight]
    """Regular files, by their path from the folder."""
    names: set[str]
    """Every path, done-files too."""
    cut: bool = False
    """Whether there was more than MOST."""


class Chunks:
    """The content of a file, a piece at a time, as often as it is asked for."""

    _PIECE = 1024 * 1024

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(0)
        while piece := self.file.read(self._PIECE):
            yield piece

    def close(self) -> None:
        """Let go of it."""
        self.file.close()


class Content(msgspec.Struct, frozen=True):
    """One file, read."""

    body: bytes | Chunks
    digest: bytes
    """BLAKE2b-128 of it."""

    def drop(self) -> None:
        """Let go of it."""
        if isinstance(self.body, Chunks):
            self.body.close()


class Folder(Protocol):
    """A folder as one connector reaches it. Names are paths from the folder."""

    peer: str
    """Whose files they are, for the trail."""
    at_once: int
    """Files that may be read at a time."""

    async def look(self) -> Listing:
        """What lies in it. OSError, Unavailable, Misconfigured where it cannot be read."""

    async def read(self, sight: Sight) -> Content | None:
        """A file; None where it is gone or no longer looks as it did. OSError where it may not be read."""

    async def put_away(self, sight: Sight, target: str, done: str) -> None:
        """
        Move a taken file into the folder `target` under a free name, or delete it where that is empty, and remove its
        done-file (empty = it has none). OSError where it cannot.
        """

    def path(self, below: str) -> str:
        """A folder inside it as `meta.folder` names it."""


def hidden(name: str) -> str:
    """A file's name as the log may show it: the name may be a patient's, a short hash of it is not."""
    return hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=4).hexdigest()


async def as_body(site: Site, size: int, chunks: Iterable[bytes], large: int) -> Body:
    """Chunks as a message's body: spooled where there are more than `large` bytes."""
    return b"".join(chunks) if size <= large else await site.spool(chunks)
