"""
Another channel as a destination: the message is handed over inside the engine.

A handed-over message is planned in the same commit as the message it comes from (engine/pipeline.py), so that
either both are kept or neither is, and nothing waits in a queue between two channels. There is therefore never a
delivery to send; this module is what a channel's author writes and what the check reads.
"""

from __future__ import annotations

import msgspec

from engine.connectors import Answer, Site
from engine.message import Delivery


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
