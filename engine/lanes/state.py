"""What a destination is doing and why it waits, in words."""

from __future__ import annotations

from collections import Counter
from typing import Any

from engine.hours import next_open
from engine.lanes import Lanes
from engine.lanes.pace import closed_for


def state_of(lanes: Lanes) -> dict[str, Any]:
    """For people: idle, sending, waiting, paused or held; why, and when the next attempt is."""
    breaker, hold, hours = lanes.breaker, lanes.hold, lanes.route.open
    blocked = max(0.0, breaker.until - lanes.clock.monotonic()) if breaker.until else 0.0
    mode = "sending" if lanes.sending else "idle"
    if breaker.until:
        mode = "paused" if breaker.paused else "waiting"
    now = lanes.clock.now() if hours is not None else 0.0
    shut = closed_for(hours, now) if hours is not None else 0.0
    waiting = _waiting(lanes)
    if mode == "idle" and (shut or waiting):
        mode = "closed" if shut else "waiting"
    if hold.held:
        mode = "held"
    return {
        "state": mode,
        "why": hold.reason if hold.held else breaker.why or waiting,
        "next_attempt_in": round(blocked, 1),
        "closed_until": next_open(hours, now) if shut and hours is not None else 0.0,
        "breaker": "open" if breaker.until else "closed",
        "sending": len(lanes.sending),
        "lanes": len(lanes.lines.lines),
        "stuck": len(lanes.stuck),
        "after": len(lanes.following.states),
        "delivered": lanes.delivered,
        "attempts": lanes.attempts,
        "last_delivered_at": lanes.last_delivered_at,
        "drain_rate": hold.rate,
    }


def _waiting(lanes: Lanes) -> str:
    """For whom deliveries wait that go `after` another destination, and how those stand; or for the keeping of an answer."""
    if lanes.unkept:
        return lanes.unkept
    if not lanes.following.states:
        return ""
    states = Counter(lanes.following.states.values())
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return f"waits for {lanes.route.after}: {told}" if told else ""
