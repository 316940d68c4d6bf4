"""What came of a test: what each sender was told and what each destination got; and the quick way to find out, without a store."""

from __future__ import annotations

from pathlib import Path

import msgspec

from engine.channel import Channel, Home, Route
from engine.channel.cases import Case
from engine.channel.given import Step, content
from engine.effects import Lookups
from engine.message import Body, Context, Inbound, Plan, Receipt
from engine.pipeline import plan


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One message that was given, and what its sender was told."""

    channel: Channel
    inbound: Inbound
    plan: Plan
    receipt: Receipt
    acknowledgement: bytes = b""
    """When the message was kept."""
    reply: bytes = b""
    """In the end: with `answer` what the destination answered."""
    status: str = ""
    """Of the reply over HTTP, where the channel says it."""


class Played(msgspec.Struct, kw_only=True):
    """Everything that came of a test."""

    told: list[Told] = []
    got: dict[str, list[bytes]] = {}
    """What each destination got, in order; those of other channels as `channel.destination`."""
    deliveries: int = 0
    """How many payloads the channel's destinations got; what is handed over counts once."""
    waiting: int = 0
    """Groups that are open at the end."""
    released: list[Receipt] = []
    """What became of groups that were released, in order."""
    unconfirmed: int = 0
    """Confirmations that did not come in time."""

    def give(
        self, channel: Channel, destination: str, payload: bytes, under_test: Channel
    ) -> None:
        """A destination got something."""
        own = channel.name == under_test.name
        name = destination if own else f"{channel.name}.{destination}"
        self.got.setdefault(name, []).append(payload)


def quick(channel: Channel, case: Case, home: Home, tables: Lookups | None) -> Played:
    """What comes of the one message of a test, of which nothing is kept and nothing remembered."""
    (step,) = case.given
    inbound = inbound_of(step, home, case.now)
    context = context_of(case, home, case.now, 1, tables)
    planned = plan(channel, inbound, context)
    receipt = receipt_of(planned)
    assert isinstance(inbound.raw, bytes)
    said = channel.format.acknowledge(inbound.raw, receipt, channel.reading, case.now)
    played = Played()
    _give(played, channel, planned, home, channel)
    played.deliveries = _count(planned)
    played.told.append(
        Told(
            channel=channel,
            inbound=inbound,
            plan=planned,
            receipt=receipt,
            acknowledgement=said,
            reply=said,
        )
    )
    return played


def inbound_of(step: Step, home: Home, now: float) -> Inbound:
    """A message as its source would hand it over."""
    assert step.sample is not None
    facts = {"file_name": step.file_name, **step.facts} if step.file_name else step.facts
    raw = content(step.sample, home.folder)
    return Inbound(raw=raw, received_at=now, peer=step.peer, facts=facts or None)


def context_of(case: Case, home: Home, now: float, id: int, tables: Lookups | None) -> Context:
    """What planning is given in a test."""
    return Context(
        now=now,
        id=id,
        environment=case.environment or home.installation.environment,
        channels=home.channels,
        lookups=tables,
    )


def receipt_of(planned: Plan) -> Receipt:
    """What the store would have kept of a plan."""
    parts = tuple(receipt_of(part) for part in planned.parts if not part.channel)
    return Receipt(
        id=1, verdict=planned.verdict, reason=planned.reason, detail=planned.detail, parts=parts
    )


def handing_over(channel: Channel, to: str) -> list[Route]:
    """The destinations of a channel that hand over to another one."""
    return [
        route
        for route in channel.routes
        if route.link.kind == "channel" and str(route.link.settings.name) == to
    ]


def _give(
    played: Played, channel: Channel, planned: Plan, home: Home, under_test: Channel
) -> None:
    said = planned.acknowledgements.said if planned.acknowledgements is not None else ()
    for outbound in (*planned.outbound, *said):
        played.give(channel, outbound.destination, bytes_of(outbound.payload), under_test)
    for part in planned.parts:
        if not part.channel:
            _give(played, channel, part, home, under_test)
            continue
        for route in handing_over(channel, part.channel):
            played.give(channel, route.name, bytes_of(part.part_raw), under_test)
        _give(played, home.channels[part.channel], part, home, under_test)


def _count(planned: Plan) -> int:
    inside = (1 if part.channel else _count(part) for part in planned.parts)
    return len(planned.outbound) + sum(inside)


def bytes_of(body: Body) -> bytes:
    """The bytes of a body, also of one in a file."""
    return body if isinstance(body, bytes) else Path(body.path).read_bytes()
