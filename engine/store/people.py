"""What people do to deliveries and destinations: small transactions, each with its audit record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from engine.message import OPEN, TRANSITIONS, State
from engine.store import Hold, audit
from engine.store.expectations import Expectations
from engine.store.ledger import Key, Ledger
from engine.store.rides import count_step
from engine.store.schema import STATE_CODE, STATES, Rows, first, integers, queries


class People:
    """Runs inside the writer's transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._connection = ledger, ledger.connection
        self._sql = queries("people")
        write = queries("write")
        self._expectations = Expectations(ledger)
        self._event = Rows(self._connection, write["event"], 13)
        self._queue = Rows(self._connection, write["queue"], 3)
        self._dequeue = Rows(self._connection, write["dequeue"], 3, ")")

    def audit(self, who: str, action: str, what: str, reason: str, at: float) -> None:
        """Append a record."""
        audit.append(self._connection, who, action, what, reason, at)

    def hold(self, hold: Hold) -> None:
        """Set or clear a flag."""
        row = (hold.destination, hold.held, hold.rate, hold.who, hold.reason, hold.since)
        self._connection.execute(self._sql["hold"], row)
        action = "hold" if hold.held else "drain" if hold.rate else "release"
        self.audit(hold.who, action, f"destination {hold.destination}", hold.reason, hold.since)

    def holds(self) -> dict[int, Hold]:
        """All flags, as they stand."""
        rows = self._connection.execute(self._sql["holds"])
        return {
            row[0]: Hold(
                destination=row[0],
                held=bool(row[1]),
                rate=row[2],
                who=row[3],
                reason=row[4],
                since=row[5],
            )
            for row in rows
        }

    def move(
        self, ids: Sequence[int], to: State, who: str, reason: str, at: float
    ) -> tuple[list[int], dict[Key, int]]:
        """Take the step wherever TRANSITIONS has it; which ones moved, and what that counts."""
        moved: list[int] = []
        changes: dict[Key, int] = {}
        rows: list[Any] = self._connection.execute(
            self._sql["to_move"], (integers(ids),)
        ).fetchall()
        for id, destination, state, lane, lanes, attempt in rows:
            was = STATES[state]
            if to not in TRANSITIONS[was] or to is State.SENDING:
                continue
            flat: list[int] = []
            for place in [lane] if lanes is None else json.loads(lanes):
                flat += (destination, place, id)
            (self._queue if to in OPEN else self._dequeue).run(flat)
            left = 0 if to is State.QUEUED else attempt
            self._connection.execute(self._sql["moved"], (STATE_CODE[to], left, to in OPEN, id))
            self._record(id, to, left, who, reason, at)
            count_step(changes, destination, state, STATE_CODE[to], at)
            if to is State.DELIVERED and destination in self._ledger.expecting:
                self._expectations.delivered(id, destination, at)
            moved.append(id)
        self.audit(who, f"move to {to}", f"{len(moved)} deliveries", reason, at)
        return moved, changes

    def _record(
        self, id: int, to: State, attempt: int, who: str, reason: str, at: float
    ) -> None:
        number = self._ledger.next_event
        self._ledger.next_event = number + 1
        self._event.run(
            (
                number,
                id,
                at,
                STATE_CODE[to],
                None,
                attempt,
                "",
                reason,
                0.0,
                0.0,
                None,
                None,
                who,
            )
        )

    def interrupted(self, at: float) -> tuple[list[int], list[int], dict[Key, int]]:
        """
        What was claimed and never settled: uncertain, or refused at the second crash.

        Which are uncertain now, which were refused, and what that counts.
        """
        uncertain: list[int] = []
        refused: list[int] = []
        changes: dict[Key, int] = {}
        rows: list[Any] = self._connection.execute(self._sql["interrupted"]).fetchall()
        for id, destination, attempt, crashes, lane, lanes in rows:
            poison = crashes >= 1
            to = State.REFUSED if poison else State.UNCERTAIN
            if poison:
                flat: list[int] = []
                for place in [lane] if lanes is None else json.loads(lanes):
                    flat += (destination, place, id)
                self._dequeue.run(flat)
            self._connection.execute(self._sql["crashed"], (STATE_CODE[to], not poison, id))
            number = self._ledger.next_event
            self._ledger.next_event = number + 1
            status = "crashes_engine" if poison else "interrupted"
            self._event.run(
                (
                    number,
                    id,
                    at,
                    STATE_CODE[to],
                    None,
                    attempt,
                    status,
                    "",
                    0.0,
                    0.0,
                    None,
                    None,
                    "",
                )
            )
            count_step(changes, destination, STATE_CODE[State.SENDING], STATE_CODE[to], at)
            (refused if poison else uncertain).append(id)
        return uncertain, refused, changes

    # -- orders ---------------------------------------------------------------------------------------------

    def order(
        self,
        verb: str,
        arguments: dict[str, Any],
        who: str,
        reason: str,
        at: float,
        until: float,
    ) -> int:
        """Keep an order, with its audit record; its number."""
        self._connection.execute(
            self._sql["order"], (verb, json.dumps(arguments), who, reason, at, until)
        )
        number: int = self._connection.last_insert_rowid()
        self.audit(who, f"order {verb}", f"order {number}", reason, at)
        return number

    def finish(self, order: int, outcome: str, done: bool, at: float) -> None:
        """Record what became of it."""
        self._connection.execute(self._sql["finish"], (at, done, outcome, order))

    # -- small memory ---------------------------------------------------------------------------------------

    def put(self, space: str, name: str, value: bytes | None) -> None:
        """Remember or forget a value."""
        if value is None:
            self._connection.execute(self._sql["forget"], (space, name))
        else:
            self._connection.execute(self._sql["remember"], (space, name, value))

    def numbers(self, sequence: str, count: int) -> int:
        """The first of a block of numbers that nobody else will get."""
        row = first(self._connection, self._sql["number"], (sequence,))
        start: int = 1 if row is None else row[0]
        self._connection.execute(self._sql["reserve"], (sequence, start + count))
        return start
