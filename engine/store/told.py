"""What people are told of what was sent: no word came in time, or the word was no."""

from __future__ import annotations

import msgspec


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """A confirmation that has not come in time. Without the value that was to come back."""

    message: int
    channel: str
    """The channel of the message that was delivered."""
    destination: str
    awaited: str
    """The channel on which the confirmation was to come."""
    delivered_at: float
    within: float
    count: int = 1
    """Of acknowledgements: how many things in one interchange are not acknowledged."""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """What a partner rejected of one interchange, in one message."""

    message: int
    """The message that brought the first of it."""
    channel: str
    destination: str
    awaited: str
    """The channel on which the partner said so."""
    says: str
    """What the first of it is: `850 1 in group 17`."""
    said: str
    """The partner's codes and places, in words."""
    by: int
    """The message that said so."""
    at: float
    count: int = 1
