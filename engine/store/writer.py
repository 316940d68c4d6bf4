"""
Group commit: whatever waits goes into the next transaction.

The SQL of a transaction runs on the loop, its COMMIT in a thread (docs/decisions/0002-group-commit.md): a batch costs
two hand-overs of the interpreter lock, not two for every statement. While the disk works the loop collects the next
batch. A batch that fails is taken apart, so that one bad row fails one sender.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import apsw

from engine.errors import CommitRefused, CommitUnknown
from engine.message import Delivery
from engine.store.batch import Batch, Counted, Task
from engine.store.commits import DISK, CommitThread, Done, Job, reason
from engine.store.intake import Accept, Intake
from engine.store.ledger import Key, Ledger, deltas
from engine.store.queues import Queues
from engine.store.rides import Rides

#: Seconds that a settlement, or a claim whose attempt goes on, waits for company.
RIDE = 0.010
#: Seconds before what could not be written is tried again.
PATIENCE = 0.25


class Writer:
    """Takes what waits, writes it, commits it, and tells everybody in commit order."""

    def __init__(
        self, connection: apsw.Connection, ledger: Ledger, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._connection, self._ledger, self._loop = connection, ledger, loop
        self._execute = connection.execute
        self._thread = CommitThread(loop)
        self._intake = Intake(ledger)
        self.rides = Rides(ledger)
        self.queues = Queues()
        self._tasks: list[Task] = []
        self._apart: deque[Batch] = deque()
        self._chores: deque[tuple[Job, Done]] = deque()
        self._batch = Batch([], [], [])
        self.working = False
        """Whether the connection is the thread's."""
        self._woken = self._hurried = False
        self._timer: asyncio.TimerHandle | None = None
        self._idle: list[asyncio.Future[None]] = []
        self.dead: CommitUnknown | None = None
        self.queued: Callable[[Sequence[Delivery]], None] | None = None
        self.committed: Callable[[Batch], None] | None = None
        self.commits = self.dropped = self.last_size = 0
        self.last_seconds = 0.0

    # -- what comes in --------------------------------------------------------------------------------------

    def accept(self, accept: Accept, class_: str) -> None:
        """Queue a message; it wakes the writer."""
        self.queues.add(accept, class_)
        self._wake()

    def task(
        self, work: Callable[[], Any], after: Callable[[Any], None] | None = None
    ) -> asyncio.Future[Any]:
        """Queue a small transaction; `after` sees its result on the loop once it is on the disk."""
        future: asyncio.Future[Any] = self._loop.create_future()
        self._tasks.append(Task(work, future, after))
        self._wake()
        return future

    def chore(self, work: Job) -> asyncio.Future[None]:
        """Run something in the commit thread between two transactions (a checkpoint, a step of a backup)."""
        future: asyncio.Future[None] = self._loop.create_future()

        def done(error: BaseException | None) -> None:
            if not future.done():
                future.set_result(None) if error is None else future.set_exception(error)

        if self.dead is not None:
            done(self.dead)
            return future
        self._chores.append((work, done))
        self._wake()
        return future

    def ride(self) -> None:
        """Something rides: see that it is not left waiting."""
        if self._timer is None and not self.working:
            self._timer = self._loop.call_later(RIDE, self._rang)

    def hurry(self) -> None:
        """Commit what rides now, or with the transaction after the one under way."""
        self._hurried = True
        self._wake()

    def _wake(self) -> None:
        if not (self._woken or self.working):
            self._woken = True
            self._loop.call_soon(self._pump)

    def _rang(self) -> None:
        self._timer = None
        self._pump()

    async def drained(self) -> None:
        """Return when nothing waits and nothing is under way, or when the disk does not take it."""
        ends = time.monotonic() + 4 * PATIENCE
        while self.dead is None and (self.working or self._waits()):
            if time.monotonic() > ends and not (self.working or self._chores):
                return
            future: asyncio.Future[None] = self._loop.create_future()
            self._idle.append(future)
            self.hurry()
            await asyncio.wait([future], timeout=PATIENCE)

    def _waits(self) -> bool:
        rides = self.rides
        queued = self._apart or self._tasks or self._chores or rides.waiting or rides.fresh
        return bool(queued) or len(self.queues) > 0

    def close(self) -> None:
        """End the thread; the connection is the caller's again."""
        if self._timer is not None:
            self._timer.cancel()
        self._thread.close()

    # -- the transaction ------------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Write the next batch and hand its COMMIT to the thread."""
        self._woken = False
        if self.working or self.dead is not None:
            return
        if self._chores:
            self._do_chore()
            return
        self._batch = batch = self._next()
        if not len(batch):
            self._rest()
            return
        self.working = True
        batch.started = time.perf_counter()
        try:
            self._write(batch)
        except Exception as error:
            self._failed(batch, error)
            return
        self._thread.submit(self._commit, self._ended)
        if batch.accepts:
            self.queues.measured(batch.weight, time.perf_counter() - batch.started)

    def _do_chore(self) -> None:
        work, done = self._chores.popleft()
        self.working = True

        def ended(error: BaseException | None) -> None:
            self.working = False
            done(error)
            self._pump()

        self._thread.submit(work, ended)

    def _next(self) -> Batch:
        if self._apart:
            return self._apart.popleft()
        before = self._loop.time() - (-1.0 if self._hurried else RIDE)
        self._hurried = False
        tasks, self._tasks = self._tasks, []
        return Batch(self.queues.take(), self.rides.take(before), tasks)

    def _write(self, batch: Batch) -> None:
        self._execute("BEGIN IMMEDIATE")
        ledger = self._ledger
        changes: list[dict[Key, int]] = []
        if batch.rides:
            changes.append(self.rides.write(batch.rides))
        for task in batch.tasks:
            task.result = task.work()
            if isinstance(task.result, Counted):
                changes.append(task.result.changes)
                task.result = task.result.value
        if batch.accepts:
            batch.entries, batch.deliveries, counted = self._intake.write(batch.accepts)
            changes.append(counted)
        if ledger.definitions:
            batch.defined = ledger.write_definitions()
        batch.changes = changes[0] if len(changes) == 1 else deltas(*changes)
        if batch.changes:
            ledger.write_counters(batch.changes)

    def _commit(self) -> None:
        self._execute("COMMIT")

    def _rest(self) -> None:
        """Nothing to write now: set the clock for what rides, and tell who waits for quiet."""
        if self.rides.fresh or self.rides.waiting:
            self.ride()
            return
        idle, self._idle = self._idle, []
        for future in idle:
            if not future.done():
                future.set_result(None)

    # -- how it ended ---------------------------------------------------------------------------------------

    def _ended(self, error: BaseException | None) -> None:
        """
        COMMIT returned or raised.

        A full disk is certain: the frame that makes a transaction valid is written last, and the next
        writer overwrites the torn ones. After any other error nobody can know.
        """
        batch = self._batch
        if error is None:
            self.working = False
            self._kept(batch)
        elif isinstance(error, apsw.FullError | apsw.BusyError) and self._roll_back():
            self.working = False
            self._refuse(batch, error)
        else:
            self._die(batch, error)

    def _kept(self, batch: Batch) -> None:
        self._ledger.defined(batch.defined)
        self._ledger.counted(batch.changes)
        self._ledger.groups_kept()
        self.commits += 1
        self.last_size = len(batch)
        self.last_seconds = time.perf_counter() - batch.started
        if self.committed is not None:
            self.committed(batch)
        if batch.deliveries and self.queued is not None:
            self.queued(batch.deliveries)
        batch.tell()
        self._wake()

    def _failed(self, batch: Batch, error: Exception) -> None:
        """The transaction could not be written: nothing of it is kept."""
        if not self._roll_back():
            self._die(batch, error)
            return
        self.working = False
        if isinstance(error, DISK):
            self._refuse(batch, error)
            return
        if len(batch) > 1:
            self._apart.extend(batch.apart())
        else:
            self._refuse_one(batch, error)
        self._wake()

    def _roll_back(self) -> bool:
        if self._connection.in_transaction:
            try:
                self._execute("ROLLBACK")
            except apsw.Error:
                return not self._connection.in_transaction
        return True

    def _refuse(self, batch: Batch, error: BaseException) -> None:
        """The disk does not take it: senders are told, settlements wait for better times."""
        refusal = CommitRefused(f"the store cannot write: {reason(error)}")
        for part in reversed([batch, *self._apart]):
            part.refuse(refusal)
            self.rides.put_back(part.rides)
        self._apart.clear()
        if self._timer is None:
            self._timer = self._loop.call_later(PATIENCE, self._rang)

    def _refuse_one(self, batch: Batch, error: Exception) -> None:
        """One item that cannot be written, whatever the disk is like."""
        if batch.accepts:
            error = CommitRefused(f"the message cannot be kept: {type(error).__name__}")
        batch.refuse(error)
        for ride in batch.rides:
            if ride.stripped:
                self.dropped += 1
                self.rides.claims.pop(ride.delivery, None)
                if (claimed := ride.durable[0]) is not None:
                    claimed()  # it never will be; whoever waits must not wait for ever
            else:
                self._apart.appendleft(Batch([], [ride.plain()], []))

    def _die(self, batch: Batch, error: BaseException) -> None:
        """Nobody knows what is on the disk: nobody is answered, nothing is written again."""
        self.dead = CommitUnknown(f"the disk did not say if a commit happened: {reason(error)}")
        self.working = False
        for part in (batch, *self._apart, Batch(self.queues.take_all(), [], self._tasks)):
            part.refuse(self.dead)
        for _, done in self._chores:
            done(self.dead)
        for future in self._idle:
            if not future.done():
                future.set_result(None)
