"""Which group of the standard each segment of a message belongs to. Lenient: nothing is refused here."""

from __future__ import annotations

from functools import lru_cache

from engine.formats.hl7v2.extension import Held, extended, group
from engine.formats.hl7v2.structures import Part, holds, segment_names, structure

#: Longer messages are laid out anew each time, so that what is remembered stays small.
_REMEMBERED = 80
_ANY = Part("", "", ())


class Node:
    """One repetition of a group. Segments are named by their position in the message."""

    __slots__ = ("children", "every", "own", "parent", "part", "seen")

    def __init__(self, part: Part, parent: Node | None) -> None:
        self.part = part
        self.parent = parent
        self.children: list[Node] = []
        self.own: list[int] = []
        """Its own segments."""
        self.every: list[int] = []
        """Its own and those of the groups in it."""
        self.seen: dict[str, list[int]] = {}
        """What was found from here by name: messages of one kind look for the same things."""
        if parent is not None:
            parent.children.append(self)

    def take(self, position: int) -> None:
        """A segment belongs to it."""
        self.own.append(position)
        node: Node | None = self
        while node is not None:
            node.every.append(position)
            node = node.parent


class Layout:
    """The groups of one sequence of segments."""

    __slots__ = ("foreign", "home", "places", "root")

    def __init__(self, root: Node, home: list[Node], foreign: frozenset[int]) -> None:
        self.root = root
        self.home = home
        """The group of each segment, by position."""
        self.foreign = foreign
        """Positions that the standard does not foresee; each belongs to the group of the one before it."""
        self.places: list[tuple[Node, tuple[int, ...] | None, int] | None] = [None] * len(home)
        """What was found of each segment (groups.py: Groups.place), by position."""


def layout(name: str, names: tuple[str, ...], held: Held = ()) -> Layout:
    """The groups of a message of that structure (empty = unknown) with these segments."""
    if len(names) > _REMEMBERED:
        return _laid(name, names, held)
    return _remembered(name, names, held)


def _laid(name: str, names: tuple[str, ...], held: Held) -> Layout:
    part = structure(name)
    if part is None:
        return _loosely(names, held)
    return _Walk(part, held).lay(names)


_remembered = lru_cache(256)(_laid)


class _Walk:
    """A place in a structure, moved from segment to segment."""

    def __init__(self, part: Part, held: Held) -> None:
        self.known = part.all
        """What the standard foresees."""
        self.held = held
        self.heads = [name for name, _ in held if name not in part.all]
        """Segments that it does not foresee and that have groups nevertheless."""
        if held:
            part = extended(part, held)
        self.open: list[tuple[Node, int]] = [(Node(part, None), -1)]
        """The groups we stand in, outermost first, and at which of its parts."""

    def lay(self, names: tuple[str, ...]) -> Layout:
        root, home, foreign = self.open[0][0], [], []
        last = root
        for position, name in enumerate(names):
            node = self.step(name)
            if node is None and name in self.heads:
                node = self._head(name, last)
            if node is None:
                foreign.append(position)
            else:
                last = node
            last.take(position)
            home.append(last)
        return Layout(root, home, frozenset(foreign))

    def _head(self, name: str, around: Node) -> Node:
        """A group of its own, in the one where the segment stands."""
        depth = next(at for at, (node, _) in enumerate(self.open) if node is around)
        node = Node(group(name, "*", dict(self.held)), around)
        self.open[depth + 1 :] = [(node, 0)]
        return node

    def step(self, name: str) -> Node | None:
        """The group a segment belongs to; None where the standard does not foresee it."""
        depths = range(len(self.open) - 1, -1, -1)
        for depth in depths:
            if (node := self._onward(depth, name)) is not None:
                return node
        for depth in depths:
            if name in self.open[depth][0].part.direct:
                return self.open[depth][0]
        if name not in self.known:
            return None
        return next(node for depth in depths if (node := self._inside(depth, name)) is not None)

    def _onward(self, depth: int, name: str) -> Node | None:
        """At a later part of this group, or at the start of its next repetition."""
        node, at = self.open[depth]
        parts = node.part.parts or ()
        start = at if at >= 0 and parts[at].repeats else at + 1
        for index in range(start, len(parts)):
            if name in parts[index].first:
                return self._enter(depth, index, name)
        if depth and node.part.repeats and name in node.part.first:
            self.open[depth] = (Node(node.part, node.parent), -1)
            return self._onward(depth, name)
        return None

    def _inside(self, depth: int, name: str) -> Node | None:
        """Somewhere in a group of this one, though what should stand before it is missing."""
        parts = self.open[depth][0].part.parts or ()
        for index, part in enumerate(parts):
            if name in part.all:
                return self._enter(depth, index, name)
        return None

    def _enter(self, depth: int, index: int, name: str) -> Node:
        node, _ = self.open[depth]
        part = (node.part.parts or ())[index]
        self.open[depth:] = [(node, index)]
        if part.choice:
            part = next(one for one in part.parts or () if name in one.all)
        if part.parts is None:
            return node
        self.open.append((Node(part, node), -1))
        deeper = self._onward(depth + 1, name) or self._inside(depth + 1, name)
        assert deeper is not None
        return deeper


def _loosely(names: tuple[str, ...], held: Held) -> Layout:
    """Without a structure: a segment stands under the nearest one before it that may hold it anywhere."""
    root, home, foreign = Node(_ANY, None), [], []
    node, known = root, segment_names().union(*((name, *more) for name, more in held))
    besides = {name: frozenset(more) for name, more in held}
    for position, name in enumerate(names):
        if name in known:
            while node.parent is not None and name not in node.part.all - {node.part.name}:
                node = node.parent
            if under := holds(name) | besides.get(name, frozenset()):
                node = Node(_heads(name, under, frozenset(besides)), node)
        else:
            foreign.append(position)
        node.take(position)
        home.append(node)
    return Layout(root, home, frozenset(foreign))


@lru_cache(256)
def _heads(name: str, under: frozenset[str], heads: frozenset[str]) -> Part:
    held = tuple(
        Part(one, "*", (Part(one, ""),) if one in heads or holds(one) else None)
        for one in sorted(under)
    )
    return Part(name, "*", (Part(name, ""), *held))
