"""The closures behind the paths of records. An empty text, a JSON null and what is not there are all nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

from engine.errors import MessageError
from engine.paths import Scope

Nodes = Callable[[Scope], Sequence[Any]]
#: Takes the things found so far to the things one step further.
Step = Callable[[Sequence[Any], Scope], Sequence[Any]]


def begin(kind: str, hops: int) -> Callable[[Scope], Any]:
    """What a path begins at: the document, the record or the entity of the scope so many steps out."""
    if kind == "message":
        near: Callable[[Scope], Any] = lambda scope: scope.node.value  # noqa: E731
    elif kind in ("entity", "candidate"):
        near = lambda scope: scope.item  # noqa: E731
    else:
        near = lambda scope: scope.node  # noqa: E731
    if not hops:
        return near

    def far(scope: Scope) -> Any:
        for _ in range(hops):
            assert scope.outer is not None
            scope = scope.outer
        return near(scope)

    return far


def first_with(name: str, levels: Sequence[Callable[[Scope], Any]]) -> Callable[[Scope], Any]:
    """The nearest record that has the name; the outermost where none has."""

    def run(scope: Scope) -> Any:
        found: Any = None
        for level in levels:
            found = level(scope)
            if isinstance(found, dict) and name in found:
                return found
        return found

    return run


def part(value: Any, name: str) -> Any:
    """One field of a record; nothing where there is none. MessageError where a list stands in its place."""
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list | tuple):
        raise MessageError("bad_value", "a list stands where a record was expected", name)
    found = getattr(value, name, None) if isinstance(value, msgspec.Struct) else None
    return None if found is msgspec.UNSET else found


def leaf(value: Any) -> Any:
    """A value as expressions know it: numbers are Decimal, an empty text is nothing."""
    kind = type(value)
    if kind is str:
        return value or None
    if kind is int or kind is float:
        return Decimal(value) if kind is int else Decimal(repr(value))
    if isinstance(value, Enum):
        return leaf(value.value)
    return None if value is msgspec.UNSET else value


def plain(
    start: Callable[[Scope], Any], names: tuple[str, ...], struct: bool
) -> Callable[[Scope], Any]:
    """The reader of `a.b.c`."""
    first, rest = names[0], names[1:]
    if not struct:

        def search(scope: Scope) -> Any:
            value = part(start(scope), first)
            for name in rest:
                value = part(value, name)
            return leaf(value)

        return search
    if not rest:

        def field(scope: Scope) -> Any:
            value = getattr(start(scope), first)
            return value if type(value) is str and value else leaf(value)

        return field

    def run(scope: Scope) -> Any:
        value = getattr(start(scope), first)
        for name in rest:
            value = part(value, name)
        return value if type(value) is str and value else leaf(value)

    return run


def nodes(
    start: Callable[[Scope], Any], names: tuple[str, ...], steps: tuple[Step, ...]
) -> Nodes:
    """The things that a path names, as they are."""

    def run(scope: Scope) -> Sequence[Any]:
        value = start(scope)
        for name in names:
            value = part(value, name)
        things: Sequence[Any] = () if value is None else (value,)
        for step in steps:
            if not things:
                return ()
            things = step(things, scope)
        return things

    return run


def listed(things: Nodes) -> Callable[[Scope], list[Any]]:
    """All of them as values; a thing that is itself a list gives its items, what is nothing is left out."""
    spreading = spread(things)

    def run(scope: Scope) -> list[Any]:
        return [value for thing in spreading(scope) if (value := leaf(thing)) is not None]

    return run


def first(things: Nodes) -> Callable[[Scope], Any]:
    """The first of them."""

    def run(scope: Scope) -> Any:
        found = things(scope)
        return leaf(found[0]) if found else None

    return run


def spread(things: Nodes) -> Nodes:
    """The things, and in place of a list its items."""

    def run(scope: Scope) -> Sequence[Any]:
        found: list[Any] = []
        for thing in things(scope):
            if isinstance(thing, list | tuple):
                found += thing
            else:
                found.append(thing)
        return found

    return run


def part_of(name: str) -> Step:
    """`.name` behind a bracket."""

    def step(things: Sequence[Any], scope: Scope) -> Sequence[Any]:
        return [found for thing in things if (found := part(thing, name)) is not None]

    return step


def _items(thing: Any) -> Sequence[Any]:
    if isinstance(thing, list | tuple):
        return thing
    raise MessageError("bad_value", "brackets stand behind a list, and this is none")


def elements(things: Sequence[Any], scope: Scope) -> Sequence[Any]:
    """`[*]`."""
    return [item for thing in things for item in _items(thing) if item is not None]


def position(at: int) -> Step:
    """`[0]`."""

    def step(things: Sequence[Any], scope: Scope) -> Sequence[Any]:
        return [items[at] for thing in things if len(items := _items(thing)) > at]

    return step


def matching(holds: Callable[[Scope], bool], everything: bool) -> Step:
    """`[condition]`: the first that holds, or all."""

    def step(things: Sequence[Any], scope: Scope) -> Sequence[Any]:
        found = []
        for index, item in enumerate(elements(things, scope), 1):
            if holds(scope.child(item, index)) is True:
                if not everything:
                    return (item,)
                found.append(item)
        return found

    return step
