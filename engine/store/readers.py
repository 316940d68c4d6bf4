"""Two threads with a read-only connection each, for what lanes and connectors ask of the store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

import apsw

from engine.errors import StoreError
from engine.store.schema import open_reader


class Readers:
    """Runs reads off the loop."""

    def __init__(
        self, path: str, vfs: str | None, loop: asyncio.AbstractEventLoop, count: int = 2
    ) -> None:
        self._loop = loop
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="store-reads")
        self._free: SimpleQueue[apsw.Connection] = SimpleQueue()
        self._all = [open_reader(path, vfs) for _ in range(count)]
        for connection in self._all:
            self._free.put(connection)

    def run(self, read: Callable[..., Any], *values: Any) -> Awaitable[Any]:
        """`read(connection, *values)` in a thread."""
        return self._loop.run_in_executor(self._pool, self._run, read, values)

    def _run(self, read: Callable[..., Any], values: tuple[Any, ...]) -> Any:
        connection = self._free.get()
        try:
            return read(connection, *values)
        except apsw.Error as error:
            raise StoreError(f"the store cannot be read: {type(error).__name__}") from None
        finally:
            self._free.put(connection)

    def close(self) -> None:
        """Wait for reads under way and let go."""
        self._pool.shutdown()
        for connection in self._all:
            connection.close()
