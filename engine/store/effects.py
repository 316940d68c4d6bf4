"""What plans do besides queueing deliveries, written in their messages' own transaction."""

from __future__ import annotations

from typing import Any

from engine.message import Plan
from engine.store.expectations import Expectations
from engine.store.groups import Groups
from engine.store.layout import Bodies, Entry
from engine.store.ledger import Ledger
from engine.store.schema import Rows, queries

_HIGHER = " ON CONFLICT (name) DO UPDATE SET last = max(last, excluded.last)"


class Effects:
    """Memory, numbers, groups and expectations of the messages of one transaction."""

    def __init__(self, ledger: Ledger, bodies: Bodies) -> None:
        self._ledger, self._execute = ledger, ledger.connection.execute
        sql = queries("effects")
        self._forget = sql["forget"]
        self._remembered = Rows(ledger.connection, sql["remember"], 4)
        self._number = Rows(ledger.connection, sql["number"], 2, _HIGHER)
        self._expectations = Expectations(ledger)
        self.groups = Groups(ledger, bodies)

    def write(self, entries: list[Entry]) -> None:
        """Write them; of a duplicate, a reused key and a late message nothing."""
        ledger = self._ledger
        concerned = [entry for entry in entries if entry.has_effects]
        if concerned or ledger.awaited:
            self._expect(entries)
        if not concerned:
            return
        self.groups.write()
        for group, entry in self.groups.released:
            self._expectations.carried(group, entry)
        standing = [entry.plan for entry in concerned if entry.stands]
        self._remember(standing)
        answered = [
            entry.plan for entry in concerned if entry.plan.acknowledgements is not None
        ]
        self._count([*standing, *answered])

    def _expect(self, entries: list[Entry]) -> None:
        """In order: what a message confirms, then what it expects."""
        awaited, expecting = self._ledger.awaited, self._ledger.expecting
        for entry in entries:
            if entry.channel in awaited and entry.plan.keys:
                self._expectations.confirm(entry)
            if entry.plan.answered:
                self._expectations.answered(entry)
            if entry.plan.expects and entry.stands:
                self._expectations.expect(entry)
            if entry.again and expecting:
                self._expectations.replayed(entry)

    def _remember(self, plans: list[Plan]) -> None:
        last = {
            (record.name, record.key): record for plan in plans for record in plan.remembers
        }
        kept: list[Any] = []
        for place, record in last.items():
            if record.value is None:
                self._execute(self._forget, place)
            else:
                kept += (*place, record.value, record.until)
        self._remembered.run(kept)

    def _count(self, plans: list[Plan]) -> None:
        last: dict[str, int] = {}
        for plan in plans:
            for taken in plan.numbers:
                last[taken.sequence] = max(last.get(taken.sequence, 0), taken.value)
        self._number.run([value for number in last.items() for value in number])
