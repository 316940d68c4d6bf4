"""
The life of a message, top to bottom. Nothing else knows the order.

    receive:  plan -> keep in one commit -> answer the sender
    plan:     split -> parse -> let -> key -> accept -> transform -> route -> render      (pure; engine/planning.py)
    deliver:  send -> judge the answer (engine/judgement.py) -> decide what it means (engine/retry.py)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import cast

import msgspec

from engine import retry
from engine.channel import Channel, Route
from engine.connectors import Answer, Destination
from engine.errors import DeliveryError, MessageError, Unavailable, Uncertain
from engine.judgement import judge, kept
from engine.mapping import Product, Traced
from engine.message import (
    Context,
    Delivery,
    Facts,
    Inbound,
    Plan,
    Reply,
    Settlement,
    Spooled,
    State,
    Verdict,
)
from engine.planning import Planning, failed, place
from engine.store import Store

#: Plans a large body outside this process; the same as `plan`.
Elsewhere = Callable[[Channel, Inbound, Context], Awaitable[Plan]]


async def receive(
    channel: Channel, inbound: Inbound, store: Store, context: Context, elsewhere: Elsewhere
) -> Reply:
    """Plan the message, keep both in one commit, then answer the sender. In this order."""
    raw = inbound.raw
    if isinstance(raw, Spooled):
        planned = await elsewhere(channel, inbound, context)
    else:
        planned = plan(channel, inbound, context)
    receipt = await store.accept(channel.name, inbound, planned, context.id, channel.class_)
    head = await store.read(raw) if isinstance(raw, Spooled) else raw
    body = channel.format.acknowledge(head, receipt, channel.reading, context.now)
    return Reply(receipt=receipt, body=body, plan=planned)


def plan(channel: Channel, inbound: Inbound, context: Context) -> Plan:
    """
    Everything the channel says about a message. Pure but for reading a large body's file.

    Never raises: what the message does not allow is quarantined with the error's code, anything
    unforeseen with `engine_error`.
    """
    raw = inbound.raw
    digest = raw.digest if isinstance(raw, Spooled) else blake2b(raw, digest_size=16).digest()
    try:
        content = Path(raw.path).read_bytes() if isinstance(raw, Spooled) else raw
        parts = channel.format.parts(content, channel.reading)
        if parts is not None:
            return _split(channel, inbound, parts, digest, context)
        return Planning(channel, inbound, content, digest, context, plan).plan()
    except Exception as error:
        return failed(channel, error, digest)


def explain(
    channel: Channel, inbound: Inbound, context: Context
) -> tuple[Plan, list[tuple[str, Product, list[Traced]]]]:
    """The plan, and what each rule of its mappings made: (mapping, product, rules), for `corridor try`."""
    planned = plan(channel, inbound, context)
    traces: list[tuple[str, Product, list[Traced]]] = []
    facts = Facts(inbound=inbound, context=context)
    try:
        document = channel.format.parse(cast(bytes, inbound.raw), channel.reading)
        for mapping, *_ in channel.transforms:
            for product, rules in mapping.trace(document, facts):
                traces.append((mapping.name, product, rules))
        for route in channel.routes:
            if route.render is None:
                continue
            for _, source, _ in [t for t in traces if t[0] in _names(channel)]:
                if source.entity is None or (route.of and route.of != source.of):
                    continue
                for product, rules in route.render.trace(source.entity, facts):
                    traces.append((route.render.name, product, rules))
    except MessageError:
        return planned, traces
    return planned, traces


def _names(channel: Channel) -> set[str]:
    return {chain[0].name for chain in channel.transforms}


def _split(
    channel: Channel, inbound: Inbound, parts: Sequence[bytes], digest: bytes, context: Context
) -> Plan:
    plans = []
    for part in parts:
        whole = blake2b(part, digest_size=16).digest()
        try:
            made = Planning(channel, inbound, part, whole, context, plan).plan()
        except Exception as error:
            made = failed(channel, error, whole)
        plans.append(msgspec.structs.replace(made, part_raw=part))
    return Plan(
        verdict=Verdict.SPLIT,
        kind="batch",
        summary=f"{len(plans)} messages",
        digest=digest,
        parts=tuple(plans),
        release=channel.release,
    )


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """Time and chance, given from outside."""

    now: Callable[[], float]
    monotonic: Callable[[], float]
    random: Callable[[], float]


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """How one attempt ended, for the lanes."""

    settlement: Settlement
    decision: retry.Decision | None
    """None = delivered."""
    failure: DeliveryError | None = None


async def deliver(
    route: Route,
    destination: Destination,
    delivery: Delivery,
    payload: bytes | None,
    waits: int,
    clock: Clock,
) -> Attempt:
    """
    One attempt to hand a claimed delivery to its partner, and its consequence as a value. `payload` None: the store
    cannot read it now.
    """
    began = clock.monotonic()
    answer: Answer | None = None
    failure: DeliveryError | None
    try:
        if payload is None:
            raise Unavailable("not read", "the store cannot read what is to be sent")
        answer = await destination.send(delivery, payload)
        failure = judge(route, answer)
    except DeliveryError as error:
        failure = error
    except Exception as error:
        failure = Uncertain("engine_error", place(error))
    if failure is not None or answer is None:
        assert failure is not None
        return failed_attempt(route, delivery, failure, waits, clock, began, answer)
    settlement = Settlement(
        delivery=delivery.id,
        state=State.DELIVERED,
        at=clock.now(),
        attempt=delivery.attempt + 1,
        status=answer.status,
        duration=clock.monotonic() - began,
        kept=kept(route, answer),
    )
    return Attempt(settlement=settlement, decision=None)


def failed_attempt(
    route: Route,
    delivery: Delivery,
    failure: DeliveryError,
    waits: int,
    clock: Clock,
    began: float | None = None,
    answer: Answer | None = None,
) -> Attempt:
    """An attempt without a good answer (or with nothing to send, or cut short), and its consequence as a value."""
    at = clock.now()
    decision = retry.settle(
        failure, delivery.attempt, waits, at - delivery.queued_at, route.policy, clock.random()
    )
    settlement = Settlement(
        delivery=delivery.id,
        state=decision.state,
        at=at,
        attempt=decision.attempt,
        status=failure.status,
        detail=failure.detail,
        due_at=at + decision.wait if decision.state is State.QUEUED else 0.0,
        duration=clock.monotonic() - began if began is not None else 0.0,
        kept=kept(route, answer) if answer else None,
        reply=answer.body if answer and decision.state is State.REFUSED else None,
    )
    return Attempt(settlement=settlement, decision=decision, failure=failure)
