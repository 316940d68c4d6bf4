"""The elements of a segment against the dictionary of the standard: presence, number, lengths and types (X12.6 3.5)."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator

from engine.edi import dictionary
from engine.edi.dictionary import Element, Slot
from engine.edi.document import Segment, parts_of
from engine.edi.marks import ABSENT

#: Code, element, component, repetition (from 1, 0 where there is one), number in the dictionary.
Found = tuple[str, int, int, int, str]

_DECIMAL = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:E-?[0-9]+)?")
_WHOLE = re.compile(r"-?[0-9]+")
#: The first year of a date: 11111111 is a placeholder.
_EARLIEST = 1800
_CONTROL = re.compile(r"[\x00-\x1f]")


def problems(segment: Segment, version: str) -> Iterator[Found]:
    """What is wrong with the elements of a segment, in their order."""
    described = dictionary.segments().get(segment.name)
    if described is None:
        return
    elements, slots = segment.elements, described.slots
    for number, slot in enumerate(slots, 1):
        raw = elements[number] if number < len(elements) else ""
        if raw:
            yield from _element(raw, number, slot, segment, version)
        elif slot.required:
            yield "1", number, 0, 0, _number(slot)
    if len(elements) > len(slots) + 1:
        yield "3", len(slots) + 1, 0, 0, ""


def _element(
    raw: str, number: int, slot: Slot, segment: Segment, version: str
) -> Iterator[Found]:
    marks = segment.marks
    repetitions = parts_of(raw, marks.repetition)
    if len(repetitions) > slot.repeat and slot.repeat > 1:
        yield "12", number, 0, slot.repeat + 1, _number(slot)
    if len(repetitions) > 1 and slot.repeat == 1:
        yield "12", number, 0, 2, _number(slot)
        return
    for at, one in enumerate(repetitions, 1):
        which = at if len(repetitions) > 1 else 0
        if slot.parts:
            yield from _composite(one, number, which, slot, segment, version)
        elif marks.component is not ABSENT and marks.component in one:
            yield "13", number, 0, which, _number(slot)
        elif slot.element is not None and (code := wrong(one, slot.element, version)):
            yield code, number, 0, which, slot.id


def _composite(
    raw: str, number: int, which: int, slot: Slot, segment: Segment, version: str
) -> Iterator[Found]:
    pieces = parts_of(raw, segment.marks.component)
    for part, inner in enumerate(slot.parts, 1):
        text = pieces[part - 1] if part <= len(pieces) else ""
        if not text:
            if inner.required:
                yield "1", number, part, which, _number(inner)
        elif inner.element is not None and (code := wrong(text, inner.element, version)):
            yield code, number, part, which, inner.id
    if len(pieces) > len(slot.parts):
        yield "13", number, len(slot.parts) + 1, which, ""


def reference(name: str, element: int, component: int = 0) -> str:
    """The number of an element in the standard's dictionary; empty where it is not described."""
    found = dictionary.slot(name, element, component)
    return _number(found) if found is not None else ""


def _number(slot: Slot) -> str:
    return slot.id if slot.id.isdigit() else ""


def wrong(text: str, element: Element, version: str) -> str:
    """
    The code of what is wrong with a value; empty where nothing is. Sign and decimal point are not counted.

    >>> from engine.edi.dictionary import slot
    >>> wrong("1X", slot("AMT", 2).element, "005010"), wrong("20260231", slot("BEG", 5).element, "005010")
    ('6', '8')
    """
    if element.type in ("DT", "TM"):
        return _moment(text, element)
    length = len(text)
    if element.type in ("R", "N0", "N2"):
        pattern = _DECIMAL if element.type == "R" else _WHOLE
        if pattern.fullmatch(text) is None:
            return "6"
        length -= text.startswith("-") + ("." in text)
    elif _CONTROL.search(text) and element.type != "B":
        return "6"
    if length < element.least:
        return "4"
    return "5" if length > element.longest(version) else ""


def _moment(text: str, element: Element) -> str:
    least = min(element.least, 6) if element.type == "DT" else element.least
    if not least <= len(text) <= element.most:
        return "4" if len(text) < least else "5"
    if element.type == "DT":
        return "" if is_date(text) else "8"
    return "" if is_time(text) else "9"


def is_date(text: str) -> bool:
    """Whether CCYYMMDD or YYMMDD names a day, no earlier than people or claims can be from."""
    if not (text.isascii() and text.isdigit()) or len(text) not in (6, 8):
        return False
    year, month, day = int(text[:-4]), int(text[-4:-2]), int(text[-2:])
    year += 2000 if len(text) == 6 else 0
    return (
        year >= _EARLIEST
        and 1 <= month <= 12
        and 1 <= day <= calendar.monthrange(year, month)[1]
    )


def is_time(text: str) -> bool:
    """Whether HHMM, HHMMSS or HHMMSSd names a time."""
    if not (text.isascii() and text.isdigit()) or len(text) == 5:
        return False
    second = int(text[4:6]) if len(text) > 4 else 0
    return int(text[:2]) < 24 and int(text[2:4]) < 60 and second < 60


def value(values: list[str], number: int) -> str:
    """An element without the blanks around it; empty where there is none."""
    return values[number].strip() if number < len(values) else ""


def whole(text: str) -> int:
    """A count; -1 where it is none."""
    return int(text) if len(text) < 20 and text.isascii() and text.isdigit() else -1
