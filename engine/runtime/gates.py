"""
How many messages of a class may be under way at once.

While a more urgent class is receiving, a flooded one gets a small share and its connections wait, so that
what the urgent class waits for stays short; alone, each class may use all there is.
"""

from __future__ import annotations

import asyncio
from collections import deque

from engine.channel import CLASSES

#: Messages of a class under way at once while a more urgent class is receiving.
SHARES = {"care": 512, "revenue": 12, "supply": 6, "admin": 2}
#: Messages of a class under way at once otherwise.
ALONE = 512
#: Seconds after its last message in which a class counts as receiving.
RECEIVING = 1.0


class Gate:
    """One class's way in; first come, first served."""

    __slots__ = ("_called", "_share", "_urgent", "_waiting", "inside", "last")

    def __init__(self, share: int, urgent: tuple[Gate, ...]) -> None:
        self._share, self._urgent = share, urgent
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._called = 0
        """Messages whose turn it is and that have not gone on yet: nobody may overtake them."""
        self.inside = 0
        self.last = 0.0

    def full(self, now: float) -> bool:
        """Whether a message has to wait; `now` is the wall clock of its arrival."""
        self.last = now
        return bool(self._waiting or self._called) or self.inside >= self._limit(now)

    def _limit(self, now: float) -> int:
        for gate in self._urgent:
            if abs(now - gate.last) < RECEIVING:
                return self._share
        return ALONE

    async def wait(self) -> None:
        """Return when it is this message's turn; it then counts as inside until `leave`."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._called -= 1
                self.leave()
            raise
        self._called -= 1

    def leave(self) -> None:
        """A message is answered: the next may come in."""
        self.inside -= 1
        limit = self._limit(self.last)
        while self._waiting and self.inside < limit:
            future = self._waiting.popleft()
            if not future.done():
                self.inside += 1
                self._called += 1
                future.set_result(None)


def gates() -> dict[str, Gate]:
    """A gate for each class."""
    made: dict[str, Gate] = {}
    for name in CLASSES:
        made[name] = Gate(SHARES[name], tuple(made.values()))
    return made
