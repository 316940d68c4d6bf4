"""One lane as far as it stands in memory."""

from __future__ import annotations

from collections.abc import Iterable

from engine.message import Delivery, State


class Line:
    """One lane: its first deliveries, and whether the store has more behind them."""

    __slots__ = ("behind", "items", "loading", "missed", "read", "still")

    def __init__(self, behind: bool = False) -> None:
        self.items: list[Delivery] = []
        self.behind = behind
        self.loading = False
        self.missed = False
        """Whether something was queued while the store was being read."""
        self.read = 0
        """The highest id read from the store: what is announced only afterwards may stand here already."""
        self.still = 0
        """How many of them wait for a person."""

    def append(self, delivery: Delivery) -> None:
        """It stands last."""
        self.items.append(delivery)
        self.still += delivery.state is not State.QUEUED

    def standing(self, delivery: Delivery) -> Delivery | None:
        """The delivery of the same number, as it stands here."""
        return next((item for item in self.items if item.id == delivery.id), None)


def lanes_of(heads: Iterable[Delivery]) -> int:
    """In how many lanes they stand; at least as many as they head."""
    return sum(len(head.lanes) for head in heads)
