"""Sheets that somebody sent and has not decided about, kept here between the preview and the yes."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict

import msgspec

#: Seconds that one is kept, and how many are: 4 MB each at most.
LASTS, MOST = 3600.0, 20


class Upload(msgspec.Struct, frozen=True):
    """A sheet for a table."""

    who: str
    table: str
    content: bytes
    encoding: str
    after: int
    """The version in force when its preview was shown."""
    until: float


class Uploads:
    """The sheets of everybody. Safe for threads; gone with the process."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Upload] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, who: str, table: str, content: bytes, encoding: str, after: int) -> str:
        """Keep one; its number."""
        number = secrets.token_urlsafe(9)
        with self._lock:
            self._kept[number] = Upload(
                who, table, content, encoding, after, time.monotonic() + LASTS
            )
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return number

    def find(self, number: str, who: str, table: str) -> Upload | None:
        """One that this person sent for this table; None where there is none, or no more."""
        with self._lock:
            found = self._kept.get(number)
        known = found is not None and (found.who, found.table) == (who, table)
        return found if known and found and found.until > time.monotonic() else None

    def drop(self, number: str) -> None:
        """It is done with."""
        with self._lock:
            self._kept.pop(number, None)
