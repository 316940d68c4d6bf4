"""
One interchange while its segments go by once: what its headers and trailers say, and what is wrong with it, from the outside in.

What is checked inside a set is what its map and the dictionary say (content.py). A set whose version has no map of its own is
checked in its envelope only. Nothing is kept of a set that is over but its header, its trailer and its faults.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from engine.edi.maps import resolve
from engine.edi.marks import Marks
from engine.formats.x12 import faults, header
from engine.formats.x12.book import book
from engine.formats.x12.content import Content
from engine.formats.x12.elements import value, whole
from engine.formats.x12.faults import Fault

#: How the segments begin that end a set, or stand outside all.
_OUTSIDE = frozenset(["IS", "GS", "ST", "SE", "GE", "IE", "TA"])
_FREE, _SERVICES = frozenset(["TA1", "TA3"]), frozenset(["ISB", "ISE"])


class SetSeen:
    """One transaction set, as it went by."""

    __slots__ = ("content", "count", "end", "faults", "start", "units")

    def __init__(self, start: list[str], content: Content | None) -> None:
        self.start = start
        """The elements of ST."""
        self.end: list[str] | None = None
        """Those of SE."""
        self.count = 1
        """Its segments, ST and SE included."""
        self.content = content
        self.faults: Sequence[Fault] = ()
        self.units: dict[int, list[str]] = {}
        """Of business units in which something is wrong: the elements of the segment that begins them, by its position."""


class GroupSeen:
    """One functional group, as it went by."""

    __slots__ = ("controls", "end", "faults", "sets", "start")

    def __init__(self, start: list[str]) -> None:
        self.start = start
        self.end: list[str] | None = None
        self.sets: list[SetSeen] = []
        self.faults: list[Fault] = []
        self.controls: set[str] = set()
        """ST02 of its sets."""


class Inspection:
    """An interchange that goes by: `meet` its segments from ISA on, then `finish`."""

    def __init__(self, marks: Marks, strict: bool) -> None:
        self.marks, self.strict = marks, strict
        self.start: list[str] = []
        """The elements of ISA."""
        self.end: list[str] | None = None
        self.groups: list[GroupSeen] = []
        self.faults: list[Fault] = []
        """Of the interchange itself."""
        self.answers = False
        """Whether it holds a TA1."""
        self._strays = self._broken = False
        self._services: list[str] = []
        self._group: GroupSeen | None = None
        self._set: SetSeen | None = None
        self._controls: set[str] = set()

    def meet_all(self, lines: Iterable[str]) -> None:
        """The next segments as written."""
        for line in lines:
            set_ = self._set
            if set_ is None or line[:2] in _OUTSIDE:
                self.meet(line)
            else:
                set_.count += 1
                if set_.content is not None:
                    set_.content.meet(line)

    def meet(self, line: str) -> None:
        """The next segment as written."""
        name, values = line.partition(self.marks.element)[0], []
        step = _STEPS.get(name)
        if step is not None:
            values = line.split(self.marks.element)
            step(self, line, values)
        elif self._set is not None:
            self._set.count += 1
            if self._set.content is not None:
                self._set.content.meet(line)
        elif name == "TA1":
            self.answers = True
        elif name in _SERVICES:
            self._services += header.asked(line.split(self.marks.element))
        elif name not in _FREE:
            self._strays = True

    def finish(self) -> None:
        """Nothing comes any more."""
        self._end_group()
        codes = [*header.wrong(self.start, self.marks), *dict.fromkeys(self._services)]
        if self.end is None:
            codes.append("023")
        else:
            if value(self.end, 2) != value(self.start, 13):
                codes.append("001")
            if whole(value(self.end, 1)) != len(self.groups):
                codes.append("021")
        if self._broken:
            codes.append("022")
        if self._strays:
            codes.append("024")
        self.faults += [
            Fault(level="interchange", code=code, words=faults.INTERCHANGE[code])
            for code in sorted(codes, key=faults.RANK.__getitem__)
        ]

    def found(self) -> Iterator[Fault]:
        """Everything that is wrong, from the outside in, in order."""
        yield from self.faults
        for group in self.groups:
            yield from group.faults
            for set_ in group.sets:
                yield from set_.faults

    def _isa(self, line: str, values: list[str]) -> None:
        self.start = values

    def _gs(self, line: str, values: list[str]) -> None:
        self._broken = self._broken or self.end is not None
        self._end_group()
        self._group = GroupSeen(values)
        self.groups.append(self._group)

    def _st(self, line: str, values: list[str]) -> None:
        self._end_set()
        group = self._group
        if group is None:
            self._strays = True
            return
        version = value(values, 3) or value(group.start, 8)
        guide, exact = resolve(value(values, 1), version)
        content = None
        if guide is not None and exact:
            made = book(guide, version, self.marks, self.strict)
            content = Content(made, len(self.groups) - 1, len(group.sets))
            content.meet(line)
        self._set = SetSeen(values, content)
        group.sets.append(self._set)

    def _se(self, line: str, values: list[str]) -> None:
        set_ = self._set
        if set_ is None:
            self._strays = True
            return
        set_.count += 1
        set_.end = values
        if set_.content is not None:
            set_.content.meet(line)
        self._end_set()

    def _ge(self, line: str, values: list[str]) -> None:
        self._end_set()
        if self._group is None:
            self._broken = True
            return
        self._group.end = values
        self._end_group()

    def _iea(self, line: str, values: list[str]) -> None:
        self._end_group()
        self.end = values

    def _end_set(self) -> None:
        set_, group = self._set, self._group
        if set_ is None or group is None:
            return
        self._set = None
        number, at = len(self.groups) - 1, len(group.sets) - 1
        found = [
            Fault(level="set", code=code, words=faults.SET[code], group=number, set=at)
            for code in _set_codes(set_, group)
        ]
        group.controls.add(value(set_.start, 2))
        if set_.content is not None:
            found += set_.content.finish()
            set_.units = set_.content.units
            set_.content = None
        set_.faults = tuple(found)

    def _end_group(self) -> None:
        self._end_set()
        group = self._group
        if group is None:
            return
        self._group = None
        group.faults = [
            Fault(
                level="group", code=code, words=faults.GROUP[code], group=len(self.groups) - 1
            )
            for code in _group_codes(group, self._controls)
        ]
        self._controls.add(value(group.start, 6))
        group.controls.clear()


_STEPS = {
    "ISA": Inspection._isa,
    "GS": Inspection._gs,
    "ST": Inspection._st,
    "SE": Inspection._se,
    "GE": Inspection._ge,
    "IEA": Inspection._iea,
}


def _set_codes(set_: SetSeen, group: GroupSeen) -> Iterator[str]:
    """AK502, IK502."""
    code, control, convention = (value(set_.start, at) for at in (1, 2, 3))
    if not (len(code) == 3 and code.isascii() and code.isalnum()):
        yield "6"
    if not control:
        yield "7"
    elif control in group.controls:
        yield "23"
    if convention and convention != value(group.start, 8) and "X" in value(group.start, 8):
        yield "I6"
    if set_.end is None:
        yield "2"
        return
    if value(set_.end, 2) != control:
        yield "3"
    if whole(value(set_.end, 1)) != set_.count:
        yield "4"


def _group_codes(group: GroupSeen, controls: set[str]) -> Iterator[str]:
    """AK905."""
    control = value(group.start, 6)
    if group.end is None:
        yield "3"
    else:
        if value(group.end, 2) != control:
            yield "4"
        if whole(value(group.end, 1)) != len(group.sets):
            yield "5"
    if whole(control) < 0:
        yield "6"
    elif control in controls:
        yield "19"
