"""Messages as rows: bodies, keys and deliveries laid out for few statements, whatever their number."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import msgspec

from engine.errors import CommitRefused, GroupChanged
from engine.message import Body, Delivery, Inbound, Outbound, Plan, Receipt, Verdict
from engine.store.ledger import Key, Ledger
from engine.store.schema import (
    ANSWERED,
    BY_STATE,
    BY_VERDICT,
    IN_FILE,
    PLACES,
    PLAIN,
    TEST,
    VERDICT_CODE,
    Rows,
    first,
    queries,
)

_encode = msgspec.json.Encoder().encode
_QUEUED = 0


class Entry:
    """One message on its way into rows; a part of a split and a handed-over message are ones too."""

    __slots__ = (
        "again", "channel", "content", "deliveries", "detail", "flags", "has_effects", "id", "inbound", "joined", "keyed",
        "original", "parts", "plan", "reason", "reasons", "refused", "verdict",
    )  # fmt: skip

    def __init__(self, id: int, channel: int, inbound: Inbound, plan: Plan) -> None:
        self.id, self.channel, self.inbound, self.plan = id, channel, inbound, plan
        self.flags = TEST if inbound.test else 0
        self.again = inbound.replay_of != 0
        self.keyed = id
        """The message whose number its idempotency keys carry: its own, or a replay's original."""
        self.verdict, self.reason, self.detail, self.original = (
            plan.verdict,
            plan.reason,
            plan.detail,
            0,
        )
        self.parts: list[Entry] = []
        self.deliveries: list[Delivery] = []
        self.content = self.joined = 0
        self.has_effects = bool(
            plan.joins
            or plan.remembers
            or plan.numbers
            or plan.expects
            or plan.tables
            or plan.answered
            or plan.acknowledgements
            or inbound.group
        )
        """Whether it does more than queue deliveries; most messages do not."""
        self.refused: GroupChanged | None = None
        """Why nothing of it is kept; the rest of the transaction is."""
        self.reasons: dict[str, int] = {}
        """Of a chunk: why parts of the chunks before were rejected, and how many."""

    @property
    def stands(self) -> bool:
        """Whether it is what its plan says: no duplicate, no reused key, not late."""
        return not self.original and self.verdict is self.plan.verdict

    def receipt(self) -> Receipt:
        """What the sender is told, parts included."""
        return Receipt(
            id=self.id,
            verdict=self.verdict,
            reason=self.reason,
            detail=self.detail,
            original=self.original,
            deliveries=tuple(self.deliveries),
            parts=tuple(part.receipt() for part in self.parts) if self.parts else (),
        )


class Bodies:
    """Content rows of one transaction, on their way."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._content = Rows(ledger.connection, queries("write")["content"], 5)
        self._rows: list[Any] = []

    def begin(self) -> None:
        """A transaction begins: nothing is left of one that failed."""
        self._rows = []

    def add(self, body: Body) -> int:
        """Lay out a content row; its number."""
        ledger = self._ledger
        number = ledger.next_content
        ledger.next_content = number + 1
        if isinstance(body, bytes):
            self._rows += (number, PLAIN, 0, zlib.crc32(body), body)
        else:
            place = body.digest + body.size.to_bytes(8, "big")
            self._rows += (number, IN_FILE, 0, zlib.crc32(place), place)
        return number

    def write(self) -> None:
        """Write them."""
        self._content.run(self._rows)


class Answers:
    """What is sent of messages that are acknowledged: what the plan says, or what was said of the same before."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._sql = ledger, queries("write")["answer_of"]
        self._said: dict[tuple[int, str], Body] = {}

    def begin(self) -> None:
        """A transaction begins: nothing is left of an earlier one."""
        self._said = {}

    def outbound(self, entry: Entry) -> list[Outbound]:
        """Everything that is sent of a message, whatever its verdict."""
        plan = entry.plan
        assert plan.acknowledgements is not None
        if entry.original and entry.verdict is Verdict.QUARANTINED:
            answers = list(plan.acknowledgements.reused)
        elif entry.original:
            answers = [self._again(entry, each) for each in plan.acknowledgements.said]
        else:
            answers = list(plan.acknowledgements.said)
            for each in answers:
                self._said[entry.id, each.destination] = each.payload
        if answers:
            entry.flags |= ANSWERED
        return [*plan.outbound, *answers] if entry.verdict is Verdict.ACCEPTED else answers

    def _again(self, entry: Entry, outbound: Outbound) -> Outbound:
        """The answer that the original had, byte for byte; the one that is planned now where that is no longer kept."""
        said = self._said.get((entry.original, outbound.destination))
        if said is None:
            number = self._ledger.destination(entry.channel, outbound.destination)
            values = (entry.original, number, outbound.part)
            row = first(self._ledger.connection, self._sql, values)
            said = outbound.payload if row is None else row[0]
        return msgspec.structs.replace(outbound, payload=said)


