"""Loops as things: what `each: 2300` walks, and where paths inside it look."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.edi.loop import Loop
from engine.edi.maps import Guide, Part
from engine.edi.sets import SetWalk

if TYPE_CHECKING:
    from engine.edi.document import Document, Segment

_NONE: tuple[Segment, ...] = ()


class Loops:
    """The loops of one document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.dialect = document.dialect
        self.sets: list[Loop] = []
        """Its transaction sets."""
        self.guides: list[Guide | None] = []
        """The map of each."""
        size = len(document.segments)
        self.home: list[Loop | None] = [None] * size
        """The loop of each segment; None in the envelope."""
        self.places: list[Part | None] = [None] * size
        """Its place in the map; None where the map does not foresee it."""
        self.strays: set[int] = set()
        """Positions of segments that stand out of order."""
        self.named: dict[str, list[Loop]] = {}
        self._positions: dict[str, list[int]] = {}
        self._starts: dict[str, list[int]] = {}
        self._single: dict[int, Loop] = {}
        self._seen: dict[str, Sequence[Segment]] = {}
        self._walk()

    def of(self, segment: Segment) -> Loop:
        """The loop that a segment begins, or the segment alone with the unforeseen ones behind it."""
        at = segment.position
        home = self.home[at]
        if home is not None and home.start == at:
            return home
        made = self._single.get(at)
        if made is None:
            made = Loop(self.document, at, None, None)
            made.parent = home
            made.own = self._with_foreign(at)
            self._single[at] = made
        return made

    def _with_foreign(self, at: int) -> list[int]:
        held, segments, home = [at], self.document.segments, self.home[at]
        name, ends = segments[at].name, self.dialect.set_ends
        for next_ in range(at + 1, len(segments)):
            foreign = self.places[next_] is None and self.home[next_] is home
            if home is None or not foreign or segments[next_].name in (name, ends):
                break
            held.append(next_)
        return held

    def _walk(self) -> None:
        current: SetWalk | None = None
        begins, ends, envelope = self.dialect.set, self.dialect.set_ends, self.dialect.envelope
        for at, segment in enumerate(self.document.segments):
            name = segment.name
            if name == begins or name in envelope:
                if current is not None:
                    current.finish()
                current = SetWalk(self, at) if name == begins else None
            elif current is not None:
                current.meet(at, segment)
                if name == ends:
                    current.finish()
                    current = None
        if current is not None:
            current.finish()
        for found in self.named.values():
            found.sort(key=lambda loop: loop.start)

    def guide_at(self, at: int) -> tuple[Guide | None, bool]:
        """The map of the set that begins there, and whether it is that version's own."""
        group = self._envelope(self.dialect.group, at)
        said = self.dialect.identify(self.document.segments[at], group[0] if group else None)
        return self.dialect.resolve(*said)

    def add(self, loop: Loop) -> None:
        """Keep a loop by its names."""
        for name in {loop.name, loop.code} - {""}:
            self.named.setdefault(name, []).append(loop)

    def look(self, start: Loop, name: str) -> Sequence[Segment]:
        """Segments of that name that are seen from a loop."""
        if name in self.dialect.envelope:
            return self._envelope(name, start.start)
        if start.part is None:
            own = [one for at in start.own if (one := self.document.segments[at]).name == name]
            if own or start.parent is None:
                return own
        node: Loop | None = start if start.part is not None else start.parent
        came: Loop | None = None
        while node is not None:
            found = self.inside(node, name, came)
            part = node.part
            ends = part is None or (name in part.all and not part.hierarchy)
            if found or ends:
                return found
            came, node = node, node.parent
        return _NONE

    def inside(self, node: Loop, name: str, came: Loop | None) -> Sequence[Segment]:
        """Segments of that name in a loop, without those in sibling repetitions of the one we come from."""
        segments, part = self.document.segments, node.part
        if part is None or name in part.direct:
            own = node.own
            if len(own) > 64:
                return [
                    segments[at] for at in self._between(name, node) if self.home[at] is node
                ]
            return [segments[at] for at in own if segments[at].name == name]
        return [
            segments[at]
            for at in self._between(name, node)
            if self._sees(self.home[at], node, came)
        ]

    def look_for_loops(self, start: Loop, name: str) -> Sequence[Loop]:
        """Loops of that name that are seen from a loop: itself and those around it too."""
        node: Loop | None = start if start.part is not None else start.parent
        came: Loop | None = None
        while node is not None:
            if (
                name in (node.name, node.code)
                and node.part is not None
                and node.parent is not None
            ):
                return (node,)
            found = self.loops_inside(node, name, came)
            part = node.part
            if found or (part is not None and name in part.all_loops and not part.hierarchy):
                return found
            came, node = node, node.parent
        if name in self.named:
            return ()
        return [self.of(segment) for segment in start.find(name)]

    def loops_inside(self, node: Loop, name: str, came: Loop | None = None) -> Sequence[Loop]:
        """Loops of that name in a loop."""
        if node.part is not None and name in node.part.direct_loops and not node.part.hierarchy:
            if len(node.children) < 64:
                return [child for child in node.children if child.name == name]
            return [loop for loop in self._loops_between(name, node) if loop.parent is node]
        found = self._loops_between(name, node)
        return [loop for loop in found if loop is not node and self._sees(loop, node, came)]

    def seen_from_message(self, name: str) -> Sequence[Segment]:
        """Segments of that name, seen from no loop: those of the sets themselves where their maps have them there."""
        found = self._seen.get(name)
        if found is None:
            found = [segment for set_ in self.sets for segment in self.inside(set_, name, None)]
            # where the map has it at the top and it is not there, one of a line is another thing
            foreseen = any(set_.part and name in set_.part.direct for set_ in self.sets)
            if not found and not foreseen:
                found = list(self.document.index.get(name, _NONE))
            self._seen[name] = found
        return found

    def groups_from_message(self, name: str) -> Sequence[Loop]:
        """Loops of that name, seen from no loop."""
        if name == self.dialect.set:
            return self.sets
        if name in self.named:
            return [loop for set_ in self.sets for loop in self.loops_inside(set_, name)]
        if any(guide is not None and name in guide.root.all_loops for guide in self.guides):
            return ()
        return [self.of(segment) for segment in self.document.find(name)]

    def is_inside(self, at: int, node: Loop) -> bool:
        """Whether the segment at a position belongs to a loop or to one in it."""
        return self._sees(self.home[at], node, None)

    def _sees(self, home: Loop | None, node: Loop, came: Loop | None) -> bool:
        below: Loop | None = None
        while home is not None and home is not node:
            if home is came:  # searched already, on the way here
                return False
            home, below = home.parent, home
        if home is None:
            return False
        return below is None or came is None or below.part is not came.part

    def _between(self, name: str, node: Loop) -> list[int]:
        known = self._at(name)
        return known[bisect_left(known, node.start) : bisect_left(known, node.end)]

    def _at(self, name: str) -> list[int]:
        known = self._positions.get(name)
        if known is None:
            found = self.document.index.get(name, _NONE)
            known = self._positions[name] = [segment.position for segment in found]
        return known

    def _loops_between(self, name: str, node: Loop) -> list[Loop]:
        loops = self.named.get(name, [])
        starts = self._starts.get(name)
        if starts is None:
            starts = self._starts[name] = [loop.start for loop in loops]
        return loops[bisect_left(starts, node.start) : bisect_left(starts, node.end)]

    def _envelope(self, name: str, at: int) -> Sequence[Segment]:
        found = self.document.index.get(name, _NONE)
        # a segment that closes an envelope stands behind what it closes
        closing = name in (self.dialect.group_ends, self.dialect.closes)
        chosen = bisect_right(self._at(name), at) - (0 if closing else 1)
        if 0 <= chosen < len(found):
            return (found[chosen],)
        return found[:1]
