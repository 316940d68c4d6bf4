"""What a destination is doing and why it waits, in words."""

from __future__ import annotations

from typing import Any

from engine.lanes import Lanes


def state_of(lanes: Lanes) -> dict[str, Any]:
    """For people: idle, sending, waiting, paused or held; why, and when the next attempt is."""
    breaker, hold = lanes.breaker, lanes.hold
    blocked = max(0.0, breaker.until - lanes.clock.monotonic()) if breaker.until else 0.0
    mode = "sending" if lanes.sending else "idle"
    if breaker.until:
        mode = "paused" if breaker.paused else "waiting"
    if hold.held:
        mode = "held"
    return {
        "state": mode,
        "why": hold.reason if hold.held else breaker.why,
        "next_attempt_in": round(blocked, 1),
        "breaker": "open" if breaker.until else "closed",
        "sending": len(lanes.sending),
        "lanes": len(lanes.lines.lines),
        "stuck": len(lanes.stuck),
        "delivered": lanes.delivered,
        "attempts": lanes.attempts,
        "last_delivered_at": lanes.last_delivered_at,
        "drain_rate": hold.rate,
    }
