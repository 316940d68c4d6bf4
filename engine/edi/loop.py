"""One repetition of a loop: a thing of an `each`, and where paths inside it look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.edi.maps import LoopPart

if TYPE_CHECKING:
    from engine.edi.document import Document, Segment


class Loop:
    """
    One repetition of a loop, a transaction set, or a segment alone: a thing of an `each`.

    `find` looks for a segment where a path inside that `each` looks: in the loop, where the map has it there; else in the
    loops around it, never in a sibling repetition of one we come from; and last in the envelope.
    """

    __slots__ = (
        "children",
        "code",
        "document",
        "end",
        "name",
        "own",
        "parent",
        "part",
        "seen",
        "start",
    )

    def __init__(
        self, document: Document, start: int, part: LoopPart | None, parent: Loop | None
    ) -> None:
        self.document = document
        self.start = start
        """Position of the segment that begins it."""
        self.end = start + 1
        """The position behind its last segment, loops in it included."""
        self.part = part
        """None for a segment alone and for a set without a map."""
        self.parent = parent
        self.own: list[int] = [start]
        """Positions of its segments, without those of loops in it."""
        self.children: list[Loop] = []
        self.name = part.name if part is not None else document.segments[start].name
        self.code = ""
        """`HL:O` where it is a level of a hierarchy."""
        self.seen: dict[str, Sequence[Segment]] = {}
        """What `find` found; readers look here first."""
        if parent is not None:
            parent.children.append(self)

    def __str__(self) -> str:
        return self.code if self.part is not None and self.part.hierarchy else self.name

    @property
    def segment(self) -> Segment:
        """The segment that begins it."""
        return self.document.segments[self.start]

    def segments(self) -> Sequence[Segment]:
        """All that belongs to it, loops in it included."""
        loops = self.document.loops
        if self.part is None:
            return [self.document.segments[at] for at in self.own]
        span = range(self.start, self.end)
        return [self.document.segments[at] for at in span if loops.is_inside(at, self)]

    def find(self, name: str) -> Sequence[Segment]:
        """Segments of that name, as a path in here sees them."""
        found = self.seen.get(name)
        if found is None:
            found = self.seen[name] = self.document.loops.look(self, name)
        return found

    def groups(self, name: str) -> Sequence[Loop]:
        """Loops of that name, as a path in here sees them."""
        return self.document.loops.look_for_loops(self, name)

    def within(self, name: str) -> Sequence[Segment]:
        """Segments of that name in it: its own where the map has them there, else those of the loops in it."""
        return self.document.loops.inside(self, name, None)
