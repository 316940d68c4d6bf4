"""Amounts of a transaction set, and where its totals stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

import msgspec

from engine.edi.document import Document, Segment
from engine.edi.loop import Loop
from engine.edi.maps import Guide

_NUMBER = re.compile(r"-?(?:\d{1,18}\.?\d{0,18}|\.\d{1,18})", re.ASCII)
#: Elements of a CAS that hold amounts (X12 005010 CAS03 and each third one behind it).
ADJUSTED = (3, 6, 9, 12, 15, 18)


class Off(msgspec.Struct, frozen=True):
    """One total that is not the sum of its parts."""

    segment: Segment
    """Where the total stands."""
    element: int
    words: str


class Unreadable(Exception):
    """An amount that a sum needs is none."""


class Totals:
    """One transaction set, as sums look at it."""

    def __init__(self, document: Document, set_: Loop) -> None:
        self.document, self.set = document, set_

    @property
    def guide(self) -> Guide | None:
        """Its map."""
        return self.document.loops.guide_at(self.set.start)[0]

    def loops(self, name: str) -> Sequence[Loop]:
        """The loops of that name anywhere in it."""
        return self.document.loops.loops_inside(self.set, name)

    def segments(self, name: str) -> Iterator[Segment]:
        """The segments of that name anywhere in it."""
        for segment in self.document.index.get(name, ()):
            if self.set.start <= segment.position < self.set.end:
                yield segment

    def first(self, name: str) -> Segment | None:
        """The first segment of that name in it."""
        return next(self.segments(name), None)

    def own(self, loop: Loop, name: str) -> Iterator[Segment]:
        """The segments of that name that are a loop's own, without those of loops in it."""
        segments = self.document.segments
        for at in loop.own:
            if segments[at].name == name:
                yield segments[at]


def amount(segment: Segment, element: int, missing: str | None = None) -> Decimal:
    """
    An amount; where it is empty the one that is given instead.

    Raises Unreadable where it is none.
    """
    text = segment.element(element) or missing
    if text is None or _NUMBER.fullmatch(text) is None:
        raise Unreadable
    return Decimal(text)


def sum_of(segments: Iterable[Segment], elements: Sequence[int]) -> Decimal:
    """The sum of some elements of segments, empty ones being nothing."""
    return sum(
        (amount(segment, element, "0") for segment in segments for element in elements),
        Decimal(0),
    )
