"""The types of FHIR as fields of mappings see them: what fits is decided at load, by the definitions of the standard."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

import msgspec

from engine.fhir import definitions
from engine.fhir.definitions import Element, Type
from engine.records.types import ANY, Described, Field, FieldType

#: How primitives are written, where it is not as text.
_PRIMITIVES = {
    "boolean": FieldType(kind="truth", form="bool"),
    "decimal": FieldType(kind="number", form="Decimal"),
    "integer": FieldType(kind="number", form="int", least=-(2**31), most=2**31 - 1),
    "positiveInt": FieldType(kind="number", form="int", least=1, most=2**31 - 1),
    "unsignedInt": FieldType(kind="number", form="int", least=0, most=2**31 - 1),
    "date": FieldType(kind="moment", form="fhir_date"),
    "dateTime": FieldType(kind="moment", form="fhir_date_time"),
    "instant": FieldType(kind="moment", form="fhir_instant"),
}
_TEXT = FieldType(kind="text", form="fhir_text")
_CODE = FieldType(kind="text", form="fhir_code")
#: What a text is checked against when it is made; longer lists are left to validation.
MOST_CODES = 60


@cache
def of(name: str) -> FieldType:
    """A type of FHIR R4 as the type of a field; LookupError where there is none of that name."""
    return FieldType(kind="record", form="fhir", struct=definitions.of(name))


@cache
def fields(type_name: str) -> dict[str, Field]:
    """The elements of a type; the extensions of primitives stand under `_name` (FHIR R4, 2.6.2)."""
    found: dict[str, Field] = {}
    for element in definitions.of(type_name).elements.values():
        type_ = _listed(element, _of(element))
        found[element.name] = Field(name=element.name, type=type_, required=element.least > 0)
        if is_primitive(element.type):
            beside = _listed(element, of("Element"))
            found[f"_{element.name}"] = Field(
                name=f"_{element.name}", type=beside, required=False
            )
    return found


def elements(type_: FieldType) -> Mapping[str, Element]:
    """The elements of a type of FHIR; none where it is none."""
    return type_.struct.elements if isinstance(type_.struct, Type) else {}


def element(type_: FieldType, name: str) -> Element | None:
    """One of these; what stands beside a primitive (`_birthDate`) is an element as well. None where there is none, or it is no type of FHIR."""
    known = elements(type_)
    if name[:1] != "_":
        return known.get(name)
    plain = known.get(name[1:])
    return plain and msgspec.structs.replace(
        plain, name=name, type="Element", least=0, choice="", codes=frozenset(), profile=""
    )


@cache
def named(name: str) -> FieldType:
    """What a name of `resources` stands for: anything, of which the resource is known."""
    return FieldType(kind="any", form="resource", choices=(name,))


def resource_of(type_: FieldType | None) -> str:
    """The resource that a name of `resources`, or a path of a message of FHIR, stands for; empty where it is none."""
    if type_ is None:
        return ""
    if type_.form == "resource":
        return str(type_.choices[0])
    name = getattr(type_.struct, "name", "") if isinstance(type_.struct, Described) else ""
    return name if definitions.is_resource(name) else ""


def is_primitive(name: str) -> bool:
    """Whether values of the type are texts, numbers and truths."""
    return definitions.of(name).kind == "primitive"


def is_resource(type_: FieldType) -> bool:
    """Whether the type is that of a resource, which has an identity of its own."""
    return type_.form == "fhir" and name_of(type_) in definitions.resources()


def is_named(struct: Any, names: tuple[str, ...]) -> bool:
    """Whether a type is one of those that a Reference may point at; any resource where none are named."""
    if not isinstance(struct, Type) or struct.kind != "resource":
        return False
    return not names or "Resource" in names or struct.name in names


def find(to: str) -> FieldType | None:
    """`fhir/Patient` of a mapping as a type; None where it is none."""
    head, _, name = to.partition("/")
    if head != "fhir":
        return None
    try:
        return of(name)
    except LookupError:
        return None


def unknown(name: str) -> str:
    """What is wrong with a type that R4 does not have."""
    try:
        definitions.of(name)
    except LookupError as error:
        return str(error.args[0])
    return f"there is no output 'fhir/{name}'"


def forms_of(type_: FieldType, name: str) -> str:
    """
    What is said of a choice that is written without its type, or with a type that it cannot have; empty where it is none.

    >>> forms_of(of("Observation.component"), "value")[:58]
    '; its type is a part of its name: valueQuantity, valueCode'
    """
    if not isinstance(type_.struct, Type):
        return ""
    elements = type_.struct.elements
    stems = {each.choice.removesuffix("[x]") for each in elements.values() if each.choice}
    known = [stem for stem in stems if name == stem or re.fullmatch(f"{stem}[A-Z].*", name)]
    if not known or (name != known[0] and get_close_matches(name, elements, n=1, cutoff=0.9)):
        return ""
    forms = [each for each in elements if elements[each].choice == f"{known[0]}[x]"]
    return f"; its type is a part of its name: {', '.join(forms)}"


def name_of(type_: FieldType) -> str:
    """The name of a type of FHIR; empty where it is none."""
    return type_.struct.name if isinstance(type_.struct, Type) else ""


def _listed(element: Element, item: FieldType) -> FieldType:
    if element.most == 1:
        return item
    return FieldType(kind="list", form="list", item=item, wraps=True)


def _of(element: Element) -> FieldType:
    if element.type in ("Resource", "DomainResource"):
        return ANY
    if element.type == "Reference":
        return FieldType(
            kind="record",
            form="reference",
            struct=definitions.of("Reference"),
            choices=element.targets,
        )
    if not is_primitive(element.type):
        return of(element.type)
    plain = _CODE if element.type == "code" else _PRIMITIVES.get(element.type, _TEXT)
    if plain.kind == "text" and 0 < len(element.codes) <= MOST_CODES:
        return msgspec.structs.replace(plain, choices=tuple(sorted(element.codes)))
    return plain
