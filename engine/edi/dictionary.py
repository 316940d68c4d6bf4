"""Segments and data elements of the standard: names, types, lengths (`x12/segments.yaml`, `x12/elements.yaml`)."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache

import msgspec

from engine.edi.data import content
from engine.edi.rules import Rule, note_rules

_TOKEN = re.compile(r"([A-Z0-9]+)(!?)(?:x(\d+))?")
#: From this version on the lengths are those in front of the semicolon.
_NEWER = "005"


class Element(msgspec.Struct, frozen=True):
    """One data element."""

    id: str
    type: str
    """AN, ID, DT, TM, N0, N2, R, B."""
    least: int
    most: int
    title: str
    most_before: int
    """Its length before version 005010."""

    def longest(self, version: str) -> int:
        """Most characters in a version (GS08)."""
        return self.most if version[:3] >= _NEWER else self.most_before


class Slot(msgspec.Struct, frozen=True):
    """The place of an element, or of a composite, in a segment."""

    id: str
    required: bool
    repeat: int
    element: Element | None
    """None in a composite."""
    parts: tuple[Slot, ...] = ()


class Description(msgspec.Struct, frozen=True):
    """A segment of the standard."""

    name: str
    title: str
    slots: tuple[Slot, ...]
    rules: tuple[Rule, ...] = ()
    """The notes of the standard: which elements ask for others, or exclude them (rules.py)."""


@cache
def _elements() -> dict[str, Element]:
    found = {}
    for name, text in content("elements").items():
        said, _, before = text.partition(" ; ")
        type_, least, most, title = said.split(" ", 3)
        was = int(before.split()[2]) if before else int(most)
        found[name] = Element(name, type_, int(least), int(most), title, was)
    return found


@cache
def segments() -> dict[str, Description]:
    """All segments that are described, by name."""
    said = content("segments")
    composites = {name: _slots(text, {}) for name, text in said["composites"].items()}
    notes = said["notes"]
    found = {}
    for name, text in said["segments"].items():
        title, _, elements = text.partition(" | ")
        slots = _slots(elements, composites)
        rules = note_rules(notes.get(name, ""))
        for at, slot in enumerate(slots, 1):
            rules += note_rules(notes.get(slot.id, ""), at)
        found[name] = Description(name, title, slots, rules)
    return found


def _slots(text: str, composites: dict[str, tuple[Slot, ...]]) -> tuple[Slot, ...]:
    made = []
    for token in text.split():
        found = _TOKEN.fullmatch(token)
        assert found is not None, token
        name, required, repeat = found[1], bool(found[2]), int(found[3] or 1)
        element = None if name in composites else _elements()[name]
        made.append(Slot(name, required, repeat, element, composites.get(name, ())))
    return tuple(made)


class Dictionary:
    """The segments of a standard, or of one version of it."""

    def __init__(
        self,
        described: dict[str, Description],
        others: frozenset[str],
        pairs: dict[str, tuple[int, int]] | None = None,
    ) -> None:
        self.segments = described
        self.pairs = pairs or {}
        """Composites in which a component says what another is: where the qualifier stands, and the value."""
        self.names = others.union(described)
        """All names of segments, described or not."""

    def slot(self, name: str, element: int, component: int = 0) -> Slot | None:
        """The place `CLM05-1`; None where the standard is not known that far."""
        found = self.segments.get(name)
        if found is None or not 0 < element <= len(found.slots):
            return None
        one = found.slots[element - 1]
        if not component:
            return one
        return one.parts[component - 1] if component <= len(one.parts) else None

    def title(self, name: str, element: int = 0, component: int = 0) -> str:
        """What a segment or an element is called; empty where it is not described."""
        found = self.segments.get(name)
        if found is None or not element:
            return found.title if found else ""
        one = self.slot(name, element, component)
        return one.element.title if one is not None and one.element is not None else ""

    def nearest(self, name: str, known: frozenset[str] | None = None) -> str:
        """The name that was meant, if one is near."""
        among = sorted(known or self.names)
        turned = [one for one in among if sorted(one) == sorted(name)]
        close = turned or get_close_matches(name, among, 1, 0.6)
        return close[0] if close else ""


@cache
def standard() -> Dictionary:
    """That of X12."""
    return Dictionary(segments(), frozenset(content("segments")["others"].split()))


def slot(name: str, element: int, component: int = 0) -> Slot | None:
    """A place in a segment of X12."""
    return standard().slot(name, element, component)


def title(name: str, element: int = 0, component: int = 0) -> str:
    """What X12 calls a segment or an element."""
    return standard().title(name, element, component)


def names() -> frozenset[str]:
    """All names of segments of X12, described or not."""
    return standard().names
