"""
What a used mapping made of a datatype, kept for the next time the same is handed over.

A hospital has some hundred doctors, beds and codes, and one message says the same address three times. A mapping of a datatype
that reads nothing but what it is handed (no facts of the message, no data, no numbers) makes the same of the same text.
What is kept is bytes: each taker gets a record of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from engine.errors import MessageError
from engine.formats.hl7v2.elements import Element

#: So many are kept of each mapping; then it begins again.
MOST = 1000
#: Longer ones are not kept, in characters.
LONGEST = 500

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_UNKNOWN: Any = object()


class Repeats:
    """What was made, by what was handed over."""

    def __init__(self) -> None:
        self._kept: dict[Any, bytes | None] = {}

    def of(self, thing: Element, make: Callable[[], Any]) -> Any:
        """What the mapping makes of a thing."""
        key = (thing.raw, thing.level, thing.marks)
        found = self._kept.get(key, _UNKNOWN)
        if found is None:
            return None
        if found is not _UNKNOWN:
            return _DECODER.decode(found)
        made = make()
        if len(thing.raw) <= LONGEST:
            self._keep(key, made)
        return made

    def _keep(self, key: Any, made: Any) -> None:
        if len(self._kept) >= MOST:
            self._kept.clear()
        try:
            self._kept[key] = None if made is None else _ENCODER.encode(made)
        except (TypeError, ValueError, MessageError):
            return  # what JSON cannot hold is made anew each time
