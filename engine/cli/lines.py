"""One event as one line for people, whether it comes from a log file or from the store's trail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.cli.terminal import clock, paint, safe, span

if TYPE_CHECKING:
    from engine.store import Step


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
    return Line(
        at=datetime.fromisoformat(fact["time"]).timestamp(),
        message=str(fact.get("message", "")),
        channel=str(fact.get("channel", "")),
        event=str(fact.get("event", "")),
        destination=str(fact.get("destination", "")),
        text=_join([*said, *others]),
        right="  ".join(part for part in right if part),
        level=str(fact.get("level", "info")),
    )


def from_step(step: Step, message: str) -> Line:
    """A step of a message's trail; `message` is its short id."""
    kept = [_fact(name, value) for name, value in (step.kept or {}).items()]
    wait = step.due_at - step.at
    again = f"again in {span(wait)}" if step.due_at and wait > 0 else ""
    who = f"by {step.who}" if step.who else ""
    return Line(
        at=step.at,
        message=message,
        channel=step.channel,
        event=step.what,
        destination=step.destination,
        text=_join([step.status, step.detail, *kept, again, who]),
        right=span(step.duration) if step.duration else "",
    )


def _fact(name: str, value: object) -> str:
    """
    One fact in words.

    >>> _fact("again_in", 5.0), _fact("peer", "10.2.0.7"), _fact("their_number", "CHG-1")
    ('again in 5 s', 'from 10.2.0.7', 'their number CHG-1')
    """
    if value in ("", None, False, 0):
        return ""
    if name == "again_in" and isinstance(value, int | float):
        return f"again in {span(value)}"
    if name == "peer":
        return f"from {value}"
    if name == "deliveries":
        return f"{value} to deliver"
    if name in ("kind", "control"):
        return str(value)
    words = name.replace("_", " ")
    return words if value is True else f"{words} {value}"


def _join(parts: Iterable[object]) -> str:
    seen: list[str] = []
    for part in parts:
        text = str(part or "")
        if text and text not in seen:
            seen.append(text)
    return ", ".join(seen)


class Layout:
    """Lays lines out in columns whose widths grow with what was seen, up to a limit."""

    def __init__(self, channels: bool) -> None:
        self._channels = channels
        self._widths = {"message": 6, "channel": 6, "event": 10, "destination": 7}

    def show(self, line: Line) -> str:
        """One line for the terminal; every text made safe."""
        cells = [clock(line.at), self._cell("message", line.message)]
        if self._channels:
            cells.append(self._cell("channel", line.channel or "(engine)"))
        colour = line.event if line.level == "info" else line.level
        cells.append(paint(self._cell("event", line.event), colour))
        cells.append(self._cell("destination", line.destination))
        text = safe(line.text)
        right = paint(safe(line.right), "dim") if line.right else ""
        return "  ".join([*cells, f"{text:<48}  {right}" if right else text]).rstrip()

    def _cell(self, name: str, text: str) -> str:
        text = safe(text)
        self._widths[name] = max(self._widths[name], min(len(text), 24))
        return text.ljust(self._widths[name])
