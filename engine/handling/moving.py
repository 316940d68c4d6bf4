"""Which deliveries an order may move."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.store import Archive

#: What each order may move.
MOVABLE = {
    "discard": ("queued", "uncertain", "refused"),
    "resend": ("uncertain", "refused"),
    "delivered": ("uncertain",),
}


def movable(
    archive: Archive, verb: str, messages: Iterable[int], to: str = "", state: str = ""
) -> list[dict[str, Any]]:
    """The deliveries of messages that an order may move; only to one destination, only in one state, where that is said."""
    return [
        row
        for message in messages
        for row in archive.deliveries(message)
        if row["state"] in MOVABLE[verb]
        and (not to or row["destination"] == to)
        and (not state or row["state"] == state)
    ]
