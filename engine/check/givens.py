"""Memory, numbers and tables as a test gives them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.channel import Channel, Home
from engine.channel.cases import Case
from engine.effects import Memory, Numbers
from engine.mapping import lookups
from engine.placed import Mistakes, Record, Scalar
from engine.store.tables.given import GivenTables, from_csv

_UNIT = "\x1f"
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_TRUTHS = {"true": True, "false": False}


class GivenMemory(Memory):
    """What the store remembers, over what the test says was remembered before."""

    def __init__(self, kept: Memory, said: Record | None, home: Home) -> None:
        self._kept = kept
        self._given: dict[tuple[str, str], dict[str, Any]] = {}
        for name, records in said.entries.items() if said is not None else ():
            assert isinstance(records, Record)
            several = _parts(name, home.channels.values()) > 1
            for key, record in records.entries.items():
                parts = [part.strip() for part in key.split(",")] if several else [key]
                self._given[name, _UNIT.join(parts)] = _record(record)

    def recall(self, name: str, key: str) -> dict[str, Any] | None:
        """See Memory.recall."""
        found = self._kept.recall(name, key)
        return self._given.get((name, key)) if found is None else found


def _parts(name: str, channels: Iterable[Channel]) -> int:
    """Of how many values a memory's key is made; in a test they stand with commas between them."""
    counts = [len(each.key) for channel in channels for each in channel.remembers if each.name == name]  # fmt: skip
    return max(counts, default=1)


def _record(node: object) -> dict[str, Any]:
    assert isinstance(node, Record)
    return {name: _value(value) for name, value in node.entries.items()}


def _value(node: object) -> Any:
    """As in expected fields: a number or truth where it is written so, in quotes a text."""
    assert isinstance(node, Scalar)
    if node.style != "plain":
        return node.text
    if _NUMBER.fullmatch(node.text):
        return Decimal(node.text)
    return _TRUTHS.get(node.text, node.text)


class GivenNumbers(Numbers):
    """The store's sequences, which go on after the numbers that the test names."""

    def __init__(self, kept: Numbers, last: dict[str, int]) -> None:
        self._kept, self._last = kept, last

    def next(self, sequence: str, least: int = 1) -> int:
        """See Numbers.next. A batch's sequence has the name of its destination."""
        name, *rest = sequence.split(_UNIT)
        if name == "batch" and rest:
            name = rest[0].rpartition(".")[2]
        last = self._last.get(name, 0)
        return self._kept.next(sequence, least - last) + last


def tables_of(case: Case, home: Home) -> GivenTables:
    """The data tables that a test gives; NotImported where a file cannot be taken."""
    mistakes = Mistakes()
    given = []
    for name, file in case.world.tables:
        definition = lookups.load(name, home.folder, mistakes)
        if definition is not None:
            given.append(from_csv(definition, home.folder / file.text))
    today = datetime.fromtimestamp(case.now, ZoneInfo("UTC")).date()
    return GivenTables(given, today=today.isoformat())
