"""A message of one format as another, asked of a source and answered at once: nothing of it is kept."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine import formats
from engine.formats import Reading
from engine.message import LARGE, Context, Facts, Inbound
from engine.planning.routing import bytes_of

if TYPE_CHECKING:
    from engine.channel import Channel
    from engine.runtime.station import Station

_PLAIN = Reading()


async def convert(station: Station, format: str, raw: bytes) -> bytes | None:
    """
    What the first mapping of the channel's source that reads the format makes of it; None where none makes one thing.
    MessageError where it cannot be read.
    """
    engine = station.engine
    context = Context(
        now=engine.clock.now(), environment=engine.environment, lookups=engine.tables
    )
    if len(raw) > LARGE:
        return await asyncio.to_thread(_converted, station.channel, format, raw, context)
    return _converted(station.channel, format, raw, context)


def _converted(channel: Channel, format: str, raw: bytes, context: Context) -> bytes | None:
    mappings = [one for one in channel.conversions if one.from_.partition("/")[0] == format]
    if not mappings:
        return None
    document = formats.load(format).parse(raw, _PLAIN)
    facts = Facts(inbound=Inbound(raw=raw, received_at=context.now), context=context)
    for mapping in mappings:
        made = mapping.apply(document, facts)
        if len(made) == 1:
            return bytes_of(made[0])
    return None
