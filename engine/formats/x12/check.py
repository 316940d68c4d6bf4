"""
The syntax of an interchange: envelope, counts, control numbers, order, repeats, presence, lengths and types.

What is checked inside a set is what its map and the dictionary say (walker.py, elements.py). A set whose version has no map
of its own is checked in its envelope only.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.edi import dictionary
from engine.edi.document import Document, Segment
from engine.edi.loop import Loop
from engine.edi.maps import LoopPart, Part
from engine.formats.x12 import elements, faults
from engine.formats.x12.faults import Fault


def check(document: Document) -> Iterator[Fault]:
    """Everything that is wrong in a document that holds one interchange, from the outside in, in order."""
    envelope = Envelope(document)
    yield from envelope.interchange()
    for number, group in enumerate(envelope.groups):
        yield from group.faults(number)
        for at, set_ in enumerate(group.sets):
            yield from set_.faults(document, number, at)


class Envelope:
    """The groups and sets of an interchange, as its headers and trailers bound them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.groups: list[GroupBounds] = []
        self.end: Segment | None = None
        """IEA."""
        self.strays: list[Segment] = []
        """Segments outside any set that are none of the envelope's."""
        self._read()

    def _read(self) -> None:
        group: GroupBounds | None = None
        set_: SetBounds | None = None
        for segment in self.document.segments[1:]:
            name = segment.name
            if name == "GS":
                group, set_ = GroupBounds(segment), None
                self.groups.append(group)
            elif name == "ST" and group is not None:
                set_ = SetBounds(segment)
                group.sets.append(set_)
            elif name == "GE" and group is not None:
                group.end, group, set_ = segment, None, None
            elif name == "IEA":
                self.end, group, set_ = segment, None, None
            elif set_ is not None:
                set_.count += 1
                if name == "SE":
                    set_.end, set_ = segment, None
            elif name not in ("TA1", "TA3", "ISB", "ISE"):
                self.strays.append(segment)

    def interchange(self) -> Iterator[Fault]:
        """What is wrong with ISA and IEA."""
        if self.end is None:
            yield _interchange("023")
        elif self.end.element(2).strip() != self.document.header("ISA", 13):
            yield _interchange("001")
        elif _whole(self.end.element(1)) != len(self.groups):
            yield _interchange("021")
        if self.strays:
            yield _interchange("024")


class GroupBounds:
    """One functional group."""

    def __init__(self, start: Segment) -> None:
        self.start = start
        self.end: Segment | None = None
        self.sets: list[SetBounds] = []

    def faults(self, number: int) -> Iterator[Fault]:
        """What is wrong with GS and GE."""
        codes = []
        if self.end is None:
            codes.append("3")
        else:
            if self.end.element(2).strip() != self.start.element(6).strip():
                codes.append("4")
            if _whole(self.end.element(1)) != len(self.sets):
                codes.append("5")
        if _whole(self.start.element(6)) < 0:
            codes.append("6")
        for code in codes:
            yield Fault(level="group", code=code, words=faults.GROUP[code], group=number)
        seen: set[str] = set()
        for at, set_ in enumerate(self.sets):
            control = set_.start.element(2).strip()
            if control in seen:
                yield Fault(
                    level="set", code="23", words=faults.SET["23"], group=number, set=at
                )
            seen.add(control)


class SetBounds:
    """One transaction set."""

    def __init__(self, start: Segment) -> None:
        self.start = start
        self.end: Segment | None = None
        self.count = 1
        """Its segments, ST and SE included."""

    def faults(self, document: Document, group: int, number: int) -> Iterator[Fault]:
        """What is wrong with the set, from ST to SE."""
        for code in self._bounds():
            yield Fault(level="set", code=code, words=faults.SET[code], group=group, set=number)
        guide, exact = document.loops.guide_at(self.start.position)
        if guide is not None and exact:
            root = document.loops.home[self.start.position]
            assert root is not None
            checked = _Content(document, root, group, number)
            yield from sorted(
                checked.faults(), key=lambda fault: (fault.position, fault.element)
            )

    def _bounds(self) -> Iterator[str]:
        if not self.start.element(1).strip():
            yield "6"
        if not self.start.element(2).strip():
            yield "7"
        if self.end is None:
            yield "2"
            return
        if self.end.element(2).strip() != self.start.element(2).strip():
            yield "3"
        if _whole(self.end.element(1)) != self.count:
            yield "4"


