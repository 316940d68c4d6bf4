"""
Paths compiled to readers.

A path without a dot is looked up in the thing at hand, then in those around it, and only then in the document: the
nearest that has its first step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from lxml import etree

from engine.errors import MessageError
from engine.formats.xml.path import FORMAT, Path, Step, read_path, root_of
from engine.markup.namespaces import of
from engine.markup.query import Query
from engine.paths import CompileCondition, Match, PathProblem, Scope, Shape

Things = Callable[[Scope], Sequence[Any]]
Read = Callable[[Scope], Any]

_CALL = re.compile(r"xpath\(\s*")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"\s*\)')
_EACH = re.compile(r"\[\s*\*\s*\]")
_WRITE = 'xpath("//po:Line/@id")'


class Text(str):
    """An attribute, or a text that an XPath names, as a thing."""

    __slots__ = ()

    def value(self) -> str | None:
        """The text; None for nothing."""
        return str(self) or None


def match(text: str, at: int, shape: Shape, condition: CompileCondition) -> Match | None:
    """The path that starts there, compiled; None where none does. PathProblem when it is one but wrong."""
    if (call := _CALL.match(text, at)) is not None:
        return _queried(text, at, call.end(), shape)
    path = read_path(text, at, shape, condition)
    if path is None:
        return None
    things = finder(path, shape)
    last = path.steps[-1]
    kind = "text" if last.attribute else "element"
    return Match(
        text=path.text,
        end=path.end,
        read=_reader(path, things, shape),
        many=path.many,
        nodes=things,
        shape=Shape(format=FORMAT, kind=kind, name=last.tag, outer=shape),
    )


def _queried(text: str, at: int, start: int, shape: Shape) -> Match:
    said = _TEXT.match(text, start)
    if said is None:
        raise PathProblem(start, "in xpath(...) stands an XPath in double quotes", _WRITE)
    try:
        query = Query(re.sub(r"\\(.)", r"\1", said[1]), of(root_of(shape).type))
    except PathProblem as problem:
        at_ = start + 1 + problem.offset
        raise PathProblem(at_, problem.problem, problem.write, certain=True) from None
    inside = shape.kind in ("element", "candidate")
    if query.relative and not inside:
        problem_ = (
            "an XPath begins with / or //; inside an each it may begin at the thing at hand"
        )
        raise PathProblem(start, problem_, f'xpath("/{said[1]}")')
    run, end = _asking(query, inside), said.end()
    if query.kind != "nodes":
        return _valued(text[at:end], end, run, query.kind)
    every = _EACH.match(text, end)
    end = every.end() if every else end
    inner = Shape(format=FORMAT, kind="element", outer=shape)

    def values(scope: Scope) -> list[str]:
        return [value for one in run(scope) if (value := one.value()) is not None]

    def first(scope: Scope) -> Any:
        found = run(scope)
        return found[0].value() if found else None

    return Match(
        text=text[at:end],
        end=end,
        read=values if every else first,
        many=every is not None,
        nodes=run,
        shape=inner,
    )


def _asking(query: Query, inside: bool) -> Things:
    """Asks an XPath of the thing at hand, or of the document."""

    def run(scope: Scope) -> Any:
        item = scope.item if inside else scope.node.root
        if isinstance(item, str):
            raise MessageError(
                "bad_value", "an XPath is asked of an element, and this is a text"
            )
        try:
            found = query.run(item)
        except etree.XPathError:
            raise MessageError(
                "bad_value", "the XPath cannot be evaluated here", query.text
            ) from None
        if query.kind != "nodes":
            return found
        return [
            Text(one) if isinstance(one, str) else one
            for one in found
            if isinstance(one, str) or isinstance(one.tag, str)
        ]

    return run


def _valued(text: str, end: int, run: Read, kind: str) -> Match:
    if kind == "number":
        return Match(text=text, end=end, read=lambda scope: Decimal(int(run(scope))), kind=kind)
    if kind == "text":
        return Match(text=text, end=end, read=lambda scope: run(scope).strip() or None)
    return Match(text=text, end=end, read=run, kind=kind)


def finder(path: Path, shape: Shape) -> Things:
    """Gives the elements, or attributes, that a path names, in their order."""
    begins, rest = _begins(path, shape), path.steps[1:]

    def things(scope: Scope) -> Sequence[Any]:
        found: Sequence[Any] = ()
        for begin in begins:
            if found := begin(scope):
                break
        for step in rest:
            if not found:
                return ()
            found = taken(step, found, scope)
        return found

    return things


def _begins(path: Path, shape: Shape) -> tuple[Things, ...]:
    """What the first step finds: in the thing at hand, in each thing around it, in the document."""
    first = path.steps[0]
    if path.relative:
        return (lambda scope: taken(first, (scope.item,), scope),)
    found: list[Things] = []
    at: Shape | None = shape
    hops = 0
    while at is not None:
        if at.kind != "candidate":
            found.append(_begin(first, hops, at.kind == "message"))
        at, hops = at.outer, hops + 1
    return tuple(found)


def _begin(step: Step, hops: int, document: bool) -> Things:
    def begin(scope: Scope) -> Sequence[Any]:
        around = scope
        for _ in range(hops):
            if around.outer is None:
                return ()
            around = around.outer
        if not document:
            return taken(step, (around.item,), scope)
        root = around.node.root
        return picked(step, [root], scope) if root.tag == step.tag else ()

    return begin


def taken(step: Step, things: Sequence[Any], scope: Scope) -> Sequence[Any]:
    """The things one step further."""
    tag = step.tag
    if step.attribute:
        return [Text(said) for one in things if (said := one.get(tag)) is not None]
    if step.where is not None:
        below = [child for one in things for child in one.iterchildren(tag)]
        return picked(step, below, scope)
    if step.number:
        return [
            child
            for one in things
            for at, child in enumerate(one.iterchildren(tag), 1)
            if at == step.number
        ]
    return [child for one in things for child in one.iterchildren(tag)]


def picked(step: Step, things: Sequence[Any], scope: Scope) -> Sequence[Any]:
    """Those of some children that a step means."""
    if step.where is None:
        return things if step.number in (0, 1) else ()
    found = []
    for index, one in enumerate(things, 1):
        if step.where(scope.child(one, index)) is True:
            if not step.every:
                return [one]
            found.append(one)
    return found


def _reader(path: Path, things: Things, shape: Shape) -> Read:
    if path.many:
        return lambda scope: [
            value for one in things(scope) if (value := one.value()) is not None
        ]
    if all(step.plain for step in path.steps) and (path.relative or shape.kind == "message"):
        return _quick(path)

    def first(scope: Scope) -> Any:
        found = things(scope)
        return found[0].value() if found else None

    return first


def _quick(path: Path) -> Read:
    """One value, found by names alone: what nearly all paths are."""
    steps = path.steps
    attribute = steps[-1].tag if steps[-1].attribute else ""
    tags = tuple(step.tag for step in steps if not step.attribute)

    def first(element: Any, at: int) -> Any:
        if at == len(tags):
            return element.get(attribute) if attribute else element
        for child in element.iterchildren(tags[at]):
            if (found := first(child, at + 1)) is not None:
                return found
        return None

    if path.relative:

        def near(scope: Scope) -> Any:
            found = first(scope.item, 0)
            return (found or None) if found is None or attribute else found.value()

        return near
    root_tag = tags[0]

    def read(scope: Scope) -> Any:
        root = scope.node.root
        if root.tag != root_tag:
            return None
        found = first(root, 1)
        return (found or None) if found is None or attribute else found.value()

    return read


def elements(path: Path, shape: Shape) -> Callable[[Scope], Iterator[Any]]:
    """Gives the elements alone, without the attributes."""
    things = finder(path, shape)
    return lambda scope: (one for one in things(scope) if not isinstance(one, str))
