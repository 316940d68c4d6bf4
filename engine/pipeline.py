"""
The life of a message, top to bottom. Nothing else knows the order.

    receive:  plan -> keep in one commit -> answer the sender
    plan:     split -> parse -> let -> key -> accept -> transform -> route -> render      (pure)
    deliver:  claim -> send -> judge the answer -> decide -> settle
"""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable, Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, cast

import msgspec

from engine import canonical, retry
from engine.channel import Channel, Route, Rule
from engine.connectors import Answer, Destination
from engine.errors import DeliveryError, MessageError, Refused, Unavailable, Uncertain
from engine.formats import NULL, Document, Reading, Scope
from engine.mapping import Expression, Product, Traced
from engine.message import (
    Body,
    Context,
    Delivery,
    Facts,
    Inbound,
    Outbound,
    Plan,
    Reply,
    Settlement,
    Spooled,
    State,
    Verdict,
)
from engine.store import Store

#: A message may be handed from channel to channel this often.
DEPTH = 8
#: Joins the parts of a duplicate key.
UNIT = "\x1f"


#: Plans a large body outside this process; the same as `plan`.
Elsewhere = Callable[[Channel, Inbound, Context], Awaitable[Plan]]


async def receive(
    channel: Channel, inbound: Inbound, store: Store, context: Context, elsewhere: Elsewhere
) -> Reply:
    """Plan the message, keep both in one commit, then answer the sender. In this order."""
    raw = inbound.raw
    if isinstance(raw, Spooled):
        planned = await elsewhere(channel, inbound, context)
    else:
        planned = plan(channel, inbound, context)
    receipt = await store.accept(channel.name, inbound, planned, context.id, channel.class_)
    head = await store.read(raw) if isinstance(raw, Spooled) else raw
    body = channel.format.acknowledge(head, receipt, channel.reading, context.now)
    return Reply(receipt=receipt, body=body)


def plan(channel: Channel, inbound: Inbound, context: Context) -> Plan:
    """
    Everything the channel says about a message. Pure but for reading a large body's file.

    Never raises: what the message does not allow is quarantined with the error's code, anything
    unforeseen with `engine_error`.
    """
    raw = inbound.raw
    digest = raw.digest if isinstance(raw, Spooled) else blake2b(raw, digest_size=16).digest()
    try:
        content = Path(raw.path).read_bytes() if isinstance(raw, Spooled) else raw
        parts = channel.format.parts(content, channel.reading)
        if parts is not None:
            return _split(channel, inbound, parts, digest, context)
        return _Planning(channel, inbound, content, digest, context).plan()
    except Exception as error:
        return _failed(channel, error, digest)


def explain(
    channel: Channel, inbound: Inbound, context: Context
) -> tuple[Plan, list[tuple[str, Product, list[Traced]]]]:
    """The plan, and what each rule of its mappings made: (mapping, product, rules), for `corridor try`."""
    planned = plan(channel, inbound, context)
    traces: list[tuple[str, Product, list[Traced]]] = []
    facts = Facts(inbound=inbound, context=context)
    try:
        document = channel.format.parse(cast(bytes, inbound.raw), channel.reading)
        for mapping in channel.transforms:
            for product, rules in mapping.trace(document, facts):
                traces.append((mapping.name, product, rules))
        for route in channel.routes:
            if route.render is None:
                continue
            for _, source, _ in [t for t in traces if t[0] in _names(channel)]:
                if source.entity is None or (route.of and route.of != source.of):
                    continue
                for product, rules in route.render.trace(source.entity, facts):
                    traces.append((route.render.name, product, rules))
    except MessageError:
        return planned, traces
    return planned, traces


def _names(channel: Channel) -> set[str]:
    return {mapping.name for mapping in channel.transforms}


