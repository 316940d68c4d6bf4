"""Rules of R4's data types that FHIRPath here cannot say, or says wrong, each by its key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

Record = Mapping[str, Any]
_UCUM = "http://unitsofmeasure.org"


def _period(value: Record) -> bool:
    """
    per-1: the start is not after the end, as far as both are told.

    >>> _period({"start": "2021-02", "end": "2021-02-01"}), _period({"start": "2021-03", "end": "2021-02-01"})
    (True, False)
    """
    start, end = value.get("start"), value.get("end")
    if not isinstance(start, str) or not isinstance(end, str):
        return True
    if "T" in start and "T" in end:
        return _moment(start) <= _moment(end)
    length = min(len(start.partition("T")[0]), len(end.partition("T")[0]))
    return start[:length] <= end[:length]


def _moment(text: str) -> float:
    """Seconds since 1970; a leap second is the one before it."""
    return datetime.fromisoformat(text.replace(":60", ":59")).timestamp()


def _range(value: Record) -> bool:
    """rng-2: low is not above high, where both are of one unit."""
    low, high = _record(value.get("low")), _record(value.get("high"))
    if low.get("code") != high.get("code") or low.get("unit") != high.get("unit"):
        return True
    least, most = low.get("value"), high.get("value")
    return least is None or most is None or bool(least <= most)


def _age(value: Record) -> bool:
    """age-1: a time of UCUM, above 0."""
    return _measured(value) and (value.get("value") is None or value["value"] > 0)


def _measured(value: Record) -> bool:
    return ("code" in value or "value" not in value) and value.get("system") in (None, _UCUM)


def _count(value: Record) -> bool:
    """cnt-3: a whole number without a unit."""
    whole = value.get("value") is None or Decimal(str(value["value"])) % 1 == 0
    return _measured(value) and value.get("code") in (None, "1") and whole


def _exists(value: Record) -> bool:
    """que-7: whether there is an answer is true or false."""
    return value.get("operator") != "exists" or "answerBoolean" in value


def _record(value: Any) -> Record:
    return value if isinstance(value, dict) else {}


#: Whether an element keeps the rule.
RULES: dict[str, Callable[[Record], bool]] = {
    "per-1": _period,
    "rng-2": _range,
    "age-1": _age,
    "cnt-3": _count,
    "que-7": _exists,
}
