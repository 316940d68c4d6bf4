"""When to look again, how fast deliveries may go, and at which hours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine.hours import Hours, is_open, next_open

#: Seconds after which what is closed looks at the clock again, which may have been set.
LOOK_AGAIN = 30.0


def closed_for(hours: Hours | None, now: float) -> float:
    """Seconds until it is open, or until the clock is to be looked at again; 0 = it is open."""
    if hours is None or is_open(hours, now):
        return 0.0
    return min(max(next_open(hours, now) - now, 0.001), LOOK_AGAIN)


class Alarm:
    """One timer: rings once, at the earliest moment of the monotonic clock it was set to."""

    __slots__ = ("_at", "_loop", "_monotonic", "_ring", "_timer")

    def __init__(self, monotonic: Callable[[], float], ring: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._monotonic, self._ring = monotonic, ring
        self._timer: asyncio.TimerHandle | None = None
        self._at = 0.0

    def set(self, at: float) -> None:
        """Ring at that moment, unless it rings before anyway."""
        if self._timer is not None:
            if self._at <= at:
                return
            self._timer.cancel()
        self._at = at
        self._timer = self._loop.call_later(max(0.0, at - self._monotonic()), self._rang)

    def _rang(self) -> None:
        self._timer = None
        self._ring()

    def stop(self) -> None:
        """Ring no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Pace:
    """At most so many a second, evenly."""

    __slots__ = ("_next",)

    def __init__(self) -> None:
        self._next = 0.0

    def back(self, rate: float) -> None:
        """The one that was counted last did not go."""
        if rate:
            self._next -= 1.0 / rate

    def wait(self, rate: float, now: float) -> float:
        """0 = one may go, and is counted; else the moment at which one may."""
        if now < self._next:
            return self._next
        self._next = max(self._next, now - 1.0 / rate) + 1.0 / rate
        return 0.0

    def later(self, rate: float, now: float, hours: Hours | None, clock: float) -> float:
        """0 = one may go at this rate and at this hour, and is counted; else the monotonic moment to look again."""
        if shut := closed_for(hours, clock):
            return now + shut
        return self.wait(rate, now) if rate else 0.0
