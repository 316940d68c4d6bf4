"""From a message back to what decided about it: the texts of every release are kept before its first message is taken."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.channel import Channel
from engine.store.releases import Used

if TYPE_CHECKING:
    from engine.runtime.engine import Engine


async def put_to_use(engine: Engine, channels: Iterable[Channel], who: str = "") -> None:
    """Keep what these channels are made of. StoreError where it cannot be kept; they are not put to use then."""
    used = [
        Used(channel=channel.name, release=channel.release, texts=dict(channel.texts))
        for channel in channels
    ]
    if used:
        await engine.store.put_to_use(used, who, engine.clock.now())
