"""A transaction set while its segments go by: which loops begin, and what they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.edi.loop import Loop
from engine.edi.maps import LoopPart, Part
from engine.edi.walker import step

if TYPE_CHECKING:
    from engine.edi.document import Segment
    from engine.edi.loops import Loops


#: Levels of a hierarchy; one deeper than that stands beside its parent.
DEEPEST = 32


class SetWalk:
    """One transaction set while its segments go by."""

    def __init__(self, loops: Loops, at: int) -> None:
        self.loops = loops
        self.guide, _ = loops.guide_at(at)
        root = Loop(loops.document, at, self.guide.root if self.guide else None, None)
        root.name = loops.dialect.set
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
            self._close(depth + 1)
            for part in begun:
                self._begin(part, at, segment)
            self.loops.places[at] = self.place
            if stray:
                self.loops.strays.add(at)
        loop = self.stack[-1]
        if loop.start != at:
            loop.own.append(at)
        loop.end = at + 1
        self.loops.home[at] = loop

    def finish(self) -> None:
        """The set is over."""
        self._close(0)

    def _close(self, depth: int) -> None:
        """Loops deeper than that are over: what is around them ends no earlier."""
        stack = self.stack
        while len(stack) > depth:
            loop = stack.pop()
            around = loop.parent
            if around is not None and around.end < loop.end:
                around.end = loop.end
                if around is not (stack[-1] if stack else None):
                    self._lengthen(around)

    def _lengthen(self, loop: Loop) -> None:
        """Levels of a hierarchy stand side by side on the stack, and one in the other."""
        around = loop.parent
        while around is not None and around.end < loop.end:
            around.end = loop.end
            loop, around = around, around.parent

    def _begin(self, part: LoopPart, at: int, segment: Segment) -> None:
        parent = self.stack[-1]
        code = ""
        if segment.name == "HL":
            above = self.levels.get(segment.element(2).strip())
            fits = above is not None and (part.hierarchy or above.part is part.loop)
            if above is not None and fits and _depth(above) < DEEPEST:
                parent = above
            code = f"HL:{segment.element(3).strip()}"
        loop = Loop(self.loops.document, at, part, parent)
        loop.code = code
        if segment.name == "HL":
            self.levels[segment.element(1).strip()] = loop
        self.stack.append(loop)
        self.loops.add(loop)


def _depth(loop: Loop) -> int:
    depth, around = 0, loop.parent
    while around is not None:
        depth, around = depth + 1, around.parent
    return depth
