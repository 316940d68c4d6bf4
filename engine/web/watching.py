"""Channels for everybody who watches: one look for all of them a second, and for each what changed since theirs."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import Callable

from engine.web.standing import Channel

#: How often it is looked while anybody watches, in seconds.
PERIOD = 1.0

Look = Callable[[], tuple[Channel, ...]]


class Watcher:
    """What one viewer has still to see. `take` is for the event loop that it was made on."""

    def __init__(self) -> None:
        self._loop, self._bell = asyncio.get_running_loop(), asyncio.Event()
        self._lock = threading.Lock()
        self._changed: dict[str, Channel | None] = {}

    def offer(self, changed: dict[str, Channel | None]) -> None:
        """Called by the looking thread. A slow viewer gets only the last state of each channel."""
        with self._lock:
            self._changed.update(changed)
        with contextlib.suppress(RuntimeError):  # the loop has ended; so will the viewer
            self._loop.call_soon_threadsafe(self._bell.set)

    async def take(self) -> dict[str, Channel | None]:
        """Wait for changes: channels by name, None = gone."""
        await self._bell.wait()
        self._bell.clear()
        with self._lock:
            changed, self._changed = self._changed, {}
        return changed


class Watch:
    """Looks while anybody watches. Safe for threads."""

    def __init__(self, look: Look, period: float = PERIOD) -> None:
        self._look, self._period = look, period
        self._lock = threading.Lock()
        self._watchers: list[Watcher] = []
        self._looking = False

    def enter(self) -> Watcher:
        """Watch from now on; everything there is counts as changed."""
        watcher = Watcher()
        with self._lock:
            self._watchers.append(watcher)
            if not self._looking:
                self._looking = True
                threading.Thread(target=self._run, name="watch", daemon=True).start()
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Watch no more."""
        with self._lock:
            self._watchers.remove(watcher)

    def _now(self, before: dict[str, Channel]) -> dict[str, Channel]:
        try:
            return {one.name: one for one in self._look()}
        except Exception as error:  # whatever it was: those who watch go on to watch
            print(f"channels cannot be watched: {type(error).__name__}", file=sys.stderr, flush=True)  # fmt: skip
            return before

    def _run(self) -> None:
        before: dict[str, Channel] = {}
        known: set[Watcher] = set()
        pause = threading.Event()
        while True:
            with self._lock:
                watchers = list(self._watchers)
                if not watchers:
                    self._looking = False
                    return
            now = self._now(before)
            changed: dict[str, Channel | None] = {
                name: one for name, one in now.items() if before.get(name) != one
            }
            changed |= {name: None for name in before if name not in now}
            for watcher in watchers:
                if watcher not in known:
                    watcher.offer(dict(now))
                elif changed:
                    watcher.offer(changed)
            before, known = now, set(watchers)
            pause.wait(self._period)
