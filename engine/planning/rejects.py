"""What is sent back of the records of a file that were rejected (`of: rejects` of a destination). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from engine.channel import Channel, Route
from engine.formats import Rejected, Scope
from engine.grouping import Returned
from engine.message import Body, Context, Facts, Inbound, Plan, Verdict
from engine.planning.routing import outbound


def routes(channel: Channel, inbound: Inbound) -> list[Route]:
    """The destinations that get them; a replay sends them where a person says so."""
    return [
        route
        for route in channel.routes
        if route.rejects and (route.name in inbound.only if inbound.replay_of else True)
    ]


def parts(rows: Iterable[tuple[str, str, str, bytes]]) -> Iterator[Rejected]:
    """Rejected parts as the store has them: reason, sentence, facts (JSON), bytes."""
    for reason, detail, facts, raw in rows:
        known = msgspec.json.decode(facts)
        line = int(known.get("line", "0"))
        yield Rejected(reason=reason, detail=_said(detail), line=line, raw=raw)


def behind(
    channel: Channel, inbound: Inbound, plans: Sequence[Plan], context: Context
) -> tuple[Plan, ...]:
    """What stands behind parts that were planned together: the message that carries the rejected ones, if there are any."""
    found = [_of(plan) for plan in plans if plan.verdict is Verdict.QUARANTINED]
    if not found or not routes(channel, inbound):
        return ()
    content = b"".join(body(channel, found))
    return (planned(channel, inbound, content, len(found), context),)


def _of(plan: Plan) -> Rejected:
    assert isinstance(plan.part_raw, bytes)
    line = int((plan.part_facts or {}).get("line", "0"))
    said = _said(plan.detail)
    return Rejected(reason=plan.reason, detail=said, line=line, raw=plan.part_raw)


def _said(detail: str) -> str:
    """
    What is wrong, without the line in the part: the line in the file stands beside it.

    >>> _said("line 2: it has 1 values")
    'it has 1 values'
    """
    return re.sub(r"^(?:line|record) \d+: ", "", detail)


def body(channel: Channel, found: Iterable[Rejected]) -> Iterator[bytes]:
    """The file that is sent back, in pieces."""
    return channel.format.rejects(found, channel.reading)


def planned(
    channel: Channel, inbound: Inbound, content: Body, count: int, context: Context
) -> Plan:
    """The message that carries them: a part of the file, behind all others."""
    facts = Facts(inbound=inbound, context=context)
    scope = Scope(None, facts).child(Returned(count=count), 1)
    said = "1 record" if count == 1 else f"{count} records"
    return Plan(
        verdict=Verdict.ACCEPTED,
        kind="rejects",
        summary=f"{said} sent back",
        release=channel.release,
        outbound=tuple(
            outbound(route, "rejects", content, 1, scope) for route in routes(channel, inbound)
        ),
        part_raw=content,
        part_facts=inbound.facts,
    )
