"""Fields, repetitions and components as things: text that remembers how it stands in its message."""

from __future__ import annotations

from typing import Any

from engine.formats import NULL
from engine.formats.hl7v2.marks import Marks

#: From the outside in. What is copied into something deeper than itself goes as its value.
LEVELS = ("field", "repetition", "component", "subcomponent")
#: The level of a value that a mapping made of components (datatypes.py), and that goes to any of the others.
DATATYPE = "datatype"


class Element(str):
    """
    A field, repetition, component or subcomponent. As text it is its value: the first leaf of it, unescaped.

    `raw` is what stands in the message, with repetitions, components and escapes: what is copied.
    """

    __slots__ = ("cut", "level", "marks", "raw")

    raw: str
    marks: Marks
    level: str
    cut: list[str] | None
    """Its parts, once one of them was asked for."""

    def take_apart(self) -> list[str]:
        """Its parts: components, of a component subcomponents; of a field those of its first repetition."""
        if self.level == "repetition":
            self.cut = parts = self.raw.split(self.marks.component)
        else:
            self.cut = parts = parts_of(self.raw, self.marks, self.level)
        return parts

    def value(self) -> Any:
        """Text, NULL, or None for nothing."""
        return leaf(self.raw, self.marks)


def element(raw: str, marks: Marks, level: str) -> Element:
    """What stands in a message, as a thing."""
    value = leaf(raw, marks)
    made = Element(value if isinstance(value, str) else "")
    made.raw, made.marks, made.level, made.cut = raw, marks, level, None
    return made


def parts_of(raw: str, marks: Marks, level: str) -> list[str]:
    """The components of a field's first repetition or of a repetition, or the subcomponents of a component."""
    if level == "field":
        raw = raw.partition(marks.repetition)[0]
    if level in ("field", "repetition"):
        return raw.split(marks.component)
    return raw.split(marks.subcomponent)


def leaf(raw: str, marks: Marks) -> Any:
    """
    The value of a field, repetition or component: its first leaf, unescaped. `""` is NULL, empty is None.

    >>> from engine.formats.hl7v2.marks import marks_of
    >>> leaf("A\\\\T\\\\B&C^D~E", marks_of("|^~\\\\&", "ascii"))
    'A&B'
    """
    if marks.repetition in raw:
        raw = raw.partition(marks.repetition)[0]
    if marks.component in raw:
        raw = raw.partition(marks.component)[0]
    if marks.subcomponent in raw:
        raw = raw.partition(marks.subcomponent)[0]
    return raw if raw.isalnum() else meant(raw, marks)


def meant(raw: str, marks: Marks) -> Any:
    """The value of a leaf as written."""
    if not raw:
        return None
    if raw == '""':
        return NULL
    return marks.unescape(raw) if marks.escape_mark in raw else raw


def part(raw: str, separator: str, number: int) -> str:
    """One of the parts between separators, from 1; empty where there are not so many."""
    if separator not in raw:
        return raw if number == 1 else ""
    parts = raw.split(separator)
    return parts[number - 1] if number <= len(parts) else ""


def inside(raw: str, marks: Marks, component: int, subcomponent: int) -> str:
    """A component of a repetition, or a subcomponent of it; 0 = the whole."""
    if component:
        raw = part(raw, marks.component, component)
    if subcomponent:
        raw = part(raw, marks.subcomponent, subcomponent)
    return raw
