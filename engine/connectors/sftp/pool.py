"""A few connections to one partner, reused, each with a worker thread of its own while it is asked something."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from engine.connectors.sftp.session import Lost, Session, connect
from engine.connectors.sftp.settings import Access
from engine.errors import Unavailable

Result = TypeVar("Result")


class Pool:
    """
    Runs jobs on connections, as many at a time as the settings allow. A job is given a Session and blocks; a repeatable
    one that ends in Lost on a connection that had rested is done again on a new one.
    """

    def __init__(self, access: Access, home: Path) -> None:
        self._access, self._home = access, home
        self._threads = ThreadPoolExecutor(
            access.connections, thread_name_prefix="corridor-sftp"
        )
        self._lock = threading.Lock()
        self._idle: list[Session] = []
        self._open: set[Session] = set()
        self._closed = False

    async def run(self, job: Callable[[Session], Result], repeatable: bool = True) -> Result:
        """
        The job's result. Unavailable, Misconfigured where there is no connection; Lost where it broke meanwhile; OSError
        where the server said no.
        """
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self._do, job, repeatable
        )

    async def close(self) -> None:
        """Hang up; jobs under way end in Lost."""
        self._closed = True
        with self._lock:
            sessions = list(self._open)
            self._idle.clear()
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(None, each.close) for each in sessions))
        await loop.run_in_executor(None, self._threads.shutdown)

    # -- in the threads --------------------------------------------------------------------------------

    def _do(self, job: Callable[[Session], Result], repeatable: bool) -> Result:
        session, rested = self._take()
        try:
            return self._ask(session, job)
        except Lost:
            if not (rested and repeatable) or self._closed:
                raise
        return self._ask(self._connect(), job)

    def _ask(self, session: Session, job: Callable[[Session], Result]) -> Result:
        try:
            return job(session)
        finally:
            self._give_back(session)

    def _take(self) -> tuple[Session, bool]:
        """A connection, and whether it had been used before."""
        with self._lock:
            while self._idle:
                session = self._idle.pop()
                rested = time.monotonic() - session.used
                if session.alive and rested < self._access.idle:
                    return session, True
                self._open.discard(session)
                session.close()
        return self._connect(), False

    def _connect(self) -> Session:
        if self._closed:
            raise Unavailable("not connected", "the channel is being stopped")
        session = connect(self._access, self._home)
        with self._lock:
            self._open.add(session)
        if self._closed:
            session.close()
        return session

    def _give_back(self, session: Session) -> None:
        with self._lock:
            if session.alive and not self._closed:
                self._idle.append(session)
            else:
                self._open.discard(session)
                session.close()
