"""Confirmations that must come (`expect:`), inside the writer's transaction."""

from __future__ import annotations

from typing import Any

from engine.effects import ACCEPTED, PARTLY, REJECTED
from engine.message import Verdict
from engine.store.groups import Gathering
from engine.store.layout import Entry
from engine.store.ledger import Ledger
from engine.store.schema import PLACES, Rows, queries

#: Verdicts of messages that confirm: what is quarantined says nothing, what is a duplicate said it before.
_CONFIRMING = frozenset({Verdict.ACCEPTED, Verdict.FILTERED, Verdict.COLLECTED})

#: Behind every value that begins with what stands before it.
_BEHIND = "\U0010ffff"


class Expectations:
    """Writes what is expected, and finds what confirms it. Costs nothing where nothing is expected."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._execute = ledger, ledger.connection.execute
        self._sql = sql = queries("effects")
        self._rows = Rows(ledger.connection, sql["expect"], 11)
        self._acknowledgements = Rows(ledger.connection, sql["expect_ack"], 13)

    def expect(self, entry: Entry) -> None:
        """Keep what a message expects of the destinations that it goes to."""
        ledger, channel = self._ledger, entry.channel
        queued = {delivery.destination for delivery in entry.deliveries}
        waiting = {join.group for join in entry.plan.joins} if entry.joined else set()
        flat: list[Any] = []
        acknowledgements: list[Any] = []
        for expected in entry.plan.expects:
            destination = ledger.destination(channel, expected.destination)
            if destination not in queued and expected.destination not in waiting:
                continue  # a replay that does not go there
            carrier = entry.id if destination in queued else 0
            awaited, name = ledger.channel(expected.channel), ledger.key_name(expected.name)
            row = (
                expected.message or entry.id, carrier, destination, awaited, name, expected.value, expected.within, 0.0, 0,
                0.0, 0,
            )  # fmt: skip
            if expected.payload:
                acknowledgements += (*row, expected.payload, expected.says)
            else:
                flat += row
            ledger.awaited.setdefault(awaited, set()).add(name)
            ledger.expecting.add(destination)
        self._rows.run(flat)
        self._acknowledgements.run(acknowledgements)

    def confirm(self, entry: Entry) -> None:
        """Note everything that a message of an awaited channel confirms."""
        if entry.verdict not in _CONFIRMING:
            return
        names = self._ledger.awaited[entry.channel]
        for key, value in entry.plan.keys:
            name = self._ledger.key_names.get(key)
            if name in names:
                values = (entry.id, value, name, entry.channel)
                self._execute(self._sql["confirm"], values)

    def answered(self, entry: Entry) -> None:
        """
        Note what a partner said became of what it was sent. The worst that it says of a thing stays, whatever it says
        later; what it says of all sets of a group counts for those it says nothing else of, unless it rejects them all.
        """
        if entry.verdict not in _CONFIRMING:
            return
        for said in entry.plan.answered:
            outcome, detail = said.outcome, said.detail
            values = (entry.id, said.value, entry.channel, outcome, detail)
            if said.kind in ("group", "claims"):
                if outcome != REJECTED:
                    values = (*values[:3], ACCEPTED if outcome == PARTLY else outcome, detail)
                query = "answered_all" if outcome == REJECTED else "answered_rest"
                self._execute(self._sql[query], (*values, said.value + _BEHIND))
                continue
            self._execute(self._sql["answered"], values)
            if said.kind == "interchange" and outcome == REJECTED:
                self._execute(self._sql["answered_interchange"], values)

    def carried(self, group: Gathering, entry: Entry) -> None:
        """A batch was closed: what its members expect counts from the delivery of the message that it became."""
        if group.destination in self._ledger.expecting:
            self._execute(self._sql["carried"], (entry.id, group.id, group.destination))

    def replayed(self, entry: Entry) -> None:
        """A batch that was quarantined goes out as a replay: what its members expect goes with it."""
        for delivery in entry.deliveries:
            if delivery.destination in self._ledger.expecting:
                values = (entry.id, entry.inbound.replay_of, delivery.destination)
                self._execute(self._sql["carried_again"], values)

    def delivered(self, delivery: int, destination: int, at: float) -> None:
        """A delivery to a destination that expects something was accepted: from now on the time runs."""
        self._execute(self._sql["delivered"], (delivery // PLACES, destination, at))
