"""
Groups: what joins one (`collect`), and what comes of one that is released (`collect`, `batch`). Pure.

A released group is a message of its channel: its raw is the group as JSON (`Body`), its fact `group` says which of the
channel's groups it is. So it can be shown, quarantined and replayed like any other.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from engine import canonical
from engine.channel import Channel, Route
from engine.effects import Group, Join
from engine.errors import MessageError
from engine.formats import Scope
from engine.grouping import batched, listed
from engine.mapping import Product
from engine.mapping.values import text_of
from engine.message import Facts
from engine.planning import sealing
from engine.planning.keys import UNIT, joined
from engine.planning.moments import ends_at
from engine.planning.routing import chained


class Waited(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One member of a released group, as it is kept."""

    message: int
    of: str = ""
    text: str = ""
    """An entity's JSON, or a payload that is UTF-8."""
    base64: str = ""
    """A payload that is not."""
    entity: str = ""
    """Of a batch: the entity's JSON."""

    def payload(self) -> bytes:
        """The bytes that waited."""
        return binascii.a2b_base64(self.base64) if self.base64 else self.text.encode()


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A released group as it is kept: the raw of the message that releases it."""

    group: str
    key: str
    opened_at: float
    closed_at: float
    number: int = 0
    """Of a batch: its number."""
    members: tuple[Waited, ...]


def batch_sequence(channel: str, destination: str) -> str:
    """The sequence that numbers a destination's batches."""
    return f"batch{UNIT}{channel}.{destination}"


def pack(group: Group, closed_at: float, number: int) -> bytes:
    """A group as the raw of the message that releases it."""
    members = tuple(
        Waited(
            message=member.message,
            of=member.of,
            entity=member.entity.decode(),
            **_text(member.member),
        )
        for member in group.members
    )
    body = Body(
        group=group.group,
        key=group.key,
        opened_at=group.opened_at,
        closed_at=closed_at,
        number=number,
        members=members,
    )
    return msgspec.json.encode(body)


def _text(payload: bytes) -> dict[str, str]:
    try:
        return {"text": payload.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(payload).decode()}


def unpack(raw: bytes) -> Body:
    """The group behind a releasing message; MessageError where it is none."""
    try:
        return msgspec.json.decode(raw, type=Body)
    except msgspec.DecodeError:
        raise MessageError(
            "not_a_group", "the message is not a group that was released"
        ) from None


def join(channel: Channel, product: Product, index: int, scope: Scope, now: float) -> Join:
    """What waits of one thing that the transform made; MessageError where its key is nothing."""
    collect = channel.collect
    assert collect is not None and product.entity is not None
    inner = scope.child(product.entity, index)
    key = joined(collect.key, inner)
    if key is None:
        where = ", ".join(path for part in collect.key for path in part.paths)
        raise MessageError("missing_group_key", "the key it is collected by is nothing", where)
    release = collect.release
    source = joined((collect.replace_by,), inner) if collect.replace_by is not None else None
    return Join(
        key=key,
        member=canonical.encode(product.entity),
        of=product.of,
        source=source,
        quiet=release.quiet,
        ends_at=ends_at(release, now, channel.zone),
        most=release.most,
        complete=release.when is not None and release.when.run(inner) is True,
        late=collect.late,
    )


def record(channel: Channel, body: Body) -> Any:
    """What the first mapping of `collect: {then:}` reads, and destinations beside the entity."""
    entities = [_entity(member.of, member.text) for member in body.members]
    kind: Any = type(entities[0]) if entities else canonical.Entity
    opened = datetime.fromtimestamp(body.opened_at, ZoneInfo(channel.zone))
    return listed(kind)(
        key=body.key, count=len(entities), opened_at=opened, members=tuple(entities)
    )


def _entity(name: str, text: str) -> Any:
    try:
        return canonical.decode(name, text.encode())
    except (LookupError, msgspec.ValidationError):
        rule = f"a member is not what {name} is in this release; was the model changed while it waited?"
        raise MessageError("not_a_group", rule) from None


def gathered(channel: Channel, node: Any, facts: Facts) -> list[Product]:
    """What `then` makes of a group; without it the entities themselves, in the order of joining."""
    collect = channel.collect
    assert collect is not None
    if not collect.then:
        return [
            Product(of=type(entity).__name__, entity=entity, shows=type(entity).__name__)
            for entity in node.members
        ]
    return chained(collect.then, node, facts, [None] * len(channel.names))


def sealed(
    channel: Channel, route: Route, body: Body, facts: Facts
) -> tuple[bytes, Scope, tuple[int, ...]]:
    """
    A batch as it is sent: head, payloads, foot, or the payloads as one interchange; the scope in which its names are filled
    in; and the messages that the interchange's sets came from, in order.
    """
    batch = route.batch
    assert batch is not None
    scope = Scope(None, facts).child(_batch(channel, body), 1)
    payloads = [member.payload() for member in body.members]
    if route.envelope is not None:
        made = sealing.seal(route.envelope, payloads, facts)
        origins = tuple(body.members[at].message for at in made.origins)
        return made.content, scope, origins
    end = _line_end(payloads[0]) if payloads else b""
    content = batch.between.join(payloads)
    head = _said(batch.head.run(scope), end) if batch.head is not None else b""
    foot = _said(batch.foot.run(scope), end) if batch.foot is not None else b""
    return head + content + foot, scope, ()


def _batch(channel: Channel, body: Body) -> Any:
    zone = ZoneInfo(channel.zone)
    entities = tuple(
        _entity(member.of, member.entity) for member in body.members if member.entity
    )
    kind: Any = type(entities[0]) if entities else None
    return batched(kind)(
        number=body.number,
        count=len(body.members),
        opened_at=datetime.fromtimestamp(body.opened_at, UTC).astimezone(zone),
        closed_at=datetime.fromtimestamp(body.closed_at, UTC).astimezone(zone),
        members=entities,
    )


def _line_end(payload: bytes) -> bytes:
    return next((end for end in (b"\r\n", b"\n", b"\r") if payload.endswith(end)), b"")


def _said(value: Any, end: bytes) -> bytes:
    """Head or foot as bytes, with the line end that the payloads have."""
    if value is None:
        return b""
    said = value if isinstance(value, bytes) else str(text_of(value)).encode()
    return said if not end or said.endswith(end) else said + end
