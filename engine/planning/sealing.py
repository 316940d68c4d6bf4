"""Interchanges on the way out: sealed in a partner's envelope with numbers of the store, and awaited. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.channel import Envelope, Route
from engine.effects import ACKNOWLEDGED, OUTCOMES, Answered, Expected, Numbered
from engine.errors import MessageError
from engine.formats import Reading, Sealed, Sealing
from engine.message import Facts

_READING = Reading()


def seal(envelope: Envelope, payloads: Sequence[bytes], facts: Facts) -> Sealed:
    """What is sent of payloads that belong into one interchange. MessageError where a value does not fit."""
    return envelope.format.seal(payloads, sealing(envelope, facts, counting(facts)))


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


def spoken(answered: Sequence[Answered]) -> str:
    """What an acknowledgement says, for people: `2 accepted, 1 rejected`."""
    counts = Counter(
        OUTCOMES[one.outcome] for one in answered if one.kind != "group" or len(answered) == 1
    )
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items())


def sealing(envelope: Envelope, facts: Facts, number: Callable[[str, int], int]) -> Sealing:
    """What a format needs for it."""
    context = facts.context
    test = facts.inbound.test or context.environment == "test"
    return Sealing(
        envelope=envelope.settings,
        number=number,
        moment=datetime.fromtimestamp(context.now, ZoneInfo(envelope.zone)),
        environment="test" if test else "production",
    )


def counting(facts: Facts, taken: list[int] | None = None) -> Callable[[str, int], int]:
    """Numbers of the store, noted for the plan's commit."""

    def number(sequence: str, least: int) -> int:
        numbers = facts.context.numbers
        if numbers is None:
            raise MessageError(
                "no_numbers", "control numbers are counted by a running engine only"
            )
        value = numbers.next(sequence, least)
        facts.notes.numbers.append(Numbered(sequence=sequence, value=value))
        if taken is not None:
            taken.append(value)
        return value

    return number
