"""Hours in which something is open: `mon-fri 06:00-18:00, sat 08:00-12:00`, by the wall clock of a zone. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import ClassVar
from zoneinfo import ZoneInfo

import msgspec

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: Minutes of a day.
DAY = 24 * 60
_EXPECTED = 'a text of days and times such as "mon-fri 06:00-18:00, sat 08:00-12:00", daily 22:00-04:00, or always'
_SPAN = re.compile(r"([a-z]+)(?:\s*-\s*([a-z]+))?\s+(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})")
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One span of a day; one that ends at or before its begin reaches into the next day."""

    days: frozenset[int]
    """Monday is 0."""
    begins: int
    """Minutes from midnight."""
    ends: int
    """Minutes from midnight."""


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """When something is open, by the wall clock of a zone."""

    spans: tuple[Span, ...]
    zone: str = "UTC"

    example: ClassVar[str] = '"mon-fri 06:00-18:00"'

    @classmethod
    def read(cls, text: str) -> Hours:
        """
        ValueError where it is not such hours. The zone is the caller's to set.

        >>> Hours.read("mon-fri 06:00-18:00").spans[0].begins, len(Hours.read("always").spans)
        (360, 1)
        """
        if text.strip().lower() == "always":
            return cls(spans=(Span(days=frozenset(range(7)), begins=0, ends=DAY),))
        return cls(spans=tuple(_span(part) for part in text.lower().split(",")))

    @staticmethod
    def mend(text: str) -> str:
        """
        What was probably meant by something that is not such hours.

        >>> Hours.mend("Monday to Friday 6:00 - 18:00"), Hours.mend("06:00-18:00")
        ('"mon-fri 06:00-18:00"', '"daily 06:00-18:00"')
        """
        parts = [_mended(part) for part in text.lower().replace(";", ",").split(",")]
        return f'"{", ".join(parts)}"' if all(parts) else Hours.example


def _span(part: str) -> Span:
    match = _SPAN.fullmatch(part.strip())
    if match is None:
        raise ValueError(_EXPECTED)
    try:
        begins, ends = minutes(match[3]), minutes(match[4])
    except ValueError:
        problem = f"{_EXPECTED}; times of day go from 00:00 to 24:00"
        raise ValueError(problem) from None
    if begins in (DAY, ends):
        problem = f"{_EXPECTED}; '{part.strip()}' has no length (the whole day is 00:00-24:00)"
        raise ValueError(problem)
    return Span(days=_days(match[1], match[2] or ""), begins=begins, ends=ends)


def _days(first: str, last: str) -> frozenset[int]:
    if first == "daily" and not last:
        return frozenset(range(7))
    wrong = next((word for word in (first, last) if word and word not in DAYS), "")
    if wrong:
        raise ValueError(f"{_EXPECTED}; '{wrong}' is none of {', '.join(DAYS)}, daily")
    begin = DAYS.index(first)
    end = DAYS.index(last) if last else begin
    return frozenset((begin + step) % 7 for step in range((end - begin) % 7 + 1))


def minutes(text: str) -> int:
    """
    Minutes from midnight of a time of day, 00:00 to 24:00; ValueError where it is none.

    >>> minutes("02:30"), minutes("24:00")
    (150, 1440)
    """
    match = _CLOCK.fullmatch(text.strip())
    found = int(match[1]) * 60 + int(match[2]) if match else DAY + 1
    if found > DAY:
        raise ValueError("a time of day such as 06:00 or 23:30")
    return found


class Clock(int):
    """A time of day, `06:00`; in minutes from midnight."""

    example: ClassVar[str] = '"02:00"'

    @classmethod
    def read(cls, text: str) -> Clock:
        """ValueError where it is not one, or where it is the end of the day."""
        found = minutes(text)
        if found == DAY:
            raise ValueError("a time of day such as 00:00; 24:00 is the next day's")
        return cls(found)

    @staticmethod
    def mend(text: str) -> str:
        """
        What was probably meant by something that is not a time of day.

        >>> Clock.mend("6"), Clock.mend("2:30 pm"), Clock.mend("25:00")
        ('"06:00"', '"14:30"', '"02:00"')
        """
        match = re.fullmatch(r"(\d{1,2})(?:[:.h](\d{2}))?\s*(am|pm)?", text.strip().lower())
        if match is None:
            return Clock.example
        hour = int(match[1]) % (12 if match[3] else 100) + 12 * (match[3] == "pm")
        minute = int(match[2] or 0)
        return f'"{hour:02d}:{minute:02d}"' if hour < 24 and minute < 60 else Clock.example


