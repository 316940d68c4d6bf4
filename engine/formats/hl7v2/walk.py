"""What an `each` walks in a message being edited: what the rules above left there, numbered as the standard does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from engine.formats import Scope
from engine.formats.hl7v2.groups import Everywhere, Group
from engine.formats.hl7v2.layout import Node

if TYPE_CHECKING:
    from engine.formats.hl7v2.edit import Editor

Nodes = Callable[[Scope], Sequence[Any] | None]


def walk(editor: Editor, nodes: Nodes, scope: Scope) -> list[tuple[int, Any]]:
    """
    The things of an `each`, each with its number, from 1.

    Segments are numbered as their set ids are: anew in each repetition of the group around them. OBX begin again
    under each OBR, NTE under each OBX; FT1, IN1 and NK1 go on through the message (HL7 v2.5.1 ch. 7.4.2.1, 6.5.1.1).
    `OBX[*]` is numbered through the message.
    """
    things = nodes(scope) or ()
    if not things or not isinstance(things[0], Group):
        return list(enumerate(things, 1))
    throughout = isinstance(things, Everywhere)
    if editor.moved:
        things = _left(editor, things, nodes, scope)
    if throughout:
        return list(enumerate(things, 1))
    parents = editor.parents
    if parents is None:
        parents = editor.parents = Parents(editor)
    walked, seen = [], dict[int, int]()
    for thing in things:
        parent = id(parents.of(thing))
        seen[parent] = number = seen.get(parent, 0) + 1
        walked.append((number, thing))
    return walked


def _left(editor: Editor, things: Sequence[Group], nodes: Nodes, scope: Scope) -> list[Group]:
    """Those that are still there, read as they came; among them the segments that were added, read as they are."""
    if not editor.added:
        there = editor.keys()
        return [thing for thing in things if thing.segment.key in there]
    came = {thing.segment.key: thing for thing in things}
    view = editor.document()
    inside = Scope(view, scope.context, values=scope.values)
    new = {thing.segment.key: thing for thing in nodes(inside) or ()}
    found = []
    for segment in view.segments:
        key = segment.key
        thing = new.get(key) if key in editor.added else came.get(key)
        if thing is not None:
            found.append(thing)
    return found


class Parents:
    """The group around each segment, in the message as it is now."""

    def __init__(self, editor: Editor) -> None:
        lines = [line for line in editor.lines if line.name]
        names = tuple([line.name for line in lines])
        self._home = editor.source.groups.lay(names).home
        self._position = {line.key: at for at, line in enumerate(lines)}

    def of(self, thing: Group) -> Node:
        """The group in whose repetitions the segment is counted."""
        node = self._home[self._position[thing.segment.key]]
        name, part = thing.segment.name, node.part
        once = name in part.first and name in part.single
        while once and node.parent is not None:
            once = not node.part.repeats
            node = node.parent
        return node
