"""
Whether a resource keeps to the structure of FHIR R4, in microseconds: JSON Schema for each type, compiled at its first use.

What the compiled shape takes is right; what it does not take may still be right, where JSON Schema cannot say a rule or would say
it slowly (values that stand in line with their extensions, contained resources): `checking` decides then.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import Any

import jsonschema_rs
import msgspec

from engine.fhir import bindings, definitions, entries, names, narrative, pointing, primitives
from engine.fhir.definitions import Element, Type

Schema = dict[str, Any]

_ENCODER = msgspec.json.Encoder(decimal_format="number")
#: The extensions of a value that repeats, where there is one.
_ONE_BESIDE = {
    "type": "array",
    "items": {"$ref": "#/$defs/Element"},
    "minItems": 1,
    "maxItems": 1,
}
#: An extension that stands in no other one, whose address is absolute (FHIR R4, 2.5.1).
_OUTER = "Extension.outer"
_LOCAL = re.compile(rb'"reference":"#([^"]*)"')


class _Whole:
    """Keyword `whole`: a number written without a point (1.0 is no integer in FHIR)."""

    def __init__(self, parent: Any, value: Any, path: Any) -> None:
        pass

    def validate(self, instance: Any) -> None:
        if isinstance(instance, Decimal | float):
            raise ValueError("a whole number is written without a point")

    def is_valid(self, instance: Any) -> bool:
        return not isinstance(instance, Decimal | float)


@cache
def compiled(name: str, contained: bool = False) -> jsonschema_rs.Draft202012Validator:
    """The shape of a type, compiled in some 6 ms; with `contained`, of a resource that contains others or is contained."""
    return compile_(schema(name, contained))


def compile_(found: Schema) -> jsonschema_rs.Draft202012Validator:
    """A shape, compiled."""
    return jsonschema_rs.Draft202012Validator(
        found,
        validate_formats=False,
        pattern_options=jsonschema_rs.RegexOptions(),
        keywords={"whole": _Whole},
    )


def surely(resource: Any) -> bool:
    """
    Whether a resource is right for certain, its entries one by one; False where `checking` must say.

    >>> surely({"resourceType": "Patient", "birthDate": "2020-02-29"}), surely({"resourceType": "Patient", "name": []})
    (True, False)
    """
    if not isinstance(resource, dict):
        return False
    name = resource.get("resourceType")
    if not isinstance(name, str) or not definitions.is_resource(name):
        return False
    if name == "Bundle":
        return _bundle(resource)
    if "contained" in resource:
        return _containing(name, resource)
    return bool(compiled(name).is_valid(resource)) and narrated(resource)


def narrated(resource: dict[str, Any]) -> bool:
    """Whether its text, where it has one, is XHTML that is well formed."""
    text = resource.get("text")
    return not text or narrative.well_formed(text["div"])


def _containing(name: str, resource: dict[str, Any]) -> bool:
    """Each contained resource by itself; ids and what points at them as they are written."""
    every = resource["contained"]
    if not isinstance(every, list) or not all(_contained(each) for each in every):
        return False
    if not compiled(name, contained=True).is_valid({**resource, "contained": True}):
        return False
    pointed = {each.decode() for each in _LOCAL.findall(_ENCODER.encode(resource))}
    return bool(every) and pointed == {each.get("id") for each in every} and narrated(resource)


def _contained(resource: Any) -> bool:
    if not isinstance(resource, dict) or {"meta", "contained"} & resource.keys():
        return False
    name = resource.get("resourceType")
    if not isinstance(name, str) or not definitions.is_resource(name) or name == "Bundle":
        return False
    return bool(compiled(name, contained=True).is_valid(resource)) and narrated(resource)


def _bundle(bundle: dict[str, Any]) -> bool:
    every = bundle.get("entry", [])
    if not isinstance(every, list):
        return False
    within = []
    for each in every:
        if not isinstance(each, dict):
            return False
        if "resource" in each:
            if not surely(each["resource"]):
                return False
            within.append({**each, "resource": True})
        else:
            within.append(each)
    bare = {**bundle, "entry": within} if "entry" in bundle else bundle
    return is_bare_bundle(bare) and next(entries.findings(bundle), None) is None


def is_bare_bundle(bundle: dict[str, Any]) -> bool:
    """Whether a Bundle is right in which True stands for each resource."""
    return bool(compiled("Bundle").is_valid(bundle))


def schema(name: str, contained: bool = False) -> Schema:
    """JSON Schema (2020-12) of a resource type and of all that it is made of."""
    shapes: dict[str, Schema] = {}
    left = [name]
    while left:
        each = left.pop()
        if each in shapes:
            continue
        type_ = definitions.of(each)
        if type_.kind == "primitive":
            shapes[each] = primitives.schema(each)
        else:
            shapes[each] = _complex(type_)
            left.append("Element")
        left.extend(each.type for each in type_.elements.values() if each.type != "Resource")
    url = {"type": "string", "pattern": f"^{bindings.ABSOLUTE}$"}
    inner = shapes["Extension"]
    shapes[_OUTER] = {**inner, "properties": {**inner["properties"], "url": url}}
    shapes["Reference"]["properties"]["reference"] = {
        "type": "string",
        "pattern": pointing.quick(contained),
    }
    if contained and "contained" in definitions.of(name).elements:
        shapes[name]["properties"]["contained"] = {"const": True}
    return {"$ref": f"#/$defs/{name}", "$defs": shapes}


def _complex(type_: Type) -> Schema:
    found: Schema = {"type": "object", "additionalProperties": False, "minProperties": 1}
    properties: dict[str, Any] = {}
    every = [each for each in type_.elements.values() if each.least and not each.choice]
    either = [each.name for each in every if names.may_be_absent(each)]
    needed = [each.name for each in every if each.name not in either]
    if type_.kind == "resource":
        properties["resourceType"] = {"const": type_.name}
        needed.append("resourceType")
    for each in type_.elements.values():
        if each.name == "contained" or (each.name == "id" and type_.kind != "resource"):
            continue  # what is pointed at by `#`, and whether two have one id, is beyond JSON Schema
        properties[each.name] = _element(each, type_)
        if not each.choice and names.may_be_absent(each):
            properties[f"_{each.name}"] = {"$ref": "#/$defs/Element"}
    beside = [each.name for each in type_.elements.values() if _in_line(each)]
    properties |= {f"_{name}": _ONE_BESIDE for name in beside}
    if type_.name == "Coding":
        properties["system"] = {"type": "string", "pattern": f"^{bindings.ABSOLUTE}$"}
    if needed:
        found["required"] = needed
    found |= {"properties": properties, **_choices(type_)}
    one_each = {
        f"_{name}": {"required": [name], "properties": {name: {"maxItems": 1}}}
        for name in beside
    }
    if one_each:
        found["dependentSchemas"] = {**found.get("dependentSchemas", {}), **one_each}
    if either:
        said = [
            {"anyOf": [{"required": [name]}, {"required": [f"_{name}"]}]} for name in either
        ]
        found["allOf"] = [*found.get("allOf", ()), *said]
    return {**found, **_MORE.get(type_.name, {})}


def _in_line(element: Element) -> bool:
    """Whether values stand in line with their extensions (FHIR R4, 2.6.2.3): one of each is right, more are for `checking`."""
    return element.most != 1 and definitions.is_primitive(element)


def _choices(type_: Type) -> Schema:
    """Of each choice one at most, and one at least where it must be there."""
    choices: dict[str, list[Element]] = {}
    for each in type_.elements.values():
        if each.choice and type_.name != "Extension":
            choices.setdefault(each.choice, []).append(each)
    found: Schema = {}
    for every in choices.values():
        names = [each.name for each in every]
        for name in names:
            others = {other: False for other in names if other != name}
            if others:
                found.setdefault("dependentSchemas", {})[name] = {"properties": others}
        if every[0].least:
            wanted = {"anyOf": [{"required": [name]} for name in names]}
            found.setdefault("allOf", []).append(wanted)
    return found


def _element(element: Element, owner: Type) -> Schema | bool:
    one = _one(element, owner)
    return one if element.most == 1 else {"type": "array", "items": one, "minItems": 1}


def _one(element: Element, owner: Type) -> Schema | bool:
    """One occurrence; the resource of an entry is looked at by itself, True stands in its place."""
    if element.type == "Resource":
        return {"const": True} if owner.name == "Bundle.entry" else False
    if element.type == "code" and element.codes:
        return {"enum": sorted(element.codes)}
    if element.type == "xhtml":
        return {"type": "string", "pattern": narrative.quick()}
    if element.type == "Extension" and owner.name != "Extension":
        return {"$ref": f"#/$defs/{_OUTER}"}
    more = _more(element, owner)
    named = {"$ref": f"#/$defs/{element.type}"}
    return {"allOf": [named, more]} if more else named


def _more(element: Element, owner: Type) -> Schema:
    """What this element asks for beyond its type."""
    if element.codes:
        return _bound(element)
    if element.profile == "SimpleQuantity":
        return {"properties": {"comparator": False}}
    if element.type == "Narrative" and owner.kind != "resource":
        return {"properties": {"div": {"pattern": f"^{narrative.PLAIN}$"}}}
    return {}


def _bound(element: Element) -> Schema:
    """A Coding, or one of a CodeableConcept, of a required binding."""
    every = [
        {"properties": {"system": {"const": system}, "code": {"enum": sorted(codes)}}}
        for system, codes in definitions.codings(element.system).items()
    ]
    coding = {"required": ["system", "code"], "anyOf": every}
    if element.type == "Coding":
        return coding
    return {"required": ["coding"], "properties": {"coding": {"contains": coding}}}


#: What types ask for beyond their elements, as in `bindings`.
_QUANTITY = {"dependentRequired": {"code": ["system"]}}
_MORE: dict[str, Schema] = {
    **dict.fromkeys(names.QUANTITIES, _QUANTITY),
    "Extension": {"minProperties": 2, "maxProperties": 2},
    "Attachment": {"not": {"required": ["data", "size"]}},
}
