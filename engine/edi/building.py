"""A message being built: loops and segments as they are filled, put in the order of their map when rendered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.edi.counts import counted
from engine.edi.dictionary import Dictionary
from engine.edi.document import Document, parse
from engine.edi.lines import Leaf, Line, line_of
from engine.edi.maps import Guide, LoopPart, Part
from engine.edi.values import written
from engine.edi.writer import Writer
from engine.errors import MessageError
from engine.reading import Reading


class Group:
    """One occurrence of a loop being built."""

    def __init__(
        self, guide: Guide, part: LoopPart, parent: Group | None, code: str = ""
    ) -> None:
        self.guide, self.part, self.parent = guide, part, parent
        self.code = code
        """The level's code where the loop is one of a hierarchy: `O`."""
        self.lines: list[Line] = []
        self.groups: list[Group] = []
        if part.first.name in guide.dialect.numbers or parent is None:
            self.line(part.first, part.first.name, (), 1)

    def __str__(self) -> str:
        return f"HL:{self.code}" if self.code and self.part.hierarchy else self.part.name

    def group(self, name: str) -> Group | Occurrence:
        """One more occurrence of a loop inside this one, or of a segment of its own."""
        if owns(self.part, name):
            return Occurrence(self)
        part, code = inside(self.part, name)
        made = Group(self.guide, part, self, code)
        self.groups.append(made)
        return made

    def only(self, name: str) -> Group:
        """The loop of that name inside this one, made where it is not there yet."""
        part, code = inside(self.part, name)
        for each in self.groups:
            if each.part is part:
                return each
        made = Group(self.guide, part, self, code)
        self.groups.append(made)
        return made

    def line(
        self, part: Part | None, name: str, said: tuple[tuple[Leaf, str], ...], number: int
    ) -> Line:
        """The segment at a place with these codes in it, the one of that number; made where it is not there yet."""
        return line_of(self.lines, self.lines, part, name, said, number)


class Occurrence:
    """One more segment of a name in a loop that has several: `groups: {REF: {each: tracking, set: {REF02: it}}}`."""

    def __init__(self, around: Group) -> None:
        self.around, self.parent = around, around.parent
        self._mine: list[Line] = []

    def __str__(self) -> str:
        return str(self.around)

    def line(
        self, part: Part | None, name: str, said: tuple[tuple[Leaf, str], ...], number: int
    ) -> Line:
        """See Group.line; those that others made are not looked at."""
        return line_of(self._mine, self.around.lines, part, name, said, number)


class Built(Group):
    """A whole message being built: a transaction set with its envelope."""

    def __init__(self, guide: Guide, version: str, facts: Any) -> None:
        super().__init__(guide, guide.root, None)
        self.version, self.facts = version, facts
        self.envelope = {name: Line(None, name) for name in guide.dialect.written}
        self._rendered: bytes | None = None
        self._codec = ""

    def render(self) -> bytes:
        """
        The interchange as bytes.

        Raises MessageError where something is missing, is there too often, or holds a delimiter.
        """
        if self._rendered is None:
            header, writer = self.guide.dialect.opening(self, self.version, self.facts)
            self._codec = writer.codec
            self._rendered = header + Emitter(self, writer).rendered()
        return self._rendered

    def document(self) -> Document:
        """The interchange, to be read."""
        raw = self.render()
        return parse(raw, Reading(encoding=self._codec), self.guide.dialect)


def inside(part: LoopPart, name: str) -> tuple[LoopPart, str]:
    """
    The loop of that name directly inside a loop, and the level's code where it is `HL:X`.

    Raises LookupError with what there is.
    """
    inner = [item for item in part.items if isinstance(item, LoopPart)]
    if name.startswith("HL:"):
        code = name[3:]
        for loop in [*inner, *([part] if part.hierarchy else [])]:
            test = loop.first.test
            if loop.first.name == "HL" and (test is None or code in test[2]):
                return loop, code
    for loop in inner:
        if loop.name == name and not loop.hierarchy:
            test = loop.first.test
            return loop, next(iter(test[2])) if loop.first.name == "HL" and test else ""
    begun = [loop for loop in inner if loop.first.name == name and not loop.hierarchy]
    if len(begun) == 1:
        return inside(part, begun[0].name)
    levels = (
        ["HL:S, HL:O, HL:I and the like"]
        if part.hierarchy or any(one.hierarchy for one in inner)
        else []
    )
    known = [loop.name for loop in inner if not loop.hierarchy] + levels
    there = f"it has {', '.join(dict.fromkeys(known))}" if known else "it has none"
    raise LookupError(f"there is no loop '{name}' in {part.name}; {there}")


def owns(part: LoopPart, name: str) -> bool:
    """Whether a name is that of a segment of a loop, not the one that begins it, and of no loop inside it."""
    mine = any(item.name == name for item in part.items[1:] if isinstance(item, Part))
    loops = (item for item in part.items if isinstance(item, LoopPart))
    return mine and all(name not in (item.name, item.first.name) for item in loops)


