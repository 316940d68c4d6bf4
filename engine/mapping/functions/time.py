"""Functions of time. A time with an offset keeps it; one without is in the zone of the channel."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone
from datetime import date as _date
from datetime import datetime as _datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from engine.mapping.functions import strftime
from engine.mapping.signatures import PRECISIONS, Form, Least, Now, Whole, Zone
from engine.mapping.values import (
    DAY,
    HOUR,
    MICROSECOND,
    MINUTE,
    SECOND,
    YEAR,
    Moment,
    Unreadable,
    offset,
)

#: HL7 v2.5.1 ch. 2.A.22 (DTM) and ISO 8601, each part optional from the right.
_HL7 = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,9}))?)?)?)?)?)?([+-]\d{4}|Z)?",
    re.ASCII,
)
_ISO = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?)?)?)?"
    r"([+-]\d\d:?\d\d|Z)?",
    re.ASCII,
)
#: JSON of OData V2: milliseconds since 1970, with the minutes of an offset behind them, which say nothing of the moment.
_JSON = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/", re.ASCII)
_UTC = ZoneInfo("UTC")


def date(value: Any, format: Form = "", *, otherwise: Any = None) -> Moment:
    """
    The text as a date: HL7 (20261121), ISO 8601 (2026-11-21), or in the form given; a time in it is dropped.

    >>> str(date("20261121103000")), str(date("11/21/2026", "%m/%d/%Y"))
    ('2026-11-21', '2026-11-21')
    """
    found = datetime(value, format)
    if found.precision <= DAY:
        return found
    at = _datetime(found.at.year, found.at.month, found.at.day)  # noqa: DTZ001
    return Moment(at, min(found.precision, DAY))


def datetime(
    value: Any,
    format: Form = "",
    *,
    zone: Zone = _UTC,
    repeated: str = "earlier",
    least: Least = "",
    otherwise: Any = None,
) -> Moment:
    """
    The text as a moment: HL7, ISO 8601 or JSON of OData V2, or in the form given; it keeps its precision and its offset.

    A time without offset is in `zone`. In the hour that autumn repeats it is the earlier one, or
    with `repeated="later"` the later; a time that spring leaves out is an error. `least="hour"`: a date alone is none
    (or year, month, day, minute, second: what must be known).

    >>> str(datetime("202611211030", zone=ZoneInfo("America/Chicago")))
    '2026-11-21T10:30-06:00'
    """
    found = _read(value, format, zone, repeated)
    if least and found.precision < PRECISIONS[least]:
        raise Unreadable(f"the {least} is needed, and it is not known")
    return found


def _read(value: Any, format: str, zone: ZoneInfo, repeated: str) -> Moment:
    if type(value) is Moment:
        return value
    if not isinstance(value, str):
        raise Unreadable("only a text is read as a moment")
    if format:
        parts, precision, offset = strftime.parse(value.strip(), format)
        return _moment(parts, precision, offset, zone, repeated)
    if len(value) in _PRECISION and value.isdigit() and value.isascii():
        return _whole(value, zone, repeated)
    found = _HL7.fullmatch(value) or _ISO.fullmatch(value.strip())
    if found is None:
        return _since_1970(value)
    texts = found.groups()
    precision = 6 if texts[5] else next(at for at in range(6) if texts[at] is None)
    numbers = [int(text) for text in texts[:precision]]
    micro = 0
    if fraction := texts[6]:
        micro = int(fraction[:6].ljust(6, "0"))
        precision = SECOND + min(len(fraction), 6)
    return _moment(
        (*numbers, *_FIRST[len(numbers) :], micro), precision, texts[7], zone, repeated
    )


def _since_1970(value: str) -> Moment:
    """
    >>> str(_since_1970("/Date(1772409600000)/"))
    '2026-03-02T00:00:00Z'
    """
    found = _JSON.fullmatch(value)
    if found is None:
        raise Unreadable("not a date or time")
    return Moment(
        _moved(_datetime(1970, 1, 1, tzinfo=UTC), timedelta(seconds=1), int(found[1]) // 1000),
        SECOND,
    )


#: Which one a time of the hour that is repeated is.
_REPEATED = ("earlier", "later")
_FIRST = (1, 1, 1, 0, 0, 0)
#: HL7's form without offset and fraction, by its length: the quick way for most.
_PRECISION = {8: DAY, 10: HOUR, 12: MINUTE, 14: SECOND}


def _whole(value: str, zone: ZoneInfo, repeated: str) -> Moment:
    try:
        at = _datetime.fromisoformat(value if len(value) == 8 else f"{value[:8]}T{value[8:]}")
    except ValueError:
        raise Unreadable("there is no such date or time") from None
    precision = _PRECISION[len(value)]
    if precision == DAY:
        return Moment(at, DAY)
    away = _steady(zone, at.year, at.month, at.day) if precision == SECOND else ""
    if away and repeated in _REPEATED:
        return Moment(at.replace(tzinfo=zone), SECOND, at.isoformat() + away)
    return Moment(_local(at, zone, repeated), precision)


def _moment(
    parts: tuple[int, ...], precision: int, offset: str | None, zone: ZoneInfo, repeated: str
) -> Moment:
    try:
        at = _datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        raise Unreadable("there is no such date or time") from None
    if precision < HOUR:
        return Moment(at, precision)
    if offset:
        return Moment(at.replace(tzinfo=_offset(offset)), precision)
    return Moment(_local(at, zone, repeated), precision)


@lru_cache(256)
def _offset(text: str) -> timezone:
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 23 or minutes > 59:
        raise Unreadable("there is no such offset")
    away = timedelta(hours=hours, minutes=minutes)
    return timezone(-away if text[0] == "-" else away)


def _local(at: _datetime, zone: ZoneInfo, repeated: str) -> _datetime:
    """The wall clock time in a zone: which one in the repeated hour, Unreadable in the missing one."""
    if repeated not in _REPEATED:
        raise Unreadable("repeated= is earlier or later")
    if _steady(zone, at.year, at.month, at.day):
        return at.replace(tzinfo=zone)
    there = at.replace(tzinfo=zone, fold=1 if repeated == "later" else 0)
    other = there.replace(fold=1 - there.fold)
    if there.utcoffset() != other.utcoffset():
        back = there.astimezone(UTC).astimezone(zone)
        if back.replace(tzinfo=None, fold=0) != at:
            raise Unreadable("the clocks of its zone leave this time out")
        return there
    return there.replace(fold=0)


@lru_cache(4096)
def _steady(zone: ZoneInfo, year: int, month: int, day: int) -> str:
    """The offset of the zone as it is written, where its clocks are not changed on that day; else empty."""
    try:
        noon = _datetime(year, month, day, 12, tzinfo=zone)
        days = (noon - timedelta(days=1), noon, noon + timedelta(days=1))
    except OverflowError:
        return ""
    return offset(noon, ":", "Z") if len({each.utcoffset() for each in days}) == 1 else ""


def iso(value: Any) -> Moment:
    """A moment as canonical entities keep it: ISO 8601 text, or a datetime or date of Python."""
    if isinstance(value, _datetime):
        return Moment(value if value.tzinfo else value.replace(tzinfo=UTC), MICROSECOND)
    if isinstance(value, _date):
        return Moment(_datetime(value.year, value.month, value.day), DAY)  # noqa: DTZ001
    return datetime(value)


def format(value: Moment, form: Form) -> str:
    """
    The moment as text; it cannot show more than is known of it.

    >>> format(date("20261121"), "%m/%d/%Y")
    '11/21/2026'
    """
    return strftime.write(value, form)


def add_days(value: Moment, days: Whole) -> Moment:
    """
    So many days later (or earlier), at the same time of the clock.

    >>> str(add_days(date("20261121"), 10))
    '2026-12-01'
    """
    if value.precision < DAY:
        raise Unreadable("the day of the date is not known")
    at = _moved(value.at.replace(tzinfo=None, fold=0), timedelta(days=1), days)
    zone = value.at.tzinfo
    if isinstance(zone, ZoneInfo):
        return Moment(_local(at, zone, "earlier"), value.precision)
    return Moment(at.replace(tzinfo=zone), value.precision)


def add_minutes(value: Moment, minutes: Whole) -> Moment:
    """
    So many minutes later (or earlier), as a clock that is never changed counts them.

    >>> str(add_minutes(datetime("202611211030"), 45))
    '2026-11-21T11:15Z'
    """
    if value.precision < HOUR:
        raise Unreadable("a date has no minutes")
    at = _moved(value.at.astimezone(UTC), timedelta(minutes=1), minutes)
    return Moment(at.astimezone(value.at.tzinfo), max(value.precision, MINUTE))


def _moved(at: _datetime, unit: timedelta, count: int) -> _datetime:
    try:
        return at + unit * count
    except OverflowError:
        raise Unreadable("the date lies outside the years 1 to 9999") from None


def days_between(start: Moment, end: Moment) -> Decimal:
    """
    How many days lie between two dates; negative where the second is the earlier.

    >>> days_between(date("20261121"), date("20261201"))
    Decimal('10')
    """
    if start.precision < DAY or end.precision < DAY:
        raise Unreadable("the day of the date is not known")
    return Decimal((end.at.date() - start.at.date()).days)


def minutes_between(start: Moment, end: Moment) -> Decimal:
    """
    How many minutes lie between two moments, as a clock that is never changed counts them; negative where the second is the earlier.

    >>> minutes_between(datetime("202611211030-0600"), datetime("202611211815Z"))
    Decimal('105')
    """
    if start.precision < MINUTE or end.precision < MINUTE:
        raise Unreadable("the minute of the moment is not known")
    return Decimal((end.at - start.at).total_seconds() // 60)


def age(born: Moment, at: Now) -> Decimal:
    """
    Whole years since a date of birth, now or at another moment.

    >>> age(date("19800102"), date("20261121"))
    Decimal('46')
    """
    if born.precision < YEAR + 2:
        raise Unreadable("the day of birth is not known")
    before = (at.at.month, at.at.day) < (born.at.month, born.at.day)
    return Decimal(at.at.year - born.at.year - before)
