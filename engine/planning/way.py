"""In which way a channel takes its messages apart: what the place behind a part depends on."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec

from engine.channel import Channel


def way_of(channel: Channel) -> bytes:
    """
    A digest of format, split, character set and layout. A message that is taken apart goes on only where it is the one
    with which it began. What a layout does not say is not part of it, so that a later release gives the same.
    """
    reading = channel.reading
    said = [channel.format_name, channel.split, reading.encoding, _plain(reading.layout)]
    return blake2b(msgspec.json.encode(said, order="deterministic"), digest_size=16).digest()


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.fields(value)
        pairs = [(one, getattr(value, one.name)) for one in fields]
        return {one.name: _plain(each) for one, each in pairs if each != one.default}
    if isinstance(value, dict):
        return [[str(key), _plain(each)] for key, each in value.items()]
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int) else str(value)
