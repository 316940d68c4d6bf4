"""`destinations:` by name: who gets what a channel makes, how, and in which order."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from engine.channel import Link, Route
from engine.channel.binding import Binding, over
from engine.channel.grammar import DESTINATION
from engine.channel.links import link
from engine.channel.products import Made, choose
from engine.channel.replies import replies
from engine.mapping import Expression, Language, fill
from engine.mapping.language import NOWHERE
from engine.placed import Items, Node, Record, Scalar
from engine.retry import Policy, Retry
from engine.settings import Count, Rate

NAME = re.compile(r"[a-z][a-z0-9_]*")
#: Names that mean something else where destinations are named.
_TAKEN = ("source", "verdict", "reason", "acknowledgement", "keys", "deliveries")
#: Sends at once where the order allows several and the channel does not say.
_CONCURRENCY = 8


def destinations(binding: Binding, made: tuple[Made, ...]) -> tuple[Route, ...]:
    """The routes, in the order written."""
    node = binding.get("destinations")
    if node is None or (isinstance(node, Scalar) and not node.text):
        return ()
    if not isinstance(node, Record):
        binding.mistakes.add(
            node, "destinations stand here by name", "billing: {http: {url: ...}}"
        )
        return ()
    routes = [
        _route(binding, name, value, made)
        for name, value in node.entries.items()
        if _named_well(binding, node, name)
    ]
    return tuple(route for route in routes if route is not None)


def spelled(name: str) -> str:
    """
    A name as an identifier.

    >>> spelled("Lab-Results 2")
    'lab_results_2'
    """
    word = re.sub(r"\W+", "_", name.lower()).strip("_")
    return word if NAME.fullmatch(word) else f"x_{word}".rstrip("_")


def _named_well(binding: Binding, record: Record, name: str) -> bool:
    place = record.keys[name]
    if name in _TAKEN:
        problem = f"'{name}' cannot be the name of a destination; tests and logs use it for something else"
        binding.mistakes.add(place, problem, f"to_{name}:")
        return False
    if not NAME.fullmatch(name):
        problem = f"'{name}' is no name for a destination; it has small letters, digits and underscores"
        binding.mistakes.add(place, problem, f"{spelled(name)}:")
        return False
    return True


def _route(binding: Binding, name: str, node: Node, made: tuple[Made, ...]) -> Route | None:
    if not isinstance(node, Record):
        problem = f"the settings of the destination '{name}' stand here"
        binding.mistakes.add(node, problem, f"{name}:\n  http: {{url: ...}}")
        return None
    before = len(binding.mistakes.found)
    of, render, entity = choose(binding, node, made)
    language = binding.language
    if language is not None and entity is not None:
        language = msgspec.structs.replace(language, inner=(entity,))
    options: list[tuple[str, Expression]] = []

    def holes(scalar: Scalar, safe: str, setting: str) -> str | None:
        text = fill(scalar, language, safe) if language is not None else None
        if text is None:
            return None
        if text.constant:
            return str(text.run(NOWHERE) or "")
        options.append((setting, text))
        return None

    found = link(binding, node, "Destination", DESTINATION, holes)
    route = _assembled(binding, name, node, found, language)
    if route is None or len(binding.mistakes.found) > before:
        return None
    return msgspec.structs.replace(route, of=of, render=render, options=tuple(options))


def _assembled(
    binding: Binding,
    name: str,
    node: Record,
    found: Link | None,
    language: Language | None,
) -> Route | None:
    entries = over(node, binding.defaults()).entries
    value = binding.value
    lanes = _order(binding, entries.get("order_by"), language)
    default = 1 if lanes == () else _CONCURRENCY
    concurrency = value(entries.get("concurrency"), Count, "concurrency", default)
    if "order_by" not in entries:
        _check_concurrency(binding, entries.get("concurrency"), concurrency)
    when = binding.condition(entries.get("when"), language)
    policy = Policy(
        retry=value(entries.get("retry"), Retry, "retry", Retry()),
        on_uncertain=value(
            entries.get("on_uncertain"), Literal["resend", "hold"], "on_uncertain", "resend"
        ),
        on_refused=value(
            entries.get("on_refused"), Literal["skip", "wait"], "on_refused", "skip"
        ),
    )
    if found is None:
        return None
    return Route(
        name=name,
        link=found,
        when=when,
        order_by=lanes,
        concurrency=concurrency,
        rate=float(value(entries.get("rate"), Rate, "rate", 0.0)),
        policy=policy,
        replies=replies(binding, entries.get("reply"), found.kind),
        queue_limit=value(entries.get("queue_limit"), Count, "queue_limit", 1_000_000),
        renamed_from=value(entries.get("renamed_from"), str, "renamed_from", ""),
        discard_queued=value(entries.get("discard_queued"), bool, "discard_queued", False),
    )


def _order(
    binding: Binding, node: Node | None, language: Language | None
) -> tuple[Expression, ...] | None:
    """() = one lane; None = no order; else the lane keys."""
    if node is None:
        return ()
    if isinstance(node, Scalar) and node.style == "plain" and node.text == "none":
        return None
    items = node.items if isinstance(node, Items) else (node,)
    found = [binding.differing(item, language) for item in items]
    return tuple(expression for expression in found if expression is not None)


def _check_concurrency(binding: Binding, node: Node | None, concurrency: int) -> None:
    if node is not None and concurrency > 1:
        problem = (
            f"'concurrency: {concurrency}' has no effect: without 'order_by' the destination is one lane, "
            "sent one after the other"
        )
        binding.mistakes.add(node, problem, "order_by: none")
