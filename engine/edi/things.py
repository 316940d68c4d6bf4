"""Elements and components as things: text that remembers how it stands in its interchange."""

from __future__ import annotations

from typing import Any

from engine.edi.document import Segment, parts_of
from engine.edi.marks import ABSENT, HEADERS, Marks
from engine.edi.release import plain


class Element(str):
    """
    An element, one repetition of it, or a component. As text it is its value: the first leaf of it.

    `raw` is what stands in the interchange, with repetitions and components: what is copied.
    """

    __slots__ = ("marks", "number", "raw", "segment")

    raw: str
    marks: Marks
    segment: Segment
    number: int
    """Which element of its segment it is, from 1."""

    def value(self) -> Any:
        """Text, or None for nothing."""
        return leaf(self.raw, self.marks, self.segment.name)


def element(raw: str, segment: Segment, number: int) -> Element:
    """What stands in an interchange, as a thing."""
    made = Element(leaf(raw, segment.marks, segment.name) or "")
    made.raw, made.marks, made.segment, made.number = raw, segment.marks, segment, number
    return made


def leaf(raw: str, marks: Marks, name: str) -> str | None:
    """The first component of the first repetition; None where it is empty. In the ISA without the blanks that fill it."""
    if name in HEADERS:
        return raw.strip() or None
    if marks.repetition in raw:
        raw = raw.partition(marks.repetition)[0]
    if marks.component in raw:
        raw = raw.partition(marks.component)[0]
    if marks.release is not ABSENT and not raw.isascii():
        raw = plain(raw)
    return raw or None


def inside(raw: str, marks: Marks, component: int) -> str:
    """A component of a repetition; 0 = the whole."""
    if not component:
        return raw
    pieces = parts_of(raw, marks.component)
    return pieces[component - 1] if component <= len(pieces) else ""


def repetitions(raw: str, marks: Marks, name: str) -> list[str]:
    """The repetitions of an element."""
    return [raw] if name in HEADERS else parts_of(raw, marks.repetition)


def qualified(first: Element, qualifier: str) -> str | None:
    """
    The value behind a qualifier, among the pairs that begin with an element: in `PO1*1*5*EA*9.5**VN*A1*UP*B2` the value
    of VN from PO106 on is `A1`. None where no pair has that qualifier.
    """
    return qualified_from(first.segment, first.number, qualifier)


def qualified_from(
    segment: Segment, first: int, qualifier: str, pair: tuple[int, int] | None = None
) -> str | None:
    """
    The same, by the number of the first element. In EDIFACT each pair is one element: `pair` says which of its components is
    the qualifier, and which the value.
    """
    elements = segment.elements
    if pair is not None:
        return _paired(segment, first, qualifier, pair)
    for at in range(first, len(elements) - 1, 2):
        if elements[at] == qualifier:
            return leaf(elements[at + 1], segment.marks, segment.name)
    return None


def _paired(segment: Segment, first: int, qualifier: str, pair: tuple[int, int]) -> str | None:
    for raw in segment.elements[first:]:
        for one in parts_of(raw, segment.marks.repetition):
            if inside(one, segment.marks, pair[0]) == qualifier:
                return leaf(inside(one, segment.marks, pair[1]), segment.marks, segment.name)
    return None
