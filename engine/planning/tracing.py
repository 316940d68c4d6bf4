"""What each rule of a channel's mappings makes of a message, for `corridor try`."""

from __future__ import annotations

from collections.abc import Iterator

from engine.channel import Channel
from engine.errors import MessageError
from engine.mapping import Product, Traced
from engine.message import Context, Inbound
from engine.planning import Planning, node_of
from engine.planning.routing import Planner

#: Mapping, what it made, and what each of its rules gave.
Trace = tuple[str, Product, list[Traced]]


def traced(
    channel: Channel, inbound: Inbound, context: Context, planner: Planner
) -> list[Trace]:
    """The traces of every mapping that reads the message or what was made of it, as far as they come."""
    found: list[Trace] = []
    try:
        assert isinstance(inbound.raw, bytes)
        planning = Planning(channel, inbound, inbound.raw, b"", context, planner)
        planning.lets()
        found.extend(_transforms(planning))
        found.extend(_renders(planning, found))
    except MessageError:
        return found
    return found


def _transforms(planning: Planning) -> Iterator[Trace]:
    facts, lets = planning.facts, planning.scope.values
    for first, *rest in planning.channel.transforms:
        made = [
            (first.name, product, rules)
            for product, rules in first.trace(planning.document, facts, lets)
        ]
        yield from made
        for mapping in rest:
            made = [
                (mapping.name, product, rules)
                for _, before, _ in made
                for product, rules in mapping.trace(node_of(before), facts, lets)
            ]
            yield from made


def _renders(planning: Planning, made: list[Trace]) -> Iterator[Trace]:
    facts, lets = planning.facts, planning.scope.values
    lasts = {chain[-1].name for chain in planning.channel.transforms}
    products = [product for name, product, _ in made if name in lasts]
    for route in planning.channel.routes:
        if route.render is None:
            continue
        for product in products:
            if product.entity is None or (route.of and route.of != product.of):
                continue
            for rendered, rules in route.render.trace(product.entity, facts, lets):
                yield route.render.name, rendered, rules
