"""What one transaction holds, and how everybody in it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from engine.message import Delivery
from engine.store.intake import Accept
from engine.store.layout import Entry
from engine.store.ledger import Key
from engine.store.rides import Ride


class Counted:
    """A task's result, with what it counts."""

    __slots__ = ("changes", "value")

    def __init__(self, value: Any, changes: dict[Key, int]) -> None:
        self.value, self.changes = value, changes


class Task:
    """A small piece of work inside a transaction, and who waits for its result."""

    __slots__ = ("after", "future", "result", "work")

    def __init__(
        self,
        work: Callable[[], Any],
        future: asyncio.Future[Any],
        after: Callable[[Any], None] | None,
    ) -> None:
        self.work, self.future, self.after = work, future, after
        self.result: Any = None


class Batch:
    """Everything that is committed together."""

    __slots__ = (
        "accepts",
        "changes",
        "defined",
        "deliveries",
        "entries",
        "rides",
        "started",
        "tasks",
    )

    def __init__(self, accepts: list[Accept], rides: list[Ride], tasks: list[Task]) -> None:
        self.accepts, self.rides, self.tasks = accepts, rides, tasks
        self.entries: list[Entry] = []
        self.deliveries: Sequence[Delivery] = ()
        self.changes: dict[Key, int] = {}
        self.defined = 0
        self.started = 0.0

    def __len__(self) -> int:
        return len(self.accepts) + len(self.rides) + len(self.tasks)

    @property
    def weight(self) -> int:
        """How many messages and steps it is."""
        extra = sum([accept.weight - 1 for accept in self.accepts])
        return len(self) + extra

    def apart(self) -> list[Batch]:
        """One batch for each item, in order."""
        rides = [Batch([], [ride], []) for ride in self.rides]
        tasks = [Batch([], [], [task]) for task in self.tasks]
        return rides + tasks + [Batch([accept], [], []) for accept in self.accepts]

    def tell(self) -> None:
        """It is on the disk: hand out receipts and results."""
        for accept, entry in zip(self.accepts, self.entries, strict=True):
            _answer(accept, entry)
        for ride in self.rides:
            for durable in ride.durable:
                if durable is not None:
                    durable()
        for task in self.tasks:
            if task.after is not None:
                task.after(task.result)
            if not task.future.done():
                task.future.set_result(task.result)

    def refuse(self, error: Exception) -> None:
        """It did not happen, or nobody knows: the senders hear it. Settlements are not told; they are kept."""
        for accept in self.accepts:
            if accept.overlay is not None:
                accept.overlay.end()
            if not accept.future.done():
                accept.future.set_exception(error)
        for task in self.tasks:
            if not task.future.done():
                task.future.set_exception(error)


def _answer(accept: Accept, entry: Entry) -> None:
    if accept.overlay is not None:
        accept.overlay.end()
    if accept.future.done():
        return
    if entry.refused is None:
        accept.future.set_result(entry.receipt())
    else:
        accept.future.set_exception(entry.refused)
