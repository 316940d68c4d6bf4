"""
What is there at all: which fields of a segment, which components of a datatype have something in them.

A mapping of a whole segment names all its fields, and most are empty. What of it can give something is the same for all segments
in which the same fields are filled; so rules are chosen by that, once (engine/mapping/needs.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

from engine.formats.hl7v2.groups import Group
from engine.paths import Scope, Shape

_INSIDE = re.compile(r"\.(\d{1,3})(\.\d+)?(?![\d])")
_FIELD = re.compile(r"([A-Z][A-Z0-9]{2})-(\d{1,3})(\.\d+)?(\.\d+)?(?![\d])")
#: Shapes of things that have components.
_PARTED = ("field", "repetition", "component")
#: Stands between what is there and what has parts; other than 0 and 1.
_BETWEEN = b"\2"


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


def present(shape: Shape, watched: Sequence[int] = ()) -> Callable[[Scope], bytes] | None:
    """
    Says what is there in the thing at hand: a byte for each field or component, from the first, 1 where something is; and behind a
    2 the same for those that are watched, 1 where they have parts. None for things that have neither.
    """
    if shape.kind in _PARTED:
        return partial(_components, tuple(each - 1 for each in watched))
    return partial(_fields, tuple(watched)) if shape.kind == "group" else None


def told(there: bytes, watched: Sequence[int]) -> frozenset[int]:
    """
    The positions of which something is there, and negative those that have parts.

    >>> sorted(told(bytes([0, 1, 2, 1]), [2]))
    [-2, 2]
    """
    filled, _, parted = there.partition(_BETWEEN)
    found = {at for at, said in enumerate(filled, 1) if said}
    return frozenset(found | {-at for at, said in zip(watched, parted) if said})  # noqa: B905


def _components(watched: tuple[int, ...], scope: Scope) -> bytes:
    item = scope.item
    parts = item.cut or item.take_apart()
    there = bytes(map(bool, parts))
    mark = item.marks.subcomponent
    if not watched or mark not in item.raw:
        return there
    size = len(parts)
    return there + _BETWEEN + bytes([at < size and mark in parts[at] for at in watched])


def _fields(watched: tuple[int, ...], scope: Scope) -> bytes:
    node = scope.node
    segment = node.segment if type(node) is Group else node.find("")[0]
    fields = segment.cut or segment.split()
    there = bytes(map(bool, fields[1:]))
    if not watched:
        return there
    size, has = len(fields), segment.marks.has_parts
    return (
        there + _BETWEEN + bytes([at < size and has(fields[at]) is not None for at in watched])
    )
