"""When a group that is opened now ends at the latest."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from engine.channel import Release


def ends_at(release: Release, now: float, zone: str) -> float:
    """Wall clock at which a group opened now is released at the latest; 0 = no such moment."""
    moments = [next_clock(minutes, now, zone) for minutes in release.at]
    if release.latest:
        moments.append(now + release.latest)
    return min(moments, default=0.0)


def next_clock(minutes: int, now: float, zone: str) -> float:
    """
    The next time a clock in the zone shows so many minutes after midnight, later than now.

    In the hour that spring leaves out it is the moment the clock jumps to; of the two in autumn the earlier.

    >>> next_clock(23 * 60, 0.0, "UTC")
    82800.0
    >>> next_clock(0, 0.0, "UTC")
    86400.0
    """
    place = ZoneInfo(zone)
    day = datetime.fromtimestamp(now, place).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)  # fmt: skip
    for days in (0, 1, 2):
        date = (day + timedelta(days=days)).date()
        clock = datetime(date.year, date.month, date.day, minutes // 60, minutes % 60)  # noqa: DTZ001 - given its zone below
        found = clock.replace(tzinfo=place).timestamp()
        if found > now:
            return found
    raise AssertionError("a clock shows every time once in two days")
