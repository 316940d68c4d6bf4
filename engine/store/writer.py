"""
Group commit: whatever waits goes into the next transaction.

The SQL of a transaction runs on the loop, its COMMIT in a thread (docs/decisions/0002-group-commit.md): a batch costs
two hand-overs of the interpreter lock, not two for every statement. While the disk works the loop collects the next
batch. A batch that fails is taken apart, so that one bad row fails one sender.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import apsw

from engine.errors import CommitRefused, CommitUnknown
from engine.message import Delivery
from engine.store.commits import CommitThread
from engine.store.intake import Accept, Intake
from engine.store.layout import Entry
from engine.store.ledger import Key, Ledger, deltas
from engine.store.queues import Queues
from engine.store.rides import Ride, Rides

#: Seconds that a settlement, or a claim whose attempt goes on, waits for company.
RIDE = 0.010
#: Seconds before what could not be written is tried again.
PATIENCE = 0.25

#: Errors of the disk while a transaction is prepared: whoever is in the batch is refused, nobody is at fault.
_DISK = (
    apsw.FullError, apsw.IOError, apsw.ReadOnlyError, apsw.CantOpenError, apsw.BusyError, apsw.CorruptError,
    apsw.NotADBError, apsw.NoMemError, apsw.LockedError, apsw.ProtocolError,
)  # fmt: skip


class Task:
    """A small transaction of its own: what it does with the connection, and who waits for its result."""

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
    """What one transaction holds."""

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

    def apart(self) -> list[Batch]:
        """One batch for each item, in order."""
        rides = [Batch([], [ride], []) for ride in self.rides]
        tasks = [Batch([], [], [task]) for task in self.tasks]
        return rides + tasks + [Batch([accept], [], []) for accept in self.accepts]


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
        self._batch: Batch | None = None
        self._chores: deque[
            tuple[Callable[[], object], Callable[[BaseException | None], None]]
        ] = deque()
        self.working = False
        self._woken = False
        self._hurried = False
        self._timer: asyncio.TimerHandle | None = None
        self._idle: list[asyncio.Future[None]] = []
        self.dead: CommitUnknown | None = None
        self.queued: Callable[[Sequence[Delivery]], None] | None = None
        self.committed: Callable[[Batch], None] | None = None
        self.commits = 0
        self.dropped = 0
        """Steps that could not be recorded: the delivery was not in the state they began in."""
        self.last_size = 0
        self.last_seconds = 0.0

    # -- what comes in --------------------------------------------------------------------------------------

    def accept(self, accept: Accept, class_: str) -> None:
        """Queue a message; it wakes the writer."""
        self.queues.add(accept, class_)
        if not (self._woken or self.working):
            self._woken = True
            self._loop.call_soon(self._pump)

    def task(
        self, work: Callable[[], Any], after: Callable[[Any], None] | None = None
    ) -> asyncio.Future[Any]:
        """Queue a small transaction; `after` sees its result on the loop once it is on the disk."""
        future: asyncio.Future[Any] = self._loop.create_future()
        self._tasks.append(Task(work, future, after))
        self._wake()
        return future

    def chore(self, work: Callable[[], object]) -> asyncio.Future[None]:
        """Run something in the commit thread between two transactions (a checkpoint, a step of a backup)."""
        future: asyncio.Future[None] = self._loop.create_future()

        def done(error: BaseException | None) -> None:
            if not future.done():
                future.set_result(None) if error is None else future.set_exception(error)

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
        """Return when nothing waits and nothing is under way."""
        while self.dead is None and (self.working or len(self._take_nothing())):
            future: asyncio.Future[None] = self._loop.create_future()
            self._idle.append(future)
            self.hurry()
            await future

    def _take_nothing(self) -> list[object]:
        rides = self.rides
        return [
            *self._apart,
            *self._tasks,
            *self._chores,
            *rides.waiting[:1],
            *rides.fresh,
            *[1] * len(self.queues),
        ]

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
            work, done = self._chores.popleft()
            self.working = True
            self._thread.submit(work, lambda error: self._chore_done(done, error))
            return
        batch = self._next()
        if not len(batch):
            self._rest()
            return
        self.working = True
        self._batch = batch
        batch.started = self._loop.time()
        try:
            self._write(batch)
        except Exception as error:
            self._failed(batch, error)
            return
        self._thread.submit(self._commit, self._committed)

    def _next(self) -> Batch:
        if self._apart:
            return self._apart.popleft()
        before = self._loop.time() - (0.0 if self._hurried else RIDE)
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

    # -- how it ended ---------------------------------------------------------------------------------------

    def _committed(self, error: BaseException | None) -> None:
        batch = self._batch
        assert batch is not None
        if error is not None:
            self._commit_failed(batch, error)
            return
        self.working, self._batch = False, None
        self._ledger.defined(batch.defined)
        self._ledger.counted(batch.changes)
        self._measure(batch)
        if self.committed is not None:
            self.committed(batch)
        if batch.deliveries and self.queued is not None:
            self.queued(batch.deliveries)
        for accept, entry in zip(batch.accepts, batch.entries, strict=True):
            if not accept.future.done():
                accept.future.set_result(entry.receipt())
        for ride in batch.rides:
            claimed, settled = ride.durable
            if claimed is not None:
                claimed()
            if settled is not None:
                settled()
        for task in batch.tasks:
            if task.after is not None:
                task.after(task.result)
            if not task.future.done():
                task.future.set_result(task.result)
        if not self._woken:
            self._woken = True
            self._loop.call_soon(self._pump)

    def _measure(self, batch: Batch) -> None:
        self.commits += 1
        self.last_size = len(batch)
        self.last_seconds = self._loop.time() - batch.started

    def _chore_done(
        self, done: Callable[[BaseException | None], None], error: BaseException | None
    ) -> None:
        self.working = False
        done(error)
        self._pump()

    def _rest(self) -> None:
        """Nothing to write now: set the clock for what rides, and tell who waits for quiet."""
        if self.rides.fresh or self.rides.waiting:
            if self._timer is None:
                self._timer = self._loop.call_later(RIDE, self._rang)
            return
        idle, self._idle = self._idle, []
        for future in idle:
            if not future.done():
                future.set_result(None)

    def _failed(self, batch: Batch, error: Exception) -> None:
        """The transaction could not be written: nothing of it is kept."""
        if not self._roll_back():
            self._die(batch, error)
            return
        self.working, self._batch = False, None
        if isinstance(error, _DISK):
            self._refuse(batch, error)
        elif len(batch) > 1:
            self._apart.extend(batch.apart())
            self._pump()
        else:
            self._refuse_one(batch, error)
            self._pump()

    def _roll_back(self) -> bool:
        if self._connection.in_transaction:
            try:
                self._execute("ROLLBACK")
            except apsw.Error:
                return not self._connection.in_transaction
        return True

    def _commit_failed(self, batch: Batch, error: BaseException) -> None:
        """
        COMMIT raised. A full disk is certain: the frame that makes a transaction valid is the last one
        written, and the next writer overwrites the torn ones. After anything else nobody can know.
        """
        if isinstance(error, (apsw.FullError, apsw.BusyError)) and self._roll_back():
            self.working, self._batch = False, None
            self._refuse(batch, error)
        else:
            self._die(batch, error)

    def _refuse(self, batch: Batch, error: BaseException) -> None:
        """The disk does not take it: senders are told, settlements wait for better times."""
        refusal = CommitRefused(f"the store cannot write: {reason(error)}")
        for item in (*batch.accepts, *batch.tasks):
            if not item.future.done():
                item.future.set_exception(refusal)
        self.rides.put_back(batch.rides)
        self._apart.clear()
        if self._timer is None:
            self._timer = self._loop.call_later(PATIENCE, self._rang)

    def _refuse_one(self, batch: Batch, error: Exception) -> None:
        """One item that cannot be written, whatever the disk is like."""
        for accept in batch.accepts:
            accept.future.set_exception(
                CommitRefused(f"the message cannot be kept: {type(error).__name__}")
            )
        for task in batch.tasks:
            task.future.set_exception(error)
        for ride in batch.rides:
            if ride.stripped:
                self.dropped += 1
                self.rides.claims.pop(ride.delivery, None)
            else:
                self._apart.appendleft(Batch([], [ride.plain()], []))

    def _die(self, batch: Batch, error: BaseException) -> None:
        """Nobody knows what is on the disk: nobody is answered, nothing is written again."""
        self.dead = CommitUnknown(
            f"the disk did not say whether a commit happened: {reason(error)}"
        )
        self.working, self._batch = True, None
        waiting = [*batch.accepts, *batch.tasks, *self._tasks, *self.queues.take_all()]
        for late in self._apart:
            waiting += [*late.accepts, *late.tasks]
        for item in waiting:
            if not item.future.done():
                item.future.set_exception(self.dead)
        for _, done in self._chores:
            done(self.dead)
        for future in self._idle:
            future.set_result(None)


class Counted:
    """A task's result, with what it counts."""

    __slots__ = ("changes", "value")

    def __init__(self, value: Any, changes: dict[Key, int]) -> None:
        self.value, self.changes = value, changes


def reason(error: BaseException) -> str:
    """What an error of the disk is called; never what was being written."""
    code = getattr(error, "extendedresult", 0)
    name = apsw.mapping_extended_result_codes.get(code) or apsw.mapping_result_codes.get(
        code & 0xFF
    )
    return str(name or type(error).__name__)
