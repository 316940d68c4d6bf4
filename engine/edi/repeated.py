"""
`repeated(CAS02, 3)`: a segment that says the same thing several times over, read as if it were several segments.

In CAS three elements are one adjustment, six times; in PLB two. Each of the things is the segment up to there with one of them:
of `CAS*CO*45*10**97*20` they are `CAS*CO*45*10*` and `CAS*CO*97*20`, so that paths mean in each what they mean in the first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from engine.edi.dictionary import Description
from engine.edi.document import Segment
from engine.edi.loop import Loop
from engine.edi.names import words
from engine.edi.path import Path, read_path
from engine.paths import CompileCondition, Match, PathProblem, Scope, Shape

Find = Callable[[Scope], Sequence[Segment]]

CALL = re.compile(r"repeated\(\s*")
_SIZE = re.compile(r"\s*,\s*(\d{1,2})\s*\)")
_WRITE = "each: repeated(CAS02, 3)"


class Piece(Loop):
    """A segment with one of the things that it says, as a thing of an `each`."""

    __slots__ = ("_cut",)

    def __init__(self, around: Loop, cut: Segment) -> None:
        super().__init__(around.document, cut.position, None, None)
        self.parent, self._cut = around, cut
        self.seen[cut.name] = (cut,)

    @property
    def segment(self) -> Segment:
        """The segment, cut."""
        return self._cut

    def within(self, name: str) -> Sequence[Segment]:
        """Itself, where it is asked for."""
        return (self._cut,) if name == self._cut.name else ()


def match(
    text: str, start: int, shape: Shape, condition: CompileCondition
) -> tuple[Path, int, int]:
    """The path to the first element, how many belong together, and where the call ends; PathProblem where it is wrong."""
    path = read_path(text, start, shape, condition)
    if path is None or not path.element or path.component or path.repetition.said:
        raise PathProblem(
            start, "'repeated' begins at an element: the first that is said again", _WRITE
        )
    said = _SIZE.match(text, path.end)
    if said is None or not int(said[1]):
        problem = "behind the element stands how many elements belong together"
        raise PathProblem(path.end, problem, _WRITE)
    size = int(said[1])
    described = words(shape).segments.get(path.segment or shape.name)
    if described is not None:
        _check(described, path, size, start)
    return path, size, said.end()


def _check(described: Description, path: Path, size: int, at: int) -> None:
    """PathProblem where the elements of a segment do not come again so."""
    ids = [slot.id for slot in described.slots[path.element - 1 :]]
    if ids[:size] == ids[size : 2 * size]:
        return
    fits = next((n for n in range(1, len(ids) // 2 + 1) if ids[:n] == ids[n : 2 * n]), 0)
    said = f"; it repeats {fits}" if fits else ""
    problem = f"{described.name} does not repeat {size} elements from {path.text} on{said}"
    raise PathProblem(at, problem, f"repeated({path.text}, {fits})" if fits else "")


def pieces(segment: Segment, loop: Loop, first: int, size: int) -> Iterator[Piece]:
    """What a segment says from an element on, one after the other; what is empty is left out."""
    elements = segment.elements
    head = elements[:first]
    for at in range(first, len(elements), size):
        said = elements[at : at + size]
        if any(said):
            cut = Segment(
                segment.line, segment.name, segment.position, segment.marks, segment.key
            )
            cut.cut = head + said
            yield Piece(loop, cut)


def found(text: str, end: int, path: Path, size: int, shape: Shape, find: Find) -> Match:
    """The things of an `each`: `find` gives the segments."""

    def nodes(scope: Scope) -> Sequence[Piece]:
        return [
            piece
            for segment in find(scope)
            for piece in pieces(segment, _around(segment, scope), path.element, size)
        ]

    name = path.segment or shape.name
    inner = Shape(format=shape.format, kind="group", name=name, outer=shape)
    return Match(
        text=text, end=end, read=nodes, many=True, nodes=nodes, shape=inner, group=True
    )


def _around(segment: Segment, scope: Scope) -> Loop:
    """The loop in which a segment stands."""
    loop = scope.node if isinstance(scope.node, Loop) else None
    if loop is not None and loop.segment is segment:
        return loop
    document = scope.node.document if loop is not None else scope.node
    home: Loop = document.loops.home[segment.position] or document.loops.of(segment)
    return home
