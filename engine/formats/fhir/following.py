"""What paths find in the whole document: its resources by type, and what References point at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from engine.errors import MessageError
from engine.fhir import definitions
from engine.fhir.references import Index, Record
from engine.formats.fhir import types
from engine.paths import PathProblem, Scope
from engine.records.reading import Step
from engine.records.types import ANY, FieldType


def document(scope: Scope) -> Any:
    """The message around everything; a mapping that another one uses sees the message of that one."""
    while scope.outer is not None:
        scope = scope.outer
    return scope.node


def index(scope: Scope) -> Index:
    """The resources of the message."""
    found: Any = document(scope)
    known: Any = getattr(found, "index", None)
    if not isinstance(known, Index):
        raise MessageError("bad_value", "no resource of FHIR is at hand here")
    return known


def of_type(name: str) -> Callable[[Scope], Sequence[Record]]:
    """The resources of a type in the document."""
    return lambda scope: index(scope).of_type(name)


def step(name: str) -> Step:
    """`.resolve(Patient)`: what References, or texts of them, point at; another resource than the type named is nothing."""

    def follow(things: Sequence[Any], scope: Scope) -> Sequence[Any]:
        known = index(scope)
        found = (known.resolve(thing, around(scope)) for thing in things)
        return [
            each
            for each in found
            if each is not None and (not name or each.get("resourceType") == name)
        ]

    return follow


def around(scope: Scope) -> Any:
    """The thing at hand, or what it is read from: where a text that is a reference stands."""
    at: Scope | None = scope
    while at is not None:
        for each in (at.item, at.node):
            if isinstance(each, dict):
                return each
        at = at.outer
    return document(scope).value


def checked(name: str, at: int, type_: FieldType, dot: int) -> FieldType:
    """The type of what `.resolve(NAME)` gives; PathProblem where it cannot be asked."""
    if type_.kind == "list":
        problem = "a list of References is followed one by one"
        raise PathProblem(dot, problem, "[0].resolve()", certain=True)
    targets = types.targets_of(type_)
    if targets is None and type_.kind not in ("any", "text"):
        said = type_.struct.name if type_.struct is not None else f"a {type_.kind}"
        problem = f"'resolve' follows a Reference, and this is {said}"
        raise PathProblem(dot, problem, certain=True)
    if not name:
        return types.of(targets[0]) if targets and len(targets) == 1 else ANY
    if not definitions.is_resource(name):
        raise PathProblem(at, f"R4 has no resource '{name}'{_near(name)}", certain=True)
    if targets and name not in targets:
        problem = f"this Reference points at {', '.join(targets)}, never at {name}"
        raise PathProblem(at, problem, certain=True)
    return types.of(name)


def _near(name: str) -> str:
    try:
        definitions.of(name)
    except LookupError as error:
        return str(error.args[0]).partition("'")[2].partition("'")[2]
    return ""


@cache
def elements() -> frozenset[str]:
    """The names of all elements of R4."""
    found: set[str] = {"resourceType"}
    left = list(definitions.names())
    met: set[str] = set(left)
    while left:
        for each in definitions.of(left.pop()).elements.values():
            found.add(each.name)
            if each.type not in met:
                met.add(each.type)
                left.append(each.type)
    return frozenset(found | {f"_{name}" for name in found})
