"""
When something happens by the clock: every so often, or by cron, within hours, with jitter.

One place for every connector that polls or makes messages by the clock (`schedule:`, `timer:`). The moments are pure
arithmetic; `Ticker` waits for them and says which were missed. Cron fields are read by APScheduler, except that days of
the week are numbered as cron numbers them (0 and 7 = Sunday).
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

import msgspec
from apscheduler.triggers.cron import CronTrigger

from engine.hours import DAYS, Hours, is_open, next_open
from engine.settings import Duration, Zone

#: Seconds at most until the clock is looked at again, which may have been set.
LOOK = 30.0
#: Seconds after its time from which a run counts as missed.
GRACE = 60.0
#: Missed runs that are counted; beyond, "at least so many".
MOST = 1000
#: Moments outside the hours that are passed over before a schedule counts as one that never comes.
_TRIES = 10_000
_CRON_DAYS = ("sun", *DAYS)


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When something happens: `{every: 30s}` or `{cron: "0 6 * * mon-fri"}`."""

    every: Duration | None = None
    """Time between two runs, counted from the end of the one before."""
    cron: str = ""
    """Minute, hour, day of the month, month, day of the week: `"0 6 * * mon-fri"` is 06:00 on working days."""
    zone: Zone | None = None
    """Time zone of `cron` and `active`; none = the installation's."""
    jitter: Duration = Duration(0)
    """Each run is late by a random time up to this, so that many channels do not call a partner at once."""
    active: Hours | None = None
    """Hours within which it happens, `"mon-fri 06:00-18:00"`; none = always."""

    def __post_init__(self) -> None:
        if (self.every is None) == (not self.cron):
            raise ValueError(
                'a schedule says `every: 30s` or `cron: "0 6 * * mon-fri"`, one of them'
            )
        if self.every is not None and self.every <= 0:
            raise ValueError("every: a length of time above zero stands here")
        if self.cron:
            check_cron(self.cron)


def check_cron(text: str) -> None:
    """ValueError, naming the setting, where it is no cron expression that ever comes."""
    try:
        found = following(_Cron(cron=text), "UTC", 0.0)
    except ValueError as error:
        raise ValueError(f"cron: {_said(text, error)}") from None
    if found is None:
        raise ValueError("cron: no such day ever comes")


def _said(text: str, error: ValueError) -> str:
    expected = 'five fields stand here (minute, hour, day of the month, month, day of the week), such as "0 6 * * mon-fri"'
    fields = len(text.split())
    return (
        f"{expected}; these are {fields}" if fields != 5 else f"{expected}; {str(error)[:120]}"
    )


