"""`override:`: what one channel has otherwise than its template. Records join, everything else replaces."""

from __future__ import annotations

from engine import connectors
from engine.hints import meant, nearest, written
from engine.placed import Mistakes, Node, Record, Scalar

#: The word that takes a key away.
REMOVE = "remove"


def override(made: Record, said: Node | None, template: str, mistakes: Mistakes) -> Record:
    """The channel that a template makes, with the override laid over it."""
    if said is None:
        return made
    if not isinstance(said, Record):
        problem = "keys of the channel stand here that it has otherwise than its template"
        mistakes.add(said, problem, "override: {destinations: {lab: {rate: 5}}}")
        return made
    _check_destinations(made, said, template, mistakes)
    return _over(made, said, template, mistakes)


def _over(lower: Record, upper: Record, template: str, mistakes: Mistakes) -> Record:
    entries, keys = dict(lower.entries), dict(lower.keys)
    for name, value in upper.entries.items():
        below = entries.get(name)
        if _removes(value, mistakes):
            if below is None:
                _nothing_there(name, upper, lower, template, mistakes)
            else:
                del entries[name], keys[name]
            continue
        joined = isinstance(value, Record) and isinstance(below, Record)
        entries[name] = _over(below, value, template, mistakes) if joined else value  # type: ignore[arg-type]
        keys[name] = upper.keys[name]
    return Record(entries=entries, keys=keys, place=lower.place)


def _removes(node: Node, mistakes: Mistakes) -> bool:
    if not isinstance(node, Scalar) or node.text != REMOVE:
        return False
    if node.style == "quoted":
        key = node.place.path.rpartition(".")[2]
        mistakes.add(node, "in quotes this is a text; the word that takes a key away stands without", f"{key}: {REMOVE}")  # fmt: skip
    return True


def _nothing_there(
    name: str, upper: Record, lower: Record, template: str, mistakes: Mistakes
) -> None:
    near = nearest(name, lower.entries)
    known = meant(name, list(lower.entries))
    problem = f"the template '{template}' has no '{name}' here to take away{known}"
    mistakes.add(upper.keys[name], problem, f"{near}: {REMOVE}" if near else "")


def _check_destinations(made: Record, said: Record, template: str, mistakes: Mistakes) -> None:
    """A destination that the template does not have is a new one, and has a connector."""
    below, above = made.entries.get("destinations"), said.entries.get("destinations")
    if not isinstance(below, Record) or not isinstance(above, Record):
        return
    for name, node in list(above.entries.items()):
        if not isinstance(node, Record):
            continue
        if name in below.entries:
            _check_connector(below.entries[name], node, template, mistakes)
        elif not set(node.entries) & set(connectors.names()):
            near = nearest(name, below.entries)
            known = meant(name, list(below.entries))
            if not near:
                known += "; a new one has a connector"
            shown = written(node)
            problem = f"the template '{template}' has no destination '{name}'{known}"
            mistakes.add(
                above.keys[name], problem, f"{near}: {shown}" if near and shown else ""
            )
            mistakes.misread.add(node.place)


def _check_connector(lower: Node, upper: Record, template: str, mistakes: Mistakes) -> None:
    """Another connector takes the place of the template's, which is taken away."""
    if not isinstance(lower, Record):
        return
    there = [key for key in lower.entries if key in connectors.names()]
    for key in upper.entries:
        if key not in connectors.names() or key in there or not there:
            continue
        if there[0] not in upper.entries:
            problem = f"the template '{template}' has the connector '{there[0]}' here, which goes on being there"
            mistakes.add(upper.keys[key], problem, f"{there[0]}: {REMOVE}")
            mistakes.misread.add(upper.keys[key])
