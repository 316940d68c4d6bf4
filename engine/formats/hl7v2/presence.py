"""
What is there at all: which fields of a segment, which components of a datatype have something in them.

A mapping of a whole segment names all its fields, and most are empty. What of it can give something is the same for all segments
in which the same fields are filled; so rules are chosen by that, once (engine/mapping/needs.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from engine.formats.hl7v2.document import Segment
from engine.formats.hl7v2.groups import Group
from engine.paths import Scope, Shape

_INSIDE = re.compile(r"\.(\d{1,3})(\.\d+)?(?![\d])")
_FIELD = re.compile(r"([A-Z][A-Z0-9]{2})-(\d{1,3})(\.\d+)?(\.\d+)?(?![\d])")
#: Shapes of things that have components.
_PARTED = ("field", "repetition", "component")
_WHOLE_INSIDE = re.compile(r"(\.\d{1,3})(\.\d{1,3})?", re.ASCII)
_WHOLE_FIELD = re.compile(
    r"([A-Z][A-Z0-9]{2}-\d{1,3})(\[.*\])?(\((\d+|\*)\))?(\.\d{1,3}){0,2}", re.ASCII | re.DOTALL
)
#: Says that something has parts of its own.
_PARTS = 2


def position(text: str, shape: Shape) -> int:
    """
    The field or component of the thing at hand without which a path gives nothing; 0 where that is not known. Negative where it
    must have parts of its own, so that one behind the first can be there.

    >>> position("PV1-7.1", Shape(format="hl7v2", kind="group", name="PV1"))
    7
    >>> position(".4.2", Shape(format="hl7v2", kind="repetition")), position("PID-3", Shape(format="hl7v2"))
    (-4, 0)
    """
    if shape.kind in _PARTED:
        found = _INSIDE.match(text)
    else:
        found = _FIELD.match(text) if shape.kind == "group" else None
        if found is not None and found[1] != shape.name:
            found = None
    if found is None:
        return 0
    number, *inner = found.groups()[shape.kind not in _PARTED :]
    behind = any(part is not None and int(part[1:]) > 1 for part in inner)
    return -int(number) if behind else int(number)


def has_parts(shape: Shape) -> bool:
    """Whether the thing at hand is a field or a part of one, whose components a dot reads."""
    return shape.kind in _PARTED


def whole(text: str, shape: Shape) -> str:
    """
    The field (`PID-5`) or component of the thing at hand (`.4`) in which all stands that a path reads; empty where that is not known.

    >>> whole("PID-5(*).1", Shape(format="hl7v2")), whole(".4.2", Shape(format="hl7v2", kind="repetition"))
    ('PID-5', '.4')
    >>> whole('PID-3[.5 == "MR"].1', Shape(format="hl7v2")), whole("OBX[2]-5", Shape(format="hl7v2"))
    ('PID-3', '')
    """
    found = (_WHOLE_INSIDE if has_parts(shape) and text[:1] == "." else _WHOLE_FIELD).fullmatch(
        text
    )
    return found[1] if found is not None else ""


def said(places: Sequence[str]) -> Callable[[Scope], Any]:
    """
    Reads fields or components of the thing at hand as they are written, from what `whole` gives: one text, or a tuple of several;
    empty where there is none.
    """
    if not places:
        return lambda scope: ""
    if places == ["."]:
        return lambda scope: scope.item.raw
    if all(place.startswith(".") for place in places):
        return _components_said(
            [int(place[1:]) - 1 for place in places if place != "."], "." in places
        )
    inside = [place for place in places if place.startswith(".")]
    named: dict[str, list[int]] = {}
    for place in places:
        if not place.startswith("."):
            name, _, number = place.partition("-")
            named.setdefault(name, []).append(int(number))
    reads = [_fields_said(name, numbers) for name, numbers in named.items()]
    if inside:
        reads.append(said(inside))
    return reads[0] if len(reads) == 1 else lambda scope: tuple([read(scope) for read in reads])


def filled(places: Iterable[str], there: bytes | None, shape: Shape) -> list[str]:
    """
    Those of the places that `whole` gives in which something may stand, where `present` says this of the thing at hand.

    >>> filled(["PV1-2", "PV1-3", "MSH-4"], bytes([0, 1]), Shape(format="hl7v2", kind="group", name="PV1"))
    ['PV1-2', 'MSH-4']
    """
    start = "." if has_parts(shape) else f"{shape.name}-"
    empty = {
        place
        for place in places
        if there is not None
        and place != "."
        and place.startswith(start)
        and not any(there[int(place[len(start) :]) - 1 :][:1])
    }
    return [place for place in places if place not in empty]


def present(shape: Shape) -> Callable[[Scope], bytes] | None:
    """
    Says what is in the thing at hand: for each field or component, from the first, 0 where nothing is, 1 where one text is, 2 where it
    has parts of its own. None for things that have neither.
    """
    if shape.kind in _PARTED:
        return _components
    return _fields if shape.kind == "group" else None


def told(there: bytes) -> frozenset[int]:
    """
    The positions of which something is there, and negative those that have parts.

    >>> sorted(told(bytes([0, 1, 2])))
    [-3, 2, 3]
    """
    found = {at for at, said in enumerate(there, 1) if said}
    return frozenset(found | {-at for at, said in enumerate(there, 1) if said == _PARTS})


def _components_said(numbers: list[int], whole_too: bool) -> Callable[[Scope], Any]:
    if whole_too:
        return lambda scope: scope.item.raw
    first = numbers[0]

    def one(scope: Scope) -> str:
        item = scope.item
        parts = item.cut or item.take_apart()
        return parts[first] if first < len(parts) else ""

    def several(scope: Scope) -> tuple[str, ...]:
        item = scope.item
        parts = item.cut or item.take_apart()
        size = len(parts)
        return tuple([parts[at] if at < size else "" for at in numbers])

    return one if len(numbers) == 1 else several


def _fields_said(name: str, numbers: list[int]) -> Callable[[Scope], Any]:
    first = numbers[0]

    def one(scope: Scope) -> str:
        node = scope.node
        found = node.seen.get(name) if type(node) is Group else None
        if found is None:
            found = node.find(name)
        if not found:
            return ""
        segment = found[0]
        fields = segment.cut or segment.split()
        return fields[first] if first < len(fields) else ""

    def several(scope: Scope) -> tuple[str, ...]:
        node = scope.node
        found = node.seen.get(name) if type(node) is Group else None
        if found is None:
            found = node.find(name)
        if not found:
            return ()
        segment = found[0]
        fields = segment.cut or segment.split()
        size = len(fields)
        return tuple([fields[at] if at < size else "" for at in numbers])

    return one if len(numbers) == 1 else several


def _components(scope: Scope) -> bytes:
    item = scope.item
    parts = item.cut or item.take_apart()
    mark = item.marks.subcomponent
    if mark not in item.raw:
        return bytes(map(bool, parts))
    return bytes([(_PARTS if mark in each else 1) if each else 0 for each in parts])


def _fields(scope: Scope) -> bytes:
    node = scope.node
    segment = node.segment if type(node) is Group else node.find("")[0]
    return segment.filled or _fill(segment)


def _fill(segment: Segment) -> bytes:
    """Remember of each field behind the name whether it is empty (0), one text (1), or has parts (2)."""
    fields, line = segment.cut or segment.split(), segment.line
    segment.filled = found = _told(
        [mark for mark in segment.marks.inner if mark in line], fields[1:]
    )
    return found


def _told(marks: list[str], fields: list[str]) -> bytes:
    """What `present` says of fields in which nothing but these marks separates parts: most segments have one of them, or none."""
    if not marks:
        return bytes(map(bool, fields))
    one, *more = marks
    if not more:
        return bytes([(_PARTS if one in each else 1) if each else 0 for each in fields])
    two, three = more[0], more[-1]
    return bytes(
        [
            (_PARTS if one in each or two in each or three in each else 1) if each else 0
            for each in fields
        ]
    )
