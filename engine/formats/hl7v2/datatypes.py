"""
Datatypes of the standard, made of their components: `to: hl7v2/XPN`, `PID-5: {each: name, set: {.1.1: family}}`.

    xpn = datatype("XPN")
    made = xpn.new(facts)
    xpn.place(".1.1", condition).set(made, scope, "DOE")
    made.value()                    what places of a message take: engine/formats/hl7v2/elements.py

A place in a datatype is a component (`.2`) or a subcomponent (`.1.1`); a component that is a datatype itself may be made by
another mapping.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from engine.errors import MessageError
from engine.formats import CompileCondition, PathProblem, Scope
from engine.formats.hl7v2.elements import DATATYPE, Element, element
from engine.formats.hl7v2.marks import USUAL, marks_of
from engine.formats.hl7v2.standard import alike, component_title, field_title, known_datatype
from engine.formats.hl7v2.writing import encoded, within

_PATH = re.compile(r"\.(?P<component>[1-9]\d{0,2})(?:\.(?P<subcomponent>[1-9]\d{0,2}))?")
_MARKS = marks_of(f"|{USUAL}", "utf-8")


class Making:
    """A value of a datatype while it is made."""

    __slots__ = ("raw",)

    def __init__(self) -> None:
        self.raw = ""

    def value(self) -> Element | None:
        """The value as places take it; None where nothing was written."""
        return element(self.raw, _MARKS, DATATYPE) if self.raw else None


class Component:
    """A component, or a subcomponent of one: engine.formats.Place."""

    def __init__(self, text: str, component: int, subcomponent: int, holds: str) -> None:
        self.text = text
        self._component, self._subcomponent, self._holds = component, subcomponent, holds

    def set(self, group: Making, scope: Scope, value: Any) -> None:
        """Write text (escaped), NULL, or things (as they stand in their message); of nothing nothing is written."""
        if isinstance(value, list | tuple) and len(value) > 1:
            raise several(self.text)
        if encoded(value, _MARKS, "field"):
            group.raw = within(group.raw, _MARKS, self._component, self._subcomponent, value)

    def inside(self) -> Datatype | None:
        """The datatype of the component; None where it has no parts."""
        return None if self._subcomponent else _of(self._holds)


class Datatype:
    """A datatype, by its name; one without a name takes any components. engine.formats.Structure."""

    is_part = True

    def __init__(self, name: str) -> None:
        self.name = name
        self.alike = alike(name)
        """Datatypes whose components mean the same as far as both have them."""

    def place(self, text: str, condition: CompileCondition) -> Component:
        """`.2`, `.1.1`; PathProblem where there is no such component."""
        found = _PATH.fullmatch(text)
        if found is None:
            said = f"of {self.name or 'a field'} its components are written"
            raise PathProblem(0, f"{said}, by a path that begins with a dot", ".1")
        component, subcomponent = int(found["component"]), int(found["subcomponent"] or 0)
        holds = self._holds(self.name, component, 0)
        if subcomponent:
            self._holds(holds, subcomponent, found.start("subcomponent"))
        return Component(text, component, subcomponent, holds)

    def _holds(self, name: str, number: int, at: int) -> str:
        """The datatype of a component; empty where nobody knows."""
        if not name or name == "varies":
            return ""
        title, holds = component_title(name, number)
        if not title and not (number == 1 and not known_datatype(name)):
            raise PathProblem(at, f"{name} has no component {number}")
        return holds

    def group(self, name: str) -> Datatype:
        """It has none."""
        raise LookupError(
            f"{self.name or 'a field'} has components and no groups: set {{.1: ...}}"
        )

    def pairs(self, first: str) -> Callable[[Any, Sequence[tuple[str, str]]], None]:
        """It has none."""
        raise PathProblem(0, "pairs of qualifier and value are of X12")

    def new(self, facts: Any) -> Making:
        """A value to be made."""
        return Making()


def several(path: str) -> MessageError:
    """What a place says that takes one value and is given more."""
    return MessageError("bad_value", f"{path} takes one value, and there are several", path)


def in_field(segment: str, field: int, component: int) -> Datatype | None:
    """The datatype that stands in a field, or in a component of one; None where it has no components."""
    name = field_title(segment, field)[1]
    if component and name and name != "varies":
        name = component_title(name, component)[1] or "ST"
    return _of(name)


def _of(name: str) -> Datatype | None:
    if not name or name == "varies":
        return Datatype("")
    if name == "IS":  # a mere code until v2.6 (ch. 2.A.36), a CWE since v2.7
        return datatype("CWE")
    return datatype(name) if known_datatype(name) else None


@cache
def datatype(name: str) -> Datatype:
    """The datatype of that name; LookupError where the standard has none."""
    if not known_datatype(name):
        raise LookupError(f"HL7 v2 has no datatype '{name}' of several components")
    return Datatype(name)
