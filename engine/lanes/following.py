"""`after:` of a destination: a delivery waits until everything of its message for another destination is delivered."""

from __future__ import annotations

from collections.abc import Callable

from engine.errors import StoreError
from engine.message import Delivery
from engine.store import Store

#: Seconds before it is looked at again where nobody said that the other one is delivered (a person declared it so).
AGAIN = 2.0
#: Looks a second, however many wait: each one reads the store.
LOOKS = 200


class Following:
    """The deliveries of one destination that wait for another's, by message."""

    def __init__(self, store: Store, stands: Callable[[Delivery, int], None]) -> None:
        self._store, self._stands = store, stands
        self._still: set[int] = set()
        """Those that `stands` was told of: they wait (1), or do so no more (-1)."""
        self._waiting: dict[int, list[Delivery]] = {}
        self.states: dict[int, str] = {}
        """By message: the state of what it waits for; those that are not delivered."""

    async def waits(self, delivery: Delivery) -> bool:
        """Whether it has to wait; noted with the state of what it waits for."""
        if not delivery.after:
            return False
        try:
            state = await self._store.unfinished(delivery.message, delivery.after)
        except StoreError:
            state = "unknown"
        if not state:
            self._forget(delivery)
            return False
        self.states[delivery.message] = state
        waiting = self._waiting.setdefault(delivery.message, [])
        if all(item.id != delivery.id for item in waiting):
            waiting.append(delivery)
        if delivery.id not in self._still:
            self._still.add(delivery.id)
            self._stands(delivery, 1)
        return True

    def again(self) -> float:
        """Seconds before the one that has just begun to wait is looked at again."""
        return max(AGAIN, len(self.states) / LOOKS)

    def left(self, delivery: Delivery) -> None:
        """It is delivered, or a person gave it up: it waits no more."""
        if delivery.after:
            self._forget(delivery)

    def _forget(self, delivery: Delivery) -> None:
        if delivery.id in self._still:
            self._still.discard(delivery.id)
            self._stands(delivery, -1)
        waiting = self._waiting.get(delivery.message, [])
        waiting[:] = [item for item in waiting if item.id != delivery.id]
        if not waiting:
            self.states.pop(delivery.message, None)
            self._waiting.pop(delivery.message, None)

    def wake(self, message: int) -> list[Delivery]:
        """Something that they wait for was delivered: those of this message, to be looked at again."""
        self.states.pop(message, None)
        return self._waiting.pop(message, [])
