"""Whether the engine can take messages and the console can show them, and if not why."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.errors import StoreError
from engine.web.asked import Asked


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the house can do its work."""

    ready: bool
    reasons: tuple[str, ...]
    """What is in the way, in words; told only to who is known here."""


def readiness(asked: Asked[Any, Any]) -> Readiness:
    """An engine that runs, whose store takes messages and whose sources receive or were stopped by somebody."""
    live = asked.house.live()
    reasons = [] if live.get("running") else ["no engine runs in this home"]
    reasons += [
        f"a mistake keeps a channel as it was: {one}" for one in live.get("mistakes", ())
    ]
    for one in live.get("channels", ()):
        if one["source"] == "trouble":
            reasons.append(f"{one['channel']} does not receive: {one['trouble']}")
    try:
        asked.house.archive.latest()
    except StoreError as error:
        reasons.append(str(error))
    told = tuple(reasons) if asked.person.name else ()
    return Readiness(ready=not reasons, reasons=told)
