"""Large bodies: files named by their digest, on the disk before the row that names them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from engine.errors import StoreError
from engine.message import LARGE, Body, Spooled
from engine.store.home import large_folder, sync_folder
from engine.store.schema import PLAIN


def digest_of(chunks: Iterable[bytes]) -> bytes:
    """BLAKE2b-128 of the chunks together."""
    digest = hashlib.blake2b(digest_size=16)
    for chunk in chunks:
        digest.update(chunk)
    return digest.digest()


def write(home: Path, chunks: Iterable[bytes]) -> Spooled:
    """Write, fsync, rename to the digest, fsync the folder. Goes through the chunks once. Blocks: not for the loop."""
    folder = large_folder(home)
    draft = folder / f".{secrets.token_hex(16)}"
    digest, size = hashlib.blake2b(digest_size=16), 0
    try:
        with open(draft, "xb", opener=_private) as file:
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            file.flush()
            os.fsync(file.fileno())
        path = folder / digest.hexdigest()
        with locked(home):
            os.rename(
                draft, path
            )  # over an equal one, so that its time is new and pruning leaves it alone
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(folder)
    return Spooled(path=str(path), size=size, digest=digest.digest())


def written(home: Path, chunks: Iterable[bytes]) -> Body:
    """The same; few bytes are not put into a file."""
    some: list[bytes] = []
    size = 0
    left = iter(chunks)
    for chunk in left:
        some.append(chunk)
        size += len(chunk)
        if size > LARGE:
            return write(home, chain(some, left))
    return b"".join(some)


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Keep other processes and threads from renaming or removing large bodies meanwhile."""
    handle = os.open(large_folder(home), os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def place(home: Path, codec: int, stored: bytes | None) -> Body:
    """The body that a content row stands for. StoreError when it was pruned."""
    if stored is None:
        raise StoreError("the body was pruned: only what is known about the message is left")
    if codec == PLAIN:
        return stored
    digest = stored[:16]
    path = large_folder(home) / digest.hex()
    return Spooled(path=str(path), size=int.from_bytes(stored[16:24], "big"), digest=digest)


def load(body: Body) -> bytes:
    """The bytes of a body. Blocks where it is a file. StoreError when the file is not there."""
    if isinstance(body, bytes):
        return body
    try:
        return Path(body.path).read_bytes()
    except OSError as error:
        raise StoreError(f"a large body cannot be read: {error.strerror}") from None
