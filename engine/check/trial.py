"""What a channel would do with a message, all of it: for `corridor try` and the console. Nothing is kept or sent."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.channel import Channel, Home
from engine.check.dry import DryRun
from engine.check.effects import said
from engine.check.played import receipt_of
from engine.errors import MessageError
from engine.message import Inbound, Outbound, Plan
from engine.planning.tracing import Trace


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """One value that a rule of a mapping made."""

    mapping: str
    of: str
    """What the mapping made: `ChargeEvent`, `json`."""
    field: str
    value: Any
    file: str
    line: int
    rule: str
    """The rule as written."""
    paths: tuple[str, ...]
    """What it read."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that would come of one message."""

    channel: Channel
    plan: Plan
    traces: list[Trace]
    effects: list[tuple[str, str]]
    """Kind and sentence of what would be done besides sending."""
    answer: bytes
    """What the sender would be told."""

    @property
    def payloads(self) -> list[Outbound]:
        """What would be sent, those of parts included."""
        return payloads(self.plan)

    @property
    def made(self) -> list[Made]:
        """What each rule made, in order."""
        return [
            Made(
                mapping=mapping,
                of=product.of,
                field=rule.field,
                value=rule.value,
                file=rule.file or f"mappings/{mapping}.yaml",
                line=rule.line,
                rule=rule.rule,
                paths=tuple(rule.paths),
            )
            for mapping, product, rules in self.traces
            for rule in rules
        ]


def trial(loaded: Home, channel: Channel, inbound: Inbound, *, memory: bool = True) -> Trial:
    """
    Plan a message as the engine would now. Without `memory`, nothing that the store remembers is read: it is content of
    other messages. StoreError where there is a store that cannot be read.
    """
    raw = inbound.raw
    assert isinstance(raw, bytes)
    dry = DryRun(loaded, memory=memory)
    try:
        plan, traces = dry.explain(channel, inbound)
    finally:
        dry.close()
    return Trial(
        channel=channel,
        plan=plan,
        traces=traces,
        effects=said(channel, plan, loaded.channels),
        answer=answer(channel, raw, plan, inbound.received_at),
    )


def answer(channel: Channel, raw: bytes, plan: Plan, now: float) -> bytes:
    """What a sender is told of a message with this plan."""
    return channel.format.acknowledge(raw, receipt_of(plan), channel.reading, now)


def payloads(plan: Plan) -> list[Outbound]:
    """What a plan sends, acknowledgements and parts included."""
    said = plan.acknowledgements.said if plan.acknowledgements is not None else ()
    return [*plan.outbound, *said, *(one for part in plan.parts for one in payloads(part))]


def tree(channel: Channel, raw: bytes) -> list[tuple[int, str, str, str]] | str:
    """The parsed message: depth, path, the standard's name, value; or why it cannot be parsed."""
    try:
        document = channel.format.parse(raw, channel.reading)
        return [(depth, path, name, str(value)) for depth, path, name, value in channel.format.tree(document)]  # fmt: skip
    except MessageError as error:
        return str(error)
