"""Every element of a resource with its type, from the resource down: for rules that are said of types (R4, 5.1.0.11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from engine.fhir import definitions
from engine.fhir.definitions import Element, Type


class Node(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """An element, or a resource, and what is around it."""

    value: Any
    type: Type
    place: str
    """Its FHIRPath: `Patient.contact[0]`."""
    path: str
    """Where it is defined: `Patient.contact`."""
    resource: Mapping[str, Any]
    """The resource that it is part of."""
    element: Element | None = None
    """None for a resource."""


def nodes(resource: Mapping[str, Any], place: str = "") -> Iterator[Node]:
    """
    A resource and all in it, resources in it included; what is not as the types say is passed over.

    >>> [node.place for node in nodes({"resourceType": "Patient", "name": [{"family": "A"}]})]
    ['Patient', 'Patient.name[0]', 'Patient.name[0].family']
    """
    name = resource.get("resourceType")
    if not isinstance(name, str) or not definitions.is_resource(name):
        return
    here = place or name
    type_ = definitions.of(name)
    yield Node(value=resource, type=type_, place=here, path=name, resource=resource)
    yield from _inner(resource, type_, here, resource)


def _inner(
    value: Mapping[str, Any], type_: Type, place: str, resource: Mapping[str, Any]
) -> Iterator[Node]:
    for name, given in value.items():
        element = type_.elements.get(name)
        if element is None:
            continue
        here = f"{place}.{name}"
        if element.choice:
            here = f"{place}.{element.choice[:-3]}.ofType({element.type})"
        every = given if isinstance(given, list) else [given]
        for number, each in enumerate(every):
            at = f"{here}[{number}]" if isinstance(given, list) else here
            if element.type == "Resource":
                if isinstance(each, dict):
                    yield from nodes(each, at)
            elif each is not None:
                inner = definitions.of(element.type)
                path = f"{type_.name}.{element.choice or element.name}"
                yield Node(
                    value=each,
                    type=inner,
                    place=at,
                    path=path,
                    resource=resource,
                    element=element,
                )
                if isinstance(each, dict):
                    yield from _inner(each, inner, at, resource)
