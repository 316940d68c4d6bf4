"""
The life of a message, top to bottom. Nothing else knows the order.

    receive:  plan -> keep in one commit -> answer the sender
    plan:     split -> parse -> let -> key -> accept -> transform -> collect | route -> render      (pure; engine/planning/)
    release:  a group whose time has come -> plan -> keep, close the group, in one commit
    deliver:  send -> judge the answer (engine/judgement.py) -> decide what it means (engine/retry.py)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Protocol, cast

import msgspec

from engine import retry
from engine.channel import Channel, Route
from engine.connectors import Answer, Destination
from engine.effects import Group
from engine.errors import CommitUnknown, DeliveryError, MessageError, Unavailable, Uncertain
from engine.hours import open_seconds
from engine.judgement import judge, kept, told
from engine.message import (
    LARGE,
    Context,
    Delivery,
    Inbound,
    Plan,
    Receipt,
    Reply,
    Settlement,
    Spooled,
    State,
    Verdict,
)
from engine.planning import Planning, Releasing, acknowledging, failed, place, rejects
from engine.planning.chunks import in_chunks
from engine.planning.groups import batch_sequence, pack
from engine.planning.overlay import Overlaid
from engine.planning.parts import Piece, Pieces, all_or_nothing, apart, planned
from engine.planning.routing import DEPTH, FACT
from engine.store import Store


class Elsewhere(Protocol):
    """What is done of large messages outside the event loop."""

    async def plan(self, channel: Channel, inbound: Inbound, context: Context) -> Plan:
        """The same as `plan`."""

    async def survey(self, channel: Channel, inbound: Inbound, context: Context) -> Plan:
        """Whether and how a message is taken apart in chunks once it is kept."""

    async def tell(self, channel: Channel, raw: Spooled, receipt: Receipt, now: float) -> bytes:
        """What the sender of a large message is told."""


async def receive(
    channel: Channel, inbound: Inbound, store: Store, context: Context, elsewhere: Elsewhere
) -> Reply:
    """Plan the message, keep both in one commit, then answer the sender. In this order."""
    raw = inbound.raw
    if channel.split and in_chunks(channel, inbound):
        planned = await elsewhere.survey(channel, inbound, context)
    elif not isinstance(raw, Spooled):
        planned = plan(channel, inbound, context)
    elif remembers(channel, context):
        planned = await _spooled(plan(channel, inbound, context), store)
    else:
        planned = await elsewhere.plan(channel, inbound, context)
    receipt = await store.accept(channel.name, inbound, planned, context.id, channel.class_)
    if planned.load is not None and receipt.verdict is Verdict.SPLIT:
        return Reply(
            receipt=receipt, plan=planned
        )  # nobody knows yet what is to be said of its parts
    if isinstance(raw, Spooled):
        body = await elsewhere.tell(channel, raw, receipt, context.now)
    else:
        body = channel.format.acknowledge(raw, receipt, channel.reading, context.now)
    return Reply(receipt=receipt, body=body, plan=planned)


def remembers(channel: Channel, context: Context, depth: int = DEPTH) -> bool:
    """Whether a plan reads memory, numbers or groups, in the channel or in one that it hands over to."""
    if channel.stateful or not depth:
        return True
    channels = cast(dict[str, Channel], context.channels or {})
    names = [
        route.link.settings.name for route in channel.routes if route.link.kind == "channel"
    ]
    return any(
        remembers(channels[name], context, depth - 1) for name in names if name in channels
    )


async def release(
    channel: Channel, group: Group, store: Store, context: Context
) -> tuple[Receipt, Plan]:
    """
    Make a message of a group whose time has come; its commit closes the group.

    GroupChanged where a member joined meanwhile: nothing was kept, and the group is to be read again.
    """
    sequence, number = batch_sequence(channel.name, group.group), 0
    if group.group and context.numbers is not None:
        number = context.numbers.next(sequence)
    try:
        return await _released(channel, group, number, store, context)
    except CommitUnknown:
        raise
    except Exception:
        if number:
            store.unused(sequence, number)
        raise


async def _released(
    channel: Channel, group: Group, number: int, store: Store, context: Context
) -> tuple[Receipt, Plan]:
    raw = pack(group, context.now, number)
    inbound = Inbound(
        raw=raw if len(raw) <= LARGE else await store.spool([raw]),
        received_at=context.now,
        facts={FACT: group.group},
        test=group.test,
        group=group.id,
        version=group.version,
    )
    planned = await _spooled(plan(channel, inbound, context), store)
    receipt = await store.accept(channel.name, inbound, planned, context.id, channel.class_)
    return receipt, planned


async def _spooled(planned: Plan, store: Store) -> Plan:
    """The plan with its large payloads in files, as those that are planned elsewhere come."""
    outbound = [
        msgspec.structs.replace(one, payload=await store.spool([one.payload]))
        if isinstance(one.payload, bytes) and len(one.payload) > LARGE
        else one
        for one in planned.outbound
    ]
    parts = [await _spooled(part, store) for part in planned.parts]
    return msgspec.structs.replace(planned, outbound=tuple(outbound), parts=tuple(parts))


def plan(channel: Channel, inbound: Inbound, context: Context) -> Plan:
    """
    Everything the channel says about one message. Pure but for reading a large body's file.

    Never raises: what the message does not allow is quarantined with the error's code, anything
    unforeseen with `engine_error`.
    """
    raw = inbound.raw
    digest = raw.digest if isinstance(raw, Spooled) else blake2b(raw, digest_size=16).digest()
    try:
        if inbound.fault is not None:
            raise MessageError(*inbound.fault)
        content = Path(raw.path).read_bytes() if isinstance(raw, Spooled) else raw
        if inbound.facts is not None and FACT in inbound.facts:
            return Releasing(channel, inbound, content, digest, context, plan).plan()
        if channel.acknowledges:
            return acknowledging.interchanges(
                channel, inbound, content, digest, context, _planned
            )
        return _planned(channel, inbound, content, digest, context)
    except Exception as error:
        return failed(channel, error, digest)


def _planned(
    channel: Channel, inbound: Inbound, content: bytes, digest: bytes, context: Context
) -> Plan:
    pieces = Pieces(channel, inbound, content, context)
    found = pieces.all()
    if found is not None:
        return _split(channel, inbound, pieces, found, digest, context)
    return Planning(channel, inbound, content, digest, context, plan).plan()


def _split(
    channel: Channel,
    inbound: Inbound,
    pieces: Pieces,
    found: Iterable[Piece],
    digest: bytes,
    context: Context,
) -> Plan:
    plans: list[Plan] = []
    whole = all_or_nothing(channel, inbound)
    memory = None if context.memory is None else Overlaid(context.memory, context.now)
    context = msgspec.structs.replace(context, memory=memory)
    for piece in found:
        part = msgspec.structs.replace(context, part=f"{context.part}.{len(plans) + 1}")
        made = planned(channel, inbound, piece, part, plan)
        if made.verdict is Verdict.QUARANTINED and whole:
            detail = f"part {len(plans) + 1}: {made.detail}"
            return msgspec.structs.replace(made, detail=detail, digest=digest, unique=None)
        plans.append(made)
        if memory is not None:
            memory.lay(made)
    parts = apart(channel, plans)
    if channel.sends_back:
        parts += rejects.behind(channel, inbound, plans, context)
    return Plan(
        verdict=Verdict.SPLIT,
        kind="batch",
        summary="1 message" if len(plans) == 1 else f"{len(plans)} messages",
        digest=digest,
        parts=parts,
        remembers=pieces.remembers(),
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
    answer: Answer | None = None
    """What the partner said, where it was heard out."""


async def deliver(
    route: Route,
    destination: Destination,
    delivery: Delivery,
    payload: bytes | None,
    waits: int,
    clock: Clock,
) -> Attempt:
    """One attempt to hand a claimed delivery to its partner, and its consequence as a value. `payload` None: it cannot be read now."""
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
        reply=answer.body if route.keep_answers else None,
    )
    return Attempt(settlement=settlement, decision=None, answer=answer)


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
    since = delivery.queued_at
    age = at - since if route.open is None else open_seconds(route.open, since, at)
    decision = retry.settle(failure, delivery.attempt, waits, age, route.policy, clock.random())
    settlement = Settlement(
        delivery=delivery.id,
        state=decision.state,
        at=at,
        attempt=decision.attempt,
        status=failure.status,
        detail=told(route, failure, decision),
        due_at=decision.due_at(at),
        duration=clock.monotonic() - began if began is not None else 0.0,
        kept=kept(route, answer) if answer else None,
        reply=answer.body if answer and decision.state is State.REFUSED else None,
    )
    return Attempt(settlement=settlement, decision=decision, failure=failure, answer=answer)
