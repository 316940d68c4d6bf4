"""The one thread that waits for the disk: commits, checkpoints and steps of a backup, one after another."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable

import apsw

Job = Callable[[], object]
Done = Callable[[BaseException | None], None]
#: Errors of the disk while a transaction is prepared: all in the batch are refused, none of them is at fault.
DISK = (
    apsw.FullError, apsw.IOError, apsw.ReadOnlyError, apsw.CantOpenError, apsw.BusyError, apsw.CorruptError,
    apsw.NotADBError, apsw.NoMemError, apsw.LockedError, apsw.ProtocolError,
)  # fmt: skip


class CommitThread:
    """Runs jobs in order; tells the loop how each ended. Whoever submits leaves the connection alone until then."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._jobs: queue.SimpleQueue[tuple[Job, Done] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="store-commits", daemon=True)
        self._thread.start()

    def submit(self, job: Job, done: Done) -> None:
        """Run `job` in the thread, then `done` on the loop with the error or None."""
        self._jobs.put((job, done))

    def close(self) -> None:
        """End the thread after what was submitted."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (item := self._jobs.get()) is not None:
            job, done = item
            error: BaseException | None = None
            try:
                job()
            except BaseException as raised:  # handed to the loop, which decides
                error = raised
            try:
                self._loop.call_soon_threadsafe(done, error)
            except RuntimeError:
                return  # the loop is closed: nobody is left to be told


_WORDS = {
    apsw.FullError: "the disk is full",
    apsw.ReadOnlyError: "the store is read-only",
    apsw.IOError: "the disk reports an error",
    apsw.BusyError: "another process is writing",
    apsw.CorruptError: "the store file is damaged",
}


def reason(error: BaseException) -> str:
    """What went wrong with the disk, in words; never what was being written."""
    words = next((text for kind, text in _WORDS.items() if isinstance(error, kind)), "")
    code = getattr(error, "extendedresult", 0)
    name = apsw.mapping_extended_result_codes.get(code) if code else type(error).__name__
    return f"{words} ({name})" if words else str(name)
