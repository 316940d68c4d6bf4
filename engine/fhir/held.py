"""The occurrences of an element by the name that a definition gives it, a primitive with what stands beside it (`_name`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from engine.fhir import definitions
from engine.fhir.definitions import Element, Type


class Held(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One occurrence of an element."""

    value: Any
    """None for a primitive that has extensions only."""
    type: str
    place: str
    beside: Any = None
    """Id and extensions of a primitive."""

    @property
    def definition(self) -> Type | None:
        """Its type; None for what R4 does not know."""
        try:
            return definitions.of(self.type)
        except LookupError:
            return None


def inside(parent: Held, name: str) -> Iterator[Held]:
    """
    The occurrences of `identifier` or `value[x]` in an element.

    >>> patient = Held(value={"resourceType": "Patient", "deceasedBoolean": True}, type="Patient", place="Patient")
    >>> [(each.type, each.place) for each in inside(patient, "deceased[x]")]
    [('boolean', 'Patient.deceased.ofType(boolean)')]
    """
    definition = parent.definition
    if definition is None:
        return
    record = parent.beside if definition.kind == "primitive" else parent.value
    if not isinstance(record, dict):
        return
    for element in definition.elements.values():
        if name in (element.name, element.choice):
            yield from _occurrences(record, element, parent.place)


def _occurrences(record: dict[str, Any], element: Element, place: str) -> Iterator[Held]:
    here = f"{place}.{element.name}"
    if element.choice:
        here = f"{place}.{element.choice[:-3]}.ofType({element.type})"
    value, beside = record.get(element.name), record.get(f"_{element.name}")
    if element.most == 1:
        if value is not None or beside is not None:
            yield Held(value=value, type=_type(element, value), place=here, beside=beside)
        return
    values = value if isinstance(value, list) else []
    more = beside if isinstance(beside, list) else []
    for number in range(max(len(values), len(more))):
        one = values[number] if number < len(values) else None
        yield Held(
            value=one,
            type=_type(element, one),
            place=f"{here}[{number}]",
            beside=more[number] if number < len(more) else None,
        )


def _type(element: Element, value: Any) -> str:
    if element.type == "Resource" and isinstance(value, dict):
        return str(value.get("resourceType", "Resource"))
    return element.type
