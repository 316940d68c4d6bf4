"""
Paths compiled to readers, each specialised for what its path says.

As a value, a path gives the first leaf of what it names: `CLM05` is its first component, the same as `CLM05-1`. As things
(`Match.nodes`) it gives what stands in the interchange with repetitions and components, to be walked or copied.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from engine.edi import repeated
from engine.edi.dialect import dialect_in
from engine.edi.dictionary import Slot
from engine.edi.document import Segment
from engine.edi.loop import Loop
from engine.edi.marks import HEADERS
from engine.edi.names import words
from engine.edi.path import Path, Pick, read_path
from engine.edi.things import (
    Element,
    element,
    inside,
    leaf,
    qualified_from,
    repetitions,
)
from engine.paths import CompileCondition, Match, PathProblem, Scope, Shape

Read = Callable[[Scope], Any]
Find = Callable[[Scope], Sequence[Segment]]

_QUALIFIED = re.compile(r"qualified\(\s*")
_MISSPELT = re.compile(r"([A-Z][A-Z0-9]{1,2}?)[.-]?(\d{1,2})(?:[.-](\d{1,2}))?(?!\w)")
_QUALIFIER = re.compile(r'\s*,\s*"((?:[^"\\]|\\.)*)"\s*\)')


def match(text: str, at: int, shape: Shape, condition: CompileCondition) -> Match | None:
    """The path that starts there, compiled; None where none does. PathProblem when it is one but wrong."""
    if (call := _QUALIFIED.match(text, at)) is not None:
        return _qualified(text, at, call.end(), shape, condition)
    if (call := repeated.CALL.match(text, at)) is not None:
        first, size, end = repeated.match(text, call.end(), shape, condition)
        return repeated.found(text[at:end], end, first, size, shape, _all(first))
    path = read_path(text, at, shape, condition)
    if path is None:
        return None
    if not path.element:
        return _groups(path, shape)
    things = _things(path, finder(path))
    read = _reader(path, things)
    slot = words(shape).slot(path.segment or shape.name, path.element, path.component)
    if slot is not None and slot.parts and not path.component:
        slot = slot.parts[0]
    shown = _number(slot) if dialect_in(shape).has_decimal_marks else None
    kind = "repetition" if path.repetition.said or path.component else "element"
    inner = Shape(format=shape.format, kind=kind, name=path.text, outer=shape)
    return Match(
        text=path.text,
        end=path.end,
        read=_shown(read, shown, path.many) if shown is not None else read,
        many=path.many,
        nodes=things,
        shape=inner,
    )


def misspelt(text: str, at: int) -> str:
    """
    The path that was meant by an element's number of one digit, or by a dot; empty where it looks like none.

    >>> misspelt("CLM5", 0), misspelt("SVC1-2", 0), misspelt("LIN3.1", 0), misspelt("number", 0)
    ('CLM05', 'SVC01-2', 'LIN03-1', '')
    """
    if (found := _MISSPELT.match(text, at)) is None:
        return ""
    segment, element, component = found.groups()
    return f"{segment}{int(element):02}" + (f"-{component}" if component else "")


def _number(slot: Slot | None) -> Callable[[Any], Any] | None:
    """What gives a number its decimal point, whatever mark the interchange uses; None where no number stands there."""
    if slot is None or slot.element is None or slot.element.type not in ("R", "Q"):
        return None
    return lambda value: value.replace(",", ".") if value is not None else None


def _shown(read: Read, shown: Callable[[Any], Any], many: bool) -> Read:
    if many:
        return lambda scope: [shown(value) for value in read(scope)]
    return lambda scope: shown(read(scope))


def _qualified(
    text: str, at: int, start: int, shape: Shape, condition: CompileCondition
) -> Match:
    """`qualified(PO106, "VN")`: the value behind a qualifier, among the pairs from an element on."""
    path = read_path(text, start, shape, condition)
    write = 'qualified(PO106, "VN")'
    if path is None or not path.element or path.component:
        raise PathProblem(
            start, "'qualified' begins at an element: that of the first qualifier", write
        )
    said = _QUALIFIER.match(text, path.end)
    if said is None:
        raise PathProblem(path.end, "behind the element stands the qualifier, as text", write)
    first, many = path.element, path.many
    qualifier = re.sub(r"\\(.)", r"\1", said[1])
    known, name = words(shape), path.segment or shape.name
    slot = known.slot(name, first)
    pair = known.pairs.get(slot.id) if slot is not None else None
    find = finder(path) if pair is None else _all(path)
    shown = _number(known.slot(name, first, pair[1])) if pair is not None else None

    def read(scope: Scope) -> Any:
        found = [
            value
            for segment in find(scope)
            if (value := qualified_from(segment, first, qualifier, pair)) is not None
        ]
        if shown is not None:
            found = [shown(value) for value in found]
        return found if many else (found[0] if found else None)

    return Match(text=text[at : said.end()], end=said.end(), read=read, many=many)


def looker(path: Path) -> Callable[[Scope], Sequence[Loop] | None]:
    """Gives the loops inside which a path looks; None = where the scope looks."""
    if not path.groups:
        return lambda scope: None
    (first, which), *rest = path.groups

    def look(scope: Scope) -> Sequence[Loop]:
        found = which.of(scope.node.groups(first), scope)
        for name, pick in rest:
            found = [
                loop
                for outer in found
                for loop in pick.of(outer.document.loops.loops_inside(outer, name), scope)
            ]
        return found

    return look


def finder(path: Path) -> Find:
    """Gives the segments that a path means."""
    name, which = path.segment, path.which
    if not name:
        return lambda scope: (segment_of(scope.item),)
    if path.groups:
        look = looker(path)

        def find(scope: Scope) -> Sequence[Segment]:
            return [
                segment
                for loop in look(scope) or ()
                for segment in which.of(loop.within(name), scope)
            ]

        return find
    if which.number == 1 and which.where is None:
        return lambda scope: scope.node.find(name)[:1]
    return lambda scope: which.of(scope.node.find(name), scope)


def _all(path: Path) -> Find:
    """Gives every segment that a path could mean, where it does not say which."""
    if path.segment and not path.which.said:
        return finder(msgspec.structs.replace(path, which=Pick(0, None, True)))
    return finder(path)


def segment_of(item: Any) -> Segment:
    """The segment at hand: of a loop the one that begins it."""
    return item.segment if isinstance(item, Loop) else item


def _groups(path: Path, shape: Shape) -> Match:
    """A path that names loops, or segments as loops: the things of an `each`."""
    name, which, look = path.segment, path.which, looker(path)
    many = path.many

    def nodes(scope: Scope) -> Sequence[Loop]:
        outer = look(scope)
        if outer is None:
            found = scope.node.groups(name)
        else:
            found = [loop for one in outer for loop in _inside(one, name)]
        return which.of(found, scope) if which.said else found

    def one(scope: Scope) -> Loop | None:
        found = nodes(scope)
        return found[0] if found else None

    inner = Shape(format=shape.format, kind="group", name=name, outer=shape)
    read: Read = nodes if many else one
    return Match(
        text=path.text,
        end=path.end,
        read=read,
        many=many,
        nodes=nodes,
        shape=inner,
        group=True,
    )


def _inside(loop: Loop, name: str) -> Sequence[Loop]:
    found = loop.document.loops.loops_inside(loop, name)
    return found or [loop.document.loops.of(segment) for segment in loop.within(name)]


def _things(path: Path, find: Find) -> Callable[[Scope], Sequence[Element]]:
    """Gives what a path names, as it stands in the interchange; what is empty is left out."""
    number, pick, component = path.element, path.repetition, path.component

    def raws(segment: Segment) -> Iterator[str]:
        raw = segment.element(number)
        if not raw:
            return
        if not pick.said and not component:
            yield raw
            return
        found = repetitions(raw, segment.marks, segment.name)
        if pick.number:
            found = found[pick.number - 1 : pick.number]
        for one in found:
            if said := inside(one, segment.marks, component):
                yield said

    return lambda scope: [
        element(raw, segment, number) for segment in find(scope) for raw in raws(segment)
    ]


def _reader(path: Path, things: Callable[[Scope], Sequence[Element]]) -> Read:
    """The value of a path to an element or below."""
    if path.many:
        return lambda scope: [
            value for one in things(scope) if (value := one.value()) is not None
        ]
    plain = path.repetition.number == 1 and path.which.number == 1 and not path.groups
    if plain and path.which.where is None:
        return _quick(path)
    return lambda scope: next(
        (value for one in things(scope) if (value := one.value()) is not None), None
    )


def _quick(path: Path) -> Read:
    """One leaf, found by numbers alone: what nearly all paths are."""
    name, number, component = path.segment, path.element, path.component

    def read(scope: Scope) -> Any:
        if name:
            found = scope.node.find(name)
            if not found:
                return None
            segment = found[0]
        else:
            segment = segment_of(scope.item)
        elements = segment.cut or segment.split()
        if len(elements) <= number:
            return None
        raw, marks = elements[number], segment.marks
        if raw.isalnum():  # no delimiter is
            return raw if component < 2 else None
        if component and segment.name not in HEADERS:
            raw = inside(raw.partition(marks.repetition)[0], marks, component)
        return leaf(raw, marks, segment.name)

    return read
