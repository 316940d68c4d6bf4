"""
Interchanges on the line between us and a partner, whatever standard they follow: what sealing one needs and gives, what is
said about one that came, and what a partner says about one that went out. Plain values; engine/formats/x12 and edifact
write and read them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from engine.effects import ACCEPTED, NOTED, OUTCOMES, PARTLY, REJECTED, Answered, Sent

__all__ = [
    "ACCEPTED",
    "NOTED",
    "OUTCOMES",
    "PARTLY",
    "REJECTED",
    "Answered",
    "Sealed",
    "Sealing",
    "Sent",
    "Verdicts",
]


class Sealing(msgspec.Struct, frozen=True, kw_only=True):
    """What a format needs to seal an interchange."""

    envelope: Any
    """What Format.envelope made of the partner's settings; None = none is known, for an acknowledgement that turns round the
    one that it answers."""
    number: Callable[[str, int], int]
    """
    The next number of one of the sequences of this pair of sender and receiver, never given twice: takes the sequence's name
    within the standard, `interchange x12 US THEM`, and the least that it may be.
    """
    moment: datetime
    """Now, in the partner's zone."""
    environment: str
    """`production` or `test`: what the usage indicator says where the partner's settings do not."""


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """An interchange as it leaves."""

    content: bytes
    origins: tuple[int, ...] = ()
    """Of each set in it, in order: which of the payloads it came from, from 0."""


class Verdicts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one interchange here."""

    taken: Callable[[str, str], int]
    """Of one set, by the control numbers of its group and its own: the position in OUTCOMES."""
    duplicate: bool = False
    """The sender has used this interchange's control number before, for other content."""
