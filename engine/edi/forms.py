"""Forms of values that a code beside them names: dates by their format (X12 element 1250), providers' numbers, postal codes."""

from __future__ import annotations

import calendar
from functools import lru_cache

from engine.edi.data import content

#: In front of a provider's number when its check digit is made: ISO 7812 issuer of the US health industry.
_ISSUER_SUM = 24


def wrong_moment(text: str, form: str) -> str:
    """
    The code of IK403 for a date (8) or time (9) that is not written as its format asks; empty where it is, or the format is not
    known.

    >>> wrong_moment("20260131", "D8"), wrong_moment("20260101-20260132", "RD8"), wrong_moment("2561", "TM")
    ('', '8', '9')
    """
    said = _forms().get(form)
    if said is None:
        return ""
    pieces = text.split("-")
    wanted = said.split("-")
    if len(pieces) != len(wanted):
        return "9" if wanted[0].startswith("HH") else "8"
    for piece, pattern in zip(pieces, wanted, strict=True):
        if code := _wrong(piece, pattern):
            return code
    return ""


@lru_cache(maxsize=1)
def _forms() -> dict[str, str]:
    found: dict[str, str] = content("segments")["formats"]
    return found


@lru_cache(maxsize=4096)
def _wrong(text: str, pattern: str) -> str:
    """Days repeat within a file: what was seen is known."""
    date = pattern.partition("HH")[0]
    if len(text) != len(pattern) or not (text.isascii() and text.isdigit()):
        return "8" if date else "9"
    if date and not _is_day(text[: len(date)], date):
        return "8"
    return "" if _is_time(text[len(date) :]) else "9"


def _is_day(text: str, pattern: str) -> bool:
    year = int(text[: pattern.count("C") + pattern.count("Y")] or "2000")
    year += 2000 if year < 100 else 0
    rest = text[pattern.count("C") + pattern.count("Y") :]
    month, day = int(rest[:2] or "1"), int(rest[2:] or "1")
    return 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]


def _is_time(text: str) -> bool:
    return int(text[:2] or 0) < 24 and int(text[2:4] or 0) < 60 and int(text[4:6] or 0) < 60


@lru_cache(maxsize=4096)
def is_npi(text: str) -> bool:
    """
    Whether the check digit of a national provider number is right (ISO 7812, over 80840 and its digits).

    >>> is_npi("1234567893"), is_npi("1234567890")
    (True, False)
    """
    if len(text) != 10 or not (text.isascii() and text.isdigit()):
        return False
    total = _ISSUER_SUM
    for at, digit in enumerate(map(int, text)):
        doubled = digit * (2 if at % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return total % 10 == 0


def is_zip(text: str) -> bool:
    """Whether a US postal code has five or nine digits."""
    return len(text) in (5, 9) and text.isascii() and text.isdigit()