class Layout:
    """Turns entries into rows; one statement per table and power of two."""

    def __init__(self, ledger: Ledger, bodies: Bodies) -> None:
        self._ledger, self._bodies = ledger, bodies
        connection, sql = ledger.connection, queries("write")
        self._message = Rows(connection, sql["message"], 23)
        self._message_with_effects = Rows(connection, sql["message_with_effects"], 26)
        self._search = Rows(connection, sql["search"], 3)
        self._delivery = Rows(connection, sql["delivery"], 16)
        self._delivery_after = Rows(connection, sql["delivery_after"], 17)
        self._queue = Rows(connection, sql["queue"], 3)
        self._answers = Answers(ledger)
        self._deliveries: list[Any] = []
        self._following: list[Any] = []
        self._lanes: list[int] = []

    def write(self, entries: list[Entry]) -> tuple[list[Delivery], dict[Key, int]]:
        """Write all rows of these messages; their deliveries in order, and what they count."""
        self._deliveries, self._following, self._lanes = [], [], []
        self._answers.begin()
        messages: list[Any] = []
        with_effects: list[Any] = []
        search: list[Any] = []
        queued: list[Delivery] = []
        changes: dict[Key, int] = {}
        for entry in entries:
            content = entry.content = self._bodies.add(entry.inbound.raw)
            if entry.plan.acknowledgements is not None:
                self._queue_up(entry, self._answers.outbound(entry), content, changes)
                queued += entry.deliveries
            elif entry.plan.outbound and entry.verdict is Verdict.ACCEPTED:
                self._queue_up(entry, entry.plan.outbound, content, changes)
                queued += entry.deliveries
            if entry.has_effects:
                with_effects += (*self._row(entry, content), *_effects(entry))
            else:
                messages += self._row(entry, content)
            for name, value in entry.plan.keys:
                search += (value, self._ledger.key_name(name), entry.id)
            key = (BY_VERDICT, entry.channel, VERDICT_CODE[entry.verdict])
            changes[key] = changes.get(key, 0) + 1
        self._message.run(messages)
        self._message_with_effects.run(with_effects)
        self._search.run(search)
        self._delivery.run(self._deliveries)
        self._delivery_after.run(self._following)
        self._queue.run(self._lanes)
        return queued, changes

    def _row(self, entry: Entry, content: int) -> tuple[Any, ...]:
        plan, inbound, ledger = entry.plan, entry.inbound, self._ledger
        arrival = ledger.next_event
        ledger.next_event = arrival + 1
        facts = inbound.facts
        return (
            entry.id, entry.channel, arrival, inbound.received_at, VERDICT_CODE[entry.verdict], entry.reason,
            entry.detail, plan.owner, plan.kind, plan.control, inbound.peer,
            None if facts is None else _encode(facts).decode(), inbound.parent, inbound.replay_of, entry.original,
            plan.summary, plan.release, body_size(entry.inbound.raw), content, inbound.depth, entry.flags,
            len(entry.deliveries), _encode(plan.keys).decode() if plan.keys else None,
        )  # fmt: skip

    def _queue_up(
        self, entry: Entry, outbounds: Sequence[Outbound], raw: int, changes: dict[Key, int]
    ) -> None:
        """Lay out the deliveries of one message; equal payloads share one content row."""
        only, ledger, channel = entry.inbound.only, self._ledger, entry.channel
        contents: dict[Body, int] = {}
        id = entry.id * PLACES
        for outbound in outbounds:
            if only and outbound.destination not in only:
                continue
            payload = outbound.payload
            content = raw if payload == entry.inbound.raw else contents.get(payload)
            if content is None:
                content = contents[payload] = self._bodies.add(payload)
            destination = ledger.destinations.get((channel, outbound.destination))
            if destination is None:
                destination = ledger.destination(channel, outbound.destination)
            id += 1
            self._one(entry, outbound, id, destination, content)
            key = (BY_STATE, destination, _QUEUED)
            changes[key] = changes.get(key, 0) + 1
        if len(entry.deliveries) >= PLACES:
            raise CommitRefused(
                f"a message may have {PLACES - 1} deliveries, this one has more"
            )

    def _one(
        self, entry: Entry, outbound: Outbound, id: int, destination: int, content: int
    ) -> None:
        lanes, options, inbound = outbound.lanes, outbound.options, entry.inbound
        for lane in lanes:
            self._lanes += (destination, lane, id)
        row = (
            id, destination, outbound.part, _QUEUED, 0, 0, 0.0, lanes[0],
            None if len(lanes) == 1 else _encode(lanes).decode(), 1, content,
            None if options is None else _encode(options).decode(), outbound.shows, inbound.received_at,
            entry.flags & TEST, entry.keyed,
        )  # fmt: skip
        after = 0
        if outbound.after:
            after = self._ledger.destination(entry.channel, outbound.after)
            self._following += (*row, after)
        else:
            self._deliveries += row
        entry.deliveries.append(
            Delivery(
                id=id,
                message=entry.id,
                destination=destination,
                key=self._ledger.key_of(entry.keyed, destination, outbound.part),
                lanes=lanes,
                payload=outbound.payload,
                options=options,
                queued_at=inbound.received_at,
                test=inbound.test,
                after=after,
            )
        )


def _effects(entry: Entry) -> tuple[Any, ...]:
    """What a message's row has besides where its plan does more than queue deliveries."""
    tables = entry.plan.tables
    return _encode(tables).decode() if tables else None, entry.inbound.group, entry.joined


def body_size(body: Body) -> int:
    """Bytes in a body."""
    return len(body) if isinstance(body, bytes) else body.size
