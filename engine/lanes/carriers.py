"""A few tasks that carry deliveries, one after another; between them each waits on a future of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from engine.errors import StoreError
from engine.message import Delivery


class Carriers:
    """As many as ever carried at once; idle ones are used again."""

    def __init__(
        self, send: Callable[[Delivery], Awaitable[None]], more: Callable[[], None]
    ) -> None:
        self._send, self._more = send, more
        self._loop = asyncio.get_running_loop()
        self._idle: list[asyncio.Future[Delivery | None]] = []
        self._stopping = False
        self.tasks: set[asyncio.Task[None]] = set()

    def carry(self, delivery: Delivery) -> None:
        """Hand it to an idle carrier, or to a new one."""
        if self._idle:
            self._idle.pop().set_result(delivery)
            return
        task = self._loop.create_task(self._run(delivery))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _run(self, delivery: Delivery | None) -> None:
        while delivery is not None:
            try:
                await self._send(delivery)
            except StoreError:
                return
            delivery = None
            if not self._stopping:
                future: asyncio.Future[Delivery | None] = self._loop.create_future()
                self._idle.append(future)
                self._more()
                delivery = await future

    async def stop(self, within: float) -> None:
        """Let what is being carried end, for so many seconds; what is left runs on until it is cancelled."""
        self._stopping = True
        for future in self._idle:
            if not future.done():
                future.set_result(None)
        self._idle.clear()
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=within)
