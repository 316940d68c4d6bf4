"""A folder of captured messages, tried one after another and summarised: verdicts, reasons with examples, the slowest."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from engine.channel import Channel
from engine.check.dry import DryRun
from engine.message import Inbound, Plan

#: Files named as examples of one reason, and of the slowest.
EXAMPLES = 3


class Reason(msgspec.Struct, kw_only=True):
    """One thing that became of some messages."""

    where: str = ""
    """`part` of a split message, or the channel it was handed to; empty = the message itself."""
    verdict: str
    reason: str = ""
    detail: str = ""
    """Path and rule of what was wrong. Never a value."""
    count: int = 0
    files: list[str] = []
    """Some examples."""


class Slow(msgspec.Struct, frozen=True, kw_only=True):
    """How long one file took."""

    file: str
    milliseconds: float


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel made of the messages."""

    channel: str
    messages: int
    seconds: float
    verdicts: dict[str, int]
    """Of the messages themselves."""
    reasons: list[Reason]
    """Most frequent first; good ones without a reason are left out."""
    deliveries: dict[str, int]
    """Payloads by destination."""
    slowest: list[Slow]


def summarise(channel: Channel, files: Iterable[tuple[str, bytes]], dry: DryRun) -> Summary:
    """Try files (name and bytes), in order, with one channel."""
    verdicts: Counter[str] = Counter()
    deliveries: Counter[str] = Counter()
    reasons: dict[tuple[str, str, str, str], Reason] = {}
    took: list[Slow] = []
    for name, raw in files:
        inbound = Inbound(
            raw=raw, received_at=time.time(), peer="try", facts={"file_name": Path(name).name}
        )
        began = time.perf_counter()
        planned = dry.plan(channel, inbound)
        took.append(Slow(file=name, milliseconds=(time.perf_counter() - began) * 1000))
        verdicts[planned.verdict.value] += 1
        for where, each in _all(planned):
            deliveries.update(one.destination for one in each.outbound if not where or where == "part")  # fmt: skip
            _note(reasons, where, each, name)
    return Summary(
        channel=channel.name,
        messages=len(took),
        seconds=sum(each.milliseconds for each in took) / 1000,
        verdicts=dict(verdicts),
        reasons=sorted(reasons.values(), key=lambda each: -each.count),
        deliveries=dict(sorted(deliveries.items())),
        slowest=sorted(took, key=lambda each: -each.milliseconds)[:EXAMPLES],
    )


def _all(planned: Plan, where: str = "") -> Iterator[tuple[str, Plan]]:
    yield where, planned
    for part in planned.parts:
        yield from _all(part, part.channel or where or "part")


def _note(
    reasons: dict[tuple[str, str, str, str], Reason], where: str, planned: Plan, file: str
) -> None:
    if not planned.reason:
        return
    key = (where, planned.verdict.value, planned.reason, planned.detail)
    found = reasons.get(key)
    if found is None:
        where, verdict, reason, detail = key
        found = reasons[key] = Reason(
            where=where, verdict=verdict, reason=reason, detail=detail
        )
    found.count += 1
    if len(found.files) < EXAMPLES and file not in found.files:
        found.files.append(file)