def _split(
    channel: Channel, inbound: Inbound, parts: Sequence[bytes], digest: bytes, context: Context
) -> Plan:
    plans = []
    for part in parts:
        whole = blake2b(part, digest_size=16).digest()
        try:
            made = _Planning(channel, inbound, part, whole, context).plan()
        except Exception as error:
            made = _failed(channel, error, whole)
        plans.append(msgspec.structs.replace(made, part_raw=part))
    return Plan(
        verdict=Verdict.SPLIT,
        kind="batch",
        summary=f"{len(plans)} messages",
        digest=digest,
        parts=tuple(plans),
        release=channel.release,
    )


def _failed(channel: Channel, error: Exception, digest: bytes) -> Plan:
    code, detail = "engine_error", _place(error)
    if isinstance(error, MessageError):
        code, detail = error.code, str(error)
    return Plan(
        verdict=Verdict.QUARANTINED,
        reason=code,
        detail=detail,
        owner=channel.owner,
        digest=digest,
        release=channel.release,
    )


def _place(error: Exception) -> str:
    """Where in the engine it happened; never the error's own text, which may hold a value."""
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1] if frames else None
    where = f" in {Path(last.filename).name}:{last.lineno}" if last else ""
    return f"{type(error).__name__}{where}"


class _Planning:
    """One message on its way through its channel."""

    __slots__ = ("channel", "content", "context", "digest", "document", "facts", "inbound", "scope")

    def __init__(
        self, channel: Channel, inbound: Inbound, content: bytes, digest: bytes, context: Context
    ) -> None:
        self.channel, self.inbound, self.content = channel, inbound, content
        self.digest, self.context = digest, context
        self.facts = Facts(inbound=inbound, context=context)
        self.document: Document = channel.format.parse(content, channel.reading)
        self.scope = Scope(self.document, self.facts)

    def plan(self) -> Plan:
        channel, document = self.channel, self.document
        unique: str | None = None
        keys: tuple[tuple[str, str], ...] = ()
        outbound: list[Outbound] = []
        handed: list[Plan] = []
        verdict, reason, detail, summary = Verdict.ACCEPTED, "", "", ""
        try:
            self._lets()
            unique = self._unique()
            keys = self._keys()
            self._processing()
            if (stop := self._accept()) is not None:
                if stop.otherwise == "reject":
                    raise MessageError("rejected", stop.because or f"{stop.when.text} does not hold")
                verdict, reason = Verdict.FILTERED, stop.because or "not_accepted"
            else:
                products = self._transform()
                summary = _summary(products)
                self._route(products, outbound, handed)
                if not outbound and not handed:
                    verdict, reason = Verdict.FILTERED, "no_destination"
        except Exception as error:
            code = error.code if isinstance(error, MessageError) else "engine_error"
            detail = str(error) if isinstance(error, MessageError) else _place(error)
            verdict, reason, outbound, handed = Verdict.QUARANTINED, code, [], []
        return Plan(
            verdict=verdict,
            reason=reason,
            detail=detail,
            owner=channel.owner if verdict is Verdict.QUARANTINED else "",
            kind=document.kind(),
            control=document.control(),
            unique=unique,
            digest=self.digest,
            keys=keys,
            outbound=tuple(outbound),
            summary=summary,
            release=channel.release,
            parts=tuple(handed),
        )

    def _lets(self) -> None:
        if self.channel.lets:
            values = self.scope.values = [None] * len(self.channel.lets)
            for slot, let in enumerate(self.channel.lets):
                values[slot] = let.run(self.scope)

    def _unique(self) -> str | None:
        if self.channel.unique is None or self.inbound.as_new:
            return None
        scope, parts = self.scope, []
        for expression in self.channel.unique:
            value = expression.run(scope)
            if value is None or value is NULL:
                return None
            parts.append(value if type(value) is str else str(value))
        return UNIT.join(parts)

    def _keys(self) -> tuple[tuple[str, str], ...]:
        found = []
        for name, expression in self.channel.keys:
            for value in _texts(expression.run(self.scope)):
                found.append((name, value))
        return tuple(found)

    def _processing(self) -> None:
        said = self.document.processing()
        wanted = self.channel.processing or self.context.environment
        if said and said != wanted and not (wanted == "test" and said == "debugging"):
            rule = f"the message is for {said}, this channel takes {wanted}"
            raise MessageError("wrong_processing_id", rule)

    def _accept(self) -> Rule | None:
        for rule in self.channel.accept:
            if rule.when.run(self.scope) is not True:
                return rule
        return None

    def _transform(self) -> list[Product]:
        channel = self.channel
        if not channel.transforms:
            kind = self.document.kind()
            return [
                Product(
                    of=channel.format_name, payload=self.content, shows=kind, node=self.document
                )
            ]
        products: list[Product] = []
        for mapping in channel.transforms:
            products += mapping.apply(self.document, self.facts)
        return products

    def _route(
        self, products: list[Product], outbound: list[Outbound], handed: list[Plan]
    ) -> None:
        only = self.inbound.only
        for route in self.channel.routes:
            if only and route.name not in only:
                continue
            part = 0
            for index, product in enumerate(products, 1):
                if route.of and product.of != route.of:
                    continue
                scope = self.scope
                if product.entity is not None:
                    scope = scope.child(product.entity, index)
                if route.when is not None and route.when.run(scope) is not True:
                    continue
                for payload in self._render(route, product):
                    part += 1
                    if route.link.kind == "channel":
                        handed.append(self._hand_over(route, payload))
                    else:
                        body: Body = payload
                        if payload is self.content and isinstance(self.inbound.raw, Spooled):
                            body = self.inbound.raw
                        outbound.append(_outbound(route, product, body, part, scope))

    def _render(self, route: Route, product: Product) -> Iterable[bytes]:
        if route.render is None:
            return (_bytes(product),)
        node = product.entity if product.entity is not None else product.node
        return [_bytes(made) for made in route.render.apply(node, self.facts)]

    def _hand_over(self, route: Route, payload: bytes) -> Plan:
        depth = self.inbound.depth + 1
        if depth > DEPTH:
            raise MessageError("handed_over_too_often", f"more than {DEPTH} channels in a row")
        channels = cast(dict[str, Channel], self.context.channels or {})
        target = channels.get(route.link.settings.name)
        if target is None:
            raise MessageError("no_such_channel", f"{route.name}: the channel is not running")
        inner = msgspec.structs.replace(
            self.inbound, raw=payload, depth=depth, only=(), parent=self.context.id
        )
        made = plan(target, inner, self.context)
        return msgspec.structs.replace(made, part_raw=payload, channel=target.name)


