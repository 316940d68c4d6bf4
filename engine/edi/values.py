"""Values as elements take them: types and lengths of the standard (X12.5, X12.6 section 3.5)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from engine.edi.dictionary import Element, Slot
from engine.edi.marks import ABSENT, Marks
from engine.errors import MessageError
from engine.reading import NULL

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)")
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d))?)?.*", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f]")


def written(value: Any, slot: Slot | None, path: str, decimal: str = ".") -> str:
    """
    One value as text: decimals without trailing zeros, implied decimals shifted, dates and times without their marks.

    Raises MessageError, naming the path, where the value is not of the element's type.
    """
    if value is None or value is NULL:
        return ""
    element = slot.element if slot is not None else None
    text = plain(value) if isinstance(value, Decimal | int | float) else str(value)
    if element is None or not text:
        return text
    if element.type in ("R", "N0", "N2"):
        return number(text, element.type, path).replace(".", decimal)
    if element.type in ("DT", "TM"):
        return _moment(text, element, path)
    return text


def number(text: str, type_: str, path: str) -> str:
    """
    A number as its type writes it.

    >>> number("100.50", "R", ""), number("0.00", "R", ""), number("411.92", "N2", ""), number("5", "N2", "")
    ('100.5', '0', '41192', '500')
    """
    if _NUMBER.fullmatch(text.strip()) is None:
        raise MessageError("bad_value", "the element takes a number", path)
    found = Decimal(text.strip())
    if type_ != "R":
        places = int(type_[1:])
        found = found.scaleb(places)
        if found != found.to_integral_value():
            rule = (
                f"the element takes {places} decimal places"
                if places
                else "the element takes a whole number"
            )
            raise MessageError("bad_value", rule, path)
    return plain(found)


def plain(found: Decimal | int | float) -> str:
    """
    A number in plain digits, without zeros that say nothing.

    >>> plain(Decimal("1E+2")), plain(Decimal("-0.50")), plain(7)
    ('100', '-0.5', '7')
    """
    text = format(Decimal(str(found)), "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text if text not in ("-0", "") else "0"


def _moment(text: str, element: Element, path: str) -> str:
    iso = _ISO.fullmatch(text)
    if iso is not None:
        year, month, day, hour, minute, second = iso.groups()
        if element.type == "TM":
            if hour is None:
                raise MessageError(
                    "bad_value", "the element takes a time, this is a date", path
                )
            return f"{hour}{minute}{second or ''}"[: element.most]
        text = f"{year}{month}{day}"[-element.most :]
    if not text.isdigit():
        word = "date" if element.type == "DT" else "time"
        raise MessageError("bad_value", f"the element takes a {word} in digits", path)
    return text


def check(text: str, slot: Slot | None, version: str, marks: Marks, path: str) -> None:
    """MessageError where a text would break the interchange, or is too short or too long for its element."""
    divides = marks.release is ABSENT and any(mark in text for mark in marks.inner())
    if divides or _CONTROL.search(text):
        rule = "the value holds a delimiter of the interchange or a control character"
        raise MessageError("delimiter_in_value", rule, path)
    element = slot.element if slot is not None else None
    if element is None:
        return
    length = (
        len(text.lstrip("-").replace(".", ""))
        if element.type in ("R", "N0", "N2")
        else len(text)
    )
    most = element.longest(version)
    if not element.least <= length <= most:
        said = str(most) if most == element.least else f"{element.least} to {most}"
        raise MessageError(
            "bad_length", f"{element.title}: the element takes {said} characters", path
        )
