"""Loops as things: what `each: 2300` walks, and where paths inside it look."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.formats.x12.maps import Guide, LoopPart, Part, resolve
from engine.formats.x12.walker import step

if TYPE_CHECKING:
    from engine.formats.x12.document import Document, Segment

_NONE: tuple[Segment, ...] = ()
#: Segments that close an envelope: seen from inside, the next one counts.
_CLOSING = frozenset(["GE", "IEA"])
_ENVELOPE = frozenset(["ISA", "GS", "GE", "IEA", "TA1", "TA3", "ISB", "ISE"])


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


class Loops:
    """The loops of one document."""

    def __init__(self, document: Document) -> None:
        self.document = document
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
        name = segments[at].name
        for next_ in range(at + 1, len(segments)):
            foreign = self.places[next_] is None and self.home[next_] is home
            if home is None or not foreign or segments[next_].name in (name, "SE"):
                break
            held.append(next_)
        return held

    def _walk(self) -> None:
        current: _Set | None = None
        for at, segment in enumerate(self.document.segments):
            if segment.name == "ST":
                current = _Set(self, at)
            elif segment.name in _ENVELOPE:
                current = None
            elif current is not None:
                current.meet(at, segment)
                if segment.name == "SE":
                    current = None
        for found in self.named.values():
            found.sort(key=lambda loop: loop.start)

    def guide_at(self, at: int) -> tuple[Guide | None, bool]:
        """The map of the set that begins there, and whether it is that version's own."""
        set_ = self.document.segments[at]
        version = set_.element(3).strip()
        if not version:
            group = self._envelope("GS", at)
            version = group[0].element(8).strip() if group else ""
        return resolve(set_.element(1).strip(), version)

    def add(self, loop: Loop) -> None:
        """Keep a loop by its names."""
        for name in {loop.name, loop.code} - {""}:
            self.named.setdefault(name, []).append(loop)

    def look(self, start: Loop, name: str) -> Sequence[Segment]:
        """Segments of that name that are seen from a loop."""
        if name in _ENVELOPE:
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
                return [segments[at] for at in self._between(name, node) if self.home[at] is node]
            return [segments[at] for at in own if segments[at].name == name]
        return [
            segments[at] for at in self._between(name, node) if self._sees(self.home[at], node, came)
        ]

    def look_for_loops(self, start: Loop, name: str) -> Sequence[Loop]:
        """Loops of that name that are seen from a loop: itself and those around it too."""
        node: Loop | None = start if start.part is not None else start.parent
        came: Loop | None = None
        while node is not None:
            if name in (node.name, node.code) and node.part is not None and node.parent is not None:
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
            found = self._seen[name] = [
                segment for set_ in self.sets for segment in self.inside(set_, name, None)
            ] or self.document.index.get(name, _NONE)
        return found

    def groups_from_message(self, name: str) -> Sequence[Loop]:
        """Loops of that name, seen from no loop."""
        if name == "ST":
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
            if home is came:
                return True
            home, below = home.parent, home
        if home is None:
            return False
        sibling = below is not None and came is not None and below.part is came.part
        return not sibling or below is came

    def _between(self, name: str, node: Loop) -> list[int]:
        known = self._positions.get(name)
        if known is None:
            found = self.document.index.get(name, _NONE)
            known = self._positions[name] = [segment.position for segment in found]
        return known[bisect_left(known, node.start) : bisect_left(known, node.end)]

    def _loops_between(self, name: str, node: Loop) -> list[Loop]:
        loops = self.named.get(name, [])
        starts = self._starts.get(name)
        if starts is None:
            starts = self._starts[name] = [loop.start for loop in loops]
        return loops[bisect_left(starts, node.start) : bisect_left(starts, node.end)]

    def _envelope(self, name: str, at: int) -> Sequence[Segment]:
        found = self.document.index.get(name, _NONE)
        positions = [segment.position for segment in found]
        chosen = bisect_right(positions, at) - (0 if name in _CLOSING else 1)
        if 0 <= chosen < len(found):
            return (found[chosen],)
        return found[:1]


class _Set:
    """One transaction set while its segments go by."""

    def __init__(self, loops: Loops, at: int) -> None:
        self.loops = loops
        self.guide, _ = loops.guide_at(at)
        root = Loop(loops.document, at, self.guide.root if self.guide else None, None)
        root.name = "ST"
        loops.sets.append(root)
        loops.guides.append(self.guide)
        loops.home[at] = root
        self.stack = [root]
        self.levels: dict[str, Loop] = {}
        """HL loops by their HL01."""
        self.place: Part | None = None
        if self.guide is not None:
            self.place = loops.places[at] = self.guide.root.first

    def meet(self, at: int, segment: Segment) -> None:
        """The next segment of the set."""
        found = None
        if self.guide is not None and self.place is not None:
            found = step(self.guide, self.place, segment)
        if found is not None:
            self.place, depth, begun, stray = found
            del self.stack[depth + 1 :]
            for part in begun:
                self._begin(part, at, segment)
            self.loops.places[at] = self.place
            if stray:
                self.loops.strays.add(at)
        loop = self.stack[-1]
        if loop.start != at:
            loop.own.append(at)
        self.loops.home[at] = loop
        around: Loop | None = loop
        while around is not None:
            around.end = max(around.end, at + 1)
            around = around.parent

    def _begin(self, part: LoopPart, at: int, segment: Segment) -> None:
        parent = self.stack[-1]
        code = ""
        if segment.name == "HL":
            above = self.levels.get(segment.element(2).strip())
            fits = above is not None and (part.hierarchy or above.part is part.loop)
            if above is not None and fits:
                parent = above
            code = f"HL:{segment.element(3).strip()}"
        loop = Loop(self.loops.document, at, part, parent)
        loop.code = code
        if segment.name == "HL":
            self.levels[segment.element(1).strip()] = loop
        self.stack.append(loop)
        self.loops.add(loop)
