"""`groups: {OBR: {holds: [NTE, ZDS, OBX]}}` of a mapping from HL7: what else belongs to a group than the standard says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from engine.formats import PathProblem
from engine.mapping.choices import BUILDS, only
from engine.mapping.segments import listed
from engine.mapping.sources import Source
from engine.placed import Items, Mistakes, Node, Place, Record, Scalar

_WRITE = "groups: {OBR: {holds: [NTE, ZDS, OBX]}}"


def held(root: Record, read: Source, mistakes: Mistakes) -> Source:
    """What the mapping reads, with the groups that it says."""
    node = root.entries.get("groups")
    if node is None:
        return read
    if not isinstance(node, Record) or not node.entries:
        mistakes.add(node, "'groups' says which segments belong to a group", _WRITE)
        return read
    found = {name: _held(name, node, read, mistakes) for name in node.entries}
    hold: Callable[..., Any] = read.format.holding  # type: ignore[attr-defined]
    return msgspec.structs.replace(read, thing=lambda document: hold(document, found))


def _held(name: str, groups: Record, read: Source, mistakes: Mistakes) -> tuple[str, ...]:
    """The segments that a group holds besides."""
    said, record = groups.keys[name], groups.entries[name]
    _is_segment(name, said, read, mistakes)
    if not isinstance(record, Record):
        mistakes.add(record, f"'{name}' says what it holds", _WRITE)
        return ()
    if record.entries.keys() & set(BUILDS):
        problem = (
            "a group is filled where a message is built; one that is read says what it holds"
        )
        mistakes.add(record, problem, "holds: [NTE, ZDS, OBX]")
        return ()
    only(record, ("holds",), mistakes)
    node = record.entries.get("holds")
    if not isinstance(node, Items | Scalar):
        mistakes.add(node or record, "'holds' lists segments", "holds: [NTE, ZDS, OBX]")
        return ()
    return tuple(_listed(node, read, mistakes))


def _listed(node: Node, read: Source, mistakes: Mistakes) -> list[str]:
    found = []
    for item in listed(node):
        if isinstance(item, Scalar) and _is_segment(item.text, item.place, read, mistakes):
            found.append(item.text)
        elif not isinstance(item, Scalar):
            mistakes.add(item, "here stands the name of a segment", "holds: [NTE, ZDS, OBX]")
    return found


def _is_segment(name: str, at: Place, read: Source, mistakes: Mistakes) -> bool:
    try:
        match = read.format.paths.match(name, 0, read.shape, _no_condition)
    except PathProblem as problem:
        mistakes.add(at, problem.problem, problem.write)
        return False
    if match is None or match.end != len(name) or not match.group:
        mistakes.add(at, f"'{name}' is no name of a segment", "OBR")
        return False
    return True


def _no_condition(text: str, at: int, shape: Any) -> Any:
    raise PathProblem(at, "no condition stands here", "OBR")
