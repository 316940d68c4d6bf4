"""Whether a destination as a whole has to wait, since when and why."""

from __future__ import annotations

from engine.errors import DeliveryError, Misconfigured
from engine.retry import Decision, Retry

#: Uncertain ends in a row that open the breaker; one Unavailable opens it at once.
STRIKES = 5


class Breaker:
    """
    Closed, open until a moment of the monotonic clock, or (when that has come) letting one trial pass.

    Wrong credentials or addresses open it as a pause: people are told, for it will hardly pass by itself.
    """

    __slots__ = ("outages", "paused", "since", "strikes", "trial", "until", "why")

    def __init__(self) -> None:
        self.close()
        self.outages = self.strikes = 0

    def close(self) -> None:
        """Let everything pass: the partner answered, or a person released the destination."""
        self.until = self.since = 0.0
        self.why = ""
        self.paused = self.trial = False

    def answered(self) -> None:
        """The partner answered, well or not: it is there."""
        self.close()
        self.outages = self.strikes = 0

    def blocks(self, now: float) -> bool:
        """Whether nothing may pass: it is open, or its one trial is under way."""
        return self.until > now or (self.trial and bool(self.until))

    def struck(
        self, failure: DeliveryError, decision: Decision, counts: bool, retry: Retry, now: float
    ) -> bool:
        """
        An attempt struck out; whether the whole destination waits because of it.

        `counts`: the attempt counts against the delivery (it was uncertain), so that only several in a row
        speak against the partner.
        """
        self.strikes += 1
        if counts and self.strikes < STRIKES:
            return False
        wait = retry.longest_wait if decision.pause else decision.wait or retry.first_wait
        if not self.until:
            self.since = now
        if self.until <= now:
            self.outages += 1
            self.until = now + wait
        self.paused = isinstance(failure, Misconfigured)
        self.why = str(failure)
        return True
