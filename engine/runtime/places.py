"""Whether a channel still has what its groups wait for."""

from __future__ import annotations

from engine.channel import Channel


def has_place(channel: Channel, group: str) -> bool:
    """Whether a channel still has what its groups wait for: `collect`, or the destination with its `batch`."""
    if not group:
        return channel.collect is not None
    return any(route.name == group and route.batch is not None for route in channel.routes)
