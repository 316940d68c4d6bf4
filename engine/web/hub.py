"""The logs for everybody who watches: one reader for all of them, and for each a short queue of what they want to see."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from engine.handling.follow import Fact, Follower

#: How often the files are looked at, in seconds.
PERIOD = 0.25
#: Lines that wait for one viewer; of more the oldest are skipped, and the viewer is told.
WAITING = 60
#: Seconds between two looks of one viewer: more lines than these nobody reads, and making them is work that the line needs.
PACE = 1.0

Wanted = Callable[[Fact], bool]


class Viewer:
    """What one viewer has still to see. `take` is for the event loop that it was made on."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._loop, self._bell = asyncio.get_running_loop(), asyncio.Event()
        self._lock = threading.Lock()
        self._lines: deque[Fact] = deque(maxlen=WAITING)
        self._skipped, self._taken = 0, 0.0

    def offer(self, facts: list[Fact]) -> None:
        """Called by the reader's thread."""
        fit, looked = list[Fact](), 0
        for fact in reversed(facts):
            looked += 1
            if self._wanted(fact):
                fit.append(fact)
                if len(fit) == WAITING:
                    break
        if not fit:
            return
        with self._lock:
            self._skipped += len(facts) - looked + max(0, len(self._lines) + len(fit) - WAITING)
            self._lines.extend(reversed(fit))
        with contextlib.suppress(RuntimeError):  # the loop has ended; so will the viewer
            self._loop.call_soon_threadsafe(self._bell.set)

    async def take(self) -> tuple[int, list[Fact]]:
        """Wait for lines; how many were skipped before them, and they."""
        await self._bell.wait()
        await asyncio.sleep(max(0.0, self._taken + PACE - self._loop.time()))
        self._taken = self._loop.time()
        self._bell.clear()
        with self._lock:
            skipped, lines = self._skipped, list(self._lines)
            self._skipped = 0
            self._lines.clear()
        return skipped, lines


class Hub:
    """Reads while anybody watches. Safe for threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._viewers: list[Viewer] = []
        self._reading = False

    def enter(self, wanted: Wanted) -> Viewer:
        """Watch, from now on, the lines that are wanted; asked in the reader's thread."""
        viewer = Viewer(wanted)
        with self._lock:
            self._viewers.append(viewer)
            if not self._reading:
                self._reading = True
                threading.Thread(target=self._read, name="logs", daemon=True).start()
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """Watch no more."""
        with self._lock:
            self._viewers.remove(viewer)

    def _read(self) -> None:
        follower, pause = Follower(self.folder), threading.Event()
        follower.last(0, lambda _: False)
        while True:
            with self._lock:
                viewers = list(self._viewers)
                if not viewers:
                    self._reading = False
                    return
            facts = follower.fresh()
            if facts:
                for viewer in viewers:
                    viewer.offer(facts)
            pause.wait(PERIOD)
