"""What was settled so lately that a read begun before may not show it."""

from __future__ import annotations

from collections import deque

import msgspec

from engine.message import OPEN, Delivery, Settlement, State
from engine.store.rides import Ride


class Recent:
    """
    Keeps the newest step of a delivery from `settle` until no read can miss it.

    Without it a lane that refills from the store while a commit is under way would meet a delivery again that was
    delivered a moment ago, and send it twice.
    """

    def __init__(self) -> None:
        self._steps: dict[int, tuple[Settlement, bool]] = {}
        self._past: deque[tuple[int, int, Settlement]] = deque()
        self._epoch = 0
        self._reads: dict[int, int] = {}
        self._ticket = 0

    def settled(self, settlement: Settlement, keep_lane: bool) -> None:
        """A step was taken; it is not on the disk yet."""
        self._steps[settlement.delivery] = (settlement, keep_lane or settlement.state in OPEN)

    def moved(self, delivery: int, to: State, at: float) -> None:
        """A person moved it; that is on the disk."""
        self._epoch += 1
        step = Settlement(delivery=delivery, state=to, at=at)
        self._steps[delivery] = (step, to in OPEN)
        self._past.append((self._epoch, delivery, step))
        self._forget()

    def committed(self, rides: list[Ride]) -> None:
        """These are on the disk: reads that begin from now on show them."""
        self._epoch += 1
        for ride in rides:
            self._past.append((self._epoch, ride.delivery, ride.settlement))
        self._forget()

    def begin(self) -> int:
        """A read begins."""
        self._ticket += 1
        self._reads[self._ticket] = self._epoch
        return self._ticket

    def end(self, ticket: int) -> None:
        """It ended, and its rows were looked through."""
        del self._reads[ticket]
        self._forget()

    def current(self, delivery: Delivery) -> Delivery | None:
        """A row that was read, as it stands now; None when it is out of its lanes."""
        found = self._steps.get(delivery.id)
        if found is None:
            return delivery
        step, holds_lane = found
        if not holds_lane:
            return None
        return msgspec.structs.replace(
            delivery, state=step.state, attempt=step.attempt, due_at=step.due_at
        )

    def state(self, delivery: int, read: State) -> State:
        """The state of a delivery that was read, as it is now."""
        found = self._steps.get(delivery)
        return read if found is None else found[0].state

    def _forget(self) -> None:
        oldest = min(self._reads.values()) if self._reads else self._epoch
        past, steps = self._past, self._steps
        while past and past[0][0] <= oldest:
            _, delivery, step = past.popleft()
            found = steps.get(delivery)
            if found is not None and found[0] is step:
                del steps[delivery]
