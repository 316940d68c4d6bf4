"""What may go now, what waits for its time, and what is held back while a person decides."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Container

from engine.message import Delivery


class Due:
    """Deliveries that head all their lanes."""

    __slots__ = ("_aside", "_withheld", "ready", "waiting")

    def __init__(self) -> None:
        self.ready: deque[Delivery] = deque()
        self.waiting: list[tuple[float, int, Delivery]] = []
        """By the moment of the monotonic clock at which they are due."""
        self._withheld: set[int] = set()
        self._aside: list[Delivery] = []

    def wait(self, delivery: Delivery, until: float) -> None:
        """It is ready at that moment."""
        heapq.heappush(self.waiting, (until, delivery.id, delivery))

    def hasten(self, delivery: Delivery) -> None:
        """What waits for its time is ready now."""
        kept = [entry for entry in self.waiting if entry[1] != delivery.id]
        if len(kept) < len(self.waiting):
            heapq.heapify(kept)
            self.waiting = kept
            self.ready.append(delivery)

    def ripen(self, now: float, later: Callable[[float], None]) -> None:
        """Make ready what has become due; `later` is told when the next will be."""
        waiting = self.waiting
        while waiting and waiting[0][0] <= now:
            self.ready.append(heapq.heappop(waiting)[2])
        if waiting:
            later(waiting[0][0])

    def take(self, sending: Container[int]) -> Delivery | None:
        """The next that may go, unless it is on its way already; one that is held back is put aside."""
        delivery = self.ready.popleft()
        if delivery.id in self._withheld:
            self._aside.append(delivery)
            return None
        return None if delivery.id in sending else delivery

    def withhold(self, numbers: set[int]) -> None:
        """Let none of these go until it is decided."""
        self._withheld |= numbers

    def decided(self, numbers: set[int], gone: set[int]) -> None:
        """These are no longer held back; those gone are not to be sent, the others go on."""
        self._withheld -= numbers
        aside, self._aside = self._aside, []
        for delivery in reversed(aside):
            self.ready.appendleft(delivery)
        if gone:
            self.ready = deque(item for item in self.ready if item.id not in gone)
            self.waiting = [entry for entry in self.waiting if entry[1] not in gone]
            heapq.heapify(self.waiting)