def _mended(part: str) -> str:
    """One span as it is written; empty where nothing like one stands there."""
    times = re.findall(r"\d{1,2}:\d{2}", part)
    if len(times) != 2 or not all(_CLOCK.fullmatch(time) for time in times):
        return ""
    words = [word[:3] for word in re.findall(r"[a-z]{3,}", part) if word[:3] in DAYS]
    days = "-".join(words[:2]) or "daily"
    return f"{days} {times[0]:0>5}-{times[1]:0>5}"


# -- by the clock ---------------------------------------------------------------------------------------------


def is_open(hours: Hours, at: float) -> bool:
    """Whether it is open at a moment (seconds since 1970): from the first second of a span, up to before its last."""
    return any(begins <= at < ends for begins, ends in _around(hours, at))


def next_open(hours: Hours, at: float) -> float:
    """The moment from which it is open: `at` itself where it is, else the next begin."""
    if is_open(hours, at):
        return at
    return min(begins for begins, _ in _ahead(hours, at) if begins > at)


def next_close(hours: Hours, at: float) -> float:
    """
    The moment at which it closes: the end of the hours at hand, or of the next ones where it is closed now.

    Spans that touch are one; where it never closes, infinity.
    """
    moment = next_open(hours, at)
    until = moment + _LONGEST
    while moment < until:
        ends = [end for begins, end in _around(hours, moment) if begins <= moment < end]
        if not ends:
            return moment
        moment = max(ends)
    return math.inf


#: A week is the whole of what hours say; days more for the clock's changes.
_LONGEST = 9 * 86400.0


def open_seconds(hours: Hours, since: float, until: float) -> float:
    """How long it was open between two moments, in seconds; spans that overlap count once."""
    total, reached = 0.0, since
    for begins, ends in sorted(_between(hours, since, until)):
        first, last = max(begins, reached), min(ends, until)
        if last > first:
            total += last - first
            reached = last
    return total


def _around(hours: Hours, at: float) -> Iterator[tuple[float, float]]:
    """The spans that began on the day before and begin on the day of a moment."""
    return _between(hours, at, at)


def _ahead(hours: Hours, at: float) -> Iterator[tuple[float, float]]:
    """The spans of the week that follows: all there are, by their next occurrence."""
    return _between(hours, at, at + _LONGEST)


def _between(hours: Hours, since: float, until: float) -> Iterator[tuple[float, float]]:
    """Begin and end, in seconds since 1970, of every span that may touch a stretch of time."""
    zone = _zone(hours.zone)
    day = datetime.fromtimestamp(since, zone).date() - timedelta(days=1)
    last = datetime.fromtimestamp(until, zone).date()
    while day <= last:
        for span in hours.spans:
            if day.weekday() in span.days:
                longer = DAY if span.ends <= span.begins else 0
                begins, ends = _at(day, span.begins, zone), _at(day, span.ends + longer, zone)
                if begins < ends:
                    yield begins, ends
        day += timedelta(days=1)


def _at(day: date, minute: int, zone: ZoneInfo) -> float:
    """
    A wall clock time of a day. In the hour that autumn repeats, the first; a time that spring skips is the moment at
    which the clock jumps.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    first, second = (wall.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    return first if first <= second else _jump(second, first, zone)


def _jump(early: float, late: float, zone: ZoneInfo) -> float:
    """The moment between two at which the clock changes, to the second."""
    before = datetime.fromtimestamp(early, zone).utcoffset()
    while late - early > 1:
        middle = (late + early) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
