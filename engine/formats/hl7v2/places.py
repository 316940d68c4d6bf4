"""
Places of a message being built: `PID-3.1`, `PID-3(2)`, `PID-3[.5 == "MR"].1`, `OBX[2]-5`.

In a build a filter says what is to be there: the repetition or segment with these values, which is made where there is
none. So its conditions are equalities with texts, joined by `and`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.errors import MessageError
from engine.formats import PathProblem, Scope, Shape
from engine.formats.hl7v2.blueprint import Level
from engine.formats.hl7v2.building import MARKS, Built, Fields
from engine.formats.hl7v2.datatypes import Datatype, in_field, several
from engine.formats.hl7v2.elements import element
from engine.formats.hl7v2.groups import Group
from engine.formats.hl7v2.path import FORMAT, Path, read_path
from engine.formats.hl7v2.wanted import Wanted, wanted
from engine.formats.hl7v2.writing import encoded, within

_SHAPE = Shape(format=FORMAT)
#: More than any segment has fields, or any field repetitions.
_MOST = 999


class Place:
    """A field of a segment in a group, or something in it."""

    __slots__ = (
        "_component",
        "_empty",
        "_field",
        "_grouped",
        "_level",
        "_number",
        "_repetition",
        "_route",
        "_segment",
        "_subcomponent",
        "_where",
        "text",
    )

    def __init__(self, path: Path, route: tuple[str, ...], grouped: bool) -> None:
        self.text = path.text
        self._route, self._segment, self._field = route, path.segment, path.field
        self._component, self._subcomponent = path.component, path.subcomponent
        where = path.repetition.where
        self._repetition: int | Wanted = (
            where if isinstance(where, Wanted) else path.repetition.number - 1
        )
        self._level = _level(path)
        component = MARKS.component * (path.component - 1)
        self._empty: str | None = component + MARKS.subcomponent * (path.subcomponent - 1)
        """What stands before the value in a field that was empty; None where a repetition is said."""
        if path.repetition.said:
            self._empty = None
        where = path.which.where
        self._where = where if isinstance(where, Wanted) else None
        self._number = path.which.number - 1
        self._grouped = grouped
        """Whether its segments stand once each in repetitions of the last group of the route."""

    def set(self, group: Built, scope: Scope, value: Any) -> None:
        """
        Write text (escaped), NULL, or Elements (as they stand in their message); a list as repetitions. Of nothing
        nothing is written, and nothing is made for it.
        """
        level = self._level
        if type(value) is str:
            if not value:
                return
        elif not encoded(value, MARKS, "field"):
            return
        elif level != "field" and isinstance(value, list | tuple) and len(value) > 1:
            raise several(self.text)
        fields, number = self._fields(group), self._field
        if number >= len(fields):
            fields += [""] * (number + 1 - len(fields))
        if level == "field":
            fields[number] = encoded(value, MARKS, level)
        elif level == "mark":
            fields[number] = str(value)
        elif self._empty is not None and not fields[number]:
            fields[number] = self._empty + encoded(value, MARKS, level)
        else:
            fields[number] = self._repeated(fields[number], value)

    def inside(self) -> Datatype | None:
        """The datatype that stands there; None where it has no components."""
        return (
            None
            if self._subcomponent
            else in_field(self._segment, self._field, self._component)
        )

    def _repeated(self, raw: str, value: Any) -> str:
        """The field with the value in one of its repetitions."""
        at, component, subcomponent = self._repetition, self._component, self._subcomponent
        if at == 0 and MARKS.repetition not in raw:
            return within(raw, MARKS, component, subcomponent, value)
        repetitions = raw.split(MARKS.repetition) if raw else []
        if isinstance(at, Wanted):
            at = at.place(repetitions)
        repetitions.extend([""] * (at + 1 - len(repetitions)))
        repetitions[at] = within(repetitions[at], MARKS, component, subcomponent, value)
        return MARKS.repetition.join(repetitions)

    def _fields(self, group: Built) -> Fields:
        """The segment that is written to, made where it is not there."""
        route, segment = self._route, self._segment
        if self._grouped:
            for key in route[:-1]:
                group = group.only(key)
            return self._in_group(group, route[-1])
        for key in route:
            group = group.only(key)
        if self._where is None:
            return group.entry(segment, self._number)
        count = len(group.held.get(segment, ()))
        for at in range(count):
            if self._where.suits(there := group.entry(segment, at)):
                return there
        return self._where.fill(group.entry(segment, count))

    def _in_group(self, around: Built, key: str) -> Fields:
        segment, where = self._segment, self._where
        if where is None:
            while len(around.held.get(key, ())) <= self._number:
                around.open(key)
            found: Built = around.held[key][self._number]
            return found.entry(segment)
        for one in around.held.get(key, ()):
            fields: Fields = one.entry(segment)
            if where.suits(fields):
                return fields
        return where.fill(around.open(key).entry(segment))


class Whole:
    """A whole segment, copied from a message: `QPD: QPD`."""

    __slots__ = ("_route", "_segment", "text")
    whole = True

    def __init__(self, path: Path, route: tuple[str, ...]) -> None:
        self.text = path.text
        self._route, self._segment = route, path.segment

    def set(self, group: Built, scope: Scope, value: Any) -> None:
        """
        Copy a segment with all its fields as they stand in their message, several where there are several; delimiters
        are those of this message. MessageError for what is no segment.
        """
        if value is None:
            return
        for key in self._route:
            group = group.only(key)
        for number, thing in enumerate(value if isinstance(value, list | tuple) else (value,)):
            if not isinstance(thing, Group):
                rule = f"{self.text} takes a whole segment of a message; set its fields"
                raise MessageError("bad_value", rule, self.text)
            first = 3 if self._segment == "MSH" else 1
            segment, fields = thing.segment, group.entry(self._segment, number)
            fields[first:] = [
                encoded(element(raw, segment.marks, "field"), MARKS, "field")
                for raw in segment.fields[first:]
            ]


def place(level: Level, text: str) -> Place | Whole:
    """A place in a group of a structure; PathProblem where there is none."""
    path = read_path(text, 0, _SHAPE, wanted)
    if path is None:
        raise PathProblem(0, "a place in a message looks like PID-3.1", "PID-3.1")
    if path.end != len(text):
        raise PathProblem(path.end, "a place in a message ends here", path.text)
    if not path.field and path.which.said:
        raise PathProblem(0, "a whole segment is copied to by its name alone", path.segment)
    picks = (path.which, path.repetition)
    if (path.many and path.field) or any(
        pick.where is not None and pick.number != 1 for pick in picks
    ):
        raise PathProblem(0, "what is built is written to one by one", "PID-3(2).1")
    numbers = (path.field, path.component, path.subcomponent, *(pick.number for pick in picks))
    if max(numbers) > _MOST:
        raise PathProblem(0, f"numbers go to {_MOST} here")
    try:
        route = level.segment(path.segment)
    except LookupError as error:
        raise PathProblem(0, str(error)) from None
    if not path.field:
        return Whole(path, route)
    return Place(path, route, _is_grouped(level, path, route))


def _is_grouped(level: Level, path: Path, route: Sequence[str]) -> bool:
    """Whether a path that picks among segments picks among the groups around them; PathProblem where there is one only."""
    if not path.which.said:
        return False
    stands = level.follow(route)
    places, repeats = stands.places(path.segment)
    if repeats or path.which.number <= places > 1:
        return False
    if route and stands.repeats:
        return True
    raise PathProblem(0, f"{path.segment} stands once in {stands.title()}", path.segment)


def _level(path: Path) -> str:
    if path.segment == "MSH" and path.field <= 2:
        return "mark"
    if path.component:
        return "subcomponent" if path.subcomponent else "component"
    return "repetition" if path.repetition.said else "field"
