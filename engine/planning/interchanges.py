"""
Interchanges on the way out, and acknowledged: sealed in a partner's envelope with numbers of the store, awaited, and what
says what became of one that came in. Pure.

What says it is made beside the plan and says what the plan says; where the store finds at the commit that the interchange
came before, it takes the other answers that are prepared here (docs/decisions/acknowledgements-decided-at-the-commit.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from engine.channel import Channel, Envelope, Route
from engine.effects import ACCEPTED, ACKNOWLEDGED, NOTED, REJECTED, Expected, Numbered
from engine.errors import MessageError
from engine.formats import Reading, Scope, Sealed, Sealing, Verdicts
from engine.message import Acknowledgements, Context, Facts, Inbound, Outbound, Plan, Verdict
from engine.planning.keys import joined
from engine.planning.routing import outbound

#: The reason of an interchange whose control number its sender has used before, for other content.
REUSED = "duplicate_interchange"
_READING = Reading()


def seal(envelope: Envelope, payloads: Sequence[bytes], facts: Facts) -> Sealed:
    """What is sent of payloads that belong into one interchange. MessageError where a value does not fit."""
    return envelope.format.seal(payloads, _sealing(envelope, facts, _counting(facts)))


def awaited(
    route: Route, content: bytes, payload: int, origins: Sequence[int] = ()
) -> list[Expected]:
    """
    What must be acknowledged of one payload; `origins` are the messages that its sets came from, where others than this
    one. The interchange itself and the claims may be spoken of, the sets must.
    """
    expect = route.expect_ack
    assert expect is not None
    return [
        Expected(
            destination=route.name,
            channel=expect.from_,
            name=ACKNOWLEDGED,
            value=sent.value,
            within=expect.within if sent.kind == "set" else 0.0,
            payload=payload,
            says=sent.says,
            message=origins[sent.set] if 0 <= sent.set < len(origins) else 0,
        )
        for sent in expect.format.sent(content, _READING)
    ]


def acknowledged(
    channel: Channel, inbound: Inbound, content: bytes, planned: Plan, context: Context
) -> Plan:
    """The plan with what its sender is told. A replay tells nothing, unless a person names the destination."""
    routes = [
        route
        for route in channel.routes
        if route.acknowledges
        and (route.name in inbound.only if inbound.replay_of else True)
    ]
    if not routes:
        return planned
    facts = Facts(inbound=inbound, context=context)
    answers = Acknowledgements(reason=REUSED)
    numbers: list[Numbered] = []
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
    sealing = _sealing(route.envelope, facts, _counting(facts, taken))
    verdicts = Verdicts(taken=_outcomes(channel, planned))
    said = format.acknowledged(content, reading, verdicts, sealing)
    sealing = _sealing(route.envelope, facts, _repeating(taken, _counting(facts)))
    verdicts = Verdicts(taken=lambda group, set: REJECTED, duplicate=True)
    again = format.acknowledged(content, reading, verdicts, sealing)
    return _addressed(channel, route, content, said, facts), _addressed(channel, route, content, again, facts)


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
    return lambda group, set: _together(found.get((group, set), {ACCEPTED}))


def _outcome(planned: Plan) -> int:
    return REJECTED if planned.verdict is Verdict.QUARANTINED else ACCEPTED


def _together(outcomes: set[int]) -> int:
    return NOTED if len(outcomes) > 1 else next(iter(outcomes))


# -- numbers and moments ------------------------------------------------------------------------------------


def _sealing(envelope: Envelope, facts: Facts, number: Callable[[str], int]) -> Sealing:
    context = facts.context
    test = facts.inbound.test or context.environment == "test"
    return Sealing(
        envelope=envelope.settings,
        number=number,
        moment=datetime.fromtimestamp(context.now, ZoneInfo(envelope.zone)),
        environment="test" if test else "production",
    )


def _counting(facts: Facts, taken: list[int] | None = None) -> Callable[[str], int]:
    """Numbers of the store, noted for the plan's commit."""

    def number(sequence: str) -> int:
        numbers = facts.context.numbers
        if numbers is None:
            raise MessageError("no_numbers", "control numbers are counted by a running engine only")
        value = numbers.next(sequence)
        facts.notes.numbers.append(Numbered(sequence=sequence, value=value))
        if taken is not None:
            taken.append(value)
        return value

    return number


def _repeating(taken: list[int], number: Callable[[str], int]) -> Callable[[str], int]:
    """The numbers that were taken for another answer to the same interchange; more where that one needed none."""
    left = iter(taken)
    return lambda sequence: next(left, 0) or number(sequence)

