"""`destinations:` by name: who gets what a channel makes, how, and in which order."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.channel import Expect, Link, Route, acknowledgements, envelopes, rejects, sequels
from engine.channel.batches import batch, closed_by, language_of_batch
from engine.channel.binding import Binding, over
from engine.channel.grammar import DESTINATION, EXPECT
from engine.channel.links import link
from engine.channel.names import NAME, spelled
from engine.channel.products import Made, choose
from engine.channel.replies import replies
from engine.channel.sources import hours
from engine.formats import Shape
from engine.mapping import Expression, Language, fill
from engine.mapping.language import NOWHERE
from engine.placed import Node, Record, Scalar
from engine.retry import Policy, Retry
from engine.settings import Count, Duration, Rate

#: Names that mean something else where destinations are named.
_TAKEN = (
    "source",
    "verdict",
    "reason",
    "acknowledgement",
    "keys",
    "deliveries",
    "reply",
    "waiting",
    "released",
)
#: Sends at once where the order allows several and the channel does not say.
_CONCURRENCY = 8
_EXPECT = "expect: {from: supplier_replies, where: po_number, is: number, within: 4h}"


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
    sequels.check(binding, node)
    routes = [
        _route(binding, name, value, made)
        for name, value in node.entries.items()
        if _named_well(binding, node, name)
    ]
    return tuple(route for route in routes if route is not None)


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
    acknowledges, returned = _of_engine(binding, node)
    if acknowledges or returned:
        made, render, entity = (), None, None
        of = acknowledgements.OF if acknowledges else rejects.OF
    else:
        of, render, entity = choose(binding, node, made)
    known = bool(made) or acknowledges or binding.get("transform") is None
    language = _language(binding, made, entity, known=known, returned=returned)
    sealed = language_of_batch(language, entity) if closed_by(node) else language
    options: list[tuple[str, Expression]] = []

    def holes(scalar: Scalar, safe: str, setting: str) -> str | None:
        text = fill(scalar, sealed, safe) if sealed is not None else None
        if text is None:
            return None
        if text.constant:
            return str(text.run(NOWHERE) or "")
        options.append((setting, text))
        return None

    found = link(binding, node, "Destination", DESTINATION, holes)
    route = _assembled(binding, name, node, found, language)
    waits = batch(binding, node, found.kind if found else "", sealed)
    around = envelopes.around(binding, node, found, made, render)
    awaited = acknowledgements.expected(binding, node, found, made, render)
    if route is None or len(binding.mistakes.found) > before:
        return None
    return msgspec.structs.replace(
        route,
        of=of,
        render=render,
        options=tuple(options),
        batch=waits,
        envelope=around,
        expect_ack=awaited,
        acknowledges=acknowledges,
        rejects=returned,
    )


def _language(
    binding: Binding,
    made: tuple[Made, ...],
    entity: Shape | None,
    *,
    known: bool,
    returned: bool,
) -> Language | None:
    """What the destination's expressions read; None where what comes here is not known: the transform has mistakes of its own."""
    language = binding.language
    if returned:
        language = rejects.language_of_rejects(language)
    elif not known:
        return None
    if language is None:
        return None
    if entity is not None:
        return msgspec.structs.replace(language, inner=(entity,))
    return msgspec.structs.replace(language, made=_unread(binding, made))


def _unread(binding: Binding, made: tuple[Made, ...]) -> str:
    """What a mapping makes and the destination's settings cannot read, for people."""
    return made[0].of if made and binding.get("transform") is not None else ""


def _of_engine(binding: Binding, node: Record) -> tuple[bool, bool]:
    """Whether it gets what the engine itself makes: acknowledgements, or what was rejected."""
    acknowledges, returned = acknowledgements.wanted(node), rejects.wanted(node)
    if acknowledges:
        acknowledgements.check(binding, node)
    if returned:
        rejects.check(binding, node)
    return acknowledges, returned


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
        apart=getattr(found.module, "apart", None),
        carried=getattr(found.module, "carried", None),
        when=when,
        order_by=lanes,
        concurrency=concurrency,
        rate=float(value(entries.get("rate"), Rate, "rate", 0.0)),
        policy=policy,
        replies=replies(binding, entries.get("reply"), found.kind),
        queue_limit=value(entries.get("queue_limit"), Count, "queue_limit", 1_000_000),
        renamed_from=value(entries.get("renamed_from"), str, "renamed_from", ""),
        discard_queued=value(entries.get("discard_queued"), bool, "discard_queued", False),
        after=value(entries.get("after"), str, "after", ""),
        open=hours(binding, entries.get("open")),
        expect=_expect(binding, entries.get("expect"), found.kind, language),
    )


def _expect(
    binding: Binding, node: Node | None, kind: str, language: Language | None
) -> Expect | None:
    """The confirmation that must come on another channel."""
    said = binding.group(node, EXPECT, _EXPECT)
    if said is None:
        return None
    if kind == "channel":
        problem = "what is handed over to a channel is never delivered; nothing confirms it"
        binding.mistakes.add(said, problem)
    needed, entries, value = binding.needed, said.entries, binding.value
    sound = [
        needed(said, EXPECT, "from", "the channel on which it comes", "from: supplier_replies"),
        needed(
            said,
            EXPECT,
            "where",
            "the key of that channel that carries the value",
            "where: po_number",
        ),
        needed(said, EXPECT, "is", "the value, read from what is sent", "is: number"),
        needed(said, EXPECT, "within", "how long after the delivery it may take", "within: 4h"),
    ]
    from_, where = (
        value(entries.get("from"), str, "from", ""),
        value(entries.get("where"), str, "where", ""),
    )
    is_ = binding.differing(entries.get("is"), language)
    within = value(entries.get("within"), Duration, "within", Duration(0))
    if not all(sound) or is_ is None:
        return None
    return Expect(from_=from_, where=where, is_=is_, within=float(within))


def _order(
    binding: Binding, node: Node | None, language: Language | None
) -> tuple[Expression, ...] | None:
    """() = one lane; None = no order; else the lane keys."""
    if node is None:
        return ()
    if isinstance(node, Scalar) and node.style == "plain" and node.text == "none":
        return None
    return binding.parts(node, language)


def _check_concurrency(binding: Binding, node: Node | None, concurrency: int) -> None:
    if node is not None and concurrency > 1:
        problem = (
            f"'concurrency: {concurrency}' has no effect: without 'order_by' the destination is one lane, "
            "sent one after the other"
        )
        binding.mistakes.add(node, problem, "order_by: none")
