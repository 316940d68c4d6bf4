"""Groups as things: what `each: FT1` walks, and where paths inside it look."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from engine.formats.hl7v2.extension import Held
from engine.formats.hl7v2.layout import Layout, Node, layout
from engine.formats.hl7v2.structures import PRIOR, structure_name

if TYPE_CHECKING:
    from engine.formats.hl7v2.document import Document, Segment


#: Belongs to what it stands behind (HL7 v2.5.1 ch. 2.15.10): no group has the notes of the one around it.
_NOTE = "NTE"


class Group:
    """
    One thing of an `each` over segments: the segment and what belongs to it.

    `find` looks for a segment where a path inside that `each` looks: in the group, where the standard has it there;
    else in the groups around it, never in a sibling repetition of one we come from; and last in the message.
    """

    __slots__ = ("_groups", "_node", "_only", "document", "marks", "seen", "segment", "walked")

    def __init__(
        self, groups: Groups, segment: Segment, node: Node, only: tuple[int, ...] | None
    ) -> None:
        self.document = groups.document
        self.marks = segment.marks
        self.segment = segment
        """The segment that `each` names."""
        self._groups = groups
        self._node = node
        self._only = only
        """Where the segment has no group of its own: its position and those of the unforeseen ones behind it."""
        self.walked: dict[str, Sequence[Group]] = {}
        """What `things` found; readers look here first."""
        self.seen: dict[str, Sequence[Segment]] = {}
        """What `find` found; readers look here first."""

    def __str__(self) -> str:
        return self.segment.name

    def find(self, name: str) -> Sequence[Segment]:
        """Segments of that name, as a path in here sees them."""
        found = self.seen.get(name)
        if found is None:
            found = self.seen[name] = self._look(name)
        return found

    def things(self, name: str) -> Sequence[Group]:
        """The same, each with its group."""
        groups = self.document.groups
        self.walked[name] = found = [groups.of(segment) for segment in self.find(name)]
        return found

    def segments(self) -> Sequence[Segment]:
        """All that belongs to it."""
        positions = self._node.every if self._only is None else self._only
        return [self.document.segments[at] for at in positions]

    def _look(self, name: str) -> Sequence[Segment]:
        segments, only = self.document.segments, self._only
        if only is not None:
            if name == self.segment.name:
                return (self.segment,)
            if len(only) > 1 and (
                own := [segments[at] for at in only if segments[at].name == name]
            ):
                return own
        found = self._node.seen.get(name)
        if found is None:
            found = self._groups.positions(self._node, name)
        return [segments[at] for at in found]


class Everywhere(list[Group]):
    """What `OBX[*]` names: segments that an edit numbers through the message, where `OBX` begins again in each group."""


class Groups:
    """The groups of one message."""

    __slots__ = ("_held", "_keyed", "_layout", "_made", "document", "structure")

    def __init__(self, document: Document, held: Held = ()) -> None:
        self.structure = structure_name(*document.type())
        """Its name; empty where the standard has none for this message."""
        self.document = document
        self._held = held
        self._layout = self.lay(tuple([segment.name for segment in document.segments]))
        self._made: dict[int, Group] = {}
        self._keyed: dict[int, int] | None = None

    def lay(self, names: tuple[str, ...]) -> Layout:
        """Such groups, of a message with these segments."""
        return layout(self.structure, names, self._held)

    def of(self, segment: Segment) -> Group:
        """The segment with its group, or with the unforeseen segments behind it where it has none of its own."""
        made = self._made.get(segment.key)
        if made is None:
            node, only, _ = self.place(segment)
            made = self._made[segment.key] = Group(self, segment, node, only)
        return made

    def place(self, segment: Segment) -> tuple[Node, tuple[int, ...] | None, int]:
        """
        The group that a segment stands for, or stands in; in the latter case its position and those of the unforeseen
        ones behind it; and its position.
        """
        position = self._position(segment)
        places = self._layout.places
        found = places[position]
        if found is None:
            found = places[position] = self._place(position, segment.name)
        return found

    def positions(self, start: Node, name: str) -> list[int]:
        """Positions of the segments of that name that are seen from a group."""
        found = start.seen.get(name)
        if found is None:
            found = start.seen[name] = self._find(start, name)
        return found

    def _position(self, segment: Segment) -> int:
        """Where the segment stands: by its key, which is that very number where no edit put one in or took one away."""
        key, segments = segment.key, self.document.segments
        if key < len(segments) and segments[key] is segment:
            return key
        if self._keyed is None:
            self._keyed = {each.key: at for at, each in enumerate(segments)}
        return self._keyed[key]

    def _place(self, position: int, name: str) -> tuple[Node, tuple[int, ...] | None, int]:
        node, segments = self._layout.home[position], self.document.segments
        if node.parent is not None and name in node.part.single:
            first = next(at for at in node.own if segments[at].name == name)
            if first == position:
                return node, None, position
        return node, self._with_foreign(node, position), position

    def _find(self, start: Node, name: str) -> list[int]:
        home, node = self._layout.home, start
        path: dict[int, Node | None] = {id(start): None}
        while True:
            if name in node.part.direct:
                return [at for at in self._named(name, node.own) if home[at] is node]
            found = [at for at in self._named(name, node.every) if _seen(home[at], path)]
            if found or name in node.part.within or node.parent is None or name == _NOTE:
                return found
            path[id(node.parent)] = node
            node = node.parent

    def _named(self, name: str, among: list[int]) -> Iterable[int]:
        """Positions of a name: those among these, or all there are where these are more."""
        segments, named = self.document.segments, self.document.find(name)
        if len(among) < len(named):
            return [at for at in among if segments[at].name == name]
        return [self._position(one) for one in named]

    def _with_foreign(self, node: Node, position: int) -> tuple[int, ...]:
        held, segments = [position], self.document.segments
        for number in range(bisect_right(node.own, position), len(node.own)):
            at = node.own[number]
            same = segments[at].name == segments[position].name
            if same or at not in self._layout.foreign:
                break
            held.append(at)
        return tuple(held)


def _seen(home: Node, path: dict[int, Node | None]) -> bool:
    """
    Whether a group is below one of the groups on our way outward (each with the group we come from), and not in
    another repetition of the one we come from, nor in an earlier result that is carried along.
    """
    node: Node | None = home
    below: Node | None = None
    while node is not None and id(node) not in path:
        if node.part.name == PRIOR:
            return False
        node, below = node.parent, node
    if node is None:
        return False
    came = path[id(node)]
    return below is None or came is None or below.part is not came.part
