"""What was made of a message on its way to the destinations: chosen, rendered, addressed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import msgspec

from engine import canonical
from engine.channel import Channel, Route
from engine.effects import Expected, Join
from engine.errors import MessageError
from engine.formats import Scope
from engine.mapping import Mapping, Product
from engine.message import Body, Context, Facts, Inbound, Outbound, Plan, Spooled
from engine.planning import sealing
from engine.planning.keys import lanes, texts_of
from engine.planning.moments import ends_at

#: The fact that makes a message a released group: empty for `collect`, else the destination's name.
FACT = "group"
#: The fact of a repeated message that a person lets through although much of the last one vanishes in it.
LET_THROUGH = "snapshot_accepted"
#: A message may be handed from channel to channel this often.
DEPTH = 8
#: A message may have this many deliveries.
MOST = 65_000
_NO_FACTS: dict[str, str] = {}

#: `engine.pipeline.plan`, for messages handed over.
Planner = Callable[[Channel, Inbound, Context], Plan]


class Routing:
    """One message's things on their way to its channel's destinations."""

    __slots__ = (
        "channel", "content", "expects", "facts", "handed", "inbound", "joins", "outbound", "planner", "scope",
    )  # fmt: skip

    def __init__(
        self, channel: Channel, inbound: Inbound, content: bytes, facts: Facts, scope: Scope, planner: Planner
    ) -> None:  # fmt: skip
        self.channel, self.inbound, self.content = channel, inbound, content
        self.facts, self.scope, self.planner = facts, scope, planner
        self.outbound: list[Outbound] = []
        self.handed: list[Plan] = []
        self.joins: list[Join] = []
        self.expects: list[Expected] = []

    def route(self, products: Sequence[Product]) -> None:
        """Give every destination what it takes of these; MessageError where that cannot be."""
        only = self.inbound.only
        for route in self.channel.routes:
            if not only or route.name in only:
                self._give(route, products)
        if len(self.outbound) > MOST:
            raise MessageError("too_many_deliveries", f"more than {MOST} deliveries")

    def _give(self, route: Route, products: Sequence[Product]) -> None:
        part = 0
        facts = _NO_FACTS if route.carried is None else self._whole(route, products)
        for index, product in enumerate(products, 1):
            if route.of and product.of != route.of:
                continue
            scope = self.scope
            if product.entity is not None:
                scope = scope.child(product.entity, index)
            if route.when is not None and route.when.run(scope) is not True:
                continue
            made = self._render(route, product, facts)
            along = facts if len(made) == 1 else _NO_FACTS
            for payload in made:
                part += 1
                if route.link.kind == "channel":
                    self.handed.append(self._hand_over(route, payload))
                elif route.batch is not None:
                    self.joins.append(self._join(route, product, payload))
                else:
                    self._send(route, product, self._sealed(route, payload), part, scope, along)

    def _whole(self, route: Route, products: Sequence[Product]) -> dict[str, str]:
        """The facts that may speak of a destination's payload: none where several things were made for it."""
        alone = sum(1 for each in products if not route.of or each.of == route.of) == 1
        return (self.inbound.facts or _NO_FACTS) if alone else _NO_FACTS

    def _render(self, route: Route, product: Product, facts: dict[str, str]) -> Sequence[bytes]:
        if route.render is None:
            made: Sequence[bytes] = (bytes_of(product),)
        else:
            rendered = route.render.apply(node_of(product), self.facts, self.scope.values)
            made = [bytes_of(each) for each in rendered]
        if route.apart is None or route.batch is not None:
            return made
        settings = route.link.settings
        facts = facts if len(made) == 1 else _NO_FACTS
        return [piece for whole in made for piece in route.apart(settings, whole, facts)]

    def _sealed(self, route: Route, payload: bytes) -> bytes:
        if route.envelope is None:
            return payload
        return sealing.seal(route.envelope, (payload,), self.facts).content

    def _send(
        self,
        route: Route,
        product: Product,
        payload: bytes,
        part: int,
        scope: Scope,
        along: dict[str, str],
    ) -> None:
        body: Body = payload
        if payload is self.content and isinstance(self.inbound.raw, Spooled):
            body = self.inbound.raw
        sent = outbound(route, product.shows, body, part, scope)
        if along and route.carried is not None:
            more = route.carried(route.link.settings, payload, along)
            if more:
                sent = msgspec.structs.replace(sent, options={**(sent.options or {}), **more})
        self.outbound.append(sent)
        if route.expect is not None:
            self.expects.append(_expected(route, scope))
        if route.expect_ack is not None:
            self.expects += sealing.awaited(route, payload, part)

    def _join(self, route: Route, product: Product, payload: bytes) -> Join:
        assert route.batch is not None
        close, now = route.batch.close, self.facts.context.now
        entity = b"" if product.entity is None else canonical.encode(product.entity)
        return Join(
            group=route.name,
            member=payload,
            entity=entity,
            of=product.of,
            quiet=close.quiet,
            ends_at=ends_at(close, now, self.channel.zone),
            most=close.most,
            size=close.size,
        )

    def _hand_over(self, route: Route, payload: bytes) -> Plan:
        depth = self.inbound.depth + 1
        if depth > DEPTH:
            raise MessageError("handed_over_too_often", f"more than {DEPTH} channels in a row")
        context = self.facts.context
        channels = cast(dict[str, Channel], context.channels or {})
        target = channels.get(route.link.settings.name)
        if target is None:
            raise MessageError("no_such_channel", f"{route.name}: the channel is not running")
        inner = msgspec.structs.replace(
            self.inbound, raw=payload, depth=depth, only=(), parent=context.id,
            facts=self._facts(), group=0
        )  # fmt: skip
        part = f"{context.part}.h{len(self.handed) + 1}"
        made = self.planner(target, inner, msgspec.structs.replace(context, part=part))
        return msgspec.structs.replace(made, part_raw=payload, channel=target.name)

    def _facts(self) -> dict[str, str] | None:
        """What the next channel may read of `meta.`: a message made of a group is no group any more, nor let through there."""
        facts = self.inbound.facts
        if facts is None or not (FACT in facts or LET_THROUGH in facts):
            return facts
        return {name: value for name, value in facts.items() if name not in (FACT, LET_THROUGH)}


