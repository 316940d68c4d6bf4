"""
FHIR's XML to its JSON (HL7 FHIR R4, 2.6.1 XML and 2.6.2 JSON), by the definitions of the types. `serializing` is the way back.

    value="..."           the value of a primitive: a number, a truth or a text, as its type says; decimals keep their digits
    id, extension         of a primitive stand beside it, under `_name`; in lists null where one of the two is not there
    <text><div>           XHTML, a text
    <resource><Patient>   a resource in a resource: contained, of an entry, of a parameter

The order of elements is not looked at. An element that the type does not have cannot be read: MessageError with its FHIRPath.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from lxml import etree

from engine.errors import MessageError
from engine.fhir import definitions
from engine.fhir.definitions import Element

FHIR = "http://hl7.org/fhir"
_NAMESPACE = f"{{{FHIR}}}"
_XHTML = "{http://www.w3.org/1999/xhtml}div"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}", re.ASCII)
_DECIMAL = re.compile(
    r"-?(?:0|[1-9][0-9]{0,400})(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,3})?", re.ASCII
)
_NUMBERS = frozenset({"decimal", "integer", "unsignedInt", "positiveInt"})
_TRUTHS = {"true": True, "false": False}
_BOTH = frozenset({"id", "value"})


def to_json(root: Any) -> dict[str, Any]:
    """
    A resource as dicts and lists, from its root element; MessageError `not_fhir` where it is none.

    >>> to_json(etree.fromstring('<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>'))
    {'resourceType': 'Patient', 'active': True}
    """
    name = _local(root, "")
    if not definitions.is_resource(name):
        raise _problem("the root element is no resource of FHIR R4", "")
    return _resource(root, name, name)


@cache
def _members(type_name: str) -> dict[str, tuple[Element, bool]]:
    """The elements of a type by name, with whether each is a primitive."""
    elements = definitions.of(type_name).elements
    return {
        name: (each, definitions.of(each.type).kind == "primitive")
        for name, each in elements.items()
    }


def _resource(element: Any, name: str, place: str) -> dict[str, Any]:
    found: dict[str, Any] = {"resourceType": name}
    return _filled(found, element, name, place)


def _filled(found: dict[str, Any], element: Any, type_name: str, place: str) -> dict[str, Any]:
    """The record with what stands in an element."""
    members = _members(type_name)
    _attributes(found, element, members, place)
    _no_text(element.text, place)
    often: dict[str, int] = {}
    for child in element:
        _no_text(child.tail, place)
        if not isinstance(child.tag, str):
            continue
        name = "div" if child.tag == _XHTML else _local(child, place)
        if name not in members:
            shown = definitions.meant(name, definitions.of(type_name))
            where = f"{place}.{shown}" if shown else place
            raise _problem(f"{type_name} has no such element", where)
        said, primitive = members[name]
        several = said.most != 1
        at = often.get(name, 0)
        often[name] = at + 1
        inner = f"{place}.{name}[{at}]" if several else f"{place}.{name}"
        if at and not several:
            raise _problem("the element stands twice, and may stand once", inner)
        if primitive:
            _primitive(found, child, said, inner, at)
        elif several:
            found.setdefault(name, []).append(_complex(child, said.type, inner))
        else:
            found[name] = _complex(child, said.type, inner)
    return _without_blanks(found)


def _without_blanks(found: dict[str, Any]) -> dict[str, Any]:
    """A list of primitives that all have extensions instead of a value is not there (2.6.2.1)."""
    for name in [name[1:] for name in found if name.startswith("_")]:
        values = found.get(name)
        if isinstance(values, list) and all(each is None for each in values):
            del found[name]
    return found


def _complex(element: Any, type_name: str, place: str) -> dict[str, Any]:
    if definitions.of(type_name).kind != "resource":
        return _filled({}, element, type_name, place)
    inside = [child for child in element if isinstance(child.tag, str)]
    _no_text(element.text, place)
    if len(inside) != 1 or element.attrib:
        raise _problem("here stands one resource", place)
    name = _local(inside[0], place)
    if not definitions.is_resource(name):
        raise _problem("here stands a resource of FHIR R4", place)
    return _resource(inside[0], name, place)


def _attributes(
    found: dict[str, Any], element: Any, members: dict[str, tuple[Element, bool]], place: str
) -> None:
    """`id` of an element and `url` of an extension are attributes (2.6.1)."""
    for name, value in element.attrib.items():
        if name in ("id", "url") and name in members and "resourceType" not in found:
            found[name] = value
        elif not name.startswith(_XSI):
            raise _problem(f"the attribute {etree.QName(name).localname} is none of this element", place)  # fmt: skip


def _primitive(found: dict[str, Any], child: Any, said: Element, place: str, at: int) -> None:
    """One value, and what stands beside it."""
    if said.type == "xhtml":
        found[said.name] = _xhtml(child)
        return
    text = child.get("value")
    value = None if text is None else _value(text, said.type)
    beside: dict[str, Any] = {}
    if len(child) or len(child.attrib) != (text is not None) or child.text:
        beside = _beside(child, place)
    if said.most == 1:
        if value is not None:
            found[said.name] = value
        if beside:
            found[f"_{said.name}"] = beside
        if value is None and not beside:
            found[said.name] = None
        return
    found.setdefault(said.name, []).append(value)
    under = f"_{said.name}"
    if beside:
        found.setdefault(under, [None] * at)
    if under in found:
        found[under].append(beside or None)


def _beside(child: Any, place: str) -> dict[str, Any]:
    """Id and extensions of a primitive."""
    found: dict[str, Any] = {}
    for name, text in child.attrib.items():
        if name == "id":
            found["id"] = text
        elif name not in _BOTH and not name.startswith(_XSI):
            raise _problem("a primitive has the attributes value and id", place)
    _no_text(child.text, place)
    for at, inner in enumerate(each for each in child if isinstance(each.tag, str)):
        if inner.tag != f"{_NAMESPACE}extension":
            raise _problem("in a primitive stand extensions", place)
        found.setdefault("extension", [])
        found["extension"].append(_filled({}, inner, "Extension", f"{place}.extension[{at}]"))
    return found


def _value(text: str, type_name: str) -> Any:
    """The value as JSON has it; what does not look like its type stays a text, and validation tells."""
    if type_name == "boolean":
        return _TRUTHS.get(text, text)
    if type_name in _NUMBERS and _INTEGER.fullmatch(text):
        return int(text)
    if type_name == "decimal" and _DECIMAL.fullmatch(text):
        try:
            return Decimal(text)
        except InvalidOperation:
            return text
    return text


def _xhtml(element: Any) -> str:
    """The narrative as a text (2.4.0), without declarations that it does not use."""
    text: str = etree.tostring(element, with_tail=False, encoding="unicode")
    alone = etree.fromstring(text, _PLAIN)
    etree.cleanup_namespaces(alone)
    said: str = etree.tostring(alone, encoding="unicode")
    return said


_PLAIN = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True)


def _local(element: Any, place: str) -> str:
    tag: str = element.tag
    if not tag.startswith(_NAMESPACE):
        raise _problem(f"elements of FHIR are of the namespace {FHIR}", place)
    return tag[len(_NAMESPACE) :]


def _no_text(text: str | None, place: str) -> None:
    if text and not text.isspace():
        raise _problem("text stands in an attribute value, not between elements", place)


def _problem(rule: str, place: str) -> MessageError:
    return MessageError("not_fhir", rule, place)
