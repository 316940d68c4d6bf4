"""When to try again: one pure decision, no clock and no sleeping."""

from __future__ import annotations

import msgspec

from engine.errors import DeliveryError, Misconfigured, Refused, Unavailable, Uncertain
from engine.message import State
from engine.settings import Duration

#: Seconds to wait at least however soon a partner would be asked again, once the doubled waits have grown to it.
AT_LEAST = 1.0


class Retry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `retry:` block of a destination."""

    attempts: int = 10
    """Attempts after which an uncertain delivery is left to a person; what never reached the partner uses none up."""
    first_wait: Duration = Duration(5)
    """Wait before the second attempt; doubled each time."""
    longest_wait: Duration = Duration(300)
    """Longest wait between two attempts."""
    jitter: float = 0.2
    """Share of a wait that is drawn at random, so that a returning partner is not met by all at once."""
    give_up_after: Duration | None = None
    """Age at which a delivery that finds its partner unavailable is parked as refused; none = never."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """All that a destination says about failures."""

    retry: Retry = Retry()
    on_uncertain: str = "resend"
    """`resend` (same idempotency key) or `hold` (blocks its lane until a person decides)."""
    on_refused: str = "skip"
    """`skip` (parked, its lane goes on) or `wait` (parked, its lane waits for a person)."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a failed attempt means."""

    state: State
    attempt: int
    """Attempts used up, this one included if it counts."""
    wait: float = 0.0
    """Seconds until the next attempt, when queued again."""
    pause: bool = False
    """Whether the whole destination stops until a person acts or the wait is over."""
    strikes: bool = False
    """Whether it counts towards opening the breaker."""

    def due_at(self, at: float) -> float:
        """Wall clock of the next attempt after one at `at`; 0 = there is none, or it is the breaker's to say (a pause)."""
        return at + self.wait if self.state is State.QUEUED and not self.pause else 0.0


def settle(
    failure: DeliveryError,
    attempt: int,
    waits: int,
    age: float,
    policy: Policy,
    random: float,
) -> Decision:
    """
    Decide what a failed attempt means.

    `attempt` counts the attempts used up before this one, `waits` the waits so far in a row, `age`
    is the delivery's in seconds, `random` lies in [0, 1).

    >>> from engine.errors import Unavailable, Refused
    >>> settle(Unavailable("503"), attempt=0, waits=0, age=0, policy=Policy(), random=0.5).wait
    5.0
    >>> settle(Refused("422"), attempt=0, waits=0, age=0, policy=Policy(), random=0.5).state
    <State.REFUSED: 'refused'>
    """
    retry = policy.retry
    wait = min(retry.first_wait * 2.0 ** min(waits, 30), retry.longest_wait)
    wait *= 1 + retry.jitter * (random - 0.5)
    if failure.retry_after is not None:
        wait = max(failure.retry_after, min(wait, AT_LEAST))
    if isinstance(failure, Refused):
        return Decision(state=State.REFUSED, attempt=attempt + 1)
    if isinstance(failure, Misconfigured):
        return Decision(state=State.QUEUED, attempt=attempt, wait=wait, pause=True)
    if isinstance(failure, Unavailable):
        if retry.give_up_after is not None and age >= retry.give_up_after:
            return Decision(state=State.REFUSED, attempt=attempt, strikes=True)
        return Decision(state=State.QUEUED, attempt=attempt, wait=wait, strikes=True)
    if not isinstance(failure, Uncertain):
        raise TypeError(f"no rule for {type(failure).__name__}")
    if policy.on_uncertain == "resend" and attempt + 1 < retry.attempts:
        return Decision(state=State.QUEUED, attempt=attempt + 1, wait=wait, strikes=True)
    return Decision(state=State.UNCERTAIN, attempt=attempt + 1, strikes=True)
