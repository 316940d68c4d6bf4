"""
Another channel: a message is handed over inside the engine, `channel: {name: charges}` as a destination.

A channel that takes its messages from others alone has `channel: {}` as its source.

A handed-over message is planned in the same commit as the message it comes from (engine/pipeline.py), so that
either both are kept or neither is, and nothing waits in a queue between two channels. There is therefore never a
delivery to send; this module is what a channel's author writes and what the check reads.
"""

from __future__ import annotations

import asyncio

import msgspec

from engine.connectors import Answer, Receive, Site
from engine.message import Delivery


class SourceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing to set: whoever hands over names this channel."""


class Source:
    """Waits: what is handed over comes with the commit of the message it comes from."""

    def __init__(self, settings: SourceSettings, site: Site) -> None:
        self.ready = asyncio.Event()

    async def run(self, receive: Receive) -> None:
        """Until cancelled."""
        self.ready.set()
        await asyncio.Event().wait()


class DestinationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hands the message over to another channel, in the same commit; depth 8 at most, no cycles."""

    name: str
    """Name of the channel that takes it: its file in `channels/`, without the ending."""


class Destination:
    """Never sends: the line plans a handed-over message together with the one it comes from."""

    def __init__(self, settings: DestinationSettings, site: Site) -> None:
        self._settings = settings
        self._site = site

    async def send(self, delivery: Delivery, payload: bytes) -> Answer:
        """RuntimeError: a delivery to a channel must not exist, and sending it would hand it over twice."""
        raise RuntimeError(
            f"channel {self._site.channel}: destination {self._site.name} hands over to "
            f"{self._settings.name} inside the commit; it has nothing to send"
        )

    async def close(self) -> None:
        """Nothing to let go of."""
