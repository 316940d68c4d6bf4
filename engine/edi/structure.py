"""What `to: x12/005010/850` builds: the structure of a set, its places, loops and qualifier pairs, known at load."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from engine.edi.building import Built, inside, owns, put
from engine.edi.dialect import Dialect
from engine.edi.dictionary import Dictionary
from engine.edi.lines import Leaf, Line
from engine.edi.maps import Guide, LoopPart, Part
from engine.edi.names import check_element
from engine.edi.release import plain
from engine.edi.things import Element
from engine.edi.x12 import X12
from engine.errors import MessageError
from engine.paths import CompileCondition, PathProblem, Scope

_PLACE = re.compile(r"([A-Z][A-Z0-9]{1,2})(\[.*\])?(\d\d)(?:-(\d+))?", re.DOTALL)
_CODE = re.compile(r'\s*\.(\d\d)(?:-(\d+))?\s*==\s*"([^"]*)"\s*')
Said = tuple[tuple[Leaf, str], ...]


def structure(name: str, dialect: Dialect = X12) -> Structure:
    """`005010/850`, `005010X222A1/837P`, `005010/837P`, `D96A/ORDERS`; LookupError, with what there is, where there is none."""
    guide, version = dialect.named(name)
    return Structure(guide, version, guide.root, name)


class Structure:
    """A set, or one of its loops."""

    def __init__(self, guide: Guide, version: str, part: LoopPart, name: str) -> None:
        self.name = name
        self._guide, self._version, self._part = guide, version, part

    def place(self, text: str, condition: CompileCondition) -> Place:
        """`BEG03`, `CLM05-1`, `REF[.01 == "CO"]02`, `2010AA/NM109`; PathProblem where there is no such place."""
        way, part, rest, start = self._way(text)
        found = _PLACE.fullmatch(rest)
        if found is None:
            example = self._guide.dialect.example
            raise PathProblem(start, "a place is a segment and two digits", example)
        name, picked, element = found[1], found[2], int(found[3])
        component = int(found[4] or 0)
        dialect, known = self._guide.dialect, self._guide.dictionary
        check_element(name, element, component, start, known)
        if element in dialect.own.get(name, ()):
            raise PathProblem(start, f"{name}{element:02d} is written by the structure itself")
        if name in dialect.written:
            if part is not self._guide.root:
                raise PathProblem(start, f"{name} stands outside all loops")
            return Place(text, (), None, name, (), 1, (element, component), known)
        said, number = _picked(picked, start + len(name))
        way, place = self._part_of(name, said, part, way, start, rest)
        return Place(text, way, place, name, said, number, (element, component), known)

    def group(self, name: str) -> Structure:
        """A loop inside this one, or a segment of its own; LookupError, with what there is, where there is none."""
        if owns(self._part, name):
            return Structure(self._guide, self._version, Single(self._part, name), name)
        part, _ = inside(self._part, name)
        return Structure(self._guide, self._version, part, name)

    def pairs(self, first: str) -> Callable[[Any, Sequence[tuple[str, str]]], None]:
        """Writes qualifiers and values in turn, from an element on. PathProblem where that is no element of this loop."""
        place = self.place(first, _no_condition)
        element, component = place.leaf
        known = self._guide.dictionary
        described = known.segments.get(place.name)
        slot = known.slot(place.name, element)
        if component or slot is None or slot.element is None or described is None:
            raise PathProblem(0, "pairs begin at an element", "PO106")
        most = len(described.slots)
        ids = [one.id for one in described.slots]
        if ids[element - 1 : element + 1] != ids[element + 1 : element + 3]:
            starts = [
                at
                for at in range(1, most - 2)
                if ids[at - 1 : at + 1] == ids[at + 1 : at + 3] and ids[at - 1] != ids[at]
            ]
            write = f"{place.name}{starts[0]:02d}" if starts else ""
            raise PathProblem(0, f"no pairs of qualifier and value begin at {first}", write)

        def writer(group: Any, pairs: Sequence[tuple[str, str]]) -> None:
            line = place.line(group)
            at = element
            while line.text(at):
                at += 2
            for qualifier, value in pairs:
                if at + 1 > most:
                    raise MessageError(
                        "too_many", f"{place.name} has no room for more pairs", first
                    )
                put(line, (at, 0), qualifier, "", known)
                put(line, (at + 1, 0), value, "", known)
                at += 2

        return writer

    def new(self, facts: Any) -> Built:
        """A message being built; `facts` is engine.message.Facts."""
        return Built(self._guide, self._version, facts)

    def _way(self, text: str) -> tuple[tuple[str, ...], LoopPart, str, int]:
        """The loops in front of a place, the last of them, the rest of the text and where it starts."""
        way, part, start = [], self._part, 0
        while (slash := text.find("/", start)) > 0 and "[" not in text[start:slash]:
            name = text[start:slash]
            try:
                part, _ = inside(part, name)
            except LookupError as error:
                raise PathProblem(start, str(error.args[0])) from None
            way.append(name)
            start = slash + 1
        return tuple(way), part, text[start:], start

    def _part_of(
        self, name: str, said: Said, part: LoopPart, way: tuple[str, ...], at: int, rest: str
    ) -> tuple[tuple[str, ...], Part]:
        """The place in the map that a segment with these codes has."""
        there = [item for item in part.items if isinstance(item, Part) and item.name == name]
        if not there:
            return self._below(name, said, part, way, at, rest)
        fitting = [one for one in there if _fits(one, said)]
        codes = [code for one in there if one.test for code in sorted(one.test[2])]
        if not fitting:
            where = _test_place(there[0])
            problem = f"{part.name} has {name} with {where} {', '.join(codes)}"
            raise PathProblem(at, problem, f'{name}[{where} == "{codes[0]}"]{rest[-2:]}')
        needed = [one for one in fitting if one.required]
        if len(fitting) > 1 and len(needed) != 1:
            where = _test_place(there[0])
            problem = f"{part.name} has {name} several times; say which, by {where}: {', '.join(codes)}"
            raise PathProblem(at, problem, f'{name}[{where} == "{codes[0]}"]{rest[-2:]}')
        return way, fitting[0] if len(fitting) == 1 else needed[0]

    def _below(
        self, name: str, said: Said, part: LoopPart, way: tuple[str, ...], at: int, rest: str
    ) -> tuple[tuple[str, ...], Part]:
        loops = [one for one in part.items if isinstance(one, LoopPart) and name in one.direct]
        if len(loops) == 1 and loops[0].repeat == 1:
            return self._part_of(name, said, loops[0], (*way, loops[0].name), at, rest)
        if loops:
            problem = f"{name} stands in the loop {loops[0].name}"
            raise PathProblem(
                at, problem, f"groups: {{{loops[0].name}: {{set: {{{rest}: ...}}}}}}"
            )
        near = self._guide.dictionary.nearest(name, part.all)
        hint = (
            f"; did you mean '{near}'?"
            if near
            else f"; it has {', '.join(sorted(part.direct))}"
        )
        raise PathProblem(
            at, f"{part.name} has no segment '{name}'{hint}", near and near + rest[len(name) :]
        )


class Single(LoopPart):
    """A segment of a loop, as if it were a loop of its own."""

    def __init__(self, part: LoopPart, name: str) -> None:
        # the segments stay where they are in the map: this is a way to look at them
        self.name, self.required, self.repeat = name, False, 0
        self.items = [
            item for item in part.items if isinstance(item, Part) and item.name == name
        ]
        self.direct = self.all = frozenset([name])
        self.direct_loops = self.all_loops = frozenset()
        self.hierarchy = False


class Place:
    """A place in a structure."""

    def __init__(
        self,
        text: str,
        way: tuple[str, ...],
        part: Part | None,
        name: str,
        said: Said,
        number: int,
        leaf: Leaf,
        known: Dictionary,
    ) -> None:
        self.text, self.name, self.leaf = text, name, leaf
        self._way, self._part, self._said, self._number = way, part, said, number
        self._known = known

    def set(self, group: Any, scope: Scope, value: Any) -> None:
        """
        Write text, a number, a list of these (repetitions), or elements of another interchange with their components. A filter
        that finds no segment makes one.

        Raises MessageError where the value is not what the element takes.
        """
        if value is None or value in ([], ""):
            return
        line = self.line(group)
        if isinstance(value, list | tuple) and value and isinstance(value[0], Element):
            copy(line, self.leaf, value)
            return
        where = f"{group}/" if getattr(group, "parent", None) else ""
        put(line, self.leaf, value, where, self._known)

    def line(self, group: Any) -> Line:
        """The segment in a group; made where it is not there yet."""
        if self._part is None:
            found: Line = group.envelope[self.name]
            return found
        for name in self._way:
            group = group.only(name)
        made: Line = group.line(self._part, self.name, self._said, self._number)
        return made


def copy(line: Line, leaf: Leaf, found: Sequence[Element]) -> None:
    """Elements of another interchange as they stand there: repetitions and components are this one's."""
    element, component = leaf
    whole = [one for each in found for one in each.raw.split(each.marks.repetition)]
    marks = found[0].marks
    if component or not any(marks.component in one for one in whole):
        line.values[leaf] = [plain(one) for one in whole if one]
        return
    rows = [one.split(marks.component) for one in whole]
    for part in range(max(map(len, rows))):
        texts = [plain(row[part]) if part < len(row) else "" for row in rows]
        line.values[element, part + 1] = texts


def _no_condition(text: str, at: int, shape: Any) -> Any:
    raise PathProblem(at, "the first element of pairs is named plainly", "PO106")


def _picked(text: str | None, at: int) -> tuple[Said, int]:
    """What stands in brackets: codes that the segment has, or its number."""
    if text is None:
        return (), 1
    inner = text[1:-1].strip()
    if inner.isdigit() and int(inner):
        return (), int(inner)
    said = []
    for each in re.split(r"\band\b", inner):
        found = _CODE.fullmatch(each)
        if found is None:
            problem = "a segment that is built is told by its codes, or its number"
            raise PathProblem(at, problem, 'REF[.01 == "CO"]02')
        said.append(((int(found[1]), int(found[2] or 0)), found[3]))
    return tuple(said), 1


def _fits(part: Part, said: Said) -> bool:
    test = part.test
    if test is None:
        return True
    return all(text in test[2] for leaf, text in said if leaf == test[:2])


def _test_place(part: Part) -> str:
    element, component, _ = part.test or (1, 0, None)
    return f".{element:02d}" + (f"-{component}" if component else "")
