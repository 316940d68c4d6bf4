"""
The rules that the definitions of R4 state in FHIRPath (5.1.0.11), of severity error; evaluated by fhirpathpy.

Those that `structure` and `entries` say already are left to them. What fhirpathpy cannot evaluate is in `beyond()`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any

from fhirpathpy.engine.nodes import ResourceNode

from engine.errors import MessageError
from engine.fhir import definitions, documents, entries, narrative, native, pointing, walking
from engine.fhir.definitions import Constraint, Type
from engine.fhir.query import Query
from engine.fhir.references import Index
from engine.fhir.walking import Node
from engine.findings import Finding
from engine.paths import PathProblem

#: Rules that are said elsewhere, without FHIRPath.
_ELSEWHERE = frozenset(
    {
        *("ele-1", "ext-1", "ref-1", "qty-3", "sqty-1", "txt-1", "txt-2"),
        *("dom-2", "dom-3", "dom-4", "dom-5"),
        *(
            "bdl-1",
            "bdl-2",
            "bdl-3",
            "bdl-4",
            "bdl-5",
            "bdl-7",
            "bdl-8",
            "bdl-9",
            "bdl-10",
            "bdl-11",
            "bdl-12",
        ),
    }
)
#: Whether an element keeps a rule.
Holds = Callable[[Node, Any, Index], bool]
#: A type's own rules under "", those of its elements under their names.
Rules = Mapping[str, list[tuple[Constraint, Holds]]]


def findings(resource: Mapping[str, Any], severity: str = "error") -> Iterator[Finding]:
    """
    The rules that a resource breaks, what it contains and its entries included; `warning` for what is only advised.

    >>> list(findings({"resourceType": "Patient", "contact": [{"gender": "male"}]}))[0][0]
    'Patient.contact[0]'
    """
    index = Index(resource)
    near: dict[int, pointing.Around] = {}
    for node in walking.nodes(resource):
        rules = _rules(node.type.name, severity)
        owner = node.path.rpartition(".")[0]
        said = _rules(owner, severity).get(node.path.rpartition(".")[2], []) if owner else []
        for constraint, holds in (*rules.get("", ()), *said):
            if not holds(node, resource, index):
                yield node.place, f"{constraint.human} [{constraint.key}]"
        if severity == "error":
            around = near.setdefault(id(node.resource), pointing.around(node.resource))
            yield from _native(node, around)


def _native(node: Node, around: pointing.Around) -> Iterator[Finding]:
    if node.type.name == "Reference" and node.element is not None:
        said = node.value.get("reference") if isinstance(node.value, dict) else None
        rule = (
            pointing.target(said, node.element.targets, around) if isinstance(said, str) else ""
        )
        if rule:
            yield f"{node.place}.reference", rule
    elif node.type.name == "Bundle":
        yield from entries.addresses(node.value, node.place)
        yield from documents.findings(node.value, node.place)
    elif (
        node.type.name == "xhtml"
        and isinstance(node.value, str)
        and not narrative.says(node.value)
    ):
        yield node.place, "the narrative must say something, in text or a picture [txt-2]"


@cache
def _rules(name: str, severity: str) -> Rules:
    type_ = definitions.of(name)
    found: dict[str, list[tuple[Constraint, Holds]]] = {}
    for each in type_.constraints:
        holds = held(each.key, each.expression)
        if each.severity == severity and holds is not None:
            found.setdefault(_part(each, type_), []).append((each, holds))
    return found


def _part(constraint: Constraint, type_: Type) -> str:
    """The element of the type that a rule is said of; "" for the type itself, or one that it inherits from."""
    if "." not in constraint.path or constraint.path == type_.name:
        return ""
    return constraint.path.rpartition(".")[2]


@cache
def held(key: str, expression: str) -> Holds | None:
    """What tells whether a rule is kept; None where that is said elsewhere, or fhirpathpy cannot read it."""
    if key in _ELSEWHERE:
        return None
    rule = native.RULES.get(key)
    if rule is not None:
        return lambda node, root, index: not isinstance(node.value, dict) or rule(node.value)
    try:
        return partial(_holds, Query(expression))
    except PathProblem:
        return None


def _holds(query: Query, node: Node, root: Any, index: Index) -> bool:
    """Whether a rule is kept; also where it comes to nothing, or cannot be evaluated."""
    try:
        value = ResourceNode.create_node(node.value, node.type.name)
        found = query.run(value, node.resource, root, index.resolve, 0)
    except MessageError:
        return True
    return found != [False]


def beyond() -> tuple[str, ...]:
    """
    Keys of the rules of R4 that are checked nowhere, as fhirpathpy cannot read them.

    >>> beyond()
    ()
    """
    every = (type_ for name in definitions.names() for type_ in definitions.within(name))
    rules = {each.key: each.expression for type_ in every for each in type_.constraints}
    said = (key for key, text in rules.items() if key not in _ELSEWHERE and not held(key, text))
    return tuple(sorted(said))
