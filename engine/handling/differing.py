"""What today's channel would make of a message, against what was sent: a replay on trial, nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from engine.channel import Channel
from engine.check.dry import DryRun
from engine.compare.flat import messages
from engine.message import Body, Inbound, Outbound, Plan
from engine.pipeline import plan
from engine.store import Archive
from engine.store.large import load

#: Differing fields that are told of one payload.
TOLD = 200

Slot = tuple[str, int]


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field that differs. Its values are content."""

    place: str
    """`OBX[2]-5.1`, `lines[0].code`; `number 2 PV1-3.1` in the second message of a payload that holds several."""
    then: str | None
    """What was sent; None = it was not there."""
    now: str | None


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """One payload, then and now."""

    destination: str
    delivery: int
    """The delivery that was; 0 = there was none."""
    what: str
    """same, changed, new (made today only), gone (made then only)."""
    fields: list[Field] = []


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay would make of one message, against what was made."""

    verdict: str
    """What the channel of today decides."""
    reason: str = ""
    detail: str = ""
    payloads: list[Payload] = []

    @property
    def same(self) -> bool:
        """Whether the very same bytes would leave."""
        return all(one.what == "same" for one in self.payloads)


def difference(
    archive: Archive, dry: DryRun, channel: Channel, message: int, inbound: Inbound
) -> Difference:
    """
    Plan a message with today's channel at the moment it was received, and compare. `inbound` is the message as its
    source handed it over. Numbers of sequences begin at 1 here, so they differ; StoreError where a body was pruned.
    """
    context = msgspec.structs.replace(dry.context(inbound.received_at), id=message)
    planned = plan(channel, msgspec.structs.replace(inbound, raw=load(inbound.raw)), context)
    then: dict[Slot, int] = {}
    for at, number in enumerate([message, *archive.parts(message)]):
        for row in archive.deliveries(number):
            then[row["destination"], at * 1000 + row["part"]] = row["id"]
    now = dict(_made(planned))
    found = [
        _compared(archive, slot, then.get(slot, 0), now.get(slot)) for slot in {**then, **now}
    ]
    return Difference(
        verdict=planned.verdict.value, reason=planned.reason, detail=planned.detail, payloads=found
    )  # fmt: skip


def changed_fields(differences: list[Difference]) -> list[tuple[str, int]]:
    """Fields that differ, without their values: destination and field, and in how many payloads; most frequent first."""
    counts: Counter[str] = Counter()
    for one in differences:
        for payload in one.payloads:
            counts.update({f"{payload.destination}  {field.place}" for field in payload.fields})
    return counts.most_common()


def _made(planned: Plan) -> Iterator[tuple[Slot, Body]]:
    own = [part for part in planned.parts if not part.channel]
    for at, each in enumerate([planned, *own]):
        for one in _outbound(each):
            yield (one.destination, at * 1000 + one.part), one.payload


def _outbound(planned: Plan) -> tuple[Outbound, ...]:
    said = planned.acknowledgements.said if planned.acknowledgements is not None else ()
    return (*planned.outbound, *said)


def _compared(archive: Archive, slot: Slot, delivery: int, made: Body | None) -> Payload:
    destination, _ = slot
    if made is None:
        return Payload(destination=destination, delivery=delivery, what="gone")
    if not delivery:
        return Payload(destination=destination, delivery=0, what="new")
    sent, ours = archive.payload(delivery), load(made)
    if sent == ours:
        return Payload(destination=destination, delivery=delivery, what="same")
    told = list(fields(sent, ours))[:TOLD]
    return Payload(destination=destination, delivery=delivery, what="changed", fields=told)


def fields(then: bytes, now: bytes) -> Iterator[Field]:
    """
    The fields in which two payloads differ, by place.

    >>> [(one.place, one.then, one.now) for one in fields(b'{"a": 1}', b'{"a": 2, "b": 3}')]
    [('a', '1', '2'), ('b', None, '3')]
    """
    before, after = messages(then), messages(now)
    several = max(len(before), len(after)) > 1
    for at in range(max(len(before), len(after))):
        old = before[at].fields if at < len(before) else {}
        new = after[at].fields if at < len(after) else {}
        for place in dict.fromkeys((*old, *new)):
            a, b = old.get(place, ("", None))[1], new.get(place, ("", None))[1]
            if a != b:
                yield Field(place=f"number {at + 1} {place}" if several else place, then=a, now=b)  # fmt: skip
