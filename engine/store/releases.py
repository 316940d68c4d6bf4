"""The texts that channels were made of, each kept once, so that every message leads to the files that decided about it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import apsw
import msgspec

from engine.store.schema import first, queries

_SQL = queries("releases")


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """A release of a channel that is put to use."""

    channel: str
    release: str
    texts: Mapping[str, bytes]
    """The files it is made of, by path below the home."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A release of a channel that was put to use."""

    release: str
    at: float
    """Seconds since 1970."""
    who: str
    """Who ordered the reload; empty = the engine was started, or a file was edited."""
    files: dict[str, str]
    """By path below the home the digest of the text, in hex."""


class Packed(msgspec.Struct, frozen=True):
    """Releases as they are written; packing takes time, so it is done before the transaction."""

    rows: list[tuple[str, str, str]]
    """Channel, release, files as JSON."""
    texts: dict[bytes, bytes]


def packed(used: Sequence[Used]) -> Packed:
    """Every text once, deflated."""
    rows: list[tuple[str, str, str]] = []
    texts: dict[bytes, bytes] = {}
    for one in used:
        files = {}
        for path, text in one.texts.items():
            digest = digest_of(text)
            files[path] = digest.hex()
            if digest not in texts:
                texts[digest] = zlib.compress(text)
        rows.append((one.channel, one.release, json.dumps(files)))
    return Packed(rows, texts)


def digest_of(text: bytes) -> bytes:
    """By what a text is known."""
    return blake2b(text, digest_size=16).digest()


def is_new(connection: apsw.Connection, channel: int, release: str) -> bool:
    """Whether a channel was last made of something else."""
    row = first(connection, _SQL["latest"], (channel,))
    return row is None or bool(row[0] != release)


def write(
    connection: apsw.Connection,
    number: Callable[[str], int],
    given: Packed,
    who: str,
    at: float,
) -> int:
    """Keep what is not the channel's latest release already; how many. Runs in the writer's transaction."""
    new = [
        (number(channel), release, files)
        for channel, release, files in given.rows
        if is_new(connection, number(channel), release)
    ]
    wanted = {digest for _, _, files in new for digest in json.loads(files).values()}
    for digest, text in given.texts.items():
        if digest.hex() in wanted:
            connection.execute(_SQL["text"], (digest, text))
    for channel, release, files in new:
        connection.execute(_SQL["release"], (channel, release, at, who, files))
    return len(new)


def kept(row: Sequence[Any]) -> Kept:
    """A row of the read side."""
    release, at, who, files = row
    return Kept(release=release, at=at, who=who, files=json.loads(files))


def findings(execute: Callable[..., Any]) -> Iterator[str]:
    """What is not sound about them, for `verify`."""
    known: set[str] = set()
    for digest, text in _walk(execute, "texts", b""):
        known.add(bytes(digest).hex())
        try:
            sound = digest_of(zlib.decompress(text)) == digest
        except zlib.error:
            sound = False
        if not sound:
            yield f"the text {bytes(digest).hex()} of a release is damaged"
    used: set[str] = set()
    for id, release, files, has_channel in _walk(execute, "releases", 0):
        try:
            digests = set(msgspec.json.decode(files, type=dict[str, str]).values())
        except msgspec.MsgspecError:
            yield f"release {release} ({id}): its list of files is damaged"
            continue
        used |= digests
        if not has_channel:
            yield f"release {release} ({id}) belongs to a channel that is not there"
        if missing := digests - known:
            yield f"release {release} ({id}) lacks {len(missing)} of its texts"
    if unused := known - used:
        yield f"{len(unused)} texts belong to no release"


def _walk(
    execute: Callable[..., Any], query: str, begin: Any, step: int = 500
) -> Iterator[Any]:
    at = begin
    while rows := execute(_SQL[query], (at, step)).fetchall():
        yield from rows
        at = rows[-1][0]
