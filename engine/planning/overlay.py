"""Memory as the later parts of one message see it: with what the earlier parts remember. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from engine.effects import Memory, Remembered
from engine.message import Plan

_decode = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode


class Overlaid(Memory):
    """Other memory, and over it what plans remember that are not kept yet."""

    def __init__(self, below: Memory, now: float) -> None:
        self._below, self._now = below, now
        self._laid: dict[tuple[str, str], Remembered] = {}

    def recall(self, name: str, key: str) -> dict[str, Any] | None:
        """See Memory.recall."""
        found = self._laid.get((name, key))
        if found is None:
            return self._below.recall(name, key)
        return None if found.value is None or found.until <= self._now else _decode(found.value)

    def lay(self, plan: Plan) -> None:
        """Show what a plan remembers, and what its parts do."""
        for record in remembered(plan):
            self._laid[record.name, record.key] = record


def remembered(plan: Plan) -> Iterator[Remembered]:
    """Everything that a plan remembers, in order, its parts included."""
    yield from plan.remembers
    for part in plan.parts:
        yield from remembered(part)
