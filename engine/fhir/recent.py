"""What was met lately, by a text: so much of it is remembered, and what comes again outlasts the others."""

from __future__ import annotations

from typing import TypeVar

#: Texts longer than this, in bytes, are not remembered.
LONGEST = 1000

Value = TypeVar("Value")


class Recent(dict[bytes, Value | None]):
    """
    Values by texts, in two halves: when the new half is full it becomes the old one, and what was in the old one is forgotten.
    What is not remembered is None. A dict, since most of what is looked up is there.

    >>> recent = Recent[int](1)
    >>> recent.keep(b"a", 1); recent.keep(b"b", 2); recent[b"a"]; recent.keep(b"c", 3); recent[b"b"]
    1
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self._old: dict[bytes, Value | None] = {}

    def __missing__(self, text: bytes) -> Value | None:
        found = self._old.get(text)
        if found is not None:
            self.keep(text, found)
        return found

    def keep(self, text: bytes, value: Value) -> None:
        """Remember it."""
        if len(text) > LONGEST:
            return
        if len(self) >= self._most:
            self._old = self.copy()
            self.clear()
        self[text] = value
