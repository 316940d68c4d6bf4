"""
What a used mapping made of a datatype, kept for the next time the same is handed over.

A hospital has some hundred doctors, beds and codes, and one message says the same address three times. A mapping of a datatype
that reads nothing but what it is handed (no facts of the message, no data, no numbers) makes the same of the same text.
What is kept is shared by all who take it: nobody changes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.formats.hl7v2.elements import Element

#: So many are kept of each mapping; then it begins again, or where it seldom met the same it keeps nothing any more.
MOST = 400
#: Longer ones are not kept, in characters.
LONGEST = 500

_UNKNOWN: Any = object()


class Repeats:
    """What was made, by what was handed over."""

    def __init__(self) -> None:
        self._kept: dict[Any, Any] | None = {}
        self._hits = 0

    def of(self, thing: Element, make: Callable[[], Any]) -> Any:
        """What the mapping makes of a thing."""
        kept = self._kept
        if kept is None:
            return make()
        key = (thing.raw, thing.level, thing.marks)
        found = kept.get(key, _UNKNOWN)
        if found is not _UNKNOWN:
            self._hits += 1
            return found
        made = make()
        if len(thing.raw) <= LONGEST:
            if len(kept) >= MOST:
                self._kept = {} if self._hits >= MOST else None
                self._hits = 0
            else:
                kept[key] = made
        return made
