"""When a growing file is closed, and what it is called then. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import PurePath
from zoneinfo import ZoneInfo

import msgspec

from engine.settings import Size, Zone

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class Rotate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    When the file is closed and begun again. Until then it is called `NAME.open`; closed, it gets the date of its
    last moment: `nightly_billing.csv` becomes `nightly_billing_20261121.csv`, a second one `..._20261121_2.csv`.
    A day without a line leaves no file.
    """

    daily: str = ""
    """Time of day at which it is closed, `23:00`; `00:00` closes the whole day. Empty = at no time of day."""
    size: Size | None = None
    """Size at which it is closed."""
    zone: Zone = Zone("UTC")
    """Time zone of that time of day and of the date in the name."""

    def __post_init__(self) -> None:
        if not self.daily and self.size is None:
            raise ValueError("daily or size is missing: when is the file closed?")
        if self.daily and not _TIME.fullmatch(self.daily):
            raise ValueError("daily: expected a time of day such as 23:00, in quotes")


def closes_at(since: float, rotate: Rotate) -> float | None:
    """
    The moment at which a file begun at `since` is closed, seconds since 1970; None = at no time of day.

    In the night a clock is turned, a time that does not exist is the moment right after the gap, and of a
    repeated one the first counts.
    """
    if not rotate.daily:
        return None
    zone = ZoneInfo(rotate.zone)
    hour, minute = (int(part) for part in rotate.daily.split(":"))
    begun = datetime.fromtimestamp(since, zone)
    closing = begun.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
    if closing.timestamp() <= since:
        closing = (closing.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)
    return closing.timestamp()


def is_due(since: float, length: int, now: float, rotate: Rotate) -> bool:
    """Whether a file is to be closed now."""
    closing = closes_at(since, rotate)
    if closing is not None and now >= closing:
        return True
    return rotate.size is not None and length >= rotate.size


def final_name(name: str, since: float, now: float, rotate: Rotate) -> str:
    """
    The name of a closed file: the date of its last moment before the ending.

    >>> final_name("billing.csv", 0.0, 86_400.0, Rotate(daily="00:00"))
    'billing_19700101.csv'
    """
    closing = closes_at(since, rotate)
    last = min(now, closing - 1) if closing is not None else now
    zone: tzinfo = ZoneInfo(rotate.zone) if rotate.zone != "UTC" else UTC
    path = PurePath(name)
    return f"{path.stem}_{datetime.fromtimestamp(last, zone):%Y%m%d}{path.suffix}"
