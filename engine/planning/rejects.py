"""What is sent back of the records of a file that were rejected (`of: rejects` of a destination). Pure."""

from __future__ import annotations

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
        yield Rejected(reason=reason, detail=detail, line=int(known.get("line", "0")), raw=raw)


def of_plans(plans: Sequence[Plan]) -> list[Rejected]:
    """The rejected ones of parts that were planned together."""
    found = []
    for plan in plans:
        if plan.verdict is Verdict.QUARANTINED:
            line = int((plan.part_facts or {}).get("line", "0"))
            assert isinstance(plan.part_raw, bytes)
            one = Rejected(reason=plan.reason, detail=plan.detail, line=line, raw=plan.part_raw)
            found.append(one)
    return found


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
