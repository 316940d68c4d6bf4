"""Claims and settlements that ride in the next transaction, as few rows."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import apsw
import msgspec

from engine.errors import StoreError
from engine.message import OPEN, TRANSITIONS, Delivery, Settlement, State
from engine.store.expectations import Expectations
from engine.store.ledger import Key, Ledger
from engine.store.schema import (
    BY_STATE,
    LAST_DELIVERED,
    PLAIN,
    STATE_CODE,
    Rows,
    integers,
    queries,
)

_encode = msgspec.json.Encoder().encode
Durable = Callable[[], None] | None


class Claim:
    """An attempt that goes on, or has gone wrong and is not decided."""

    __slots__ = ("at", "destination", "durable", "lanes", "recorded", "since", "state", "used")

    def __init__(self, delivery: Delivery, at: float, durable: Durable, since: float) -> None:
        self.destination, self.lanes, self.used = (
            delivery.destination,
            delivery.lanes,
            delivery.attempt,
        )
        self.at, self.durable, self.since = at, durable, since
        self.state, self.recorded = State.SENDING, False


class Ride:
    """One step of one delivery, waiting for its transaction."""

    __slots__ = (
        "began",
        "claim",
        "delivery",
        "durable",
        "keep_lane",
        "settlement",
        "stripped",
        "was",
    )

    def __init__(
        self, delivery: int, claim: Claim, was: State, settlement: Settlement, began: float | None,
        durable: tuple[Durable, Durable], keep_lane: bool,
    ) -> None:  # fmt: skip
        self.delivery, self.claim, self.was, self.settlement = delivery, claim, was, settlement
        self.began, self.durable, self.keep_lane = began, durable, keep_lane
        self.stripped = False

    def plain(self) -> Ride:
        """The same step with only text that every disk takes; for a partner's answer that is not text."""
        step = self.settlement
        clean = msgspec.structs.replace(
            step, status=_clean(step.status), detail=_clean(step.detail), kept=None, reply=None
        )
        ride = Ride(
            self.delivery, self.claim, self.was, clean, self.began, self.durable, self.keep_lane
        )
        ride.stripped = True
        return ride


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


class Rides:
    """Steps that wait. A claim and its settlement that share a transaction become one row each."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._connection: apsw.Connection = ledger.connection
        sql = queries("write")
        self._event = Rows(self._connection, sql["event"], 13)
        self._content = Rows(self._connection, sql["content"], 5)
        self._dequeue = Rows(self._connection, sql["dequeue"], 3, ")")
        self._step = sql["step"]
        self._expectations = Expectations(ledger)
        self.claims: dict[int, Claim] = {}
        """Every delivery that is being sent or is uncertain, as far as this process knows."""
        self.fresh: dict[int, Claim] = {}
        """Claims that no transaction has taken yet, oldest first."""
        self.waiting: list[Ride] = []

    def claim(self, delivery: Delivery, at: float, durable: Durable, since: float) -> None:
        """ValueError when it is being sent already or its state has no way to `sending`."""
        known = self.claims.get(delivery.id)
        state = delivery.state if known is None else known.state
        if State.SENDING not in TRANSITIONS[state]:
            raise ValueError(f"a delivery that is {state} cannot be claimed")
        claim = Claim(delivery, at, durable, since)
        self.claims[delivery.id] = self.fresh[delivery.id] = claim

    def settle(self, settlement: Settlement, durable: Durable, keep_lane: bool) -> State:
        """Take a step; the state it was in. ValueError for a step that TRANSITIONS does not have."""
        id, to = settlement.delivery, settlement.state
        claim = self.claims.get(id)
        if claim is None:
            raise ValueError("only a claimed delivery can be settled")
        was = claim.state
        if to not in TRANSITIONS[was]:
            raise ValueError(f"a delivery cannot go from {was} to {to}")
        if self.fresh.pop(id, None) is None:
            ride = Ride(id, claim, was, settlement, None, (None, durable), keep_lane)
        else:
            both = (claim.durable, durable)
            ride = Ride(id, claim, State.QUEUED, settlement, claim.at, both, keep_lane)
        self.waiting.append(ride)
        if to is State.UNCERTAIN:
            claim.state = to
        else:
            del self.claims[id]
        return was

    def take(self, before: float) -> list[Ride]:
        """All settlements, and the claims made before a moment of the loop's clock that still go on."""
        rides, self.waiting = self.waiting, []
        taken = []
        for id, claim in self.fresh.items():
            if claim.since > before:
                break
            step = Settlement(delivery=id, state=State.SENDING, at=claim.at, attempt=claim.used)
            rides.append(
                Ride(id, claim, State.QUEUED, step, None, (claim.durable, None), False)
            )
            taken.append(id)
        for id in taken:
            del self.fresh[id]
        return rides

    def put_back(self, rides: list[Ride]) -> None:
        """Their transaction did not happen: they ride in the next one, in the same order."""
        self.waiting[:0] = rides

    def write(self, rides: list[Ride]) -> dict[Key, int]:
        """Write them; what they count."""
        ledger = self._ledger
        last: dict[int, tuple[State, Ride]] = {}
        leaving: list[int] = []
        events: list[Any] = []
        bodies: list[Any] = []
        changes: dict[Key, int] = {}
        for ride in rides:
            id, step, claim = ride.delivery, ride.settlement, ride.claim
            last[id] = (last[id][0] if id in last else ride.was, ride)
            to, reply, number = STATE_CODE[step.state], None, ledger.next_event
            ledger.next_event = number + 1
            if step.reply is not None:
                reply = ledger.next_content
                ledger.next_content = reply + 1
                bodies += (reply, PLAIN, 0, zlib.crc32(step.reply), step.reply)
            kept = None if step.kept is None else _encode(step.kept).decode()
            events += (
                number, id, step.at, to, ride.began, step.attempt, step.status, step.detail, step.duration,
                step.due_at, kept, reply, step.who,
            )  # fmt: skip
            destination = claim.destination
            if step.state not in OPEN and not ride.keep_lane:
                for lane in claim.lanes:
                    leaving += (destination, lane, id)
            count_step(changes, destination, STATE_CODE[ride.was], to, step.at)
            if to == _DELIVERED and destination in ledger.expecting:
                self._expectations.delivered(id, destination, step.at)
        self._content.run(bodies)
        self._write_states(last)
        self._dequeue.run(leaving)
        self._event.run(events)
        return changes

    def _write_states(self, last: dict[int, tuple[State, Ride]]) -> None:
        """The states as they end, one statement for all that begin and end alike."""
        alike: dict[tuple[int, int, float, int, int], list[int]] = {}
        for id, (was, ride) in last.items():
            step = ride.settlement
            holds = 1 if ride.keep_lane or step.state in OPEN else 0
            how = (STATE_CODE[step.state], step.attempt, step.due_at, holds, STATE_CODE[was])
            alike.setdefault(how, []).append(id)
        for values, ids in alike.items():
            self._connection.execute(self._step, (*values, integers(ids)))
            if self._connection.changes() != len(ids):
                raise StoreError("a delivery is not in the state that its claim was made in")


_DELIVERED = STATE_CODE[State.DELIVERED]


def count_step(changes: dict[Key, int], destination: int, was: int, to: int, at: float) -> None:
    """Count one delivery that goes from one state to another."""
    key = (BY_STATE, destination, was)
    changes[key] = changes.get(key, 0) - 1
    key = (BY_STATE, destination, to)
    changes[key] = changes.get(key, 0) + 1
    if to == _DELIVERED:
        changes[(LAST_DELIVERED, destination, 0)] = int(at * 1000)
