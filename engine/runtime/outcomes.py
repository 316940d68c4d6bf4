"""How deliveries ended, for senders that wait for it (`ack: delivered`)."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from engine.message import State

#: Outcomes that are remembered for a sender who begins to wait only after they came.
LATELY = 10_000


class Outcomes:
    """The deliveries of one channel that somebody waits for, and those that ended lately."""

    def __init__(self) -> None:
        self._waiting: dict[int, list[asyncio.Future[State]]] = {}
        self._lately: OrderedDict[int, State] = OrderedDict()

    def ended(self, delivery: int, state: State) -> None:
        """A delivery reached a state in which it is not sent again by itself."""
        self._lately[delivery] = state
        if len(self._lately) > LATELY:
            self._lately.popitem(last=False)
        for future in self._waiting.pop(delivery, ()):
            if not future.done():
                future.set_result(state)

    async def wait(self, deliveries: Sequence[int], within: float) -> str:
        """Why they are not delivered, in words; empty = they are. Returns after `within` seconds at the latest."""
        ended = [self._lately[number] for number in deliveries if number in self._lately]
        futures = [self._future(number) for number in deliveries if number not in self._lately]
        late: set[asyncio.Future[State]] = set()
        if futures:
            done, late = await asyncio.wait(futures, timeout=within)
            ended += [future.result() for future in done]
        if any(state is not State.DELIVERED for state in ended):
            return "a destination did not take it"
        return f"not delivered within {within:g} s" if late else ""

    def _future(self, delivery: int) -> asyncio.Future[State]:
        future: asyncio.Future[State] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(delivery, []).append(future)
        return future
