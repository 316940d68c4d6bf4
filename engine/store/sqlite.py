"""The embedded store: one SQLite file, one writer, no server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import apsw
import msgspec

from engine.errors import CommitUnknown, StoreError
from engine.message import Body, Delivery, Inbound, Plan, Receipt, Settlement, Spooled, State
from engine.store import Hold, Queued, backup, large
from engine.store.checkpoint import Checkpointer
from engine.store.home import Lock, prepare, store_file
from engine.store.intake import Accept
from engine.store.ledger import Ledger
from engine.store.people import People
from engine.store.readers import Readers
from engine.store.recent import Recent
from engine.store.rides import Claim
from engine.store.schema import PLACES, STATES, TEST, first, integers, open_writer, queries
from engine.store.writer import Batch, Counted, Writer

_LANES = queries("lanes")
_PEOPLE = queries("people")


class SqliteStore:
    """`engine.store.Store` on SQLite. Made by `open`."""

    def __init__(
        self, home: Path, lock: Lock, connection: apsw.Connection, loop: asyncio.AbstractEventLoop,
        now: Callable[[], float], vfs: str | None,
    ) -> None:  # fmt: skip
        path = str(store_file(home))
        self._home, self._lock, self._connection, self._loop = home, lock, connection, loop
        self._ledger = Ledger(connection, now)
        self._people = People(self._ledger)
        self._holds = self._people.holds()
        self._writer = Writer(connection, self._ledger, loop)
        self._writer.committed = self._committed
        self._rides = self._writer.rides
        self._readers = Readers(path, vfs, loop)
        self._checkpointer = Checkpointer(connection, self._writer, path, vfs)
        self._recent = Recent()
        self._closed = False
        self._now = now
        self.incarnation = self._ledger.incarnation

    @classmethod
    async def open(
        cls,
        home: Path,
        loop: asyncio.AbstractEventLoop,
        now: Callable[[], float],
        vfs: str | None = None,
    ) -> SqliteStore:
        """
        Take the home and open its store, made when new.

        `now` is the wall clock. StoreInUse when another process has the home; StoreError for a network
        file system or a store of a later release.
        """
        prepare(home)
        lock = Lock(home)
        try:
            connection = open_writer(str(store_file(home)), vfs)
            return cls(home, lock, connection, loop, now, vfs)
        except apsw.Error as error:
            lock.close()
            raise StoreError(f"the store cannot be opened: {error}") from None
        except BaseException:
            lock.close()
            raise

    # -- the line -------------------------------------------------------------------------------------------

    def reserve(self) -> int:
        """The number of the next message, for its plan to know; hand it to `accept` as `id`."""
        number = self._ledger.next_message
        self._ledger.next_message = number + 1
        return number

    def accept(
        self, channel: str, inbound: Inbound, plan: Plan, id: int = 0, class_: str = "supply"
    ) -> Awaitable[Receipt]:
        """See Store.accept. `id` comes from `reserve`; `class_` weighs it against what else waits."""
        self._alive()
        future: asyncio.Future[Receipt] = self._loop.create_future()
        number = self._ledger.channels.get(channel) or self._ledger.channel(channel)
        self._writer.accept(Accept(future, number, inbound, plan, id or self.reserve()), class_)
        return future

    def claim(
        self, delivery: Delivery, at: float, durable: Callable[[], None] | None = None
    ) -> None:
        """See Store.claim."""
        self._alive()
        self._rides.claim(delivery, at, durable, self._loop.time())
        self._writer.ride()

    def settle(
        self,
        settlement: Settlement,
        durable: Callable[[], None] | None = None,
        keep_lane: bool = False,
    ) -> None:
        """See Store.settle. `keep_lane`: a refused delivery keeps its place and blocks its lane."""
        self._alive()
        self._rides.settle(settlement, durable, keep_lane)
        self._recent.settled(settlement, keep_lane)
        self._writer.ride()

    def hurry(self) -> None:
        """See Store.hurry."""
        self._writer.hurry()

    def _alive(self) -> None:
        if self._writer.dead is not None:
            raise CommitUnknown(str(self._writer.dead))
        if self._closed:
            raise StoreError("the store is closed")

    def _committed(self, batch: Batch) -> None:
        self._recent.committed(batch.rides)
        self._checkpointer.watch()

    # -- lanes ----------------------------------------------------------------------------------------------

    def destination(self, channel: str, name: str) -> int:
        """See Store.destination; its row is written in the next transaction, before any that uses it."""
        return self._ledger.destination(self._ledger.channel(channel), name)

    async def heads(self, destination: int, limit: int) -> list[Delivery]:
        """See Store.heads: one delivery for each lane, the oldest lanes first."""
        return await self._read("heads", destination, limit)

    async def behind(
        self, destination: int, lane: int, after: int, limit: int
    ) -> list[Delivery]:
        """See Store.behind."""
        return await self._read("behind", destination, lane, after, limit)

    async def waiting(self, destination: int, limit: int) -> list[tuple[int, int]]:
        """Delivery and lane of the first open delivery of every lane, oldest first: heads without the weight."""
        rows: list[tuple[int, int]] = await self._readers.run(
            _fetch, _LANES["waiting"], destination, limit
        )
        return rows

    async def chosen(self, deliveries: Sequence[int]) -> list[Delivery]:
        """The open deliveries with these ids, in order, without payloads."""
        if not deliveries:
            return []
        return await self._read("chosen", integers(deliveries))

    async def _read(self, query: str, *values: Any) -> list[Delivery]:
        """Rows as deliveries, brought up to date with what was settled while they were read."""
        self._alive()
        ticket = self._recent.begin()
        try:
            rows = await self._readers.run(_fetch, _LANES[query], *values)
            found = []
            for row in rows:
                delivery = self._recent.current(self._delivery(row))
                if delivery is not None:
                    claim = self._rides.claims.get(delivery.id)
                    if claim is not None and claim.state is not delivery.state:
                        delivery = msgspec.structs.replace(delivery, state=claim.state)
                    found.append(delivery)
            return found
        finally:
            self._recent.end(ticket)

    def _delivery(self, row: tuple[Any, ...]) -> Delivery:
        (
            id,
            destination,
            part,
            state,
            attempt,
            crashes,
            due_at,
            lane,
            lanes,
            queued_at,
            flags,
        ) = row
        message = id // PLACES
        return Delivery(
            id=id,
            message=message,
            destination=destination,
            key=self._ledger.key_of(message, destination, part),
            lanes=(lane,) if lanes is None else tuple(json.loads(lanes)),
            attempt=attempt,
            queued_at=queued_at,
            due_at=due_at,
            state=STATES[state],
            crashes=crashes,
            test=bool(flags & TEST),
        )

    async def payload(self, delivery: int) -> tuple[Body, dict[str, str] | None]:
        """See Store.payload. StoreError when there is no such delivery or its body was pruned."""
        rows = await self._readers.run(_fetch, _LANES["payload"], delivery)
        if not rows:
            raise StoreError("there is no such delivery")
        codec, stored, options = rows[0]
        return large.place(self._home, codec, stored), None if options is None else json.loads(
            options
        )

    def open_counts(self) -> dict[int, int]:
        """See Store.open_counts."""
        return self._ledger.open

    async def recover(self) -> list[Delivery]:
        """See Store.recover. Call it once, before the first claim."""
        at = self._now()

        def work() -> Counted:
            uncertain, _, changes = self._people.interrupted(at)
            return Counted(uncertain, changes)

        found = await self.chosen(await self._task(work))
        for delivery in found:
            claim = Claim(delivery, at, None, 0.0)
            claim.state, self._rides.claims[delivery.id] = State.UNCERTAIN, claim
        return found

    def _task(
        self, work: Callable[[], Any], after: Callable[[Any], None] | None = None
    ) -> Awaitable[Any]:
        self._alive()
        return self._writer.task(work, after)

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
            claims, unsettled = (
                self._rides.claims,
                {ride.delivery for ride in self._rides.waiting},
            )
            busy = {
                id for id in deliveries if id in claims and claims[id].state is State.SENDING
            } | unsettled
            ids = [id for id in deliveries if id not in busy]
            return Counted(*self._people.move(ids, to, who, reason, at))

        def after(moved: list[int]) -> None:
            for id in moved:
                self._rides.claims.pop(id, None)
                self._recent.moved(id, to, at)

        moved: list[int] = await self._task(work, after)
        if to is State.QUEUED and moved and self._writer.queued is not None:
            self._writer.queued(await self.chosen(moved))
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

    # -- small memory ---------------------------------------------------------------------------------------

    async def get(self, space: str, name: str) -> bytes | None:
        """See Store.get."""
        rows = await self._readers.run(_fetch, _PEOPLE["get"], space, name)
        return rows[0][0] if rows else None

    async def put(self, space: str, name: str, value: bytes | None) -> None:
        """See Store.put."""
        await self._task(lambda: self._people.put(space, name, value))

    async def numbers(self, sequence: str, count: int) -> int:
        """See Store.numbers."""
        start: int = await self._task(lambda: self._people.numbers(sequence, count))
        return start

    # -- house ----------------------------------------------------------------------------------------------

    def listen(self, queued: Queued) -> None:
        """See Store.listen. The deliveries of an accept carry their payload; whoever keeps many drops it."""
        self._writer.queued = queued

    async def spool(self, chunks: list[bytes]) -> Spooled:
        """See Store.spool."""
        return await self._loop.run_in_executor(None, large.write, self._home, chunks)

    async def read(self, body: Body) -> bytes:
        """See Store.read."""
        if isinstance(body, bytes):
            return body
        return await self._loop.run_in_executor(None, large.load, body)

    async def backup(self, target: Any) -> None:
        """See Store.backup. StoreError when the target is not empty or the copy is not sound."""
        self._alive()
        await backup.backup(self._connection, self._writer, self._home, Path(target))

    def state(self) -> dict[str, float]:
        """See Store.state."""
        writer = self._writer
        return {
            "wal_bytes": self._checkpointer.wal_bytes,
            "pages": first(self._connection, "PRAGMA page_count")[0]
            if not writer.working
            else -1,
            "commits": writer.commits,
            "last_batch": writer.last_size,
            "last_commit_seconds": writer.last_seconds,
            "dropped_steps": writer.dropped,
            "checkpoints": self._checkpointer.checkpoints,
            **{f"waiting_{name}": count for name, count in writer.queues.lengths().items()},
        }

    async def close(self) -> None:
        """See Store.close."""
        if self._closed:
            return
        self._closed = True
        await self._writer.drained()
        await self._checkpointer.close()
        self._writer.close()
        self._readers.close()
        if self._writer.dead is None:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        self._connection.close()
        self._lock.close()


def _fetch(connection: apsw.Connection, sql: str, *values: Any) -> list[Any]:
    return connection.execute(sql, values).fetchall()
