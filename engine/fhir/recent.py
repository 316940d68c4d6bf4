"""What was met lately: so much of it is remembered, and what comes again outlasts the others."""

from __future__ import annotations

from typing import TypeVar

#: Texts longer than this, in bytes, are not worth the room.
LONGEST = 1000

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(dict[Key, Value | None]):
    """
    Values by what they belong to, in two halves: when the new half is full it becomes the old one, and what was in the old one is forgotten.
    What is not remembered is None.

    >>> recent = Recent[str, int](1)
    >>> recent.keep("a", 1); recent.keep("b", 2); recent["a"]; recent.keep("c", 3); recent["b"]
    1
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self._old: dict[Key, Value | None] = {}

    def __missing__(self, key: Key) -> Value | None:
        found = self._old.get(key)
        if found is not None:
            self.keep(key, found)
        return found

    def keep(self, key: Key, value: Value) -> None:
        """Remember it."""
        if len(self) >= self._most:
            self._old = self.copy()
            self.clear()
        self[key] = value
