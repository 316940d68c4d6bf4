"""Deliveries on their way into growing files: all that wait share one fsync, in a thread of their own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import msgspec

from engine.connectors import Site
from engine.connectors.file.growing import GrowingFile
from engine.connectors.file.rotation import Rotate, closes_at, final_name, is_due
from engine.errors import DeliveryError

#: Seconds at most between two looks at the clock; it may be set.
LOOK = 60.0
#: Seconds after which a file that nobody appends to is let go of, where it is not to be closed at a time.
REST = 600.0
#: Under this name the growing files are remembered, so that a restart mends and closes those it left.
_GROWING = "growing"


class _Job(msgspec.Struct, frozen=True, eq=False):
    key: str
    name: str
    line: bytes
    future: asyncio.Future[None]


class Appender:
    """The growing files of one destination, by name."""

    def __init__(
        self, site: Site, folder: Path, header: bytes, line_end: bytes, rotate: Rotate | None
    ) -> None:
        self._site = site
        self._folder = folder
        self._header = header
        self._line_end = line_end
        self._rotate = rotate
        self._files: dict[str, GrowingFile] = {}  # the thread's own
        self._names: set[str] = set()
        self._jobs: list[_Job] = []
        self._settled: list[str] = []
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="corridor-append")
        self._work: asyncio.Task[None] | None = None
        self._closed = False
        self._watch = asyncio.create_task(self._keep_watch())

    async def append(self, key: str, name: str, line: bytes) -> None:
        """Durable when it returns. OSError or Unavailable where nothing was, and nothing will be but by sending again."""
        if name not in self._names:
            await self._remember(name)
        future: asyncio.Future[None] = self._loop.create_future()
        self._jobs.append(_Job(key, name, line, future))
        if self._work is None:
            self._work = self._loop.create_task(self._write_all())
        await future

    def settle(self, key: str) -> None:
        """The outcome of this delivery is durable; told to its file with the next lines."""
        self._settled.append(key)

    async def close(self) -> None:
        """Finish what is under way and put every file on the disk. Closed twice is closed once."""
        if self._closed:
            return
        self._closed = True
        self._watch.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._watch
        if self._work is not None:
            await self._work
        await self._loop.run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    async def _remember(self, name: str) -> None:
        self._names.add(name)
        if self._site.remember is not None:
            await self._site.remember.put(_GROWING, msgspec.json.encode(sorted(self._names)))

    def _file(self, name: str) -> GrowingFile:
        file = self._files.get(name)
        if file is None:
            path = self._folder / (f"{name}.open" if self._rotate else name)
            file = self._files[name] = GrowingFile(path, self._header, self._line_end)
        return file

    # -- writing: what waits goes together ------------------------------------------------------------

    async def _write_all(self) -> None:
        try:
            while self._jobs:
                jobs, self._jobs = self._jobs, []
                settled, self._settled = self._settled, []
                now = self._site.now()
                outcomes = await self._loop.run_in_executor(
                    self._thread, self._write, jobs, settled, now
                )
                for job in jobs:
                    _tell(job.future, outcomes[job.name])
        finally:
            self._work = None

    def _write(
        self, jobs: list[_Job], settled: list[str], now: float
    ) -> dict[str, Exception | None]:
        by_name: dict[str, list[tuple[str, bytes]]] = {}
        for job in jobs:
            by_name.setdefault(job.name, []).append((job.key, job.line))
        return {
            name: _outcome(partial(self._grow, name, lines, settled, now))
            for name, lines in by_name.items()
        }

    def _grow(
        self, name: str, lines: list[tuple[str, bytes]], settled: list[str], now: float
    ) -> None:
        for file in self._files.values():
            file.settle(settled)
        file = self._file(name)
        self._publish_due(name, file, now)
        file.append(lines, now)
        self._publish_due(name, file, now)

    # -- mending what a crash left, closing files whose time has come ---------------------------------

    async def _keep_watch(self) -> None:
        if self._site.remember is not None:
            names = await self._site.remember.get(_GROWING)
            self._names.update(msgspec.json.decode(names, type=list[str]) if names else ())
        names_left = sorted(self._names)
        while True:
            now = self._site.now()
            wait = await self._loop.run_in_executor(self._thread, self._look, names_left, now)
            names_left = []
            await asyncio.sleep(wait)

    def _look(self, names: list[str], now: float) -> float:
        """Mend the files of these names, close what is due, let go of what rests; seconds until the next look."""
        for name in names:
            self._file(name)
        wait = LOOK
        for name, file in list(self._files.items()):
            problem = _outcome(partial(self._tend, name, file, now))
            if problem is not None:
                self._say("error", "file_not_tended", reason=type(problem).__name__)
            elif self._rotate and file.since and (at := closes_at(file.since, self._rotate)):
                wait = min(wait, max(at - now, 0.05))
        return wait

    def _tend(self, name: str, file: GrowingFile, now: float) -> None:
        is_there = file.resume(now)
        if self._rotate is not None and is_there:
            self._publish_due(name, file, now)
        elif self._rotate is None and now - file.used > REST:
            file.close()
            del self._files[name]
            self._loop.call_soon_threadsafe(self._names.discard, name)

    def _publish_due(self, name: str, file: GrowingFile, now: float) -> None:
        if self._rotate is None or not file.resume(now):
            return
        if is_due(file.since, file.length, now, self._rotate):
            target = self._folder / final_name(name, file.since, now, self._rotate)
            file.publish(target, now)
            self._say("info", "file_closed")

    def _close(self) -> None:
        for file in self._files.values():
            if problem := _outcome(partial(file.settle, self._settled)) or _outcome(file.close):
                self._say("error", "file_not_closed", reason=type(problem).__name__)

    def _say(self, level: str, event: str, **facts: str) -> None:
        """To the log, from the thread."""
        self._loop.call_soon_threadsafe(partial(self._site.notice, level, event, **facts))


def _outcome(action: Callable[[], object]) -> Exception | None:
    try:
        action()
    except (OSError, DeliveryError) as error:
        return error
    return None


def _tell(future: asyncio.Future[None], problem: Exception | None) -> None:
    if future.done():  # its send was cancelled; the line stands, and its key is known
        return
    if problem is None:
        future.set_result(None)
    else:
        future.set_exception(problem)
