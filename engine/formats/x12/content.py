"""
One transaction set against its map, while its segments go by once: order, repeats, presence, elements.

A segment that stands where the map does not have it leaves the place where the walk is: what follows is judged as if it were
not there. A loop that is over is asked what it lacks. What is missing has the position that it would have: that of the segment
that stands there instead; at the end of the set that of the last segment (X12.20 AK302, 005010X231 IK302).
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.edi import dictionary
from engine.edi.maps import LoopPart, Part
from engine.formats.x12 import elements, faults
from engine.formats.x12.book import UNSEEN, Book, Move, Place, Problem
from engine.formats.x12.elements import whole
from engine.formats.x12.faults import Fault

#: So many faults are told for a set; those behind are not looked for by name.
MOST = 10_000


class Open:
    """A loop that is not over."""

    __slots__ = ("counts", "last", "name", "part")

    def __init__(self, part: LoopPart, name: str) -> None:
        self.part, self.name = part, name
        self.counts = [0] * len(part.items)
        """How often each of its items is there."""
        self.last = [0] * len(part.items)
        """The position of the last segment of each."""


class Content:
    """A set while its segments go by. Positions count from 1, which is ST."""

    def __init__(self, book: Book, group: int, number: int) -> None:
        self.book, self.group, self.number = book, group, number
        self.bar = book.marks.element
        self.place: Place = book.start
        self.position = 0
        self.open = [Open(book.guide.root, "")]
        self.ended = False
        """Whether the segment at hand is SE."""
        self.found: list[Fault] = []
        self.unit = 0
        """Where the business unit at hand begins."""
        self.units: dict[int, list[str]] = {}
        """The elements of the segments that begin units in which something is wrong."""
        self._unit: list[str] = []
        self.levels = 0
        """How many levels of a hierarchy were met."""
        self.says: dict[tuple[str, int], str] = {}
        """What decides which segments are used (Head.only), as it was met."""
        self.odd: set[str] = set()
        """HL01 of those that are not counted from 1 on."""

    def meet(self, line: str) -> None:
        """The next segment as written, from ST on."""
        self.position = at = self.position + 1
        values = line.split(self.bar)
        name = values[0]
        if name == "BIN":
            values = line.split(self.bar, 2)
        book = self.book
        coding = book.coding.get(name)
        key = name if coding is None else coding(values)
        move = self.place.after.get(key, UNSEEN)
        if move is UNSEEN:
            move = book.move(self.place, name, key)
        if move is None or move[3]:
            place = self._stray(move, name, at)
        else:
            place = self._step(move, values, at)
        if name in book.noted:
            self._note(name, values, at)
        problems = place.problems(line, values, name)
        if problems:
            self._elements(problems, name, at)

    def _step(self, move: Move, values: list[str], at: int) -> Place:
        """A segment that stands where the map has it."""
        place, depth, begun, _ = move
        self.place = place
        open_ = self.open
        if len(open_) > depth + 1:
            self.ended = values[0] == "SE"
            while len(open_) > depth + 1:
                self._close()
        for loop in begun:
            self._begin(loop, values, at)
        top = open_[-1]
        order, limit = place.order, place.limit
        top.last[order] = at
        top.counts[order] += 1
        if limit and top.counts[order] > limit and self.book.presses:
            self._tell("5", values[0], at, top.name)
        return place

    def finish(self) -> list[Fault]:
        """The set is over: everything that is wrong with it, in order."""
        self.ended = self.open[0].counts[-1] > 0
        while self.open:
            self._close()
        self.found.sort(key=lambda fault: (fault.position, fault.element))
        return self.found

    def _stray(self, move: Move | None, name: str, at: int) -> Place:
        """A segment that is not where it belongs, or belongs nowhere."""
        book, top = self.book, self.open[-1]
        if move is None:
            known = name in book.guide.root.all
            code = "2" if known else "6" if name in dictionary.names() else "1"
            if book.presses or not any(name in one.part.direct for one in self.open):
                self._tell(code, name, at, top.name)
            return book.foreign(name)
        place, depth = move[0], move[1]
        home = self.open[min(depth, len(self.open) - 1)]
        if not move[2]:
            home.counts[place.order] += 1
        self._tell("7", name, at, move[2][-1].name if move[2] else home.name)
        return place

    def _begin(self, loop: LoopPart, values: list[str], at: int) -> None:
        """A loop begins."""
        around, name = self.open[-1], loop.name
        if loop.hierarchy and len(values) > 3:
            name = f"HL:{values[3].strip()}"
        around.counts[loop.order] += 1
        if loop.repeat and around.counts[loop.order] > loop.repeat and self.book.presses:
            self._tell("4", loop.first.name, at, name)
        self.open.append(Open(loop, name))

    def _close(self) -> None:
        """The innermost loop is over."""
        over = self.open.pop()
        if self.open:
            around = self.open[-1]
            around.last[over.part.order] = max(over.last)
        if not self.book.presses:
            return
        counts = over.counts
        for order in self.book.needs(over.part):
            if not counts[order]:
                self._lacks(over)
                return

    def _lacks(self, over: Open) -> None:
        """Tell what is missing in a loop; of an area of the set of which nothing is there its first segment alone."""
        needed, items, counts = self.book.needs(over.part), over.part.items, over.counts
        for first, behind in self.book.areas(over.part):
            missing = [
                order for order in needed if first <= order < behind and not counts[order]
            ]
            if over.part.loop is None and not any(counts[first or 1 : behind]):
                del missing[1:]
            for order in missing:
                item = items[order]
                place = min(max(over.last[:order], default=0) + 1, self.position - self.ended)
                if isinstance(item, Part):
                    self._tell("3", item.name, place, over.name)
                else:
                    self._tell("3", item.first.name, place, item.name)

    def _note(self, name: str, values: list[str], at: int) -> None:
        """HL01 counts the levels of the set, HL02 names one before (X12.22 HL); LX01 counts the lines of a claim (TR3)."""
        book, wrong = self.book, 0
        if book.only:
            self._decide(name, values, at)
        if name == book.unit and book.unit_code in ("", *values[1:2]):
            self.unit, self._unit = at, values
        said = values[1].strip() if len(values) > 1 else ""
        if name == "HL" and book.strict:
            wrong = self._level(said, values[2].strip() if len(values) > 2 else "")
        elif name == "LX" and len(self.open) > 1:
            count = self.open[-2].counts[self.open[-1].part.order]
            wrong = 1 if said != str(count) else 0
        if wrong:
            reference = elements.reference(name, wrong)
            self._elements([("I12", wrong, 0, 0, reference)], name, at)

    def _decide(self, name: str, values: list[str], at: int) -> None:
        """Whether a segment is used in what the set says that it is (005010X217: a request has no decision, HCR)."""
        for segment, element, _ in self.book.only.values():
            if segment == name:
                self.says[segment, element] = elements.value(values, element)
        if (asked := self.book.only.get(name)) is not None:
            segment, element, code = asked
            if self.says.get((segment, element), code) != code:
                self._tell("I9", name, at, self.open[-1].name)

    def _level(self, said: str, parent: str) -> int:
        """The element of an HL that is wrong; 0 where none is."""
        before, self.levels = self.levels, self.levels + 1
        counted = whole(parent) if parent else 0
        known = not parent or 0 < counted <= before or parent in self.odd
        if said.lstrip("0") != str(before + 1):
            if len(self.odd) < MOST:
                self.odd.add(said)
            return 1
        return 0 if known else 2

    def _elements(self, problems: Sequence[Problem], name: str, at: int) -> None:
        loop = self.open[-1].name
        if len(self.found) >= MOST:
            return
        self.units[self.unit] = self._unit
        for code, element, component, which, reference in problems:
            self.found.append(
                Fault(
                    level="element",
                    code=code,
                    words=faults.ELEMENT[code],
                    group=self.group,
                    set=self.number,
                    name=name,
                    position=at,
                    unit=self.unit,
                    loop=loop,
                    element=element,
                    component=component,
                    repetition=which,
                    reference=reference,
                )
            )

    def _tell(self, code: str, name: str, at: int, loop: str) -> None:
        if len(self.found) < MOST:
            self.units[self.unit] = self._unit
            self.found.append(
                Fault(
                    level="segment",
                    code=code,
                    words=faults.SEGMENT[code],
                    group=self.group,
                    set=self.number,
                    name=name,
                    position=at,
                    unit=self.unit,
                    loop=loop,
                )
            )