class _Cron(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a schedule that decides its moments."""

    every: Duration | None = None
    cron: str = ""
    active: Hours | None = None


def following(schedule: Schedule | _Cron, zone: str, after: float) -> float | None:
    """
    The next moment strictly after one, seconds since 1970, without jitter; None where none ever comes.

    In the hour that autumn repeats a time of day comes once, the first time (`*` as the hour comes in both); a time
    that spring skips comes when the clock has jumped.

    >>> following(Schedule(cron="0 6 * * mon"), "UTC", 0.0) == 4 * 86400 + 6 * 3600  # 1970 began on a Thursday
    True
    """
    hours = msgspec.structs.replace(schedule.active, zone=zone) if schedule.active else None
    if schedule.every is not None:
        moment = after + schedule.every
        return moment if hours is None else next_open(hours, moment)
    for _ in range(_TRIES):
        found = _cron_after(schedule.cron, zone, after)
        if found is None or hours is None or is_open(hours, found):
            return found
        after = found
    return None


def _cron_after(cron: str, zone: str, after: float) -> float | None:
    trigger = _trigger(cron, zone)
    moment = datetime.fromtimestamp(after, ZoneInfo(zone))
    while True:
        found = trigger.get_next_fire_time(moment, moment)
        if found is None:
            return None
        repeat = _is_repeat(found) and not _fields(cron)[1].startswith("*")
        if found.timestamp() > after and not repeat:
            return float(found.timestamp())
        moment = found


def _is_repeat(moment: datetime) -> bool:
    """Whether it stands in the second of two equal hours."""
    return moment.fold == 1 and moment.replace(fold=0).timestamp() < moment.timestamp()


@cache
def _trigger(cron: str, zone: str) -> CronTrigger:
    minute, hour, day, month, weekday = _fields(cron)
    return CronTrigger(
        minute=minute, hour=hour, day=day, month=month, day_of_week=weekdays(weekday), timezone=ZoneInfo(zone),
    )  # fmt: skip


def _fields(cron: str) -> list[str]:
    fields = cron.lower().split()
    if len(fields) != 5:
        raise ValueError("five fields stand here")
    return fields


def weekdays(text: str) -> str:
    """
    The days of the week of a cron field by their names, which no two readers number differently.

    >>> weekdays("1-5"), weekdays("0,7"), weekdays("fri-mon"), weekdays("*"), weekdays("*/2")
    ('mon,tue,wed,thu,fri', 'sun', 'mon,fri,sat,sun', '*', 'tue,thu,sat,sun')
    """
    if text == "*":
        return text
    found = {day for part in text.split(",") for day in _days(part)}
    return ",".join(day for day in DAYS if day in found)


def _days(part: str) -> list[str]:
    match = re.fullmatch(r"(\*|\w+)(?:-(\w+))?(?:/([1-7]))?", part)
    if match is None:
        raise ValueError(f"'{part[:20]}' is no day of the week")
    step = int(match[3] or 1)
    if match[1] == "*":
        return list(_CRON_DAYS[:7:step])
    first = _day(match[1])
    last = _day(match[2]) if match[2] else first
    return [_CRON_DAYS[(first + at) % 7] for at in range(0, (last - first) % 7 + 1, step)]


def _day(word: str) -> int:
    if word in _CRON_DAYS:
        return _CRON_DAYS.index(word) % 7
    if word.isdigit() and int(word) <= 7:
        return int(word) % 7
    raise ValueError(f"'{word[:20]}' is no day of the week")


def missed(schedule: Schedule, zone: str, since: float, until: float) -> list[float]:
    """The moments after one and up to another that nobody was there for; at most MOST, the latest are cut off."""
    found: list[float] = []
    moment = following(schedule, zone, since)
    while moment is not None and moment <= until and len(found) < MOST:
        found.append(moment)
        moment = following(schedule, zone, moment)
    return found


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A moment that has come."""

    at: float
    """When it was due; of several missed ones the latest."""
    missed: int = 0
    """How many moments came and went while nobody was there."""
    late: bool = False
    """Whether this one is among them."""


class Ticker:
    """Waits for the moments of one schedule. `last` is the moment up to which everything was done."""

    def __init__(
        self,
        schedule: Schedule,
        zone: str,
        now: Callable[[], float],
        last: float | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._schedule, self._now, self._chance = schedule, now, chance
        self._zone = schedule.zone or zone
        self.last = now() if last is None else min(last, now())

    async def wait(self, at_most: float | None = None) -> Due | None:
        """
        Until the next moment has come, or for so many seconds: None. Moments that have passed while nobody waited
        are one, `missed` says how many; the clock may be set meanwhile.
        """
        until = None if at_most is None else self._now() + at_most
        due = following(self._schedule, self._zone, self.last)
        late = self._chance() * self._schedule.jitter
        while True:
            now = self._now()
            if now < self.last:  # the clock was set back: what was done counts no more
                self.last = now
                due = following(self._schedule, self._zone, now)
            target = None if due is None else due + late
            if target is not None and target <= now:
                return self._come(due or now, now)
            if until is not None and until <= now:
                return None
            ends = [moment - now for moment in (target, until) if moment is not None]
            await asyncio.sleep(max(0.001, min([*ends, LOOK])))

    def _come(self, due: float, now: float) -> Due:
        if self._schedule.every is not None or now - due < GRACE + self._schedule.jitter:
            self.last = due if self._schedule.every is None else now
            return Due(at=due)
        passed = missed(self._schedule, self._zone, self.last, now)
        in_time = now - passed[-1] < GRACE + self._schedule.jitter and len(passed) < MOST
        self.last = now if len(passed) >= MOST else passed[-1]
        return Due(at=passed[-1], missed=len(passed) - in_time, late=not in_time)

    def done(self) -> None:
        """What was due has been done just now: `every` counts from here."""
        if self._schedule.every is not None:
            self.last = self._now()
