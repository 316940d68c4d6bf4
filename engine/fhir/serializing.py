"""FHIR's JSON to its XML (HL7 FHIR R4, 2.6.1): elements in the order of the definitions, values as attributes."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any

from engine.errors import MessageError
from engine.fhir import definitions
from engine.fhir.definitions import Element
from engine.fhir.markup import FHIR
from engine.markup.characters import attribute, checked

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def to_xml(resource: dict[str, Any]) -> bytes:
    """
    A resource as XML; MessageError `not_fhir`, with the FHIRPath, where it holds what R4 does not have.

    >>> to_xml({"resourceType": "Patient", "active": True})[39:]
    b'<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>'
    """
    written: list[str] = [_HEAD]
    _resource(resource, written, f' xmlns="{FHIR}"', "")
    return "".join(written).encode()


@cache
def _members(type_name: str) -> tuple[tuple[Element, bool], ...]:
    elements = definitions.of(type_name).elements.values()
    return tuple((each, definitions.of(each.type).kind == "primitive") for each in elements)


def _resource(resource: Any, written: list[str], declared: str, place: str) -> None:
    name = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(name, str) or not definitions.is_resource(name):
        raise MessageError("not_fhir", "here stands a resource of FHIR R4", place)
    rest = {key: value for key, value in resource.items() if key != "resourceType"}
    written.append(f"<{name}{declared}>")
    _children(rest, name, written, place or name)
    written.append(f"</{name}>")


def _children(record: dict[str, Any], type_name: str, written: list[str], place: str) -> None:
    """The elements of a record, each type's own first those it inherits."""
    left = len(record)
    for said, primitive in _members(type_name):
        name = said.name
        beside = record.get(f"_{name}") if primitive else None
        if name not in record and beside is None:
            continue
        left -= (name in record) + (f"_{name}" in record)
        inner = f"{place}.{name}"
        if primitive:
            _primitives(record.get(name), beside, said, written, inner)
        elif said.most == 1:
            _complex(record[name], said, written, inner)
        else:
            for at, each in enumerate(_listed(record[name], inner)):
                _complex(each, said, written, f"{inner}[{at}]")
    if left:
        known = {said.name for said, _ in _members(type_name)}
        unknown = next((name for name in record if name.lstrip("_") not in known), "")
        shown = definitions.meant(unknown, definitions.of(type_name))
        where = f"{place}.{shown}" if shown else place
        raise MessageError("not_fhir", f"{type_name} has no such element", where)


def _complex(value: Any, said: Element, written: list[str], place: str) -> None:
    if not isinstance(value, dict):
        raise MessageError("not_fhir", f"here stands a {said.type}", place)
    if definitions.of(said.type).kind == "resource":
        written.append(f"<{said.name}>")
        _resource(value, written, "", place)
        written.append(f"</{said.name}>")
        return
    attributes, rest = "", value
    for name in ("id", "url"):
        if name in rest and (name == "id" or said.type == "Extension"):
            attributes += f' {name}="{_text(rest[name], place)}"'
            rest = {key: each for key, each in rest.items() if key != name}
    written.append(f"<{said.name}{attributes}>")
    _children(rest, said.type, written, place)
    written.append(f"</{said.name}>")


def _primitives(value: Any, beside: Any, said: Element, written: list[str], place: str) -> None:
    if said.most == 1:
        _primitive(value, beside, said, written, place)
        return
    values = _listed(value, place) if value is not None else []
    others = _listed(beside, place) if beside is not None else []
    for at in range(max(len(values), len(others))):
        one = values[at] if at < len(values) else None
        other = others[at] if at < len(others) else None
        _primitive(one, other, said, written, f"{place}[{at}]")


def _primitive(value: Any, beside: Any, said: Element, written: list[str], place: str) -> None:
    """One value with its id and extensions; XHTML stands as it is."""
    if said.type == "xhtml":
        written.append(str(value))
        return
    attributes, inner = "", beside or {}
    if "id" in inner:
        attributes = f' id="{_text(inner["id"], place)}"'
    if value is not None:
        attributes += f' value="{_text(value, place)}"'
    extensions = _listed(inner.get("extension", []), place)
    if not extensions:
        written.append(f"<{said.name}{attributes}/>")
        return
    written.append(f"<{said.name}{attributes}>")
    for at, each in enumerate(extensions):
        _complex(each, _EXTENSION, written, f"{place}.extension[{at}]")
    written.append(f"</{said.name}>")


_EXTENSION = Element(name="extension", type="Extension", most=0)


def _listed(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise MessageError("not_fhir", "here stands a list", place)
    return value


def _text(value: Any, place: str) -> str:
    """A value as it stands between the quotes of an attribute."""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)
    if not isinstance(value, str):
        raise MessageError("not_fhir", "here stands a value", place)
    return attribute(checked(value, place))
