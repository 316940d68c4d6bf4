"""Whether a destination as a whole has to wait, since when and why."""

from __future__ import annotations

from engine.errors import Misconfigured
from engine.pipeline import Attempt
from engine.retry import Retry

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

    def after(self, attempt: Attempt, used: int, retry: Retry, now: float) -> bool:
        """
        A failed attempt; whether the whole destination waits because of it. `used`: attempts before it.

        One that counts against the delivery (it was uncertain) speaks against the partner only when several
        come in a row; a refusal says that the partner is there.
        """
        decision, failure = attempt.decision, attempt.failure
        assert decision is not None and failure is not None
        if not (decision.strikes or decision.pause):
            self.answered()
            return False
        self.strikes += 1
        if decision.attempt > used and self.strikes < STRIKES:
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
