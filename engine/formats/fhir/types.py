"""The types of R4 as paths see them: what a record has is known at load, by the definitions of the standard."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache

from engine.fhir import definitions
from engine.fhir.definitions import Element
from engine.records.types import ANY, Described, Field, FieldType

_TEXT = FieldType(kind="text", form="str")
_NUMBER = FieldType(kind="number", form="Decimal")
_MOMENT = FieldType(kind="moment", form="str")
#: What primitives are in expressions; the others are texts.
_PRIMITIVES = {
    "boolean": FieldType(kind="truth", form="bool"),
    "decimal": _NUMBER,
    "integer": _NUMBER,
    "positiveInt": _NUMBER,
    "unsignedInt": _NUMBER,
    "date": _MOMENT,
    "dateTime": _MOMENT,
    "instant": _MOMENT,
}
_REFERENCE = "Reference"
#: Any resource.
_RESOURCE = "Resource"


class Kind(Described, frozen=True):
    """A type of R4; of a Reference also what it may point at."""

    targets: tuple[str, ...] = ()
    """Empty = anything."""

    def fields(self) -> Mapping[str, Field]:
        """Its elements, and `_name` for the extensions of those that are primitives (R4, 2.6.2.1)."""
        return _fields(self.name)

    def missing(self, name: str) -> str:
        """What is said of an element that it does not have: a choice is written with its type, others may be near."""
        elements = definitions.of(self.name).elements
        choices = [each for each in elements if elements[each].choice == f"{name}[x]"]
        if choices:
            listed = ", ".join(choices[:6]) + (", ..." if len(choices) > 6 else "")
            return f"'{name}' of {self.name} has one of several types, which is a part of its name: {listed}"
        near = get_close_matches(name, elements, n=1, cutoff=0.6)
        hint = f"; did you mean '{near[0]}'?" if near else f"; it has {', '.join(elements)}"
        return f"{self.name} has no element '{name}' in R4{hint}"


@cache
def of(name: str) -> FieldType:
    """A type as the type of a field; LookupError, with what is near, where R4 has none of that name."""
    type_ = definitions.of(name)
    if type_.kind == "primitive":
        return _PRIMITIVES.get(name, _TEXT)
    return FieldType(kind="record", form="dict", struct=Kind(name))


@cache
def several(name: str) -> FieldType:
    """The resources of a type in a document."""
    return FieldType(kind="list", form="list", item=of(name))


def targets_of(type_: FieldType) -> tuple[str, ...] | None:
    """What a Reference may point at, empty = anything; None where the type is no Reference."""
    kind = type_.struct
    return kind.targets if isinstance(kind, Kind) and kind.name == _REFERENCE else None


@cache
def _fields(name: str) -> dict[str, Field]:
    type_ = definitions.of(name)
    found: dict[str, Field] = {}
    if definitions.is_resource(name):
        found["resourceType"] = Field(name="resourceType", type=_TEXT, required=True)
    for each in type_.elements.values():
        found[each.name] = _field(each.name, each, _type(each), each.least > 0)
        if definitions.of(each.type).kind == "primitive":
            beside = f"_{each.name}"
            found[beside] = _field(beside, each, of("Element"), required=False)
    return found


def _field(name: str, element: Element, item: FieldType, required: bool) -> Field:
    type_ = item if element.most == 1 else FieldType(kind="list", form="list", item=item)
    return Field(name=name, type=type_, required=required)


def _type(element: Element) -> FieldType:
    """The type of an element; of a resource in a resource nothing is known before it is there."""
    if definitions.of(element.type).kind == "resource":
        return ANY
    if element.type == _REFERENCE:
        return FieldType(kind="record", form="dict", struct=Kind(_REFERENCE, _targets(element)))
    return of(element.type)


def _targets(element: Element) -> tuple[str, ...]:
    return () if _RESOURCE in element.targets else element.targets
