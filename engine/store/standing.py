"""What stands in the lanes, read from the store and brought up to date with what is under way."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from typing import Any

import apsw
import msgspec

from engine.message import Delivery, State
from engine.store.ledger import Ledger
from engine.store.readers import Readers
from engine.store.recent import Recent
from engine.store.rides import Rides
from engine.store.schema import PLACES, STATES, TEST, queries

_SQL = queries("lanes")
_STATES = queries("effects")["states"]


class Standing:
    """Reads deliveries off the loop. What was claimed or settled meanwhile is shown as it stands now."""

    def __init__(self, readers: Readers, ledger: Ledger, rides: Rides, recent: Recent) -> None:
        self._readers, self._ledger, self._rides, self._recent = readers, ledger, rides, recent

    def rows(self, query: str, *values: Any) -> Awaitable[list[Any]]:
        """Rows of a named query, as they are."""
        return self._readers.run(fetch, _SQL[query], *values)

    async def deliveries(self, query: str, *values: Any) -> list[Delivery]:
        """Rows of a named query as deliveries, without those that have left their lanes."""
        ticket = self._recent.begin()
        try:
            found = []
            for row in await self.rows(query, *values):
                delivery = self._recent.current(self._delivery(row))
                if delivery is not None:
                    found.append(self._claimed(delivery))
            return found
        finally:
            self._recent.end(ticket)

    async def heads(self, destination: int, limit: int) -> list[Delivery]:
        """
        For every lane its first delivery, oldest lanes first. Where that one has left its lane a moment ago and the
        disk does not show it yet, the one behind it.
        """
        ticket = self._recent.begin()
        try:
            asked = limit
            while True:
                found: dict[int, Delivery] = {}
                rows = await self.rows("heads", destination, asked)
                gone = lanes = 0
                for row in rows:
                    read = self._delivery(row)
                    firsts = await self._now_first(read)
                    found |= {first.id: self._claimed(first) for first in firsts}
                    gone, lanes = gone + (not firsts), lanes + len(read.lanes)
                if not gone or lanes < asked:
                    break
                asked += gone
            return [found[id] for id in sorted(found)]
        finally:
            self._recent.end(ticket)

    async def _now_first(self, read: Delivery) -> list[Delivery]:
        """What heads the lanes of a delivery that was read as a head: itself, unless it has left."""
        if (now := self._recent.current(read)) is not None:
            return [now]
        firsts: list[Delivery] = []
        for lane in read.lanes:
            after = read.id
            while rows := await self.rows("behind", read.destination, lane, after, 1):
                after = rows[0][0]
                if (now := self._recent.current(self._delivery(rows[0]))) is not None:
                    firsts.append(now)
                    break
        return firsts

    async def unfinished(self, message: int, destination: int) -> str:
        """The state of the first delivery of a message to a destination that is not delivered; empty = all are."""
        ticket = self._recent.begin()
        try:
            rows = await self._readers.run(fetch, _STATES, message, destination)
            for id, code in rows:
                claim = self._rides.claims.get(id)
                state = self._recent.state(id, STATES[code]) if claim is None else claim.state
                if state is not State.DELIVERED:
                    return state.value
            return ""
        finally:
            self._recent.end(ticket)

    def _claimed(self, delivery: Delivery) -> Delivery:
        claim = self._rides.claims.get(delivery.id)
        if claim is None or claim.state is delivery.state:
            return delivery
        return msgspec.structs.replace(delivery, state=claim.state)

    def _delivery(self, row: tuple[Any, ...]) -> Delivery:
        (
            id,
            destination,
            part,
            state,
            attempt,
            crashes,
            due_at,
            lane,
            lanes,
            queued_at,
            flags,
            keyed,
            after,
        ) = row
        message = id // PLACES
        return Delivery(
            id=id,
            message=message,
            destination=destination,
            key=self._ledger.key_of(keyed, destination, part),
            lanes=(lane,) if lanes is None else tuple(json.loads(lanes)),
            attempt=attempt,
            queued_at=queued_at,
            due_at=due_at,
            state=STATES[state],
            crashes=crashes,
            test=bool(flags & TEST),
            after=after,
        )


def fetch(connection: apsw.Connection, sql: str, *values: Any) -> list[Any]:
    """All rows."""
    return connection.execute(sql, values).fetchall()
