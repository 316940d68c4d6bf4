"""What a channel would make of a message, and how its tests go. Nothing is sent, nothing kept."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import msgspec

from engine.channel import Channel, Home
from engine.check import results
from engine.check.trial import Trial, tree, trial
from engine.errors import MessageError
from engine.message import Inbound, Plan
from engine.people.rights import Right
from engine.placed import Record, Scalar
from engine.web.asked import Asked
from engine.web.content import decoded
from engine.web.problem import Problem, unknown
from engine.web.views.channel_line import one
from engine.web.views.opened import Leaf

#: Seconds that a run of tests lasts at most, and that somebody waits for another's run to end.
LASTS, WAITS = 30.0, 20.0
#: Leaves of a tree, rules and samples that are told.
TOLD = 5000
#: Largest sample, in bytes.
LARGEST = 4 * 1024 * 1024

_running = threading.Lock()


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule of a mapping made."""

    field: str
    value: str
    rule: str
    """As written."""
    file: str
    line: int
    paths: tuple[str, ...]
    """What it read."""


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a mapping made."""

    shows: str
    """`ChargeEvent`, `ADT^A08`."""
    file: str
    rules: list[Rule]


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What would be sent."""

    destination: str
    shows: str
    options: dict[str, str]
    text: str


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a part of the message."""

    channel: str
    """The channel it would be handed to; empty = this one."""
    verdict: str
    reason: str
    detail: str


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that would come of a message."""

    verdict: str
    reason: str
    detail: str
    kind: str
    keys: list[tuple[str, str]]
    """What it would be found by."""
    effects: list[tuple[str, str]]
    """Kind and sentence of what would be done besides sending."""
    parts: list[Part]
    tree: list[Leaf]
    """The parsed message with the standard's names; empty where it cannot be parsed."""
    unreadable: str
    """Why it cannot be parsed."""
    made: list[Product]
    """What each rule of its mappings made."""
    payloads: list[Payload]
    answer: str
    """What the sender would be told."""
    without_memory: bool
    """Whether what the store remembers was left out: it is content of other messages."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How one test went."""

    name: str
    place: str
    """`channels/charges.yaml:21`"""
    passed: bool
    differences: list[str]
    """Each with the place of the expectation."""


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """How the tests of a channel went."""

    tests: int
    outcomes: list[Outcome]
    """Of those that ran; fewer than `tests` where the time was up."""
    failed: int
    took: float
    """Seconds."""


# -- try --------------------------------------------------------------------------------------------------------


def samples(asked: Asked[Any, Any]) -> list[str]:
    """The files of samples/, by path below it."""
    folder = asked.house.home / "samples"
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [path.relative_to(folder).as_posix() for path, _ in zip(found, range(TOLD), strict=False)]  # fmt: skip


def sample(asked: Asked[Any, Any], name: str) -> bytes:
    """One of them; Problem where there is none of that name."""
    path: Path = asked.house.home / "samples" / name
    if name not in samples(asked) or path.stat().st_size > LARGEST:
        raise unknown("sample of that name")
    return path.read_bytes()


def tried(asked: Asked[Any, Any], raw: bytes, file_name: str = "") -> Tried:
    """
    What the channel of the path, as it stands in its files, would make of a message. Who may not see content is shown
    what comes of it without the store's memory; who may is recorded where that is asked.
    """
    name = one(asked).name
    home, channel = asked.house.loaded.channel(name)
    memory = asked.may(Right.CONTENT, name)
    if memory and (channel.stateful or channel.compares):
        asked.audit("try", f"channel {name}, with what it remembers")
    inbound = Inbound(raw=raw, received_at=time.time(), peer="try", facts={"file_name": file_name})  # fmt: skip
    try:
        made = trial(home, channel, inbound, memory=memory)
    except MessageError as error:
        raise Problem(422, error.code, str(error)) from None
    return _tried(made, raw, without=(channel.stateful or channel.compares) and not memory)


def _tried(made: Trial, raw: bytes, *, without: bool) -> Tried:
    plan, nodes = made.plan, tree(made.channel, raw)
    return Tried(
        verdict=plan.verdict.value,
        reason=plan.reason,
        detail=plan.detail,
        kind=plan.kind,
        keys=list(plan.keys),
        effects=made.effects,
        parts=[_part(part) for part in plan.parts],
        tree=[] if isinstance(nodes, str) else [_leaf(node) for node in nodes[:TOLD]],
        unreadable=nodes if isinstance(nodes, str) else "",
        made=_products(made),
        payloads=_payloads(made),
        answer=decoded(made.answer)[0],
        without_memory=without,
    )


def _part(part: Plan) -> Part:
    return Part(channel=part.channel, verdict=part.verdict.value, reason=part.reason, detail=part.detail)  # fmt: skip


def _leaf(node: tuple[int, str, str, str]) -> Leaf:
    depth, path, name, value = node
    return Leaf(depth=depth, path=path, name=name, value=value)


def _products(made: Trial) -> list[Product]:
    found, rules = [], iter(made.made)
    for mapping, product, traced in made.traces:
        told = [next(rules) for _ in traced]
        shown = [
            Rule(field=rule.field, value=str(rule.value), rule=rule.rule, file=rule.file, line=rule.line, paths=rule.paths)
            for rule in told[:TOLD]
        ]  # fmt: skip
        file = f"mappings/{mapping}.yaml"
        found.append(Product(shows=product.shows or product.of, file=file, rules=shown))
    return found


def _payloads(made: Trial) -> list[Payload]:
    return [
        Payload(
            destination=each.destination,
            shows=each.shows,
            options={name: str(value) for name, value in (each.options or {}).items()},
            text=decoded(each.payload)[0] if isinstance(each.payload, bytes) else "(a large body)",
        )
        for each in made.payloads
    ]  # fmt: skip


# -- tests ------------------------------------------------------------------------------------------------------


def names(channel: Channel) -> list[str]:
    """What its tests are called, in the order written; the line where one has no name."""
    found = []
    for node in channel.tests:
        name = node.entries.get("name") if isinstance(node, Record) else None
        found.append(name.text if isinstance(name, Scalar) else f"line {node.place.line}")
    return found


def tested(asked: Asked[Any, Any]) -> Tested:
    """Run the tests of the channel of the path, as its files stand. Problem where others run for too long already."""
    home, channel = asked.house.loaded.channel(one(asked).name)
    if not _running.acquire(timeout=WAITS):
        raise Problem(503, "busy", "tests of somebody else are running; try again in a minute")
    try:
        return _tested(home, channel)
    finally:
        _running.release()


def _tested(home: Home, channel: Channel) -> Tested:
    began = time.monotonic()
    outcomes = []
    for result in results(channel, home):
        outcomes.append(
            Outcome(
                name=result.name,
                place=f"{result.file}:{result.line}",
                passed=result.passed,
                differences=[str(each) for each in result.differences],
            )
        )
        if time.monotonic() > began + LASTS:
            break
    return Tested(
        tests=len(channel.tests),
        outcomes=outcomes,
        failed=sum(not outcome.passed for outcome in outcomes),
        took=time.monotonic() - began,
    )
