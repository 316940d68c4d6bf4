"""The embedded store: one SQLite file, one writer, no server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import apsw

from engine.errors import StoreError
from engine.message import Body, Delivery, Inbound, Plan, Receipt, Settlement, Spooled, State
from engine.store import Queued, Store, backup, large, prune
from engine.store.batch import Batch, Counted
from engine.store.checkpoint import PAGE, Checkpointer
from engine.store.home import Lock, prepare, store_file
from engine.store.intake import Accept
from engine.store.ledger import Ledger
from engine.store.loadings import Loadings
from engine.store.readers import Readers
from engine.store.rides import Claim
from engine.store.schema import integers, open_writer
from engine.store.writer import Writer


class SqliteStore(Loadings, Store):
    """`engine.store.Store` on SQLite. Made by `open`."""

    def __init__(
        self, home: Path, lock: Lock, connection: apsw.Connection, loop: asyncio.AbstractEventLoop,
        now: Callable[[], float], vfs: str | None,
    ) -> None:  # fmt: skip
        path = str(store_file(home))
        ledger = Ledger(connection, now)
        writer = Writer(connection, ledger, loop)
        super().__init__(writer, ledger, Readers(path, vfs, loop), path, vfs)
        self._home, self._lock, self._connection, self._loop = home, lock, connection, loop
        self._ledger, self._rides, self._now = ledger, writer.rides, now
        self._checkpointer = Checkpointer(connection, writer, path, vfs)
        writer.committed = self._committed
        self.incarnation = ledger.incarnation
        self._prune = prune.Prune(connection)

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
        overlay = self._memory.lay(plan) if plan.remembers or plan.parts else None
        accept = Accept(future, number, inbound, plan, id or self.reserve(), overlay)
        self._writer.accept(accept, class_)
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

    def _committed(self, batch: Batch) -> None:
        self._recent.committed(batch.rides)
        self._checkpointer.watch()

    # -- lanes ----------------------------------------------------------------------------------------------

    def destination(self, channel: str, name: str) -> int:
        """See Store.destination; its row is written in the next transaction, before any that uses it."""
        return self._ledger.destination(self._ledger.channel(channel), name)

    def channel_number(self, name: str) -> int:
        """See Store.channel_number."""
        return self._ledger.channel(name)

    def destinations(self) -> dict[tuple[str, str], int]:
        """See Store.destinations."""
        ledger = self._ledger
        names = {number: name for name, number in ledger.channels.items()}
        found = ledger.destinations.items()
        return {(names[channel], name): number for (channel, name), number in found}

    def heads(self, destination: int, limit: int) -> Awaitable[list[Delivery]]:
        """See Store.heads: one delivery for each lane, the oldest lanes first."""
        return self._standing.heads(destination, limit)

    def behind(
        self, destination: int, lane: int, after: int, limit: int
    ) -> Awaitable[list[Delivery]]:
        """See Store.behind."""
        return self._standing.deliveries("behind", destination, lane, after, limit)

    def waiting(self, destination: int, limit: int) -> Awaitable[list[tuple[int, int]]]:
        """Delivery and lane of the first open delivery of every lane, oldest first: heads without the weight."""
        return self._standing.rows("waiting", destination, limit)

    def chosen(self, deliveries: Sequence[int]) -> Awaitable[list[Delivery]]:
        """The deliveries with these ids that stand in a lane, in order, without payloads."""
        return self._standing.deliveries("chosen", integers(deliveries))

    async def payload(self, delivery: int) -> tuple[Body, dict[str, str] | None]:
        """See Store.payload. StoreError when there is no such delivery or its body was pruned."""
        rows = await self._standing.rows("payload", delivery)
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

    # -- house ----------------------------------------------------------------------------------------------

    def listen(self, queued: Queued) -> None:
        """See Store.listen. The deliveries of an accept carry their payload; whoever keeps many drops it."""
        self._writer.queued = queued

    async def spool(self, chunks: Iterable[bytes]) -> Spooled:
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

    async def prune(self, older_than: float, limit: int = 200) -> int:
        """
        Drop the bodies of the next `limit` messages, of those that came before `older_than` and are done with.

        How many were looked at: 0 = everything was, and files and pages that became free are given back. A
        small step, for when nothing else is to do; metadata, keys and events stay.
        """
        forgotten = await self.forget(limit)
        seen: int = await self._task(lambda: self._prune.step(older_than, limit))
        if forgotten == limit:
            return seen or forgotten
        if seen == 0:
            await self._readers.run(lambda reader: prune.sweep(self._home, reader, self._now()))
            await self._writer.chore(partial(prune.shrink, self._connection, 1000))
        return seen

    def fatal(self) -> str:
        """See Store.fatal."""
        return str(self._writer.dead or "")

    def state(self) -> dict[str, float]:
        """See Store.state."""
        writer = self._writer
        return {
            "wal_bytes": self._checkpointer.wal_bytes,
            "pages": store_file(self._home).stat().st_size // PAGE,
            "commits": writer.commits,
            "last_batch": writer.last_size,
            "last_commit_seconds": writer.last_seconds,
            "dropped_steps": writer.dropped,
            "checkpoints": self._checkpointer.checkpoints,
            "failed_checkpoints": self._checkpointer.failures,
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
        self._beside.close()
        if self._writer.dead is None:
            with suppress(
                apsw.Error
            ):  # on a full disk the log stays, and is read at the next start
                self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        self._connection.close()
        self._lock.close()
