"""Large messages that wait because their channel is edited: taken apart in another way, parts would be lost or doubled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.channel import Channel
from engine.message import short_id
from engine.planning.way import way_of
from engine.store.loading import Loading

if TYPE_CHECKING:
    from engine.runtime.engine import Engine


class Ways:
    """Who goes on in the way in which it began, and who waits for that."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waits: dict[str, tuple[float, str]] = {}
        """By channel: since when, and why."""

    def goes_on(self, channel: Channel, loading: Loading) -> bool:
        """Whether the channel still takes messages apart as when this one began. The first time that it does not is logged."""
        able = getattr(channel.format, "parted_blocks", None) is not None and channel.split
        if able and loading.way in (b"", way_of(channel)):
            self._waits.pop(channel.name, None)
            return True
        if channel.name not in self._waits:
            engine, message = self._engine, loading.message
            why = (
                f"message {short_id(message)} waits after {loading.met} records: format, split, encoding or layout of the"
                " channel are not those with which it began; put them back until it is through"
            )
            self._waits[channel.name] = engine.clock.now(), why
            engine.log.event("error", channel.name, "not_taken_apart", message, detail=why)
        return False

    def warned(self, channel: str) -> tuple[tuple[str, float, str], ...]:
        """What people are told of one that waits: kind of alert, since when, in which words."""
        waits = self._waits.get(channel)
        return (("not_taken_apart", *waits),) if waits is not None else ()