def outbound(route: Route, shows: str, payload: Body, part: int, scope: Scope) -> Outbound:
    """One payload, addressed: its lanes, and what the holes of the destination's settings give."""
    options: dict[str, str] | None = None
    if route.options:
        options = {name: str(text.run(scope)) for name, text in route.options}
    return Outbound(
        destination=route.name,
        payload=payload,
        part=part,
        lanes=lanes(route.order_by, scope) if route.order_by else (0,),
        options=options,
        shows=shows,
        after=route.after,
    )


def _expected(route: Route, scope: Scope) -> Expected:
    expect = route.expect
    assert expect is not None
    values = texts_of(expect.is_.run(scope))
    if not values:
        where = ", ".join(expect.is_.paths)
        rule = f"{route.name}: the value by which its confirmation is known is nothing"
        raise MessageError("missing_field", rule, where)
    return Expected(
        destination=route.name,
        channel=expect.from_,
        name=expect.where,
        value=values[0],
        within=expect.within,
    )


def chained(
    mappings: Sequence[Mapping], node: Any, facts: Facts, lets: Sequence[Any] | None
) -> list[Product]:
    """What a chain makes: the first mapping reads the node, each further one what the one before made."""
    made = mappings[0].apply(node, facts, lets)
    for mapping in mappings[1:]:
        made = [
            product
            for before in made
            for product in mapping.apply(node_of(before), facts, lets)
        ]
    return made


def node_of(product: Product) -> Any:
    """What a further mapping reads of it."""
    return product.entity if product.entity is not None else product.node


def bytes_of(product: Product) -> bytes:
    """What is sent: an entity travels as canonical JSON."""
    return product.payload if product.entity is None else canonical.encode(product.entity)
