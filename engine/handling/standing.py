"""Why a destination waits, and what its partner said of what it was sent, in words."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any


def why(live: dict[str, Any], span: Callable[[float], str], zone: tzinfo | None = None) -> str:
    """
    Why a destination waits and until when. `span` says lengths of time; `zone` is the viewer's, None = this machine's.

    >>> waits = {"state": "waiting", "why": "503", "next_attempt_in": 5.0, "breaker": "open", "drain_rate": 0}
    >>> why(waits, lambda seconds: f"{seconds:g} s")
    '503; next attempt in 5 s (breaker open)'
    """
    status, _, detail = str(live["why"]).partition(": ")
    words = detail if status in detail else str(live["why"])
    said = [words] if words else []
    if live["state"] == "held":
        said.insert(0, "on hold")
    elif live["state"] in ("waiting", "paused"):
        if live.get("breaker") == "open":
            said.append(f"next attempt in {span(live['next_attempt_in'])}")
    elif live["state"] == "closed":
        until = datetime.fromtimestamp(live["closed_until"], zone).strftime("%a %H:%M")
        left = span(live["closed_until"] - time.time())
        said.insert(0, f"outside its hours; opens {until} (in {left})")
    text = "; ".join(said)
    if live["state"] == "waiting" and live["breaker"] == "open":
        text += " (breaker open)"
    if live["drain_rate"]:
        text += f" draining at {live['drain_rate']:g} a second"
    return text.strip()


def acknowledged(stored: dict[str, Any]) -> str:
    """
    What the partner said of what it was sent, where acknowledgements are expected.

    >>> acknowledged({"acknowledged": {"accepted": 12, "rejected": 1}}), acknowledged({})
    ('acknowledgements: 12 accepted, 1 rejected', '')
    """
    counts = stored.get("acknowledged") or {}
    said = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    return f"acknowledgements: {said}" if said else ""
