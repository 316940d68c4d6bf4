"""Planning on trial: the tables and memory of the home as they are, numbers of its own; nothing is written."""

from __future__ import annotations

import time
from collections import Counter
from decimal import Decimal
from typing import Any

import apsw
import msgspec

from engine.channel import Channel, Home
from engine.effects import Memory, Numbers, Remembered
from engine.message import Context, Inbound, Plan, Verdict
from engine.pipeline import plan
from engine.planning.tracing import Trace, traced
from engine.store.home import store_file
from engine.store.memory import KeptMemory
from engine.store.schema import check_version, open_reader
from engine.store.tables.reading import StoreTables

_decode = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode


class DryNumbers(Numbers):
    """Sequences that begin at 1 each; the store's numbers stay as they are."""

    def __init__(self) -> None:
        self._last: Counter[str] = Counter()

    def next(self, sequence: str, least: int = 1) -> int:
        """See Numbers.next."""
        self._last[sequence] = max(self._last[sequence] + 1, least)
        return self._last[sequence]


class DryMemory(Memory):
    """What the store remembers, under what the messages of this run leave."""

    def __init__(self, kept: Memory | None) -> None:
        self._kept = kept
        self._laid: dict[tuple[str, str], Remembered] = {}

    def recall(self, name: str, key: str) -> dict[str, Any] | None:
        """See Memory.recall."""
        found = self._laid.get((name, key))
        if found is None:
            return self._kept.recall(name, key) if self._kept is not None else None
        return None if found.value is None else _decode(found.value)

    def lay(self, planned: Plan) -> None:
        """Show what a plan remembers, its parts included."""
        for record in planned.remembers:
            self._laid[record.name, record.key] = record
        for part in planned.parts:
            self.lay(part)


class DryRun:
    """Plans messages of a home as the engine would now, one after another. Close it."""

    def __init__(self, home: Home, *, memory: bool = True) -> None:
        """StoreError where there is a store that cannot be read. Without `memory`, what it remembers is not asked."""
        self._home = home
        self._tables = StoreTables.open(home.folder)
        self._connection: apsw.Connection | None = None
        kept: Memory | None = None
        if memory and store_file(home.folder).is_file():
            self._connection = open_reader(str(store_file(home.folder)), None)
            check_version(self._connection)
            kept = KeptMemory(self._connection, time.time)
        self._memory = DryMemory(kept)

    def close(self) -> None:
        """Let go of the store."""
        if self._connection is not None:
            self._connection.close()

    def context(self, now: float) -> Context:
        """What planning is given."""
        return Context(
            now=now,
            id=1,
            environment=self._home.installation.environment,
            channels=self._home.channels,
            lookups=self._tables,
            memory=self._memory,
            numbers=DryNumbers(),
        )

    def plan(self, channel: Channel, inbound: Inbound) -> Plan:
        """What the channel says about a message; what it remembers of it is known to the next one of this run."""
        planned = plan(channel, inbound, self.context(inbound.received_at))
        self._memory.lay(planned)
        return planned

    def explain(self, channel: Channel, inbound: Inbound) -> tuple[Plan, list[Trace]]:
        """The plan, and what each rule of its mappings made, for each part of a message that is split."""
        planned = plan(channel, inbound, self.context(inbound.received_at))
        traces: list[Trace] = []
        for each in _parts(planned, inbound):
            traces += traced(channel, each, self.context(inbound.received_at), plan)
        return planned, traces


def _parts(planned: Plan, inbound: Inbound) -> list[Inbound]:
    if planned.verdict is not Verdict.SPLIT:
        return [inbound]
    return [
        msgspec.structs.replace(
            inbound, raw=part.part_raw, facts=part.part_facts or inbound.facts
        )
        for part in planned.parts
    ]
