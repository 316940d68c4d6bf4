"""What a message must fulfil to be gone on with; a mapping says it where it knows what to say."""

from __future__ import annotations

from typing import Any

from engine.mapping.signatures import Reason, Same, Words
from engine.mapping.values import Unmet


def ensure(value: Any, holds: bool, reason: Reason, because: Words = "") -> Same:
    """
    The value, where the condition holds; otherwise the message is quarantined with that reason.

    >>> ensure("4100", True, "closed_cost_centre")
    '4100'
    """
    if not holds:
        raise Unmet(reason, because or "what the mapping demands does not hold")
    return value
