"""What a build writes, while it runs (builds.py compiles it): values into places, groups made when something is written in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from engine.errors import MessageError
from engine.formats import Place, Scope
from engine.mapping.choices import NOTHING_HOLDS
from engine.mapping.language import Run
from engine.mapping.rules import Block, FieldError
from engine.mapping.uses import Things, Used


class Content(msgspec.Struct, kw_only=True):
    """What is written into one group, or into the message outside its groups."""

    sets: list[tuple[Place, str, Run]] = []
    pairs: list[tuple[str, Callable[[Any, Any], None], list[tuple[str, Run]]]] = []
    groups: list[Filling] = []
    used: list[tuple[Used, Things, Callable[[Scope, Any], Scope]]] = []


class Filling(msgspec.Struct, kw_only=True):
    """One way in which occurrences of a group come to be."""

    name: str
    key: Any
    """What the group around it is asked for: its name, or the way to it."""
    block: Block
    content: Content


class Growing:
    """A group that is made when something is first written in it."""

    __slots__ = ("around", "made", "name")

    def __init__(self, around: Growing | None, name: Any, made: Any = None) -> None:
        self.around, self.name, self.made = around, name, made

    def here(self) -> Any:
        """The group in the message being built."""
        if self.made is None:
            assert self.around is not None
            self.made = self.around.here().group(self.name)
        return self.made


def fill(content: Content, group: Growing, scope: Scope) -> None:
    """Write into a group what a scope gives, over what used mappings write; MessageError names the group and the place."""
    for used, things, inside in content.used:
        for thing in things(scope):
            for inner in used.block.scopes(inside(scope, thing)):
                fill(used.content, group, inner)
    for sets in content.sets:
        _set(sets, group, scope)
    for first, writer, pairs in content.pairs:
        try:
            said = [(name, found) for name, run in pairs if (found := _text(run(scope)))]
            if said:
                writer(group.here(), said)
        except MessageError as error:
            raise FieldError(error, first) from None
    for filling in content.groups:
        try:
            _filled(filling, group, scope)
        except MessageError as error:
            raise FieldError(error, filling.name) from None


def _set(sets: tuple[Place, str, Run], group: Growing, scope: Scope) -> None:
    place, name, run = sets
    try:
        found = run(scope)
        if found is not None and found is not NOTHING_HOLDS:
            place.set(group.here(), scope, found)
    except MessageError as error:
        raise FieldError(error, name) from None


def _text(found: Any) -> str:
    return found if isinstance(found, str) else ""


def _filled(filling: Filling, around: Growing, scope: Scope) -> None:
    made = filling.block
    for inner in made.scopes(scope):
        try:
            fill(filling.content, Growing(around, filling.key), inner)
        except MessageError as error:
            raise made.located(error, inner.index) from None
