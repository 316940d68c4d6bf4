"""What was met lately, by a text: so much of it is remembered, and what comes again outlasts the others."""

from __future__ import annotations

from typing import Generic, TypeVar

#: Texts longer than this, in bytes, are not remembered.
LONGEST = 1000

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """
    Values by texts, in two halves: when the new half is full it becomes the old one, and what was in the old one is forgotten.

    >>> recent = Recent[int](1)
    >>> recent.keep(b"a", 1); recent.keep(b"b", 2); recent.get(b"a"); recent.keep(b"c", 3); recent.get(b"b")
    1
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._new: dict[bytes, Value] = {}
        self._old: dict[bytes, Value] = {}

    def get(self, text: bytes) -> Value | None:
        """What is remembered of a text; None where nothing is."""
        found = self._new.get(text)
        if found is None and (found := self._old.get(text)) is not None:
            self.keep(text, found)
        return found

    def keep(self, text: bytes, value: Value) -> None:
        """Remember it."""
        if len(text) > LONGEST:
            return
        if len(self._new) >= self._most:
            self._old, self._new = self._new, {}
        self._new[text] = value
