"""
A resource against the types of FHIR R4, element by element, with the FHIRPath of what is wrong; it takes its time.

What JSON may look like is FHIR R4, 2.6.2: no nulls but as placeholders, nothing empty, `_name` for the extensions of a primitive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from engine.fhir import bindings, definitions, entries, narrative, pointing, primitives
from engine.fhir.definitions import Element, Type
from engine.fhir.pointing import Around
from engine.findings import Finding

#: Deepest nesting that is walked.
DEPTH = 100
_NOTHING = "an element must have a value or children [ele-1]"


def resource(value: Any, place: str, left: int = DEPTH) -> Iterator[Finding]:
    """What is wrong with one resource and all that stands in it, at `place` ("" for its own type)."""
    if not isinstance(value, dict):
        yield place, "a resource is a record, in braces"
        return
    name = value.get("resourceType")
    if not isinstance(name, str) or not definitions.is_resource(name):
        said = "must be a resource of FHIR R4" if name else "is missing"
        yield place, f"'resourceType' {said}"
        return
    here = place or name
    type_ = definitions.of(name)
    yield from _record(value, type_, here, pointing.around(value), left)
    yield from _contained(value, here, left)
    if name == "Bundle":
        yield from entries.findings(value, here)


def _contained(value: Mapping[str, Any], place: str, left: int) -> Iterator[Finding]:
    """dom-2 to dom-5 (FHIR R4, 2.28.5), and each contained resource by itself."""
    every = value.get("contained")
    if not isinstance(every, list):
        return
    near = pointing.around(value)
    pointed = set(pointing.pointed_at(value))
    for number, each in enumerate(every):
        here = f"{place}.contained[{number}]"
        name = each.get("resourceType") if isinstance(each, dict) else None
        if not isinstance(name, str) or not definitions.is_resource(name):
            yield from resource(each, here)
            continue
        if "contained" in each:
            yield here, "what is contained must not contain again [dom-2]"
        known = each.get("id")
        back = "" in set(pointing.pointed_at(each))
        if not isinstance(known, str):
            yield here, "what is contained must have an id"
        elif known not in pointed and not back:
            yield here, "what is contained must be referred to [dom-3]"
        meta = each.get("meta")
        if isinstance(meta, dict) and ("versionId" in meta or "lastUpdated" in meta):
            yield (
                f"{here}.meta",
                "what is contained has no version and no date of its own [dom-4]",
            )
        if isinstance(meta, dict) and "security" in meta:
            yield f"{here}.meta", "what is contained has no security label [dom-5]"
        inner = msgspec.structs.replace(near, inside=True, ids=set())
        yield from _record(each, definitions.of(name), here, inner, left - 1)


def _record(value: Any, type_: Type, place: str, near: Around, left: int) -> Iterator[Finding]:
    """An element of a complex type, or a resource."""
    if not isinstance(value, dict):
        yield place, "the element is a record, in braces"
        return
    if not left:
        yield place, f"nested more than {DEPTH} deep"
        return
    if type_.kind == "resource":
        value = {key: each for key, each in value.items() if key != "resourceType"}
    else:
        yield from _has_content(value, type_, place, near)
    yield from _unknown(value, type_, place)
    yield from _missing(value, type_, place)
    for element in type_.elements.values():
        name = element.name
        if name in value or (f"_{name}" in value and definitions.is_primitive(element)):
            if name == "contained":
                if not (isinstance(value.get(name), list) and value[name]):
                    yield f"{place}.{name}", "the element repeats: a list, never empty"
                continue
            yield from _element(value, element, type_, place, near, left)
    yield from bindings.record(value, type_, place)
    if type_.name == "Reference" and isinstance(value.get("reference"), str):
        rule = pointing.wrong(value["reference"], near)
        if rule:
            yield f"{place}.reference", rule


def _has_content(
    value: Mapping[str, Any], type_: Type, place: str, near: Around
) -> Iterator[Finding]:
    if not value:
        yield place, "an element must not be empty [ele-1]"
    elif set(value) == {"id"}:
        yield place, _NOTHING
    known = value.get("id")
    if (
        isinstance(known, str) and type_.name != "ElementDefinition"
    ):  # snapshot and differential share them
        if known in near.ids:
            yield place, "another element of the resource has the same id"
        near.ids.add(known)


def _unknown(value: Mapping[str, Any], type_: Type, place: str) -> Iterator[Finding]:
    for name in value:
        element = type_.elements.get(name.removeprefix("_"))
        if element is None or (name[0] == "_" and not definitions.is_primitive(element)):
            shown = definitions.meant(name, type_)
            yield (
                f"{place}.{shown}" if shown else place,
                f"{type_.name} has no such element in FHIR R4",
            )


def _missing(value: Mapping[str, Any], type_: Type, place: str) -> Iterator[Finding]:
    """Elements that must be there, and choices of which only one may be."""
    chosen: dict[str, int] = {}
    least: dict[str, int] = {}
    for each in type_.elements.values():
        there = each.name in value or f"_{each.name}" in value
        key = each.choice or each.name
        chosen[key] = chosen.get(key, 0) + there
        least[key] = each.least
    for key, count in chosen.items():
        if not count and least[key]:
            yield f"{place}.{key.removesuffix('[x]')}", "the element must be there"
        elif count > 1:
            yield f"{place}.{key.removesuffix('[x]')}", "only one of its types may stand here"


def _element(
    value: Mapping[str, Any], element: Element, owner: Type, place: str, near: Around, left: int
) -> Iterator[Finding]:
    name = element.name
    here = f"{place}.{name}"
    if element.choice:
        here = f"{place}.{element.choice.removesuffix('[x]')}.ofType({element.type})"
    if definitions.is_primitive(element):
        if element.most == 1:
            yield from _valued(value, element, here, near, left)
        else:
            yield from _valued_list(
                value.get(name), value.get(f"_{name}"), element, here, near, left
            )
        return
    each = value[name]
    if element.most == 1:
        yield from _complex(each, element, owner, here, near, left)
    elif not isinstance(each, list) or not each:
        yield here, "the element repeats: a list, never empty"
    else:
        if element.most and len(each) > element.most:
            yield here, f"the element stands at most {element.most} times"
        for number, one in enumerate(each):
            yield from _complex(one, element, owner, f"{here}[{number}]", near, left)


def _complex(
    value: Any, element: Element, owner: Type, place: str, near: Around, left: int
) -> Iterator[Finding]:
    if isinstance(value, list):
        yield place, "the element does not repeat: no list"
    elif element.type == "Resource":
        yield from resource(value, place, left - 1)
    else:
        type_ = definitions.of(element.type)
        yield from _record(value, type_, place, near, left - 1)
        yield from bindings.element(value, element, owner, place)


def _valued(
    value: Mapping[str, Any], element: Element, place: str, near: Around, left: int
) -> Iterator[Finding]:
    name, beside = element.name, f"_{element.name}"
    if beside in value:
        yield from _beside(value[beside], name in value, place, near, left)
    if name in value:
        yield from _value(value[name], element, place)


def _beside(value: Any, valued: bool, place: str, near: Around, left: int) -> Iterator[Finding]:
    """Id and extensions of a primitive; an id alone is enough where it has a value."""
    told = _record(value, definitions.of("Element"), place, near, left - 1)
    alone = valued and isinstance(value, dict) and set(value) == {"id"}
    yield from (each for each in told if not (alone and each[1] == _NOTHING))


def _valued_list(
    values: Any, beside: Any, element: Element, place: str, near: Around, left: int
) -> Iterator[Finding]:
    """A primitive that repeats; null stands where the one of both has nothing (FHIR R4, 2.6.2.3)."""
    for each in (values, beside):
        if each is not None and (not isinstance(each, list) or not each):
            yield place, "the element repeats: a list, never empty"
            return
    if values is not None and beside is not None and len(values) != len(beside):
        yield place, "values and their extensions must stand in line, null where there is none"
        return
    length = len(values if values is not None else beside or ())
    for number in range(length):
        here = f"{place}[{number}]"
        one = values[number] if values is not None else None
        more = beside[number] if beside is not None else None
        if one is None and more is None:
            yield here, "null stands only in place of a value that has extensions"
        if more is not None:
            yield from _beside(more, one is not None, here, near, left)
        if one is not None:
            yield from _value(one, element, here)


def _value(value: Any, element: Element, place: str) -> Iterator[Finding]:
    if isinstance(value, list):
        yield place, "the element does not repeat: no list"
        return
    rule = primitives.wrong(element.type, value)
    if rule:
        yield place, rule
    elif element.type == "xhtml":
        yield from narrative.findings(value, place)
    elif element.codes and value not in element.codes:
        yield place, bindings.rule(element)