def _bytes(product: Product) -> bytes:
    """What is sent: an entity travels as canonical JSON."""
    return product.payload if product.entity is None else canonical.encode(product.entity)


def _outbound(
    route: Route, product: Product, payload: Body, part: int, scope: Scope
) -> Outbound:
    options: dict[str, str] | None = None
    if route.options:
        options = {name: str(text.run(scope)) for name, text in route.options}
    lanes = (0,) if not route.order_by else _lanes(route.order_by, scope)
    return Outbound(
        destination=route.name,
        payload=payload,
        part=part,
        lanes=lanes,
        options=options,
        shows=product.shows,
    )


def _lanes(order_by: Sequence[Expression], scope: Scope) -> tuple[int, ...]:
    """The lanes of a delivery; a key that is nothing gives the destination's shared lane 0."""
    lanes: list[int] = []
    for expression in order_by:
        for text in _texts(expression.run(scope)):
            lane = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
            if lane not in lanes:
                lanes.append(lane)
    return tuple(lanes) if lanes else (0,)


def _texts(value: Any) -> tuple[str, ...]:
    if value is None or value is NULL:
        return ()
    if type(value) is str:
        return (value,)
    if isinstance(value, list | tuple):
        return tuple(text for item in value for text in _texts(item))
    return (str(value),)