class Emitter:
    """Puts the segments of a set in order, numbers its levels, and counts."""

    def __init__(self, built: Built, writer: Writer) -> None:
        self.built, self.writer, self.dialect = built, writer, built.guide.dialect
        self.levels: dict[int, int] = {}
        """HL01 of each level, by its group."""
        self.counts: dict[str, int] = {}

    def rendered(self) -> bytes:
        """The set and the trailers of its envelope."""
        writer = self.writer
        start = writer.count
        self._group(self.built, "")
        dialect = self.dialect
        control = self.built.line(self.built.part.first, dialect.set, (), 1)
        values = {
            (1, 0): [str(writer.count - start + 1)],
            (2, 0): [control.text(dialect.numbered)],
        }
        writer.add(dialect.set_ends, values, "")
        return writer.closed()

    def _group(self, group: Group, around: str) -> None:
        where = f"{group}/" if group.parent is not None else ""
        self._numbers(group)
        for item in group.part.items:
            if isinstance(item, LoopPart):
                self._loops(group, item, where)
            elif item.name != self.dialect.set_ends:
                self._segments(group, item, where)
        if group.part.hierarchy:
            for inner in group.groups:
                if inner.part is group.part:
                    self._group(inner, where)

    def _segments(self, group: Group, part: Part, where: str) -> None:
        if part.name in self.dialect.sections:
            group.line(part, part.name, (), 1)
        lines = [line for line in group.lines if line.part is part and line.values]
        place = f"{where}{part.name}"
        if part.required and not lines:
            title = group.guide.dictionary.title(part.name)
            rule = f"{group} needs this segment{f' ({title})' if title else ''}"
            raise MessageError("missing_segment", rule, place)
        if part.repeat and len(lines) > part.repeat:
            raise MessageError("too_many", f"at most {part.repeat} of it in one {group}", place)
        for line in lines:
            self.counts[line.name] = self.counts.get(line.name, 0) + 1
            self.writer.add(line.name, line.values, where)

    def _loops(self, group: Group, part: LoopPart, where: str) -> None:
        found = [inner for inner in group.groups if inner.part is part]
        if not found and self._is_counted(part):
            found = [group.only(part.name)]
        if part.required and not found:
            raise MessageError(
                "missing_loop", f"{group} needs this loop", f"{where}{part.name}"
            )
        if part.repeat and len(found) > part.repeat:
            rule = f"at most {part.repeat} of it in one {group}"
            raise MessageError("too_many", rule, f"{where}{part.name}")
        for number, inner in enumerate(found, 1):
            if part.first.name == "LX":
                line = inner.line(part.first, "LX", (), 1)
                line.values.setdefault((1, 0), [str(number)])
            self._group(inner, where)

    def _is_counted(self, part: LoopPart) -> bool:
        return any(each.name == part.first.name for each in counted(self.built.guide))

    def _numbers(self, group: Group) -> None:
        """Fill in what the mapping leaves to the structure: levels, and counts in the summary."""
        first = group.part.first
        if first.name == "HL":
            self._level(group)
        for each in counted(self.built.guide):
            place = (each.element, 2 if each.code else 0)
            said = (((each.element, 1), each.code),) if each.code else ()
            for part in group.part.items:
                if isinstance(part, Part) and part.name == each.name:
                    line = group.line(part, each.name, said, 1)
                    if not line.text(*place):
                        line.values[place] = [str(sum(_count(self.built, each.of)))]

    def _level(self, group: Group) -> None:
        number = self.levels[id(group)] = len(self.levels) + 1
        above = group.parent
        while above is not None and above.part.first.name != "HL":
            above = above.parent
        line = group.line(group.part.first, "HL", (), 1)
        line.values[1, 0] = [str(number)]
        if above is not None:
            line.values[2, 0] = [str(self.levels[id(above)])]
        line.values[3, 0] = [group.code]
        if _has_place(group.part.first, 4):
            below = any(inner.part.first.name == "HL" for inner in group.groups)
            line.values[4, 0] = ["1" if below else "0"]


def _has_place(part: Part, element: int) -> bool:
    """Whether the guide uses an element of a segment there."""
    for rule in part.rules:
        if rule.kind == "unused" and not rule.inside and element in rule.places:
            return False
        if rule.kind == "end" and not rule.inside and element > rule.places[0]:
            return False
    return True


def _count(group: Group, name: str) -> Iterator[int]:
    yield sum(line.name == name for line in group.lines)
    for inner in group.groups:
        yield from _count(inner, name)


def put(line: Line, leaf: Leaf, value: Any, where: str, known: Dictionary) -> None:
    """Write a value, or a list of repetitions, into a segment; nothing writes nothing."""
    element, component = leaf
    slot = known.slot(line.name, element, component)
    path = f"{where}{line.name}{element:02d}" + (f"-{component}" if component else "")
    values = value if isinstance(value, list | tuple) else [value]
    found = [text for one in values if (text := written(one, slot, path))]
    if not found:
        return
    whole = known.slot(line.name, element)
    if len(found) > 1 and whole is not None and whole.repeat < len(found):
        raise MessageError(
            "too_many", f"the element repeats at most {whole.repeat} times", path
        )
    line.values[leaf] = found
