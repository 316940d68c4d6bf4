"""
What is there at all: which fields of a segment, which components of a datatype have something in them.

A mapping of a whole segment names all its fields, and most are empty. What of it can give something is the same for all segments
in which the same fields are filled; so rules are chosen by that, once (engine/mapping/needs.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from engine.formats.hl7v2.groups import Group
from engine.paths import Scope, Shape

_INSIDE = re.compile(r"\.(\d{1,3})(?![\d])")
_FIELD = re.compile(r"([A-Z][A-Z0-9]{2})-(\d{1,3})(?![\d])")
#: Shapes of things that have components.
_PARTED = ("field", "repetition", "component")


def position(text: str, shape: Shape) -> int:
    """
    The field or component of the thing at hand without which a path gives nothing; 0 where that is not known.

    >>> position("PV1-7.1", Shape(format="hl7v2", kind="group", name="PV1"))
    7
    >>> position(".4.2", Shape(format="hl7v2", kind="repetition")), position("PID-3", Shape(format="hl7v2"))
    (4, 0)
    """
    if shape.kind in _PARTED:
        found = _INSIDE.match(text)
        return int(found[1]) if found else 0
    found = _FIELD.match(text) if shape.kind == "group" else None
    return int(found[2]) if found and found[1] == shape.name and shape.name != "MSH" else 0


def present(shape: Shape) -> Callable[[Scope], bytes] | None:
    """
    Says what is there in the thing at hand: a byte for each field or component, from the first, 1 where something is. None for
    things that have neither.
    """
    if shape.kind in _PARTED:
        return _components
    return _fields if shape.kind == "group" and shape.name != "MSH" else None


def _components(scope: Scope) -> bytes:
    item = scope.item
    return bytes(map(bool, item.cut or item.take_apart()))


def _fields(scope: Scope) -> bytes:
    node = scope.node
    segment = node.segment if type(node) is Group else node.find("")[0]
    fields = segment.cut or segment.split()
    return bytes(map(bool, fields[1:]))
