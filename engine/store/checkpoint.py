"""Moves the write-ahead log into the store file before it grows long, without holding up accepts for more than a moment."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import apsw

from engine.store.schema import open_reader
from engine.store.writer import Writer

#: Bytes of WAL from which it is moved when there is a chance, and at which it must be.
SOON, NOW = 64 * 1024 * 1024, 128 * 1024 * 1024
PAGE = 4096


class Checkpointer:
    """Watches the WAL. The bulk is copied beside the writer; the rest, which came meanwhile, between two batches."""

    def __init__(
        self, connection: apsw.Connection, writer: Writer, path: str, vfs: str | None
    ) -> None:
        self._writer, self._connection = writer, connection
        self._beside = open_reader(path, vfs)
        self._beside.execute(
            "PRAGMA query_only = OFF; PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = FULL"
        ).fetchall()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="store-checkpoint")
        self._task: asyncio.Task[None] | None = None
        self.wal_bytes = 0
        self.checkpoints = 0
        self.failures = 0
        connection.set_wal_hook(self._grown)

    def _grown(self, _: apsw.Connection, database: str, pages: int) -> int:
        self.wal_bytes = pages * PAGE
        return apsw.SQLITE_OK

    def watch(self) -> None:
        """Call on the loop after a commit."""
        if self.wal_bytes >= SOON and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())
            self._task.add_done_callback(self._ended)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        if self.wal_bytes < NOW:
            await loop.run_in_executor(self._pool, self._copy, self._beside)
        await self._writer.chore(lambda: self._copy(self._connection))
        self.checkpoints += 1

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A checkpoint that failed is tried again after the next commit; nothing is lost meanwhile."""
        self._task = None
        if not task.cancelled() and task.exception() is not None:
            self.failures += 1

    def _copy(self, connection: apsw.Connection) -> None:
        log, moved = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        if connection is self._connection and log == moved:
            self.wal_bytes = 0

    async def close(self) -> None:
        """Let go; a checkpoint under way is finished first."""
        if self._task is not None:
            await asyncio.wait([self._task])
        self._pool.shutdown()
        self._beside.close()
