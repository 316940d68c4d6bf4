"""Dates of fixed width: `%Y%m%d`. Every part has all its digits; what a calendar does not have is an error."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache

#: The digits of each part.
_DIGITS = {"Y": 4, "y": 2, "m": 2, "d": 2, "j": 3, "H": 2, "M": 2, "S": 2}
_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
#: Two digits of a year: from here on 19.., before 20.. (POSIX).
_PIVOT = 69


def problem(form: str) -> str:
    """
    Why a form is none of a date; empty where it is one.

    >>> problem("%Y%m%d"), problem("%Q")
    ('', 'a date is made of %Y or %y, %m %d or %j, and %H %M %S for a time')
    """
    said = _DIRECTIVE.findall(form)
    year, day = {"Y", "y"} & set(said), {"m", "d"} <= set(said) or "j" in said
    if len(set(said)) == len(said) and len(year) == 1 and day and set(said) <= set(_DIGITS):
        return ""
    return "a date is made of %Y or %y, %m %d or %j, and %H %M %S for a time"


def timed(form: str) -> bool:
    """Whether a form says a time as well."""
    return not {"H", "M", "S"}.isdisjoint(_DIRECTIVE.findall(form))


@cache
def _pattern(form: str) -> re.Pattern[str]:
    pieces, at = [], 0
    for found in _DIRECTIVE.finditer(form):
        pieces.append(re.escape(form[at : found.start()]))
        pieces.append(f"(?P<{found[1]}>[0-9]{{{_DIGITS[found[1]]}}})")
        at = found.end()
    return re.compile("".join(pieces) + re.escape(form[at:]))


def read(text: str, form: str) -> datetime:
    """
    The date, or the time, that a text says; ValueError where it is not of that form.

    >>> read("26325", "%y%j")
    datetime.datetime(2026, 11, 21, 0, 0)
    """
    found = _pattern(form).fullmatch(text)
    if found is None:
        raise ValueError("it is not of that form")
    said = {name: int(value) for name, value in found.groupdict().items()}
    year = said["Y"] if "Y" in said else said["y"] + (1900 if said["y"] >= _PIVOT else 2000)
    day = date(year, said.get("m", 1), said.get("d", 1))
    if "j" in said:
        day = date(year, 1, 1) + timedelta(said["j"] - 1)
        if day.year != year:
            raise ValueError("no year has that day")
    return datetime(  # noqa: DTZ001  (a date has no zone)
        day.year, day.month, day.day, said.get("H", 0), said.get("M", 0), said.get("S", 0)
    )


def write(at: datetime, form: str) -> str:
    """
    A date in a form.

    >>> write(datetime(2026, 11, 21), "%d.%m.%Y")
    '21.11.2026'
    """
    parts: dict[str, Callable[[], int]] = {
        "Y": lambda: at.year,
        "y": lambda: at.year % 100,
        "m": lambda: at.month,
        "d": lambda: at.day,
        "j": lambda: at.timetuple().tm_yday,
        "H": lambda: at.hour,
        "M": lambda: at.minute,
        "S": lambda: at.second,
    }
    return _DIRECTIVE.sub(lambda found: f"{parts[found[1]]():0{_DIGITS[found[1]]}d}", form)
