"""The standard's names for segments, fields and components (base v2.5.1, with what 2.3 to 2.8.2 have besides)."""

from __future__ import annotations

from functools import cache

import msgspec

from engine.formats.hl7v2.shipped import content


class _Names(msgspec.Struct, frozen=True):
    segments: dict[str, str]
    fields: dict[str, list[str]]
    """By segment, in order: `Patient Name|XPN`."""
    datatypes: dict[str, list[str]]
    """By datatype, its components: `Family Name|FN`."""
    alike: list[str]
    """Datatypes of which one took the place of the other: their components mean the same as far as both have them."""


@cache
def _names() -> _Names:
    return msgspec.json.decode(content("names.json"), type=_Names)


def segment_title(name: str) -> str:
    """
    What a segment is called; empty where the standard has none of that name.

    >>> segment_title("PV1"), segment_title("ZFT")
    ('Patient Visit', '')
    """
    return _names().segments.get(name, "")


def field_title(segment: str, number: int) -> tuple[str, str]:
    """
    What a field is called, and its datatype; empty where the standard has none.

    >>> field_title("PID", 5)
    ('Patient Name', 'XPN')
    """
    return _entry(_names().fields.get(segment, []), number)


def component_title(datatype: str, number: int) -> tuple[str, str]:
    """
    What a component of a datatype is called, and its own datatype.

    >>> component_title("CX", 4)
    ('Assigning Authority', 'HD')
    """
    return _entry(_names().datatypes.get(datatype, []), number)


def known_datatype(name: str) -> bool:
    """Whether the standard has a datatype of that name with components."""
    return name in _names().datatypes


@cache
def alike(name: str) -> frozenset[str]:
    """
    The datatypes that stand where this one stood in another version, itself among them.

    >>> sorted(alike("CE"))
    ['CE', 'CNE', 'CWE']
    """
    same = (frozenset(each.split()) for each in _names().alike)
    return next((each for each in same if name in each), frozenset([name]))


def _entry(entries: list[str], number: int) -> tuple[str, str]:
    if not 0 < number <= len(entries):
        return "", ""
    title, _, datatype = entries[number - 1].partition("|")
    return title, datatype
