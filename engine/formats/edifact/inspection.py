"""The envelope of an interchange: groups and messages as their headers and trailers bound them, counts and references."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from engine.edi.document import Document, Segment, parts_of
from engine.edi.release import plain
from engine.formats.edifact.faults import Fault, words


class MessageSeen:
    """One message."""

    def __init__(self, start: Segment, number: int) -> None:
        self.start, self.number = start, number
        self.end: Segment | None = None
        self.count = 1
        """Its segments, UNH and UNT included."""

    @property
    def reference(self) -> str:
        """UNH01."""
        return value(self.start, 1)

    def faults(self) -> Iterator[Fault]:
        """What is wrong with UNH and UNT."""
        last = self.count
        if self.end is None:
            yield self.fault("13", "UNT", last, missing=True)
            return
        if value(self.end, 2) != self.reference:
            yield self.fault("28", "UNT", last, 2)
        if whole(self.end.element(1)) != self.count:
            yield self.fault("29", "UNT", last, 1)

    def fault(
        self, code: str, name: str, position: int, element: int = 0, missing: bool = False
    ) -> Fault:
        """A fault in a segment of the message."""
        return Fault(
            level="element" if element else "segment",
            code=code,
            words=words(code),
            message=self.number,
            name=name,
            position=position,
            element=element,
            missing=missing,
        )


class GroupSeen:
    """A functional group, or the messages that stand in none."""

    def __init__(self, start: Segment | None) -> None:
        self.start = start
        self.end: Segment | None = None
        self.messages: list[MessageSeen] = []

    @property
    def reference(self) -> str:
        """UNG05; empty where the messages stand in no group."""
        return value(self.start, 5) if self.start is not None else ""

    def faults(self) -> Iterator[Fault]:
        """What is wrong with UNG and UNE."""
        if self.start is None:
            return
        if self.end is None:
            yield envelope_fault("group", "13", "UNE")
            return
        if value(self.end, 2) != self.reference:
            yield envelope_fault("group", "28", "UNE", 2)
        if whole(self.end.element(1)) != len(self.messages):
            yield envelope_fault("group", "29", "UNE", 1)


class Seen(msgspec.Struct):
    """One interchange of a document."""

    start: Segment
    """UNB."""
    groups: list[GroupSeen] = []
    end: Segment | None = None
    strays: list[Segment] = []
    """Segments outside any message that are none of the envelope's."""

    @property
    def messages(self) -> list[MessageSeen]:
        """All messages, in order."""
        return [message for group in self.groups for message in group.messages]

    def faults(self) -> Iterator[Fault]:
        """What is wrong with UNB and UNZ, and between groups and messages."""
        for number in (1, 2, 3, 4, 5):
            if not self.start.element(number).strip():
                yield envelope_fault("interchange", "13", "UNB", number)
        if self.end is None:
            yield envelope_fault("interchange", "13", "UNZ")
        else:
            if value(self.end, 2) != value(self.start, 5):
                yield envelope_fault("interchange", "28", "UNZ", 2)
            named = [group for group in self.groups if group.start is not None]
            count = len(named) or len(self.messages)
            if whole(self.end.element(1)) != count:
                yield envelope_fault("interchange", "29", "UNZ", 1)
        yield from self._between()

    def _between(self) -> Iterator[Fault]:
        """What stands where it may not, and references that are used twice."""
        if len({group.start is None for group in self.groups}) > 1:
            yield envelope_fault("interchange", "30", "UNG")
        for segment in self.strays[:1]:
            name = segment.name if segment.name.isalnum() and len(segment.name) <= 3 else ""
            yield envelope_fault("interchange", "33", name)
        seen: set[tuple[str, str]] = set()
        for group in self.groups:
            for message in group.messages:
                key = group.reference, message.reference
                if key in seen:
                    yield message.fault("26", "UNH", 1, 1)
                seen.add(key)


def interchanges(document: Document) -> list[Seen]:
    """The interchanges of a document, bounded."""
    bounds = _Bounds()
    for segment in document.segments:
        bounds.meet(segment)
    return bounds.found


class _Bounds:
    """Interchanges, groups and messages while their segments go by."""

    def __init__(self) -> None:
        self.found: list[Seen] = []
        self.group: GroupSeen | None = None
        self.message: MessageSeen | None = None
        self.number = 0

    def meet(self, segment: Segment) -> None:
        """The next segment."""
        name = segment.name
        if name == "UNB":
            self.found.append(Seen(segment, [], None, []))
            self.group, self.message, self.number = None, None, 0
        elif self.found and name != "UNA":
            begins = {
                "UNG": self._group,
                "UNH": self._begin,
                "UNE": self._end,
                "UNZ": self._end,
            }
            begins.get(name, self._inside)(segment)

    def _group(self, segment: Segment) -> None:
        self.group, self.message = GroupSeen(segment), None
        self.found[-1].groups.append(self.group)

    def _begin(self, segment: Segment) -> None:
        if self.group is None:
            self.group = GroupSeen(None)
            self.found[-1].groups.append(self.group)
        self.message, self.number = MessageSeen(segment, self.number), self.number + 1
        self.group.messages.append(self.message)

    def _end(self, segment: Segment) -> None:
        if segment.name == "UNZ":
            self.found[-1].end = segment
        elif self.group is not None:
            self.group.end = segment
        self.group = self.message = None

    def _inside(self, segment: Segment) -> None:
        if self.message is None:
            self.found[-1].strays.append(segment)
            return
        self.message.count += 1
        if segment.name == "UNT":
            self.message.end, self.message = segment, None


def envelope_fault(level: str, code: str, name: str, element: int = 0) -> Fault:
    """A fault in a segment of the envelope."""
    return Fault(level=level, code=code, words=words(code), name=name, element=element)


def value(segment: Segment | None, element: int, component: int = 1) -> str:
    """A component of the first repetition of an element, without blanks around it; empty where there is none."""
    if segment is None:
        return ""
    raw = parts_of(segment.element(element), segment.marks.repetition)[0]
    pieces = raw.split(segment.marks.component)
    return plain(pieces[component - 1]).strip() if component <= len(pieces) else ""


def whole(text: str) -> int:
    """A count; -1 where it is none."""
    text = text.strip()
    return int(text) if text.isdigit() and text.isascii() and len(text) <= 18 else -1
