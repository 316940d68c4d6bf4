"""What an HTTP status means for a delivery: the table `http_status.csv` and the Retry-After header."""

from __future__ import annotations

import csv
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path

from engine.errors import DeliveryError, Misconfigured, Refused, Unavailable, Uncertain

_UNKNOWN = (Uncertain, "a status that HTTP does not have")
_KINDS: dict[str, type[DeliveryError] | None] = {
    "Accepted": None,
    "Unavailable": Unavailable,
    "Misconfigured": Misconfigured,
    "Uncertain": Uncertain,
    "Refused": Refused,
}


def _read() -> dict[str, tuple[type[DeliveryError] | None, str]]:
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as rows:
        return {
            row["status"]: (_KINDS[row["outcome"]], row["means"])
            for row in csv.DictReader(rows)
        }


#: Longest wait a partner may ask for, in seconds: a slip of its clock must not stop a lane for a year.
LONGEST = 86_400.0

#: Status or class of statuses -> what it means and why. An exact status goes before its class.
TABLE = _read()


def judge(status: int, retry_after: str = "", now: float = 0.0) -> DeliveryError | None:
    """
    What a final answer with this status means; None = accepted.

    `retry_after` is the header's value, `now` wall clock seconds, for its form as a date.

    >>> judge(201), type(judge(404)).__name__, type(judge(502)).__name__, type(judge(418)).__name__
    (None, 'Misconfigured', 'Uncertain', 'Refused')
    >>> judge(503, "120").retry_after
    120.0
    """
    kind, means = TABLE.get(str(status)) or TABLE.get(f"{status // 100}xx") or _UNKNOWN
    if kind is None:
        return None
    return kind(str(status), means, wait(retry_after, now) if retry_after else None)


def wait(retry_after: str, now: float) -> float | None:
    """
    Seconds that a Retry-After header asks for (RFC 9110 section 10.2.3: seconds, or a date), a day at most; None = unreadable.

    >>> wait("7", now=0), wait("Thu, 01 Jan 1970 00:01:00 GMT", now=20.0), wait("soon", now=0)
    (7.0, 40.0, None)
    """
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(moment.timestamp() - now, 0.0), LONGEST)
