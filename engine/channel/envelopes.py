"""Partners' envelopes: `partners: {medline: {x12: {...}}}` in config.yaml, and `envelope:` of a destination."""

from __future__ import annotations

from functools import cache
from typing import Any

from engine import formats
from engine.channel import Envelope, Link, Route
from engine.channel.binding import Binding
from engine.channel.products import Made
from engine.hints import meant, nearest
from engine.mapping import Mapping
from engine.placed import Mistakes, Node, Record, Scalar

#: What a destination says whose things leave as they are.
_NONE = "none"


@cache
def names() -> list[str]:
    """The formats whose messages stand in a partner's envelope."""
    return [name for name in formats.names() if hasattr(formats.load(name), "envelope")]


def has_one(kind: str) -> bool:
    """Whether there is a format of that name, and its messages stand in an envelope."""
    return kind in formats.names() and hasattr(formats.load(kind), "envelope")


def compiled(kind: str, node: Node, mistakes: Mistakes) -> Any:
    """The settings of an envelope; None where mistakes were noted."""
    return formats.load(kind).envelope(node, mistakes)


def kind_of(made: tuple[Made, ...], render: Mapping | None, of: str) -> tuple[str, bool]:
    """What format a destination gets, empty where several or none, and whether a mapping builds it."""
    if render is not None:
        head, _, rest = render.to.partition("/")
        return head, bool(rest)
    fits = [each for each in made if not of or each.of == of]
    if len(fits) != 1 or fits[0].entity is not None:
        return "", False
    return fits[0].of, fits[0].built


def around(
    binding: Binding,
    record: Record,
    link: Link | None,
    made: tuple[Made, ...],
    render: Mapping | None,
) -> Envelope | None:
    """
    The envelope of what a destination gets: of the partner that `envelope:` names; of what mappings build also that of the
    connector's partner. None where it leaves as it is, or mistakes were noted.
    """
    node = record.entries.get("envelope")
    said: str = binding.value(node, str, "envelope", "")
    if said == _NONE:
        return None
    acknowledges = _text(record.entries.get("of")) == "acknowledgement"
    kind, built = kind_of(made, render, _text(record.entries.get("of")))
    if acknowledges:
        kind, built = binding.format_name, True
    if not has_one(kind):
        if node is not None and (made or acknowledges):
            problem = (
                f"an envelope stands around {' or '.join(names())}; that is not what comes here"
            )
            binding.mistakes.add(node, problem)
        return None
    partner = said or (_partner_of(record, link) if built else "")
    found = _settings(binding, node, partner, kind)
    if found is None and not acknowledges:
        return None
    zone = str(getattr(found, "zone", "") or binding.zone)
    module = formats.load(kind)
    return Envelope(
        partner=partner, format=module, settings=found, zone=zone, seals=not acknowledges
    )


def marks(routes: tuple[Route, ...]) -> Any:
    """The delimiters that what is built for destinations has, where these agree on them: those of their partner."""
    sealing = [
        each.settings for route in routes if (each := route.envelope) is not None and each.seals
    ]
    found = {each.marks() for each in sealing if hasattr(each, "marks")}
    return found.pop() if len(found) == 1 else None


def _settings(binding: Binding, node: Node | None, partner: str, kind: str) -> Any:
    """What config.yaml says; what is wrong in it is told there."""
    partners = binding.installation.partners
    inside = partners[partner].entries.get(kind) if partner in partners else None
    if inside is not None:
        found = compiled(kind, inside, Mistakes())
        binding.broken = binding.broken or found is None
        return found
    if node is not None:
        known = [name for name, one in partners.items() if kind in one.entries]
        near = nearest(partner, known)
        problem = f"config.yaml has no partner '{partner}' with an {kind} envelope{meant(partner, known)}"
        write = (
            f"envelope: {near}"
            if near
            else f"in config.yaml:\npartners: {{{partner}: {{{kind}: {{us: {{id: ...}}, them: {{id: ...}}}}}}}}"
        )
        binding.mistakes.add(node, problem, write)
    return None


def _partner_of(record: Record, link: Link | None) -> str:
    """The partner that the connector names."""
    inside = record.entries.get(link.kind) if link is not None else None
    return _text(inside.entries.get("partner")) if isinstance(inside, Record) else ""


def _text(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) else ""
