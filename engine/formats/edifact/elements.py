"""The elements of a segment: presence, number, lengths and types by the dictionary, and what qualifiers promise of values."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator

from engine.edi.dictionary import Dictionary, Element, Slot
from engine.edi.document import Segment, parts_of
from engine.edi.release import plain

#: Code (0085), element, component (0 = the whole).
Found = tuple[str, int, int]

_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")
_BARE = re.compile(r"-?[.,]\d+")
_CONTROL = re.compile(r"[\x00-\x1f]")
#: Forms of dates by their qualifier (2379): lengths of the parts, year first, as strptime would have them.
_DATES = {
    "2": "DMy",
    "101": "yMD",
    "102": "YMD",
    "201": "yMDhm",
    "203": "YMDhm",
    "204": "YMDhms",
    "401": "hm",
    "602": "Y",
    "609": "yM",
    "610": "YM",
    "718": "YMDYMD",
}
_LENGTHS = {"Y": 4, "y": 2, "M": 2, "D": 2, "h": 2, "m": 2, "s": 2}
_MOST = {"M": 12, "D": 31, "h": 23, "m": 59, "s": 59}
#: Item number types (7143) whose last digit is a check digit: GTIN, and what it was called before.
_CHECKED = ("EN", "SRV", "UP")


def problems(segment: Segment, known: Dictionary) -> Iterator[Found]:
    """What is wrong with the elements of a segment, in their order."""
    described = known.segments.get(segment.name)
    if described is None or segment.name == "UNA":
        return
    elements = segment.elements
    slots = [slot for slot in described.slots for _ in range(slot.repeat)]
    for number, slot in enumerate(slots, 1):
        raw = elements[number] if number < len(elements) else ""
        if raw:
            yield from _element(raw, number, slot, segment)
        elif slot.required and (number == 1 or slots[number - 2] is not slot):
            yield "13", number, 0
    if len(elements) > len(slots) + 1 and any(elements[len(slots) + 1 :]):
        yield "16", len(slots) + 1, 0


def _element(raw: str, number: int, slot: Slot, segment: Segment) -> Iterator[Found]:
    marks = segment.marks
    for one in parts_of(raw, marks.repetition):
        pieces = one.split(marks.component)
        inner = slot.parts or (slot,)
        if len(pieces) > len(inner) and any(pieces[len(inner) :]):
            yield "16", number, len(inner) + 1 if slot.parts else 0
        for at, part in enumerate(inner, 1):
            text = plain(pieces[at - 1]) if at <= len(pieces) else ""
            component = at if slot.parts else 0
            if not text:
                if part.required and slot.parts:
                    yield "13", number, component
            elif part.element is not None and (code := wrong(text, part.element)):
                yield code, number, component


def wrong(text: str, element: Element) -> str:
    """
    The code of what is wrong with a value; empty where nothing is. Sign and decimal mark are not counted.

    >>> from engine.edi.edifact.words import dictionary
    >>> amount = dictionary("D96A").slot("MOA", 1, 2).element
    >>> wrong("12,50", amount), wrong(".5", amount), wrong("12.5.0", amount)
    ('', '38', '19')
    """
    length = len(text)
    if element.type == "R":
        if _NUMBER.fullmatch(text) is None:
            return "38" if _BARE.fullmatch(text) else "19"
        length -= text.startswith("-") + ("." in text or "," in text)
    elif _CONTROL.search(text):
        return "21"
    return "39" if length > element.most else ""


def promises(segment: Segment) -> Iterator[Found]:
    """Where a value is not what its qualifier says: dates by 2379, item numbers (EN, SRV, UP) and GLN by their check digit."""
    if segment.name == "DTM":
        _, text, form = _pieces(segment, 1, 3)
        if text and form in _DATES and not is_date(text, _DATES[form]):
            yield "12", 1, 2
    elif segment.name == "LIN":
        text, kind = _pieces(segment, 3, 2)
        if text and kind in _CHECKED and not has_check_digit(text):
            yield "12", 3, 1
    elif segment.name == "NAD":
        text, _, agency = _pieces(segment, 2, 3)
        if text and agency == "9" and not (len(text) == 13 and has_check_digit(text)):
            yield "12", 2, 1


def _pieces(segment: Segment, element: int, count: int) -> list[str]:
    pieces = plain(segment.element(element)).split(segment.marks.component)
    return [*pieces, *[""] * count][:count]


def is_date(text: str, form: str) -> bool:
    """
    Whether a text is a date or a time of a form.

    >>> is_date("20260229", "YMD"), is_date("202602281130", "YMDhm"), is_date("2026", "YMD")
    (False, True, False)
    """
    if not (
        text.isdigit() and text.isascii() and len(text) == sum(_LENGTHS[part] for part in form)
    ):
        return False
    year, month, at = 2000, 1, 0
    for part in form:
        number, at = int(text[at : at + _LENGTHS[part]]), at + _LENGTHS[part]
        if number > _MOST.get(part, number) or (part in "MD" and not number):
            return False
        if part in "Yy":
            year = number if part == "Y" else 2000 + number
        elif part == "M":
            month = number
        elif part == "D" and form[0] != "D" and number > _days(year, month):
            return False
    return True


def _days(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1] if 0 < year < 10_000 else 0


def has_check_digit(text: str) -> bool:
    """
    Whether the last digit of a GTIN or GLN is the one that belongs there (ISO/IEC 7064 mod 10, weights 3 and 1).

    >>> has_check_digit("4000862141404"), has_check_digit("4000862141405")
    (True, False)
    """
    if not (text.isdigit() and text.isascii()) or len(text) not in (8, 12, 13, 14):
        return False
    weighed = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(text[::-1]))
    return weighed % 10 == 0
