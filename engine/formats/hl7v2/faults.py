"""What went wrong, in the words of an ERR segment (HL7 v2.5.1 ch. 2.15.5; before v2.5 only ERR-1)."""

from __future__ import annotations

import re
from functools import cache

import msgspec

from engine.formats.hl7v2.marks import Marks
from engine.formats.hl7v2.shipped import content

_PLACE = re.compile(
    r"\b([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?-(\d+)(?:\((\d+)\))?(?:\[[^\]]*\])?(?:\.(\d+))?(?:\.(\d+))?"
)
_SEGMENT = re.compile(r"([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?:")
_UNKNOWN = "207"


class Fault(msgspec.Struct, frozen=True):
    """A reason code and a sentence that names the path and the rule, never a value."""

    reason: str
    detail: str

    @property
    def words(self) -> str:
        """One line for people."""
        return " ".join((self.detail or self.reason.replace("_", " ")).split())[:200]

    def place(self) -> tuple[str, ...]:
        """Segment, its sequence, field, repetition, component and subcomponent, as far as the detail names them."""
        found = _PLACE.search(self.detail)
        if found is None:
            segment = _SEGMENT.match(self.detail)
            return (segment[1], segment[2] or "1") if segment else ()
        segment_name, sequence, *rest = found.groups()
        return _trimmed([segment_name, sequence or "1", *(one or "" for one in rest)])


class _Table(msgspec.Struct, frozen=True):
    codes: dict[str, str]
    """Table 0357."""
    reasons: dict[str, str]
    """Reason codes of the engine in it."""
    rejecting: frozenset[str]
    """Reasons that are answered AR instead of AE."""


def is_rejecting(reason: str) -> bool:
    """Whether a reason means that this receiver does not take such messages at all."""
    return reason in _table().rejecting


def error_segment(fault: Fault, marks: Marks, version: tuple[int, ...]) -> str:
    """
    ERR in the shape of the sender's version, without its line end.

    >>> from engine.formats.hl7v2.marks import marks_of
    >>> fault = Fault("missing", "PID-3.1: this is required")
    >>> error_segment(fault, marks_of("|^~\\\\&", "ascii"), (2, 3))
    'ERR|PID^1^3^101&Required field missing&HL70357'
    >>> error_segment(fault, marks_of("|^~\\\\&", "ascii"), (2, 5, 1))
    'ERR||PID^1^3^^1|101^Required field missing^HL70357|E|missing^^L|||PID-3.1: this is required'
    """
    table = _table()
    code = table.reasons.get(fault.reason, _UNKNOWN)
    coded = [code, table.codes[code], "HL70357"]
    bar, sub, place = marks.field, marks.component, fault.place()
    if version < (2, 5):
        segment, sequence, field = [*place, "", "", ""][:3]
        return bar.join(
            ["ERR", sub.join([segment, sequence, field, marks.subcomponent.join(coded)])]
        )
    fields = ["ERR", "", sub.join(place), sub.join(coded), "E"]
    fields += [
        sub.join([marks.escape(fault.reason), "", "L"]),
        "",
        "",
        marks.escape(fault.words),
    ]
    return bar.join(fields)


@cache
def _table() -> _Table:
    return msgspec.json.decode(content("errors.json"), type=_Table)


def _trimmed(parts: list[str]) -> tuple[str, ...]:
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)
