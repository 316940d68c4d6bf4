"""
A partner's numbered files: which numbers are missing, and which came twice. Pure.

The number stands in the name. What follows is counted for each day that the name tells (`{date}`), or from the last number
on, up to the highest where the partner begins again.
"""

from __future__ import annotations

import re
from typing import ClassVar, Literal

import msgspec

from engine.settings import Duration

#: Numbers that are remembered as missing, and days that are counted at a time.
_MOST, _DAYS = 1000, 14
_HOLE = re.compile(r"(\{number\}|\{date\}|\*)")
_PARTS = {
    "{number}": r"(?P<number>\d{1,18})",
    "{date}": r"(?P<date>\d{4}-\d\d-\d\d|\d{6,8})",
    "*": r".*?",
}


class Sequence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The numbers of a partner's files: `PO_{number}.csv`."""

    name: str
    """Names that are counted: `{number}` is the number, `{date}` a day from which numbers begin anew, `*` anything."""
    first: int = 1
    """The number after the highest, and the first of a day."""
    highest: int = 0
    """The highest number, after which the partner begins again with the first; 0 = it goes on for ever."""
    begins: Literal["once", "daily"] = "once"
    """`daily` where the partner begins with the first number every day and the name does not tell the day."""
    wait: Duration = Duration(7 * 86400)
    """How long a missing number is waited for; then the alert ends, and the log says so."""

    example: ClassVar[str] = '"PO_{number}.csv"'

    def __post_init__(self) -> None:
        if (
            self.name.count("{number}") != 1
            or self.name.count("{date}") > 1
            or "/" in self.name
        ):
            raise ValueError(
                'name: one name with {number} in it stands here, such as "PO_{number}.csv"'
            )
        if set(re.findall(r"\{.*?\}", self.name)) - {"{number}", "{date}"}:
            raise ValueError(
                "name: it may have the holes {number} and {date}, and * for anything"
            )
        if self.first < 0 or (self.highest and self.highest <= self.first):
            raise ValueError("highest: expected a number over the first")
        if self.begins == "daily" and "{date}" in self.name:
            raise ValueError("begins: the {date} in the name says when the numbers begin anew")

    @classmethod
    def read(cls, text: str) -> Sequence:
        """
        Numbers without an end.

        >>> Sequence.read("PO_{number}.csv").first
        1
        """
        return cls(name=text)


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted of one day, or of all days."""

    last: int
    day: str = ""
    """The day on which the last one came."""
    missing: dict[int, float] = {}
    """Numbers that are missing, and since when, seconds since 1970."""
    again: tuple[int, float] | None = None
    """The last number that came twice, and when; None once the next one came in order."""


#: What was counted, by the day that the names tell; empty where they tell none.
Counts = dict[str, Counted]


def number_of(name: str, sequence: Sequence) -> tuple[int, str] | None:
    """
    A name's number and day; None where it is not one that is counted.

    >>> number_of("PO_20261121_0017.csv", Sequence.read("PO_{date}_{number}.csv"))
    (17, '20261121')
    >>> number_of("readme.txt", Sequence.read("PO_{number}.csv")) is None
    True
    """
    parts = _HOLE.split(sequence.name)
    found = re.fullmatch("".join(_PARTS.get(part, re.escape(part)) for part in parts), name)
    return (int(found["number"]), found.groupdict().get("date") or "") if found else None


def counted(counts: Counts, name: str, sequence: Sequence, *, now: float, day: str) -> Counts:
    """The counts with one more file that came now, on this day; the same where its name has no number."""
    found = number_of(name, sequence)
    if found is None:
        return counts
    number, date = found
    before = counts.get(date)
    if before is None:
        after = _begun(sequence, number, now, day, anew=bool(date and counts))
    elif _begins_anew(before, number, sequence, day):
        after = _begun(sequence, number, now, day, anew=True, missing=before.missing)
    else:
        after = _followed(before, number, sequence, now, day)
    kept = {key: value for key, value in counts.items() if key != date}
    return dict([*kept.items(), (date, after)][-_DAYS:])


def _begins_anew(before: Counted, number: int, sequence: Sequence, day: str) -> bool:
    """Whether a lower number is one of a new day, and none of the old that comes late."""
    later = sequence.begins == "daily" and day != before.day
    return later and number < before.last and number not in before.missing


def _begun(
    sequence: Sequence,
    number: int,
    now: float,
    day: str,
    *,
    anew: bool,
    missing: dict[int, float] | None = None,
) -> Counted:
    """The first of a day; of the very first file nobody knows what came before."""
    before = range(sequence.first, number) if anew else range(0)
    return Counted(last=number, day=day, missing={**(missing or {}), **_since(before, now)})


def _followed(
    before: Counted, number: int, sequence: Sequence, now: float, day: str
) -> Counted:
    if number in before.missing:
        rest = {each: since for each, since in before.missing.items() if each != number}
        return msgspec.structs.replace(before, missing=rest, day=day)
    between = _between(before.last, number, sequence)
    if between is None:
        return msgspec.structs.replace(before, again=(number, now), day=day)
    missing = {**before.missing, **_since(between, now)}
    return Counted(last=number, day=day, missing=missing)


def _between(last: int, number: int, sequence: Sequence) -> list[int] | range | None:
    """The numbers that lie between two; None where the second is none that follows."""
    if not sequence.highest:
        return range(last + 1, number) if number > last else None
    span = sequence.highest - sequence.first + 1
    steps = (number - last) % span
    if (
        not sequence.first <= number <= sequence.highest
        or steps == 0
        or steps > max(1, span // 2)
    ):
        return None
    return [
        sequence.first + (last + at - sequence.first) % span
        for at in range(1, min(steps, _MOST))
    ]


def _since(numbers: list[int] | range, now: float) -> dict[int, float]:
    return dict.fromkeys(numbers[-_MOST:], now)


def forgotten(counts: Counts, sequence: Sequence, now: float) -> Counts:
    """Without the numbers that were waited for long enough; the same where there are none."""
    old = {
        day: {number for number, since in each.missing.items() if now - since > sequence.wait}
        for day, each in counts.items()
    }
    if not any(old.values()):
        return counts
    return {
        day: msgspec.structs.replace(
            each, missing={k: v for k, v in each.missing.items() if k not in old[day]}
        )
        for day, each in counts.items()
    }


def ranges(numbers: list[int]) -> str:
    """
    Numbers as people say them.

    >>> ranges([3, 4, 5, 9]), ranges(list(range(1, 30, 2)))
    ('3 to 5, 9', '1, 3, 5, 7, 9, 11, 13, 15 and 7 more')
    """
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    said = [f"{a} to {b}" if b > a else str(a) for a, b in spans]
    rest = sum(b - a + 1 for a, b in spans[8:])
    return ", ".join(said[:8]) + (f" and {rest} more" if rest else "")
