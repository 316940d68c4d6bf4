"""One event as one line for people, whether it comes from a log file or from the store's trail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.cli.terminal import clock, paint, safe, span
from engine.handling.telling import joined, reason_of
from engine.handling.telling import story as story  # noqa: PLC0414 - known from here
from engine.log import MASK

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
    again = f"again in {span(wait)}" if step.due_at and wait > 0 else ""
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


class Layout:
    """Lays lines out in columns whose widths grow with what was seen, up to a limit."""

    def __init__(self, channels: bool, width: int = 0) -> None:
        """`width` is that of the terminal; 0 = not known, or none."""
        self._channels, self._width = channels, width
        self._widths = {"message": 6, "channel": 6, "event": 10, "destination": 7}

    def page(self, lines: Sequence[Line]) -> list[str]:
        """Lines that are known together, in columns that suit them all."""
        for line in lines:
            self.show(line)
        return [self.show(line) for line in lines]

    def show(self, line: Line) -> str:
        """One line for the terminal; every text made safe."""
        left = [clock(line.at), self._cell("message", line.message)]
        if self._channels:
            left.append(self._cell("channel", line.channel or "(engine)"))
        event, destination = (
            self._cell("event", line.event),
            self._cell("destination", line.destination),
        )
        text, right = safe(line.text), safe(line.right)
        taken = sum(map(len, (*left, event, destination))) + 2 * (len(left) + 3)
        if self._width and MASK in right and taken + len(text) + len(right) > self._width:
            right = safe(line.least)
        taken += len(right)
        room = min(self._width - taken, 60) if self._width else 48
        colour = line.event if line.level == "info" else line.level
        cells = [*left, paint(event, colour), destination, text.ljust(room) if right else text]
        return "  ".join([*cells, paint(right, "dim")] if right else cells).rstrip()

    def _cell(self, name: str, text: str) -> str:
        text = safe(text)
        self._widths[name] = max(self._widths[name], min(len(text), 24))
        return text.ljust(self._widths[name])
