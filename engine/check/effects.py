"""What a plan does besides queueing deliveries, in words: what waits, what is remembered, expected, numbered, looked up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.channel import Channel
from engine.channel.words import lasting, released
from engine.message import Plan


def said(
    channel: Channel, plan: Plan, channels: Mapping[str, Channel]
) -> list[tuple[str, str]]:
    """Kind and sentence of each effect, once each; names only, never a value."""
    found = [*_joins(channel, plan), *_remembers(channel, plan), *_expects(channel, plan)]
    found += [("after", f"{one.destination} waits until {one.after} has everything") for one in plan.outbound if one.after]  # fmt: skip
    found += [("number", _sequence(taken.sequence)) for taken in plan.numbers]
    found += [("looked", f"up in {table}") for table in plan.tables]
    return list(dict.fromkeys(found))


def _joins(channel: Channel, plan: Plan) -> Iterator[tuple[str, str]]:
    for join in plan.joins:
        if not join.group and channel.collect is not None:
            collect = channel.collect
            key = ", ".join(part.text for part in collect.key)
            begins = "completes" if join.complete else "joins"
            text = f"{join.of} {begins} the group of its {key}; released {released(collect.release)}"
            yield "waits", text
            continue
        for route in channel.routes:
            if route.name == join.group and route.batch is not None:
                when = released(route.batch.close)
                yield "waits", f"a payload in the batch of {route.name}; closed {when}"


def _remembers(channel: Channel, plan: Plan) -> Iterator[tuple[str, str]]:
    names = {record.name for record in plan.remembers}
    for remember in channel.remembers:
        if remember.name in names:
            key = ", ".join(part.text for part in remember.key)
            fields = ", ".join(name for name, _ in remember.fields)
            yield "keeps", f"{remember.name} of {key} for {lasting(remember.for_)}: {fields}"


def _expects(channel: Channel, plan: Plan) -> Iterator[tuple[str, str]]:
    for expected in plan.expects:
        if expected.payload:
            if expected.within:
                text = f"the acknowledgement of {expected.says} on {expected.channel}, within {lasting(expected.within)}"
                yield "expects", text
            continue
        where = f"{expected.channel}, by its key {expected.name}"
        text = f"a confirmation of {expected.destination} on {where}, within {lasting(expected.within)}"
        yield "expects", text


def _sequence(name: str) -> str:
    return f"of {name.partition(chr(31))[0]}, here from a range of its own"
