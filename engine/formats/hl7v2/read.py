"""
Paths compiled to readers, each specialised for what its path says.

As a value, a path gives the first leaf of what it names: `PID-18` is the first component of the first repetition,
the same as `PID-18.1`, and the whole field where it has no components. As things (`Match.nodes`) it gives what
stands in the message with repetitions and components, to be walked by `each` or copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec

from engine.formats import CompileCondition, Match, Scope, Shape
from engine.formats.hl7v2 import leaves
from engine.formats.hl7v2.document import Segment
from engine.formats.hl7v2.elements import Element, element, inside, meant, part
from engine.formats.hl7v2.groups import Everywhere, Group
from engine.formats.hl7v2.marks import HEADERS
from engine.formats.hl7v2.path import FORMAT, Path, read_path

Read = Callable[[Scope], Any]
Find = Callable[[Scope], Sequence[Segment]]


def match(text: str, at: int, shape: Shape, condition: CompileCondition) -> Match | None:
    """The path that starts there, compiled; None where none does. PathProblem when it is one but wrong."""
    path = read_path(text, at, shape, condition)
    if path is None:
        return None
    if path.segment and not path.field:
        return _segments(path, shape)
    if not path.segment and not path.field:
        return _inside_item(path, shape)
    find = finder(path, shape)
    if path.segment in HEADERS and path.field <= 2:
        return _match(path, shape, _delimiters(find, path.field), None, "field")
    things = _things(path, find)
    found = _match(path, shape, _reader(path, shape, things), things, _level(path))
    return found if path.many or not _plain(path) else _quicker(found, path, shape)


def _quicker(found: Match, path: Path, shape: Shape) -> Match:
    """The same with quicker ways to ask for it."""
    if not in_message(shape):
        leaf = leaves.leaf_in_group(path.segment, path.field, max(path.component, 1))
        return msgspec.structs.replace(found, leaf=leaf)
    if path.component > 1:
        return found
    equals = partial(leaves.equals_in_message, path.segment, path.field)
    return msgspec.structs.replace(found, equals=equals)


def _match(
    path: Path,
    shape: Shape,
    read: Read,
    nodes: Callable[[Scope], Sequence[Any]] | None,
    kind: str,
) -> Match:
    inner = Shape(format=FORMAT, kind=kind, name=path.text, outer=shape)
    return Match(
        text=path.text, end=path.end, read=read, many=path.many, nodes=nodes, shape=inner
    )


def _level(path: Path) -> str:
    if path.component:
        return "subcomponent" if path.subcomponent else "component"
    return "repetition" if path.repetition.said else "field"


def in_message(shape: Shape) -> bool:
    """Whether absolute paths look into the whole message, and not into a group."""
    around: Shape | None = shape
    while around is not None and around.kind != "group":
        around = around.outer
    return around is None


def finder(path: Path, shape: Shape) -> Find:
    """Gives the segments that a path means."""
    name, which = path.segment, path.which
    if not name:
        return lambda scope: (segment_of(scope.item),)
    if which.number == 1 and which.where is None:
        return lambda scope: scope.node.find(name)[:1]
    return lambda scope: which.of(scope.node.find(name), scope)


def segment_of(item: Any) -> Segment:
    """The segment at hand: of a group the one it is named after."""
    return item.segment if isinstance(item, Group) else item


def _segments(path: Path, shape: Shape) -> Match:
    """A path that names segments: the things of an `each`."""
    name, which = path.segment, path.which
    every = which.said and not which.number and which.where is None

    def first(scope: Scope) -> Sequence[Group]:
        node = scope.node
        seen: Sequence[Group] | None = node.walked.get(name)
        return node.things(name) if seen is None else seen

    def picked(scope: Scope) -> Sequence[Group]:
        found = which.of(scope.node.find(name), scope)
        if not found:
            return ()
        groups = scope.node.document.groups
        things = [groups.of(segment) for segment in found]
        return Everywhere(things) if every else things

    nodes = picked if which.said else first

    def one(scope: Scope) -> Group | None:
        found = nodes(scope)
        return found[0] if found else None

    inner = Shape(format=FORMAT, kind="group", name=name, outer=shape)
    read: Read = nodes if path.many else one
    return Match(
        text=path.text,
        end=path.end,
        read=read,
        many=path.many,
        nodes=nodes,
        shape=inner,
        group=True,
    )


def _delimiters(find: Find, field: int) -> Read:
    """MSH-1 and MSH-2 are never taken apart."""

    def read(scope: Scope) -> Any:
        for segment in find(scope):
            fields = segment.fields
            return fields[field] if field < len(fields) and fields[field] else None
        return None

    return read


def _inside_item(path: Path, shape: Shape) -> Match:
    """A relative path below a field, a repetition or a component."""
    component, subcomponent = path.component, path.subcomponent
    level = "subcomponent" if subcomponent else "component"

    def nodes(scope: Scope) -> Sequence[Element]:
        item = scope.item
        marks = item.marks
        raw = item.raw.partition(marks.repetition)[0] if item.level == "field" else item.raw
        found = inside(raw, marks, component, subcomponent)
        return (element(found, marks, level),) if found else ()

    read = leaves.in_item(component, subcomponent)
    found = msgspec.structs.replace(
        _match(path, shape, read, nodes, level),
        leaf=leaves.leaf_in_item(component, subcomponent),
    )
    if not component or subcomponent or shape.kind != "repetition":
        return found
    return msgspec.structs.replace(found, equals=partial(leaves.equals_in_item, component))


def _things(path: Path, find: Find) -> Callable[[Scope], Sequence[Element]]:
    """Gives what a path names, as it stands in the message; what is empty is left out."""
    number, pick, level = path.field, path.repetition, _level(path)
    component, subcomponent = path.component, path.subcomponent
    first = bool(path.segment) and path.which.number == 1 and path.which.where is None
    if first and pick.where is None and not component:
        return _quick_things(path.segment, number, pick.number, level)

    def raws(segment: Segment, scope: Scope) -> Iterator[str]:
        fields, marks = segment.fields, segment.marks
        raw = fields[number] if number < len(fields) else ""
        if not raw:
            return
        if level == "field":
            yield raw
            return
        repetitions = raw.split(marks.repetition)
        if pick.where is not None:
            whole = [element(one, marks, "repetition") for one in repetitions]
            repetitions = [one.raw for one in pick.of(whole, scope)]
        elif pick.number:
            repetitions = repetitions[pick.number - 1 : pick.number]
        for one in repetitions:
            if found := inside(one, marks, component, subcomponent):
                yield found

    def things(scope: Scope) -> Sequence[Element]:
        return [
            element(raw, segment.marks, level)
            for segment in find(scope)
            for raw in raws(segment, scope)
        ]

    return things


def _quick_things(
    name: str, number: int, repetition: int, level: str
) -> Callable[[Scope], Sequence[Element]]:
    """A field of the first segment of a name, one of its repetitions, or all of them."""

    def things(scope: Scope) -> Sequence[Element]:
        found = scope.node.find(name)
        if not found:
            return []
        segment = found[0]
        fields = segment.cut or segment.split()
        if len(fields) <= number or not (raw := fields[number]):
            return []
        marks = segment.marks
        if level == "field" or (marks.repetition not in raw and repetition < 2):
            return [element(raw, marks, level)]
        every = raw.split(marks.repetition)
        if repetition:
            every = every[repetition - 1 : repetition]
        return [element(one, marks, level) for one in every if one]

    return things


def _reader(path: Path, shape: Shape, things: Callable[[Scope], Sequence[Element]]) -> Read:
    """The value of a path to a field or below."""
    if path.many:
        return lambda scope: [
            value for one in things(scope) if (value := one.value()) is not None
        ]
    pick, which = path.repetition, path.which
    one = pick.number == which.number == 1 and which.where is None and bool(path.segment)
    if one and pick.where is not None:
        places = (path.field, path.component, path.subcomponent)
        return leaves.filtered(finder(path, shape), *places, pick.where)
    if path.which.where is not None or path.repetition.where is not None:
        return lambda scope: next((one.value() for one in things(scope)), None)
    if _plain(path):
        quick = leaves.in_message if in_message(shape) else leaves.in_group
        return quick(path.segment, path.field, max(path.component, 1))
    return _quick(path, shape)


def _plain(path: Path) -> bool:
    """Whether it names the first leaf of a component in the first segment of a name: what nearly all paths do."""
    filtered = path.which.where is not None or path.repetition.where is not None
    first = path.which.number == path.repetition.number == 1 and path.subcomponent < 2
    return first and not filtered and bool(path.segment)


def _quick(path: Path, shape: Shape) -> Read:
    """One leaf, found by numbers alone."""
    name, occurrence, number = path.segment, path.which.number - 1, path.field
    repetition = path.repetition.number
    component, subcomponent = max(path.component, 1), max(path.subcomponent, 1)

    def read(scope: Scope) -> Any:
        if name:
            found = scope.node.find(name)
            if len(found) <= occurrence:
                return None
            segment = found[occurrence]
        else:
            segment = segment_of(scope.item)
        fields = segment.cut or segment.split()
        if len(fields) <= number or not (raw := fields[number]):
            return None
        marks = segment.marks
        raw = part(raw, marks.repetition, repetition)
        raw = part(raw, marks.component, component)
        return meant(part(raw, marks.subcomponent, subcomponent), marks)

    return read
