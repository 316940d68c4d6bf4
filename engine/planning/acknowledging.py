"""
What says to a sender what became of its interchange (`of: acknowledgement`): made beside the plan, in the same commit. Pure.

It says what the plan says. Where the store finds at the commit that the interchange came before, it takes the other answers
that are prepared here (docs/decisions/0013-acknowledgements-decided-at-the-commit.md).
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

import msgspec

from engine.channel import Channel, Route
from engine.effects import ACCEPTED, NOTED, REJECTED
from engine.formats import Reading, Scope, Verdicts
from engine.message import Acknowledgements, Context, Facts, Inbound, Outbound, Plan, Verdict
from engine.planning.failures import failed
from engine.planning.keys import joined
from engine.planning.overlay import Overlaid
from engine.planning.routing import outbound
from engine.planning.sealing import counting, sealing

#: The reason of an interchange whose control number its sender has used before, for other content.
REUSED = "duplicate_interchange"
_READING = Reading()


#: Plans one interchange: channel, message, its bytes, their digest, context.
Planned = Callable[[Channel, Inbound, bytes, bytes, Context], Plan]


def interchanges(
    channel: Channel,
    inbound: Inbound,
    content: bytes,
    digest: bytes,
    context: Context,
    planned: Planned,
) -> Plan:
    """The plan of what came: each interchange in it is planned, known and answered by itself."""
    found = channel.format.parts(content, channel.reading)
    if found is None:
        return _one(channel, inbound, content, digest, context, planned)
    memory = None if context.memory is None else Overlaid(context.memory, context.now)
    plans: list[Plan] = []
    for number, raw in enumerate(found, 1):
        part = msgspec.structs.replace(context, memory=memory, part=f"{context.part}.{number}")
        each = msgspec.structs.replace(inbound, raw=raw)
        made = _one(channel, each, raw, blake2b(raw, digest_size=16).digest(), part, planned)
        plans.append(msgspec.structs.replace(made, part_raw=raw))
        if memory is not None:
            memory.lay(made)
    return Plan(
        verdict=Verdict.SPLIT,
        kind="batch",
        summary=f"{len(plans)} interchanges",
        digest=digest,
        parts=tuple(plans),
        release=channel.release,
    )


def _one(
    channel: Channel,
    inbound: Inbound,
    content: bytes,
    digest: bytes,
    context: Context,
    planned: Planned,
) -> Plan:
    try:
        made = planned(channel, inbound, content, digest, context)
        made = keyed(channel, inbound, content, made, context)
    except Exception as error:
        made = failed(channel, error, digest)
    return acknowledged(channel, inbound, content, made, context)


def acknowledged(
    channel: Channel, inbound: Inbound, content: bytes, planned: Plan, context: Context
) -> Plan:
    """The plan with what its sender is told. A replay tells nothing, unless a person names the destination."""
    routes = [
        route
        for route in channel.routes
        if route.acknowledges and (route.name in inbound.only if inbound.replay_of else True)
    ]
    if not routes:
        return planned
    facts = Facts(inbound=inbound, context=context)
    answers = Acknowledgements(reason=REUSED)
    for route in routes:
        said, again = _answered(channel, route, content, planned, facts)
        answers = msgspec.structs.replace(
            answers, said=(*answers.said, *said), reused=(*answers.reused, *again)
        )
    numbers = [*planned.numbers, *facts.notes.numbers]
    return msgspec.structs.replace(planned, acknowledgements=answers, numbers=tuple(numbers))


def keyed(
    channel: Channel, inbound: Inbound, content: bytes, planned: Plan, context: Context
) -> Plan:
    """
    The plan of an interchange that was split, with the interchange's duplicate key; its parts have one only where the
    channel says what it is.
    """
    if planned.verdict is not Verdict.SPLIT or channel.whole is None or inbound.as_new:
        return planned
    document = channel.format.parse(content, channel.reading)
    facts = Facts(inbound=inbound, context=context)
    parts = planned.parts
    if [each.text for each in channel.unique or ()] == [each.text for each in channel.whole]:
        parts = tuple(msgspec.structs.replace(part, unique=None) for part in parts)
    unique = joined(channel.whole, Scope(document, facts))
    return msgspec.structs.replace(planned, unique=unique, parts=parts)


def _answered(
    channel: Channel, route: Route, content: bytes, planned: Plan, facts: Facts
) -> tuple[list[Outbound], list[Outbound]]:
    """What is sent where the plan stands, and where the interchange's number was used before: one of them, so one number."""
    assert route.envelope is not None
    format, reading = route.envelope.format, channel.reading
    taken: list[int] = []
    how = sealing(route.envelope, facts, counting(facts, taken))
    verdicts = Verdicts(taken=_outcomes(channel, planned))
    said = format.acknowledged(content, reading, verdicts, how)
    how = sealing(route.envelope, facts, _repeating(taken, counting(facts)))
    verdicts = Verdicts(taken=lambda group, set: REJECTED, duplicate=True)
    again = format.acknowledged(content, reading, verdicts, how)
    return _addressed(channel, route, content, said, facts), _addressed(
        channel, route, content, again, facts
    )


def _addressed(
    channel: Channel, route: Route, content: bytes, payload: bytes, facts: Facts
) -> list[Outbound]:
    if not payload:
        return []
    scope = Scope(channel.format.parse(content, channel.reading), facts)
    shows = channel.format.parse(payload, _READING).kind()
    return [outbound(route, shows, payload, 1, scope)]


def _outcomes(channel: Channel, planned: Plan) -> Callable[[str, str], int]:
    """What became of each set: rejected where nothing of it was taken, accepted with errors where something was not."""
    if planned.verdict is not Verdict.SPLIT:
        one = _outcome(planned)
        return lambda group, set: one
    found: dict[tuple[str, str], set[int]] = {}
    for part in planned.parts:
        if part.channel or not isinstance(part.part_raw, bytes):
            continue
        for place in channel.format.sets(part.part_raw, channel.reading):
            found.setdefault(place, set()).add(_outcome(part))
    return lambda group, set: _together(found.get((group, set), {REJECTED}))


def _outcome(planned: Plan) -> int:
    return REJECTED if planned.verdict is Verdict.QUARANTINED else ACCEPTED


def _together(outcomes: set[int]) -> int:
    return NOTED if len(outcomes) > 1 else next(iter(outcomes))


def _repeating(
    taken: list[int], number: Callable[[str, int], int]
) -> Callable[[str, int], int]:
    """The numbers that were taken for another answer to the same interchange; more where that one needed none."""
    left = iter(taken)
    return lambda sequence, least: next(left, 0) or number(sequence, least)
