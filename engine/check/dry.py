"""Planning on trial: the tables and memory of the home as they are, numbers of its own; nothing is written."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import apsw
import msgspec

from engine.channel import Channel, Home
from engine.effects import Memory, Numbers
from engine.message import Context, Inbound, Plan, Verdict
from engine.pipeline import plan
from engine.planning.tracing import Trace, traced
from engine.store.home import store_file
from engine.store.memory import KeptMemory
from engine.store.schema import check_version, open_reader
from engine.store.tables.reading import StoreTables


class DryNumbers(Numbers):
    """Sequences that begin at 1 each; the store's numbers stay as they are."""

    def __init__(self) -> None:
        self._last: Counter[str] = Counter()

    def next(self, sequence: str) -> int:
        """See Numbers.next."""
        self._last[sequence] += 1
        return self._last[sequence]


class DryMemory(Memory):
    """What the store remembers, under what the messages of this run leave."""

    def __init__(self, kept: KeptMemory | None) -> None:
        self._kept = kept
        self._laid = kept or _EMPTY

    def recall(self, name: str, key: str) -> dict[str, Any] | None:
        """See Memory.recall."""
        return self._laid.recall(name, key)


class _Nothing(Memory):
    """Remembers nothing."""

    def recall(self, name: str, key: str) -> dict[str, Any] | None:
        return None


_EMPTY = _Nothing()


class DryRun:
    """Plans messages of a home as the engine would now, one after another. Close it."""

    def __init__(self, home: Home) -> None:
        """StoreError where there is a store that cannot be read."""
        self._home = home
        self._tables = StoreTables.open(home.folder)
        self._connection: apsw.Connection | None = None
        self._memory: KeptMemory | None = None
        if store_file(home.folder).is_file():
            self._connection = open_reader(str(store_file(home.folder)), None)
            check_version(self._connection)
            self._memory = KeptMemory(self._connection, time.time)

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
            memory=self._memory or _EMPTY,
            numbers=DryNumbers(),
        )

    def plan(self, channel: Channel, inbound: Inbound) -> Plan:
        """What the channel says about a message; what it remembers of it is known to the next one of this run."""
        planned = plan(channel, inbound, self.context(inbound.received_at))
        if self._memory is not None:
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
        msgspec.structs.replace(inbound, raw=part.part_raw, facts=part.part_facts or inbound.facts)
        for part in planned.parts
    ]
