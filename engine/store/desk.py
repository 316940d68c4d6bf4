"""The verbs of people and of small memory: each a small transaction of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import apsw

from engine.errors import CommitUnknown, StoreError
from engine.message import State
from engine.store import Hold, releases
from engine.store.batch import Counted
from engine.store.ledger import Ledger
from engine.store.people import People
from engine.store.readers import Readers
from engine.store.recent import Recent
from engine.store.schema import integers, queries
from engine.store.standing import Standing, fetch
from engine.store.writer import Writer

_PEOPLE = queries("people")


class Desk:
    """What `SqliteStore` does besides the line, the lanes and the house."""

    def __init__(self, writer: Writer, ledger: Ledger, readers: Readers) -> None:
        self._writer, self._readers, self._ledger = writer, readers, ledger
        self._recent = Recent()
        self._standing = Standing(readers, ledger, writer.rides, self._recent)
        self._people = People(ledger)
        self._holds = self._people.holds()
        self._closed = False

    def _alive(self) -> None:
        if self._writer.dead is not None:
            raise CommitUnknown(str(self._writer.dead))
        if self._closed:
            raise StoreError("the store is closed")

    def _task(
        self, work: Callable[[], Any], after: Callable[[Any], None] | None = None
    ) -> Awaitable[Any]:
        self._alive()
        return self._writer.task(work, after)

    async def write(self, work: Callable[[apsw.Connection], Any]) -> Any:
        """Run something small with the writer's connection, in a transaction of its own; what it returns, once it is on the disk."""
        return await self._task(lambda: work(self._ledger.connection))

    async def rename(self, channel: str, old: str, new: str) -> None:
        """See Store.rename."""
        await self._task(lambda: self._ledger.rename(channel, old, new))

    # -- people ---------------------------------------------------------------------------------------------

    async def hold(self, hold: Hold) -> None:
        """See Store.hold."""

        def after(_: object) -> None:
            self._holds[hold.destination] = hold

        await self._task(lambda: self._people.hold(hold), after)

    def holds(self) -> dict[int, Hold]:
        """See Store.holds."""
        return self._holds

    async def move(
        self, deliveries: Sequence[int], to: State, who: str, reason: str, at: float
    ) -> int:
        """See Store.move. What is being sent stays where it is."""

        def work() -> Counted:
            claims = self._writer.rides.claims
            ids = [
                id
                for id in deliveries
                if id not in claims or claims[id].state is not State.SENDING
            ]
            return Counted(*self._people.move(ids, to, who, reason, at))

        def after(moved: list[int]) -> None:
            for id in moved:
                self._writer.rides.claims.pop(id, None)
                self._recent.moved(id, to, at)

        moved: list[int] = await self._task(work, after)
        if to is State.QUEUED and moved and self._writer.queued is not None:
            self._writer.queued(await self._standing.deliveries("chosen", integers(moved)))
        return len(moved)

    async def order(
        self,
        verb: str,
        arguments: dict[str, Any],
        who: str,
        reason: str,
        at: float,
        expires_at: float,
    ) -> int:
        """See Store.order."""
        number: int = await self._task(
            lambda: self._people.order(verb, arguments, who, reason, at, expires_at)
        )
        return number

    async def finish(self, order: int, outcome: str, done: bool, at: float) -> None:
        """See Store.finish."""
        await self._task(lambda: self._people.finish(order, outcome, done, at))

    async def audit(self, who: str, action: str, what: str, reason: str, at: float) -> None:
        """See Store.audit."""
        await self._task(lambda: self._people.audit(who, action, what, reason, at))

    async def put_to_use(self, used: Sequence[releases.Used], who: str, at: float) -> int:
        """See Store.put_to_use."""
        given = await asyncio.to_thread(releases.packed, used)
        number, connection = self._ledger.channel, self._ledger.connection
        kept: int = await self._task(lambda: releases.write(connection, number, given, who, at))
        return kept

    # -- small memory ---------------------------------------------------------------------------------------

    async def get(self, space: str, name: str) -> bytes | None:
        """See Store.get."""
        rows = await self._readers.run(fetch, _PEOPLE["get"], space, name)
        return rows[0][0] if rows else None

    async def put(self, space: str, name: str, value: bytes | None) -> None:
        """See Store.put."""
        await self._task(lambda: self._people.put(space, name, value))

    async def numbers(self, sequence: str, count: int) -> int:
        """See Store.numbers."""
        start: int = await self._task(lambda: self._people.numbers(sequence, count))
        return start
