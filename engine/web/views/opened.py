"""The content of a message, for who may see it and was recorded before: as received, parsed, made, sent, answered, and against today."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from engine.check.dry import DryRun
from engine.errors import MessageError
from engine.handling.differing import Difference, difference
from engine.message import Inbound, short_id
from engine.people.rights import Right
from engine.planning.tracing import Trace
from engine.store import Found
from engine.store.large import load
from engine.web.asked import Asked
from engine.web.content import decoded
from engine.web.problem import Problem, unknown

#: What can be asked for.
Part = Literal["raw", "keys", "tree", "canonical", "payload", "reply", "difference"]
#: Leaves of a tree, and rules of mappings, that are told.
TOLD = 5000


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """One node of a parsed message."""

    depth: int
    path: str
    """PID-3.1"""
    name: str
    """What the standard calls it."""
    value: str


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule of a mapping made."""

    field: str
    value: str
    rule: str
    file: str
    line: int
    paths: list[str]
    """What it read."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a mapping made."""

    shows: str
    """`ChargeEvent`, `ADT^A08`."""
    file: str
    """mappings/NAME.yaml"""
    rules: list[Rule]


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for; what belongs to another part is empty."""

    part: Part
    delivery: int = 0
    """Of a payload or a reply."""
    text: str = ""
    """Of raw, payload and reply; `encoding` gives the bytes back."""
    encoding: str = ""
    """utf-8, or latin-1 where the bytes are no UTF-8."""
    size: int = 0
    """Bytes."""
    keys: dict[str, str] = {}
    tree: list[Leaf] = []
    verdict: str = ""
    """What the channel of today decides; of canonical and difference."""
    reason: str = ""
    detail: str = ""
    made: list[Made] = []
    difference: Difference | None = None


def opened(
    asked: Asked[Any, Any], found: Found, part: Part, delivery: int = 0, reason: str = ""
) -> Opened:
    """
    One part of its content. Problem where the person may not, or there is no such thing; nothing is read before the
    record of it is written.
    """
    asked.need(Right.CONTENT, found.channel)
    if part in ("payload", "reply") and delivery >> 16 != found.id:
        raise unknown("delivery of this message")
    what = f" of delivery {delivery}" if part in ("payload", "reply") else ""
    asked.audit("read_content", f"message {short_id(found.id)}: {part}{what}", reason)
    return _READERS[part](asked, found, delivery)


def _raw(asked: Asked[Any, Any], found: Found, _: int) -> Opened:
    return _bytes("raw", asked.house.archive.raw(found.id))


def _payload(asked: Asked[Any, Any], found: Found, delivery: int) -> Opened:
    if all(row["id"] != delivery for row in asked.house.archive.deliveries(found.id)):
        raise unknown("delivery of this message")
    return _bytes("payload", asked.house.archive.payload(delivery), delivery)


def _reply(asked: Asked[Any, Any], found: Found, delivery: int) -> Opened:
    answer = asked.house.archive.reply(delivery)
    if answer is None:
        raise Problem(
            404, "not_kept", "the partner's answer was not kept whole, or it was pruned since"
        )
    return _bytes("reply", answer, delivery)


def _bytes(part: Part, raw: bytes, delivery: int = 0) -> Opened:
    text, encoding = decoded(raw)
    return Opened(part=part, delivery=delivery, text=text, encoding=encoding, size=len(raw))


def _keys(asked: Asked[Any, Any], found: Found, _: int) -> Opened:
    return Opened(part="keys", keys=dict(asked.house.archive.keys(found.id)))


def _tree(asked: Asked[Any, Any], found: Found, delivery: int) -> Opened:
    _, channel = asked.house.loaded.channel(found.channel)
    raw, leaves = asked.house.archive.raw(found.id), list[Leaf]()
    for one in channel.format.parts(raw, channel.reading) or [raw]:
        for depth, path, name, value in channel.format.tree(
            channel.format.parse(one, channel.reading)
        ):
            leaves.append(Leaf(depth=depth, path=path, name=name, value=str(value)))
            if len(leaves) >= TOLD:
                return Opened(part="tree", tree=leaves)
    return Opened(part="tree", tree=leaves)


def whole(asked: Asked[Any, Any], found: Found) -> Inbound:
    """The message as its source handed it over, with its bytes."""
    inbound = asked.house.archive.inbound(found.id)
    return msgspec.structs.replace(inbound, raw=load(inbound.raw))


def _canonical(asked: Asked[Any, Any], found: Found, _: int) -> Opened:
    return _explained(asked, found, whole(asked, found))


def tried(asked: Asked[Any, Any], found: Found, raw: bytes) -> Opened:
    """What the channel of today would make of a corrected copy; nothing is kept or sent."""
    return _explained(asked, found, msgspec.structs.replace(whole(asked, found), raw=raw))


def _explained(asked: Asked[Any, Any], found: Found, inbound: Inbound) -> Opened:
    home, channel = asked.house.loaded.channel(found.channel)
    dry = DryRun(home)
    try:
        planned, traces = dry.explain(channel, inbound)
    finally:
        dry.close()
    return Opened(
        part="canonical",
        verdict=planned.verdict.value,
        reason=planned.reason,
        detail=planned.detail,
        made=[_made(one) for one in traces],
    )


def _made(trace: Trace) -> Made:
    mapping, product, rules = trace
    file = f"mappings/{mapping}.yaml"
    told = [
        Rule(
            field=one.field, value=one.value, rule=one.rule, file=one.file or file, line=one.line,
            paths=list(one.paths),
        )
        for one in rules[:TOLD]
    ]  # fmt: skip
    return Made(shows=product.shows or product.of, file=file, rules=told)


def _difference(asked: Asked[Any, Any], found: Found, _: int) -> Opened:
    return Opened(part="difference", difference=compared(asked, found))


def compared(asked: Asked[Any, Any], found: Found) -> Difference:
    """What the channel of today would make of a message, against what was sent."""
    home, channel = asked.house.loaded.channel(found.channel)
    dry = DryRun(home)
    try:
        archive = asked.house.archive
        return difference(archive, dry, channel, found.id, whole(asked, found))
    except MessageError as error:
        raise Problem(422, error.code, str(error)) from None
    finally:
        dry.close()


_READERS = {
    "raw": _raw,
    "keys": _keys,
    "tree": _tree,
    "canonical": _canonical,
    "payload": _payload,
    "reply": _reply,
    "difference": _difference,
}