def _summary(products: list[Product]) -> str:
    if len(products) == 1:
        return products[0].shows
    counts: dict[str, int] = {}
    for product in products:
        counts[product.shows] = counts.get(product.shows, 0) + 1
    return ", ".join(f"{count} {shows}" for shows, count in counts.items())


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """How one attempt ended, for the lanes."""

    settlement: Settlement
    decision: retry.Decision | None
    """None = delivered."""
    failure: DeliveryError | None = None


async def deliver(
    route: Route,
    destination: Destination,
    delivery: Delivery,
    payload: bytes,
    waits: int,
    clock: Clock,
) -> Attempt:
    """One attempt to hand a claimed delivery to its partner, and its consequence as a value."""
    began = clock.monotonic()
    answer: Answer | None = None
    failure: DeliveryError | None
    try:
        answer = await destination.send(delivery, payload)
        failure = judge(route, answer)
    except DeliveryError as error:
        failure = error
    except Exception as error:
        failure = Uncertain("engine_error", _place(error))
    at = clock.now()
    duration = clock.monotonic() - began
    if failure is None and answer is not None:
        settlement = Settlement(
            delivery=delivery.id,
            state=State.DELIVERED,
            at=at,
            attempt=delivery.attempt + 1,
            status=answer.status,
            duration=duration,
            kept=_kept(route, answer),
        )
        return Attempt(settlement=settlement, decision=None)
    assert failure is not None
    decision = retry.settle(
        failure, delivery.attempt, waits, at - delivery.queued_at, route.policy, clock.random()
    )
    settlement = Settlement(
        delivery=delivery.id,
        state=decision.state,
        at=at,
        attempt=decision.attempt,
        status=failure.status,
        detail=failure.detail,
        due_at=at + decision.wait if decision.state is State.QUEUED else 0.0,
        duration=duration,
        kept=_kept(route, answer) if answer else None,
        reply=answer.body if answer and decision.state is State.REFUSED else None,
    )
    return Attempt(settlement=settlement, decision=decision, failure=failure)


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """Time and chance, given from outside."""

    now: Callable[[], float]
    monotonic: Callable[[], float]
    random: Callable[[], float]


def judge(route: Route, answer: Answer) -> DeliveryError | None:
    """What an answer means: the channel's `reply:` rules, or else the connector's own table. None = accepted."""
    replies = route.replies
    if replies is None or (replies.accepted is None and replies.retry is None):
        return answer.failure
    try:
        scope = _reply_scope(route, answer)
        if replies.accepted is not None and replies.accepted.run(scope) is True:
            return None
        if replies.retry is not None and replies.retry.run(scope) is True:
            after = answer.failure.retry_after if answer.failure else None
            return Unavailable(answer.status, "the reply rules say: try again", after)
    except MessageError as error:
        return Uncertain(answer.status, f"the answer cannot be read: {error}")
    if replies.accepted is None:
        return answer.failure
    return answer.failure or Refused(answer.status, "the reply rules do not accept this answer")


def _kept(route: Route, answer: Answer) -> dict[str, str] | None:
    replies = route.replies
    if replies is None or not replies.keep:
        return None
    kept: dict[str, str] = {}
    try:
        scope = _reply_scope(route, answer)
        for name, expression in replies.keep:
            for text in _texts(expression.run(scope))[:1]:
                kept[name] = text
    except MessageError:
        return kept or None
    return kept or None


def _reply_scope(route: Route, answer: Answer) -> Scope:
    replies = route.replies
    assert replies is not None
    node: Any = None
    if replies.format is not None and answer.body:
        node = replies.format.parse(answer.body, _PLAIN)
    facts = {"status": answer.status, **(answer.headers or {})}
    inbound = Inbound(raw=b"", received_at=0.0, facts=facts)
    return Scope(node, Facts(inbound=inbound, context=Context(now=0.0)))


_PLAIN = Reading()
