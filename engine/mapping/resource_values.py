"""Values as the elements of FHIR hold them: references, texts, dates and times with what the standard asks of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.fhir.doubts import DOUBTS
from engine.mapping.values import (
    DAY,
    HOUR,
    MICROSECOND,
    SECOND,
    YEAR,
    Moment,
    Unreadable,
    kind_of,
)
from engine.records.types import FieldType

Change = Callable[[Any], Any]
#: The largest offset of a time.
_FARTHEST = "14:00"
_FORBIDDEN = dict.fromkeys(set(range(32)) - {9, 10, 13})


def change(wanted: FieldType) -> Change | None:
    """What makes a value of the form; None where the form is not one of FHIR's."""
    make = _FORMS.get(wanted.form)
    return make(wanted) if make is not None else None


def pointing(value: Any) -> Any:
    """A text as a Reference."""
    return {"reference": value}


def text(value: str) -> str | None:
    """
    A text without blanks around it and without the control characters that FHIR forbids (R4, 2.24.0.1: string); None where nothing is left.

    >>> text(" a\\x01b\\nc "), text("  ")
    ('ab\\nc', None)
    """
    return (value if value.isprintable() else value.translate(_FORBIDDEN)).strip() or None


def _text(wanted: FieldType) -> Change:
    """Texts hold more than blanks (FHIR R4, 2.24.0.1); one that does not is nothing."""
    choices = frozenset(wanted.choices)

    def choose(value: Any) -> Any:
        if not isinstance(value, str):
            raise Unreadable(f"the field is a text, this is a {kind_of(value)}")
        value = text(value)
        if choices and value is not None and value not in choices:
            raise Unreadable(f"it is none of: {', '.join(wanted.choices)}")
        return value

    return choose


def code(value: str) -> str | None:
    """
    A code with single spaces between its words and none around them, as R4 wants it (2.24.0.1); None where it is blank.

    >>> code(" A  B "), code("  ")
    ('A B', None)
    """
    return value if value.isalnum() else " ".join((text(value) or "").split()) or None


def _code(wanted: FieldType) -> Change:
    whole = _text(wanted)

    def coded(value: Any) -> Any:
        said = code(value) if isinstance(value, str) else value
        return None if said is None else whole(said)

    return coded


def _reference(wanted: FieldType) -> Change:
    """A resource, which becomes an entry of its own and leaves a Reference; or a text; or a Reference."""
    targets = frozenset(wanted.choices) - {"Resource"}

    def point(value: Any) -> Any:
        if isinstance(value, str):
            return pointing(value)
        kind = (value if isinstance(value, dict) else _complex(value)).get("resourceType")
        if kind is not None and targets and kind not in targets:
            raise Unreadable(f"a {kind} cannot stand here, only {', '.join(sorted(targets))}")
        return value

    return point


def _complex(value: Any) -> Any:
    if not isinstance(value, dict):
        raise Unreadable(f"a record is needed, this is a {kind_of(value)}")
    return value


def _written(least: int, most: int, need: str) -> Change:
    """A date, or a time to the second at least with its offset (FHIR R4, 2.24.0.1)."""

    def write(value: Any) -> str:
        if not isinstance(value, Moment):
            raise Unreadable(f"{need}, this is a {kind_of(value)}")
        precision = min(value.precision, most)
        if SECOND <= precision == value.precision:
            return _near(str(value))
        if precision < least:
            raise Unreadable(need)
        if precision <= DAY:
            return value.at.isoformat()[: (4, 7, 10)[precision - 1]]
        return _near(str(Moment(value.at, max(precision, SECOND))))

    return write


def _near(text: str) -> str:
    """A time, doubted where its zone is farther away than any (FHIR R4, 2.24.0.1: dateTime)."""
    if text[-1] != "Z" and text[-5:] > _FARTHEST:
        DOUBTS.add()
    return text


_FORMS: dict[str, Callable[[FieldType], Change]] = {
    "fhir": lambda wanted: _complex,
    "reference": _reference,
    "fhir_text": _text,
    "fhir_code": _code,
    "fhir_date": lambda wanted: _written(YEAR, DAY, "a date is needed"),
    "fhir_date_time": lambda wanted: _written(YEAR, MICROSECOND, "a date is needed"),
    "fhir_instant": lambda wanted: _written(
        HOUR, MICROSECOND, "a time is needed, and only the date is known"
    ),
}
