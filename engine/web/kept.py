"""Searches by the value of a key, kept here for who asked: addresses carry their number, never the value."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict

import msgspec

#: Seconds that a search is kept, and how many are.
LASTS, MOST = 3600.0, 1000


class Search(msgspec.Struct, frozen=True):
    """A search by key."""

    who: str
    name: str
    """The key's name; empty = any."""
    value: str
    until: float


class Searches:
    """The searches of everybody. Safe for threads; gone with the process."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Search] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, who: str, name: str, value: str) -> str:
        """Keep a search; its number."""
        number = secrets.token_urlsafe(9)
        with self._lock:
            self._kept[number] = Search(who, name, value, time.monotonic() + LASTS)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return number

    def find(self, number: str, who: str) -> Search | None:
        """A search that this person has asked for; None where there is none, or no more."""
        with self._lock:
            found = self._kept.get(number)
        known = found is not None and found.who == who and found.until > time.monotonic()
        return found if known else None