class _Content:
    """The segments of one set against its map."""

    def __init__(self, document: Document, root: Loop, group: int, number: int) -> None:
        self.document, self.root = document, root
        self.group, self.number = group, number
        gs = document.loops.look(root, "GS")
        self.version = gs[0].element(8).strip() if gs else ""

    def faults(self) -> Iterator[Fault]:
        """In no order."""
        loops = self.document.loops
        for at in range(self.root.start, self.root.end):
            segment = self.document.segments[at]
            home = loops.home[at]
            loop = str(home) if home is not None and home is not self.root else ""
            if loops.places[at] is None:
                yield self._segment(_foreign(segment.name, self.root), segment.name, at, loop)
            elif at in loops.strays:
                yield self._segment("7", segment.name, at, loop)
            for code, element, part, which, reference in elements.problems(
                segment, self.version
            ):
                yield Fault(
                    level="element",
                    code=code,
                    words=faults.ELEMENT[code],
                    group=self.group,
                    set=self.number,
                    name=segment.name,
                    position=at - self.root.start + 1,
                    loop=loop,
                    element=element,
                    component=part,
                    repetition=which,
                    reference=reference,
                )
        yield from self._loop(self.root)

    def _loop(self, loop: Loop) -> Iterator[Fault]:
        """What a loop lacks or has too often, and those in it."""
        assert loop.part is not None
        places = self.document.loops.places
        own: dict[int, list[int]] = {}
        for at in loop.own:
            if (part := places[at]) is not None:
                own.setdefault(part.order, []).append(at)
        inner: dict[int, list[Loop]] = {}
        for child in loop.children:
            if child.part is not None and child.part is not loop.part:
                inner.setdefault(child.part.order, []).append(child)
        name = str(loop) if loop is not self.root else ""
        last = loop.start
        for order, item in enumerate(loop.part.items):
            if isinstance(item, Part):
                found = own.get(order, [])
                yield from self._counted(item, found, last, name)
                last = found[-1] if found else last
            else:
                children = inner.get(order, [])
                yield from self._repeated(item, children, last, name)
                last = children[-1].end - 1 if children else last
        for child in loop.children:
            yield from self._loop(child)

    def _counted(self, part: Part, found: list[int], last: int, loop: str) -> Iterator[Fault]:
        if part.required and not found and part.name != "SE":
            yield self._segment("3", part.name, last, loop)
        if part.repeat:
            for at in found[part.repeat :]:
                yield self._segment("5", part.name, at, loop)

    def _repeated(
        self, part: LoopPart, found: list[Loop], last: int, loop: str
    ) -> Iterator[Fault]:
        if part.required and not found:
            yield self._segment("3", part.first.name, last, part.name)
        if part.repeat:
            for child in found[part.repeat :]:
                yield self._segment("4", part.first.name, child.start, part.name)

    def _segment(self, code: str, name: str, at: int, loop: str) -> Fault:
        return Fault(
            level="segment",
            code=code,
            words=faults.SEGMENT[code],
            group=self.group,
            set=self.number,
            name=name,
            position=at - self.root.start + 1,
            loop=loop,
        )


def _foreign(name: str, root: Loop) -> str:
    """The code of a segment that its set's map does not have there."""
    assert root.part is not None
    if name in root.part.all:
        return "2"
    return "6" if name in dictionary.names() else "1"


def _interchange(code: str) -> Fault:
    return Fault(level="interchange", code=code, words=faults.INTERCHANGE[code])


def _whole(text: str) -> int:
    """A count; -1 where it is none."""
    text = text.strip()
    return int(text) if text.isdigit() and text.isascii() else -1
