"""What the value of an expression can be: text, number, truth, moment, bytes, list, record, null, nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from functools import total_ordering
from typing import Any

import msgspec

from engine.formats import NULL

#: Precision of a moment: how much of it was said. 6 + n means n digits of a fraction of a second.
YEAR, MONTH, DAY, HOUR, MINUTE, SECOND = 1, 2, 3, 4, 5, 6
MICROSECOND = 12

#: All arithmetic: 34 digits, half to even; what does not fit (100 digits before the point) is an error, never infinity.
ARITHMETIC = Context(
    prec=34, Emax=99, Emin=-99, traps=[InvalidOperation, DivisionByZero, Overflow]
)

#: Small whole numbers as they are mostly written: told apart without reading them.
WHOLE = {str(number): number for number in range(1000)}

#: Where each part of an ISO 8601 text ends, by precision.
_ENDS = (0, 4, 7, 10, 13, 16, 19)
#: Length of a time to the microsecond with an offset of whole minutes, as all are since the telegraph.
_WHOLE_OFFSET = 32


class Unreadable(Exception):
    """A function cannot read its argument: why, in words that hold no value."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class Missed(Unreadable):
    """A code that its table does not have."""


class Unmet(Unreadable):
    """What a mapping demands does not hold (`ensure`)."""

    def __init__(self, reason: str, why: str) -> None:
        self.reason = reason
        super().__init__(why)


@total_ordering
class Moment:
    """
    A date or a time, with the precision it came with.

    Two moments are compared as far as both go: the 21st of November equals any time on that day.

    >>> day = Moment(datetime(2026, 11, 21), DAY)
    >>> noon = Moment(datetime(2026, 11, 21, 12, 30, tzinfo=UTC), MINUTE)
    >>> str(day), str(noon), day == noon
    ('2026-11-21', '2026-11-21T12:30Z', True)
    """

    __slots__ = ("_text", "at", "precision")

    def __init__(self, at: datetime, precision: int, text: str = "") -> None:
        self.at = at
        """Aware where the hour is known, naive where it is not."""
        self.precision = precision
        self._text = text
        """What `str` gives, once it is known."""

    def __str__(self) -> str:
        """ISO 8601, with its precision and its offset; written once, since one message says the same time in several places."""
        if not self._text:
            self._text = self._written()
        return self._text

    def _written(self) -> str:
        precision = self.precision
        if precision == DAY:
            return self.at.isoformat()[:10]
        text = self.at.isoformat(timespec="microseconds")
        said = text[: _ENDS[precision] if precision <= SECOND else 20 + precision - SECOND]
        if precision < HOUR:
            return said
        if len(text) == _WHOLE_OFFSET:
            behind = text[26:]
            return f"{said}Z" if behind == "+00:00" else said + behind
        return said + offset(self.at, ":", "Z")

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Moment):
            return NotImplemented
        mine, theirs = self._beside(other)
        return bool(mine == theirs)

    def __lt__(self, other: Moment) -> bool:
        mine, theirs = self._beside(other)
        return bool(mine < theirs)

    def __hash__(self) -> int:
        return 1  # equal moments may differ in precision and zone

    def _beside(self, other: Moment) -> tuple[Any, Any]:
        precision = min(self.precision, other.precision)
        if precision >= HOUR:
            return cut(self.at.astimezone(UTC), precision), cut(
                other.at.astimezone(UTC), precision
            )
        size = precision
        return self.at.timetuple()[:size], other.at.timetuple()[:size]


def cut(at: datetime, precision: int) -> datetime:
    """A time without what lies beyond the precision."""
    if precision >= MICROSECOND:
        return at
    unit = 10 ** (MICROSECOND - max(precision, SECOND))
    at = at.replace(microsecond=at.microsecond // unit * unit)
    if precision < SECOND:
        at = at.replace(second=0)
    return at.replace(minute=0) if precision < MINUTE else at


def offset(at: datetime, colon: str, utc: str) -> str:
    """
    The offset of a time: `-06:00` with a colon, `-0600` without, `utc` where there is none.

    >>> offset(datetime(2026, 11, 21, tzinfo=UTC), ":", "Z")
    'Z'
    """
    difference = at.utcoffset() or timedelta()
    if not difference:
        return utc
    minutes = abs(difference) // timedelta(minutes=1)
    sign = "-" if difference < timedelta() else "+"
    return f"{sign}{minutes // 60:02d}{colon}{minutes % 60:02d}"


def kind_of(value: Any) -> str:
    """
    The kind of a value, for people.

    >>> kind_of("x"), kind_of(Decimal(1)), kind_of(None)
    ('text', 'number', 'nothing')
    """
    if value is None:
        return "nothing"
    for kind, types in _KINDS.items():
        if isinstance(value, types):
            return kind
    return "null" if value is NULL else "record"


_KINDS: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "truth": (bool,),
    "number": (Decimal, int),
    "moment": (Moment, date),
    "bytes": (bytes,),
    "list": (list, tuple),
    "record": (dict, msgspec.Struct),
}


def text_of(value: Any) -> str:
    """
    A value as text: what a hole gives. Nothing and null are empty.

    Raises Unreadable for what has no text: bytes, lists, records.

    >>> text_of(Decimal("12.50")), text_of(True), text_of(None)
    ('12.50', 'true', '')
    """
    if type(value) is str:
        return value
    if value is None or value is NULL:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Moment | int):
        return str(value)
    if isinstance(value, bytes | list | tuple | dict | msgspec.Struct):
        raise Unreadable(f"a {kind_of(value)} has no text of its own")
    return str(value)
