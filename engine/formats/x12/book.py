"""
A map made ready to check sets of one version between the delimiters of one interchange: what follows what, and what each
segment must be at its place. Filled while sets are checked; what was found once costs a look-up from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from engine.edi import dictionary, rules
from engine.edi.dictionary import Description
from engine.edi.document import Segment, parts_of
from engine.edi.maps import Guide, LoopPart, Part
from engine.edi.marks import Marks
from engine.edi.rules import Rule
from engine.edi.walker import found_at
from engine.formats.x12 import elements, patterns
from engine.formats.x12.doubts import doubt

#: A pattern is worth making for a place that was met so often.
_OFTEN = 16
#: Stands for what was not looked for yet.
UNSEEN: Any = object()

Problem = tuple[str, int, int, int, str]
"""Code of IK403, element, component, repetition (both 0 where there is one), number in the dictionary."""


class Place:
    """A segment at one place of the map, or one that the map does not have."""

    __slots__ = ("after", "book", "described", "doubts", "limit", "match", "met", "order", "part", "rules")  # fmt: skip

    def __init__(self, book: Book, name: str, part: Part | None) -> None:
        self.book, self.part = book, part
        self.order = part.order if part is not None else 0
        self.limit = part.repeat if part is not None else 0
        self.after: dict[Any, Move | None] = {}
        self.described: Description | None = dictionary.segments().get(name)
        own = part.rules if part is not None and book.strict else ()
        standard = self.described.rules if self.described is not None else ()
        self.rules: tuple[Rule, ...] = (*standard, *own)
        self.doubts = [doubt(rule, book.marks) for rule in patterns.others(self.rules)]
        self.met = 0
        self.match: Callable[[str], Any] | None = None

    def problems(self, line: str, values: list[str], name: str) -> Sequence[Problem]:
        """What is wrong with the elements of a segment here, in their order."""
        match = self.match
        if match is None:
            self._meet()
        elif match(line) is not None:
            for asked in self.doubts:
                if asked(values):
                    break
            else:
                return ()
        return sorted(self._problems(line, values, name), key=_where)

    def _meet(self) -> None:
        self.met += 1
        if self.met == _OFTEN and self.described is not None:
            made = patterns.pattern(
                self.described, self.rules, self.book.version, self.book.marks
            )
            self.match = made.fullmatch if made is not None else None

    def _problems(self, line: str, values: list[str], name: str) -> Iterator[Problem]:
        segment = Segment(line, name, 0, self.book.marks, 0, values)
        told = set[tuple[int, int]]()
        for problem in elements.problems(segment, self.book.version):
            told.add(problem[1:3])
            yield problem
        for code, element, component, which in rules.broken(self.rules, segment):
            if (element, component) not in told:
                told.add((element, component))
                yield (
                    code,
                    element,
                    component,
                    which,
                    elements.reference(name, element, component),
                )


def _where(problem: Problem) -> tuple[int, int, int]:
    return problem[1], problem[3], problem[2]


Move = tuple[Place, int, tuple[LoopPart, ...], bool]
"""The place, how many loops around stay open (0 = the set only), the loops that begin, whether it stands out of order."""


class Book:
    """One map, one version, one set of delimiters, one level."""

    def __init__(self, guide: Guide, version: str, marks: Marks, strict: bool) -> None:
        self.guide, self.version, self.marks = guide, version, marks
        self.strict = strict
        """Whether what the guide asks of elements is asked."""
        self.presses = strict or "X" not in version
        """Whether presence and repeats are asked: those of a guide are the guide's alone, those of a plain set the standard's."""
        # LX01 counts the service lines of a claim (005010X222 2400)
        lines = strict and guide.head.set == "837"
        self.unit = guide.head.business[0]
        """The segment that begins a business unit."""
        self.unit_code = guide.head.unit.partition("=")[2]
        self.only = {name: _said(text) for name, text in guide.head.only.items() if strict}
        """Segments that are used only where an element says so: its segment, its number, the code."""
        self.noted = frozenset(
            [self.unit, *(["HL"] if strict else ()), *(["LX"] if lines else ()), *self.only]
            + [name for name, _, _ in self.only.values()]
        )
        """Segments that are looked at for more than themselves."""
        self.coding = {
            name: _coding(places, guide.known[name], marks)
            for name, places in guide.codes.items()
        }
        self._places: dict[int, Place] = {}
        self._foreign: dict[str, Place] = {}
        self.start = self.place(guide.root.first)
        self.required = dict[int, tuple[int, ...]]()

    def place(self, part: Part) -> Place:
        """The place of a part of the map."""
        found = self._places.get(id(part))
        if found is None:
            found = self._places[id(part)] = Place(self, part.name, part)
        return found

    def foreign(self, name: str) -> Place:
        """A segment that the map does not have there."""
        found = self._foreign.get(name)
        if found is None:
            found = Place(self, name, None)
            if found.described is not None:
                self._foreign[name] = found
        return found

    def move(self, before: Place, name: str, key: Any) -> Move | None:
        """Where a segment goes that follows another; remembered where the map has its name."""
        if name not in self.guide.root.all:
            return None
        codes = () if key is name else key[1:]
        assert before.part is not None
        step = found_at(self.guide, before.part, name, codes)
        found: Move | None = None
        if step is not None:
            part, depth, begun, stray = step
            found = (self.place(part), depth, begun, stray)
        before.after[key] = found
        return found

    def needs(self, loop: LoopPart) -> tuple[int, ...]:
        """What must be in a loop, by its order there."""
        found = self.required.get(id(loop))
        if found is None:
            found = tuple(
                item.order
                for item in loop.items
                if item.required and getattr(item, "name", "") != "SE"
            )
            self.required[id(loop)] = found
        return found

    def areas(self, loop: LoopPart) -> Sequence[tuple[int, int]]:
        """The heading, detail and summary of a set (X12.59), as spans of what stands in it; of a loop one span."""
        last = len(loop.items) - (loop.loop is None)
        named = [item.order for item in loop.items if item.name in self.guide.head.areas]
        if loop.loop is not None or not named:
            return (
                ((0, last),)
                if loop.loop is not None
                else tuple((at, at + 1) for at in range(last))
            )
        return tuple(pairwise([0, *named, last]))


@lru_cache(maxsize=128)
def book(guide: Guide, version: str, marks: Marks, strict: bool) -> Book:
    """The map made ready; kept."""
    return Book(guide, version, marks, strict)


def _said(text: str) -> tuple[str, int, str]:
    """
    What must be said somewhere.

    >>> _said("BHT02=11")
    ('BHT', 2, '11')
    """
    place, _, code = text.partition("=")
    return place[:-2], int(place[-2:]), code


def _coding(
    places: dict[tuple[int, int], int], known: list[set[str]], marks: Marks
) -> Callable[[list[str]], Any]:
    """What of a segment its place depends on, as a key: its name and the codes that matter."""
    if list(places) == [(1, 0)]:
        codes = known[0]

        def single(values: list[str]) -> Any:
            code = values[1] if len(values) > 1 else ""
            return (values[0], code) if code in codes else (values[0], "")

        return single

    def several(values: list[str]) -> Any:
        found = [values[0]]
        for (element, component), codes in zip(places, known, strict=True):
            raw = values[element] if element < len(values) else ""
            if component:
                pieces = parts_of(parts_of(raw, marks.repetition)[0], marks.component)
                raw = pieces[component - 1] if component <= len(pieces) else ""
            found.append(raw if raw in codes else "")
        return tuple(found)

    return several
