"""
One message on its way through its channel, step by step: let, key, accept, transform, route, render. Pure.

`engine/pipeline.py` says when; this says how.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, cast

import msgspec

from engine import canonical
from engine.channel import Channel, Route, Rule
from engine.errors import MessageError
from engine.formats import NULL, Document, Scope
from engine.mapping import Expression, Product
from engine.message import Body, Context, Facts, Inbound, Outbound, Plan, Spooled, Verdict

#: A message may be handed from channel to channel this often.
DEPTH = 8
#: A message may have this many deliveries.
MOST = 65_000
#: Joins the parts of a duplicate key.
UNIT = "\x1f"

#: `engine.pipeline.plan`, for messages handed over.
Planner = Callable[[Channel, Inbound, Context], Plan]


def failed(channel: Channel, error: Exception, digest: bytes) -> Plan:
    """The plan of a message that cannot be planned: kept for a person, with a reason code."""
    code, detail = reason(error)
    return Plan(
        verdict=Verdict.QUARANTINED,
        reason=code,
        detail=detail,
        owner=channel.owner,
        digest=digest,
        release=channel.release,
    )


def reason(error: Exception) -> tuple[str, str]:
    """Reason code and sentence of an error; of an unforeseen one only where it happened, for its text may hold a value."""
    if isinstance(error, MessageError):
        return error.code, str(error)
    return "engine_error", place(error)


def place(error: Exception) -> str:
    """Where in the engine an error happened."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"


class Planning:
    """One message on its way through its channel."""

    __slots__ = (
        "channel",
        "content",
        "context",
        "digest",
        "document",
        "facts",
        "inbound",
        "planner",
        "scope",
    )

    def __init__(
        self,
        channel: Channel,
        inbound: Inbound,
        content: bytes,
        digest: bytes,
        context: Context,
        planner: Planner,
    ) -> None:
        self.channel, self.inbound, self.content = channel, inbound, content
        self.digest, self.context, self.planner = digest, context, planner
        self.facts = Facts(inbound=inbound, context=context)
        self.document: Document = channel.format.parse(content, channel.reading)
        self.scope = Scope(self.document, self.facts)

    def plan(self) -> Plan:
        channel, document = self.channel, self.document
        unique: str | None = None
        keys: tuple[tuple[str, str], ...] = ()
        outbound: list[Outbound] = []
        handed: list[Plan] = []
        verdict, why, detail, summary = Verdict.ACCEPTED, "", "", ""
        try:
            self._lets()
            unique = self._unique()
            keys = self._keys()
            self._processing()
            if (stop := self._accept()) is not None:
                if stop.otherwise == "reject":
                    raise MessageError(
                        "rejected", stop.because or f"{stop.when.text} does not hold"
                    )
                verdict, why = Verdict.FILTERED, stop.because or "not_accepted"
            else:
                products = self._transform()
                summary = _summary(products)
                self._route(products, outbound, handed)
                if len(outbound) > MOST:
                    raise MessageError("too_many_deliveries", f"more than {MOST} deliveries")
                if not outbound and not handed:
                    verdict, why = Verdict.FILTERED, "no_destination"
        except Exception as error:
            verdict, outbound, handed = Verdict.QUARANTINED, [], []
            why, detail = reason(error)
        return Plan(
            verdict=verdict,
            reason=why,
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
            for value in texts_of(expression.run(self.scope)):
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
        for first, *rest in channel.transforms:
            made = first.apply(self.document, self.facts, self.scope.values)
            for mapping in rest:
                made = [
                    product
                    for before in made
                    for product in mapping.apply(
                        node_of(before), self.facts, self.scope.values
                    )
                ]
            products += made
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
        made = route.render.apply(node_of(product), self.facts, self.scope.values)
        return [_bytes(each) for each in made]

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
        made = self.planner(target, inner, self.context)
        return msgspec.structs.replace(made, part_raw=payload, channel=target.name)


def node_of(product: Product) -> Any:
    """What a further mapping reads of it."""
    return product.entity if product.entity is not None else product.node


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
        for text in texts_of(expression.run(scope)):
            lane = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
            if lane not in lanes:
                lanes.append(lane)
    return tuple(lanes) if lanes else (0,)


def texts_of(value: Any) -> tuple[str, ...]:
    """A value as the texts it holds: none for nothing, one for a value, several for a list."""
    if value is None or value is NULL:
        return ()
    if type(value) is str:
        return (value,)
    if isinstance(value, list | tuple):
        return tuple(text for item in value for text in texts_of(item))
    return (str(value),)


def _summary(products: list[Product]) -> str:
    if len(products) == 1:
        return products[0].shows
    counts: dict[str, int] = {}
    for product in products:
        counts[product.shows] = counts.get(product.shows, 0) + 1
    told = (shows if count == 1 else f"{count} {shows}" for shows, count in counts.items())
    return ", ".join(told)
