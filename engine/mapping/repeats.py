"""
What a used mapping made of a datatype, kept for the next time the same is handed over.

A hospital has some hundred doctors, beds and codes, and one message says the same address three times. A mapping of a datatype
that reads nothing but what it is handed (no facts of the message, no data, no numbers) makes the same of the same text.
What is kept is shared by all who take it: nobody changes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.fhir.doubts import DOUBTS
from engine.formats.hl7v2.elements import Element
from engine.mapping.kept import NEW, Kept


class Repeats:
    """What was made, by what was handed over."""

    def __init__(self) -> None:
        self._kept = Kept()

    def of(self, thing: Element, make: Callable[[], Any]) -> Any:
        """What the mapping makes of a thing."""
        kept = self._kept
        separated, found = kept.now
        if found is None:
            return make()
        if thing.marks is not separated:
            found = kept.begin(thing.marks)
        said = (thing.raw, thing.level)
        made = found.get(said, NEW)
        if made is not NEW:
            kept.hits += 1
            return made
        return kept.keep(found, said, DOUBTS.count, make())
