"""
The journal beside a growing file: what was appended, under which key, so that a crash doubles and loses nothing.

Bytes in, values out; `growing.py` does the input and output. A journal is a sequence of records, each
`length, CRC-32, kind, content`. The first is an Opening; a torn record ends the journal.
"""

from __future__ import annotations

import struct
import zlib

import msgspec

_FRAME = struct.Struct("<IIc")
_LINE, _SETTLED, _OPENING = b"L", b"S", b"O"


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """How the file stood when its journal began."""

    inode: int
    """Which file it was; another one under its name is not ours to mend."""
    length: int
    """Its length, all of it on the disk."""
    since: float
    """When the file was begun, wall clock seconds: decides when it is closed."""
    keys: list[str]
    """Deliveries that stand in it or in the files before it, and are not known to be settled."""


class Journal(msgspec.Struct, frozen=True, kw_only=True):
    """A journal, read."""

    opening: Opening
    lines: bytes
    """Everything appended since, in order."""
    keys: list[str]
    """Deliveries that were appended and are not known to be settled, oldest first."""


def opening(values: Opening) -> bytes:
    """The first record."""
    return _record(_OPENING, msgspec.msgpack.encode(values))


def line(key: str, text: bytes) -> bytes:
    """One delivery's bytes."""
    return _record(_LINE, b"%b\0%b" % (key.encode(), text))


def settled(keys: list[str]) -> bytes:
    """Deliveries whose outcome is durable elsewhere: they are never sent again."""
    return _record(_SETTLED, msgspec.msgpack.encode(keys))


def read(content: bytes) -> Journal | None:
    """The journal up to its first torn record; None where it has no sound beginning."""
    first: Opening | None = None
    lines: list[bytes] = []
    keys: dict[str, None] = {}
    at = 0
    while (found := _next(content, at)) is not None:
        kind, body, at = found
        if first is None:
            if kind != _OPENING:
                return None
            first = msgspec.msgpack.decode(body, type=Opening)
            keys = dict.fromkeys(first.keys)
        elif kind == _LINE:
            key, _, text = body.partition(b"\0")
            lines.append(text)
            keys[key.decode()] = None
        else:
            for key_ in msgspec.msgpack.decode(body, type=list[str]):
                keys.pop(key_, None)
    if first is None:
        return None
    return Journal(opening=first, lines=b"".join(lines), keys=list(keys))


def _record(kind: bytes, body: bytes) -> bytes:
    return _FRAME.pack(len(body), zlib.crc32(body, kind[0]), kind) + body


def _next(content: bytes, at: int) -> tuple[bytes, bytes, int] | None:
    if at + _FRAME.size > len(content):
        return None
    length, checksum, kind = _FRAME.unpack_from(content, at)
    begin = at + _FRAME.size
    body = content[begin : begin + length]
    if len(body) < length or zlib.crc32(body, kind[0]) != checksum:
        return None
    return kind, body, begin + length
