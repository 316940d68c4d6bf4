"""Groups as things: what `each: FT1` walks, and where paths inside it look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.formats.hl7v2.layout import Node, layout
from engine.formats.hl7v2.structures import structure_name

if TYPE_CHECKING:
    from engine.formats.hl7v2.document import Document, Segment


class Group:
    """
    One thing of an `each` over segments: the segment and what belongs to it.

    `find` looks for a segment where a path inside that `each` looks: in the group, where the standard has it there;
    else in the groups around it, never in a sibling repetition of one we come from; and last in the message.
    """

    __slots__ = ("_found", "_node", "_only", "document", "segment")

    def __init__(
        self, document: Document, segment: Segment, node: Node, only: tuple[int, ...] | None
    ) -> None:
        self.document = document
        self.segment = segment
        """The segment that `each` names."""
        self._node = node
        self._only = only
        """Where the segment has no group of its own: its position and those of the unforeseen ones behind it."""
        self._found: dict[str, Sequence[Segment]] = {}

    def __str__(self) -> str:
        return self.segment.name

    def find(self, name: str) -> Sequence[Segment]:
        """Segments of that name, as a path in here sees them."""
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._look(name)
        return found

    def segments(self) -> Sequence[Segment]:
        """All that belongs to it."""
        positions = self._node.every if self._only is None else self._only
        return [self.document.segments[at] for at in positions]

    def _look(self, name: str) -> Sequence[Segment]:
        segments = self.document.segments
        if self._only is not None:
            if name == self.segment.name:
                return (self.segment,)
            own = [segments[at] for at in self._only if segments[at].name == name]
            if own:
                return own
        positions = _positions(segments, self._node, name)
        return [segments[at] for at in positions]


def _positions(segments: Sequence[Segment], start: Node, name: str) -> list[int]:
    """Positions of segments of that name, seen from a group."""
    node, hidden = start, set[int]()
    while True:
        if name in node.part.direct:
            return [at for at in node.own if segments[at].name == name]
        found = [at for at in node.every if segments[at].name == name and at not in hidden]
        if found or name in node.part.all or node.parent is None:
            return found
        hidden |= _siblings(node.parent, node)
        node = node.parent


def _siblings(node: Node, came: Node) -> set[int]:
    """Positions inside other repetitions of the group we come from."""
    others = (child for child in node.children if child.part is came.part and child is not came)
    return {at for child in others for at in child.every}


class Groups:
    """The groups of one message."""

    __slots__ = ("_document", "_layout", "_position")

    def __init__(self, document: Document) -> None:
        name = structure_name(*(document.header(9, part) for part in (1, 2, 3)))
        self._document = document
        self._layout = layout(name, tuple(segment.name for segment in document.segments))
        self._position = {segment.key: at for at, segment in enumerate(document.segments)}

    def of(self, segment: Segment) -> Group:
        """The segment with its group, or with the unforeseen segments behind it where it has none of its own."""
        position = self._position[segment.key]
        node, segments = self._layout.home[position], self._document.segments
        if node.parent is not None and segment.name in node.part.single:
            first = next(at for at in node.own if segments[at].name == segment.name)
            if first == position:
                return Group(self._document, segment, node, None)
        return Group(self._document, segment, node, self._with_foreign(node, position))

    def _same(self, one: int, other: int) -> bool:
        segments = self._document.segments
        return segments[one].name == segments[other].name

    def _with_foreign(self, node: Node, position: int) -> tuple[int, ...]:
        held = [position]
        for at in node.own:
            if at > position:
                if at not in self._layout.foreign or self._same(at, position):
                    break
                held.append(at)
        return tuple(held)
