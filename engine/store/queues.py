"""Messages that wait for a transaction, by class: when one class is flooded no other waits behind it."""

from __future__ import annotations

from collections import deque

from engine.store.intake import Accept

#: Share of a transaction by class, where several wait.
WEIGHTS = {"care": 8, "revenue": 4, "supply": 2, "admin": 1}

#: Most messages and bytes in one transaction, and the seconds of SQL it may take.
ITEMS, BYTES, SECONDS = 512, 4 * 1024 * 1024, 0.005


class Queues:
    """One queue per class, emptied by weight."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[Accept]] = {name: deque() for name in WEIGHTS}
        self.seconds_each = 0.000_030
        """What one message costs in SQL, as measured."""

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def lengths(self) -> dict[str, int]:
        """How many wait, by class."""
        return {name: len(queue) for name, queue in self._queues.items()}

    def add(self, accept: Accept, class_: str) -> None:
        """Join the queue of a class; an unknown one counts as supply."""
        self._queues[class_ if class_ in WEIGHTS else "supply"].append(accept)

    def take(self) -> list[Accept]:
        """The next transaction's share, in order within each class; empty when nothing waits."""
        waiting = [(WEIGHTS[name], queue) for name, queue in self._queues.items() if queue]
        if not waiting:
            return []
        room = max(16, min(ITEMS, int(SECONDS / self.seconds_each)))
        if len(waiting) == 1:
            return _pull(waiting[0][1], room, BYTES)
        taken: list[Accept] = []
        total = sum(weight for weight, _ in waiting)
        for weight, queue in waiting:
            taken += _pull(queue, max(1, room * weight // total), BYTES * weight // total)
        for _, queue in waiting:
            size = sum(accept.size for accept in taken)
            weight = sum(accept.weight for accept in taken)
            if queue and weight < room and size < BYTES:
                taken += _pull(queue, room - weight, BYTES - size)
        return taken

    def take_all(self) -> list[Accept]:
        """Everything, at the end."""
        taken: list[Accept] = []
        for queue in self._queues.values():
            taken += queue
            queue.clear()
        return taken

    def measured(self, items: int, seconds: float) -> None:
        """Learn from a transaction what a message costs."""
        each = seconds / items
        self.seconds_each += 0.1 * (each - self.seconds_each)


def _pull(queue: deque[Accept], items: int, size: int) -> list[Accept]:
    """At most so many messages and bytes; at least one message."""
    taken = [queue.popleft()]
    size -= taken[0].size
    items -= taken[0].weight
    while (
        queue
        and (items := items - queue[0].weight) >= 0
        and (size := size - queue[0].size) >= 0
    ):
        taken.append(queue.popleft())
    return taken
