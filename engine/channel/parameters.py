"""Parameters of a template: declared under `parameters`, given under `with`."""

from __future__ import annotations

import msgspec

from engine.channel.grammar import PARAMETER, check_keys
from engine.channel.names import NAME, spelled
from engine.hints import meant, nearest, written
from engine.placed import Mistakes, Node, Place, Record, Scalar


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter as declared."""

    place: Place
    description: str = ""
    default: Node | None = None
    """None = every channel gives it."""


def parameters(template: Record, mistakes: Mistakes) -> dict[str, Parameter]:
    """What a template declares."""
    node = template.entries.get("parameters")
    if node is None or _empty(node):
        return {}
    if not isinstance(node, Record):
        problem = "names of parameters stand here, each with what it is"
        write = 'parameters: {facility: {description: "MSH-4 of the site"}}'
        mistakes.add(node, problem, write)
        return {}
    found = {}
    for name, value in node.entries.items():
        place = node.keys[name]
        if not NAME.fullmatch(name):
            problem = f"'{name}' is no name for a parameter; it has small letters, digits and underscores"
            mistakes.add(place, problem, f"{spelled(name)}: {{}}")
            continue
        found[name] = _parameter(name, value, place, mistakes)
    return found


def _parameter(name: str, node: Node, place: Place, mistakes: Mistakes) -> Parameter:
    if _empty(node):
        return Parameter(place=place)
    if not isinstance(node, Record):
        shown = written(node) or "..."
        problem = f"keys of the parameter '{name}' stand here: description, default"
        mistakes.add(node, problem, f"{name}: {{default: {shown}}}")
        return Parameter(place=place, default=node)
    check_keys(node, PARAMETER, mistakes)
    description = node.entries.get("description")
    said = description.text if isinstance(description, Scalar) else ""
    return Parameter(place=place, description=said, default=node.entries.get("default"))


def check_with(
    channel: Record, template: str, declared: dict[str, Parameter], mistakes: Mistakes
) -> dict[str, Node]:
    """What a channel gives under `with`; what it lacks and what the template does not know is noted."""
    node = channel.entries.get("with")
    given = node if isinstance(node, Record) else None
    if node is not None and given is None and not _empty(node):
        problem = f"values for the template's parameters stand here: {', '.join(declared)}"
        mistakes.add(node, problem, f"with: {{{_lacking(list(declared))}}}")
        return {}
    found: dict[str, Node] = {}
    for name, value in given.entries.items() if given else ():
        if name not in declared:
            assert given is not None
            _stranger(name, given, template, declared, mistakes)
        elif _empty(value):
            mistakes.add(value, f"'{name}' has no value", f"{name}: ...")
        else:
            found[name] = value
    near = {nearest(name, declared) for name in (given.entries if given else ()) if name not in declared}  # fmt: skip
    empty = set(given.entries) if given else set()
    lacking = [
        name
        for name, parameter in declared.items()
        if parameter.default is None and name not in found and name not in near | empty
    ]
    if lacking:
        names = " and ".join(f"'{name}'" for name in lacking)
        problem = f"the template '{template}' needs {names}"
        at: Node | Place = given or channel.keys["like"]
        mistakes.add(at, problem, f"with: {{{_lacking(lacking)}}}", path="with")
    return found


def _stranger(
    name: str, given: Record, template: str, declared: dict[str, Parameter], mistakes: Mistakes
) -> None:
    near = nearest(name, [each for each in declared if each not in given.entries])
    shown = written(given.entries[name], name)
    said = meant(name, list(declared)) if declared else "; it has none"
    problem = f"the template '{template}' has no parameter '{name}'{said}"
    mistakes.add(given.keys[name], problem, f"{near}: {shown}" if near and shown else "")


def _lacking(names: list[str]) -> str:
    return ", ".join(f"{name}: ..." for name in names)


def _empty(node: Node) -> bool:
    plain = (
        isinstance(node, Scalar) and node.style == "plain" and node.text in ("", "~", "null")
    )
    return plain or (isinstance(node, Record) and not node.entries)
