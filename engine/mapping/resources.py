"""
`resources:` of a mapping that makes a Bundle: each is named, made in the order in which it stands, and one entry or several.

    resources:
      patient:
        - {use: hl7v2_pid_to_patient, of: PID}
        - {use: hl7v2_pd1_to_patient, of: PD1}
      observations: {use: hl7v2_obx_to_observation, each: OBX, fields: {subject: patient}}
      reports:
        each: OBR
        resources:
          report: {use: hl7v2_obr_to_diagnostic_report, of: OBR, fields: {subject: patient}}

A name stands for the resource wherever a Reference belongs, in what is written below it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from engine.fhir.lifting import Places
from engine.formats import Scope, Shape
from engine.mapping import records, resource_checks, resource_types
from engine.mapping.choices import only
from engine.mapping.language import Expression, Language, Run, Term
from engine.mapping.rules import Block, Rule, Slots, block
from engine.placed import Items, Node, Record, Scalar
from engine.records.types import FieldType

#: A resource, and where in it others may stand.
Entry = tuple[dict[str, Any], Places]
#: Segments of HL7 by their names.
Walks = frozenset[str]
#: A path into a segment and nothing behind it that stands in for it: no `??`, no pipe.
_SEGMENT = re.compile(r"([A-Z][A-Z0-9]{2})(?:[-\[][^?|]*)?", re.ASCII)
#: So many kinds of messages are remembered, by the segments that they have.
_REMEMBERED = 500
#: Makes resources in a scope, and puts them where all are collected.
Into = Callable[[Scope, list[Entry]], None]


def made(node: Node, language: Language, slots: Slots) -> tuple[Into, list[Rule], Language]:
    """What makes the resources, their rules for traces, and the language in which their names are known."""
    steps: list[tuple[Walks, Into]] = []
    rules: list[Rule] = []
    if not isinstance(node, Record):
        problem = "'resources' names what the Bundle holds"
        language.mistakes.add(node, problem, "resources: {patient: {use: ..., of: PID}}")
        return _all((), language.shape), rules, language
    language = msgspec.structs.replace(
        language, elsewhere={**language.elsewhere, **_elsewhere(node)}
    )
    for name, each in node.entries.items():
        if not (name.isidentifier() and name.isascii()):
            problem = f"'{name}' is no name: letters, digits and _ only"
            language.mistakes.add(node.keys[name], problem)
        elif isinstance(each, Record) and "resources" in each.entries:
            rule, into = _group(name, each, language, slots)
            steps.append((_walks(each, language), into))
            rules.append(rule)
        elif (found := _named(name, each, language, slots)) is not None:
            rule, into, language = found
            steps.append((_walks(each, language), into))
            rules.append(rule)
        else:
            language = _with_name(name, language, slots)
    return _all(tuple(steps), language.shape), rules, language


def _elsewhere(node: Record, group: str = "") -> dict[str, tuple[str, str]]:
    """What is said of names where they are not known: those inside groups around these, and all of them above their own place."""
    found: dict[str, tuple[str, str]] = {}
    for name, each in node.entries.items():
        inner = each.entries.get("resources") if isinstance(each, Record) else None
        line = node.keys[name].line
        problem = f"'{name}' is made in line {line}, and its name is known below it only: resources are made from top to bottom"
        write = ""
        if isinstance(inner, Record):
            found |= _elsewhere(inner, name)
            problem = f"'{name}' is a group of resources: the names in it are known inside it"
        elif group:
            problem = f"'{name}' is made inside the group '{group}', and its name is known in there only; with an 'each' of its own, beside the group, it stands for all of them"
            write = f"{name}: {{each: ..., ...}}"
        found[name] = problem, write
    return found


def _all(steps: tuple[tuple[Walks, Into], ...], shape: Shape) -> Into:
    def into(scope: Scope, entries: list[Entry]) -> None:
        for _, step in steps:
            step(scope, entries)

    if shape.format != "hl7v2":
        return into
    known: dict[tuple[str, ...], tuple[Into, ...]] = {}

    def there(scope: Scope, entries: list[Entry]) -> None:
        names = tuple(scope.node.document.index)
        found = known.get(names)
        if found is None:
            found = tuple(
                step for walks, step in steps if not walks or not walks.isdisjoint(names)
            )
            if len(known) >= _REMEMBERED:
                known.clear()
            known[names] = found
        for step in found:
            step(scope, entries)

    return there


def _walks(node: Node, language: Language) -> Walks:
    """The segments of HL7 of which one must be in the message, or nothing is made; none where that is not known."""
    if isinstance(node, Items):
        every = [_walks(item, language) for item in node.items]
        return frozenset().union(*every) if all(every) else frozenset()
    entries = node.entries if isinstance(node, Record) else {}
    said = entries.get("each", entries.get("of") if "use" in entries else None)
    found = _SEGMENT.fullmatch(said.text) if isinstance(said, Scalar) else None
    return frozenset((found[1],)) - language.lets.keys() if found is not None else frozenset()


def _group(name: str, node: Record, language: Language, slots: Slots) -> tuple[Rule, Into]:
    """Resources that are made once for each thing."""
    only(node, ("each", "let", "when", "resources"), language.mistakes)
    around, inner = block(node, language, slots)
    inside, around.rules, _ = made(node.entries["resources"], inner, slots)

    def into(scope: Scope, entries: list[Entry]) -> None:
        for each in around.scopes(scope):
            inside(each, entries)

    return _rule(name, node, around), into


def _rule(name: str, node: Node, around: Block) -> Rule:
    term = Term(run=lambda scope: None, offset=0)
    return Rule(
        name=name,
        node=node,
        term=term,
        text=records.shown(node),
        line=node.place.line,
        nested=around,
    )


def _named(
    name: str, node: Node, language: Language, slots: Slots
) -> tuple[Rule, Into, Language] | None:
    """One resource, or one for each thing; its name is known from here on."""
    type_ = _type(node, language, slots)
    if type_ is None:
        return None
    listed = isinstance(node, Record) and "each" in node.entries
    wanted = FieldType(kind="list", form="list", item=type_) if listed else type_
    make = records.nested if isinstance(node, Record) else records.parts
    rule = make(name, node, wanted, language, slots)  # type: ignore[arg-type]
    if rule is None:
        return None
    if isinstance(node, Record) and not listed:
        resource_checks.whole(node, type_, language.mistakes)
    slot = slots.count
    slots.count += 1
    known = Expression(
        run=rule.term.run,
        text=name,
        line=node.place.line,
        many=listed,
        paths=rule.term.paths,
        type=resource_types.named(resource_types.name_of(type_)),
    )
    language = msgspec.structs.replace(
        language,
        lets={**language.lets, name: slot},
        known={**language.known, name: known},
    )
    return rule, _collecting(rule.term.run, slot, listed, rule.places), language


def _with_name(name: str, language: Language, slots: Slots) -> Language:
    """The language in which the name of a resource with mistakes is known all the same: these are noted already."""
    slot = slots.count
    slots.count += 1
    return msgspec.structs.replace(language, lets={**language.lets, name: slot})


def _collecting(run: Run, slot: int, listed: bool, places: Places) -> Into:
    def into(scope: Scope, entries: list[Entry]) -> None:
        assert scope.values is not None
        scope.values[slot] = found = run(scope)
        if found is None:
            return
        if listed:
            entries += [(each, places) for each in found]
        else:
            entries.append((found, places))

    return into


def _type(node: Node, language: Language, slots: Slots) -> FieldType | None:
    """Which resource it is; None where mistakes were noted."""
    found = _first_type(node, language, slots)
    name = resource_types.name_of(found) if found is not None else ""
    for part in resource_checks.parts_of(node):
        said = part.entries.get("type")
        if name and isinstance(said, Scalar) and said.text != name:
            problem = f"the parts of one resource are of one type, and the first makes a {name}"
            language.mistakes.add(said, problem, f"type: {name}")
    return found


def _first_type(node: Node, language: Language, slots: Slots) -> FieldType | None:
    """What the first mapping that it uses makes, or what `type` says."""
    for part in resource_checks.parts_of(node):
        if (said := part.entries.get("type")) is not None:
            return _said(said, language)
        if (used := part.entries.get("use")) is not None:
            found = slots.uses.find(used)
            if found is None:
                return None
            type_ = resource_types.find(found.to)
            if type_ is not None and resource_types.is_resource(type_):
                return type_
            problem = f"the mapping '{found.name}' makes {found.to}, and an entry is a resource"
            language.mistakes.add(used, problem, "to: fhir/Patient")
            return None
    problem = "nothing says which resource this is"
    language.mistakes.add(node, problem, "{type: Provenance, fields: {...}}")
    return None


def _said(node: Node, language: Language) -> FieldType | None:
    name = node.text if isinstance(node, Scalar) else ""
    type_ = resource_types.find(f"fhir/{name}")
    if type_ is None and name:
        language.mistakes.add(node, resource_types.unknown(name))
        return None
    if type_ is None or not resource_types.is_resource(type_):
        language.mistakes.add(node, f"FHIR R4 has no resource '{name}'", "type: Provenance")
        return None
    return type_
