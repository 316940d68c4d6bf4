"""Sign-ins as audit records: the first of a minute at once, what follows for the same account as a number after it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from engine.errors import EngineError

#: Seconds that one record stands for.
PERIOD = 60.0

#: Writes an audit record: who, action, what, reason.
Write = Callable[[str, str, str, str], None]


class Attempts:
    """Records them. Whoever tries a million passwords makes one record a minute. Safe for threads."""

    def __init__(self, write: Write, period: float = PERIOD) -> None:
        self._write, self._period = write, period
        self._lock = threading.Lock()
        self._more: dict[tuple[str, str], int] = {}
        self._timers: set[threading.Timer] = set()

    def note(self, who: str, action: str, where: str) -> None:
        """One sign-in: `action` is how it ended. A store that takes no record keeps nobody out; the console's log has it."""
        key = (who, action)
        with self._lock:
            if key in self._more:
                self._more[key] += 1
                return
            self._more[key] = 0
            timer = threading.Timer(self._period, self._over, (key,))
            timer.daemon = True
            self._timers.add(timer)
        self._record(key, f"from {where}" if where else "")
        timer.start()

    def close(self) -> None:
        """Record what was counted."""
        for timer in list(self._timers):
            timer.cancel()
        for key in list(self._more):
            self._over(key)

    def _over(self, key: tuple[str, str]) -> None:
        with self._lock:
            more = self._more.pop(key, 0)
            self._timers = {timer for timer in self._timers if timer.is_alive()}
        if more:
            self._record(key, f"{more} more within {self._period:.0f} s")

    def _record(self, key: tuple[str, str], reason: str) -> None:
        who, action = key
        try:
            self._write(who, action, f"account {who}", reason)
        except EngineError as error:
            print(f"a sign-in was not recorded: {error}", file=sys.stderr, flush=True)
