"""What many ask for at once is made once: a value that is at most so old."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Fresh(Generic[Value]):
    """A value that is made again when somebody asks and it is too old. Safe for threads."""

    def __init__(self, make: Callable[[], Value], lasts: float) -> None:
        """`make` is called by one thread at a time; `lasts` in seconds."""
        self._make, self._lasts = make, lasts
        self._making = threading.Lock()
        self._known: list[Value] = []
        self._until, self._stales = 0.0, 0

    def __call__(self) -> Value:
        """The value. One makes it; the others get what is known meanwhile, and wait only for the first."""
        if time.monotonic() >= self._until and self._making.acquire(blocking=not self._known):
            try:
                if time.monotonic() >= self._until:
                    before = self._stales
                    self._known = [self._make()]
                    self._until = (
                        time.monotonic() + self._lasts if before == self._stales else 0.0
                    )
            finally:
                self._making.release()
        return self._known[0]

    def stale(self) -> None:
        """Something was changed: who asks next gets it as it is then."""
        self._stales += 1
        self._until = 0.0
