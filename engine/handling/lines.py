"""One event in words for people, whether it comes from a log file or from the store's trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.handling.telling import joined, reason_of

if TYPE_CHECKING:
    from engine.store import Step

#: How some facts read; others as `name value`.
_WORDS = {"peer": "from {}", "deliveries": "{} to deliver", "kind": "{}", "made": "made {}"}


class Line(NamedTuple):
    """What happened, ready to be laid out."""

    at: float
    message: str
    """Short id; empty where it is not about a message."""
    channel: str
    event: str
    destination: str
    text: str
    right: str
    """What stands at the right edge: how long it took, masked keys."""
    level: str = "info"
    least: str = ""
    """The same without keys: on a narrow terminal masked keys give way."""


#: Facts of a log line that have a place of their own.
_PLACED = {
    "time",
    "level",
    "channel",
    "message",
    "event",
    "destination",
    "status",
    "reason",
    "detail",
    "seconds",
    "keys",
}


def from_log(fact: Mapping[str, Any]) -> Line:
    """A line of a log file."""
    said = [fact.get(name, "") for name in ("status", "reason", "detail")]
    others = [_fact(name, value) for name, value in fact.items() if name not in _PLACED]
    seconds = fact.get("seconds")
    right = [fact.get("keys", ""), span(seconds) if seconds else ""]
    event = str(fact.get("event", ""))
    return Line(
        at=datetime.fromisoformat(fact["time"]).timestamp(),
        message=str(fact.get("message", "")),
        channel=str(fact.get("channel", "")),
        event=event,
        destination=str(fact.get("destination", "")),
        text=" ".join(joined([reason_of(event, said[0]), *said[1:], *others]).split()),
        right="  ".join(part for part in right if part),
        least=right[1],
        level=str(fact.get("level", "info")),
    )


def from_step(step: Step, message: str) -> Line:
    """A step of a message's trail; `message` is its short id."""
    kept = [_fact(name, value) for name, value in (step.kept or {}).items()]
    wait = step.due_at - step.at
    when = "within" if step.what == "awaited" else "again in"
    again = f"{when} {span(wait)}" if step.due_at and wait > 0 else ""
    who = f"by {step.who}" if step.who else ""
    return Line(
        at=step.at,
        message=message,
        channel=step.channel,
        event=step.what,
        destination=step.destination,
        text=joined([reason_of(step.what, step.status), step.detail, *kept, again, who]),
        right=span(step.duration) if step.duration else "",
    )


def _fact(name: str, value: object) -> str:
    """
    One fact in words.

    >>> _fact("again_in", 5.0), _fact("peer", "10.2.0.7"), _fact("their_number", "CHG-1")
    ('again in 5 s', 'from 10.2.0.7', 'their number CHG-1')
    """
    if value in ("", None, False, 0) or (name, value) == ("attempt", 1):
        return ""
    if name == "again_in" and isinstance(value, int | float):
        return f"again in {span(value)}"
    words = "" if value is True else str(value)
    return _WORDS.get(name, name.replace("_", " ") + " {}").format(words).strip()


def span(seconds: float) -> str:
    """
    A length of time as people say it.

    >>> span(0.0112), span(5.08), span(300), span(9000)
    ('11 ms', '5.1 s', '5 min', '2.5 h')
    """
    if seconds < 1:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    for limit, size, unit in ((120, 1, "s"), (7200, 60, "min"), (172800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds / 86400:.0f} d"
