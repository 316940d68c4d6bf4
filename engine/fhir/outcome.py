"""
OperationOutcome (HL7 FHIR R4, 2.37): what the sender of a resource is told. No value of a message stands in one.

    id                    the short id under which support finds the message
    issue.code            of the value set issue-type; NAMES says which for each of our reason codes
    issue.details.text    our reason code: `invalid`, `not_fhir`
    issue.diagnostics     the sentence for people
    issue.expression      the element, as FHIRPath
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from engine.fhir.serializing import to_xml
from engine.findings import TOLD, Finding
from engine.records.decoding import ENCODER

Severity = Literal["fatal", "error", "warning", "information"]
Wire = Literal["json", "xml"]

#: The issue type of our reason codes (R4, issue-type); others are `processing`.
NAMES = {
    "not_json": "structure",
    "not_xml": "structure",
    "not_fhir": "structure",
    "unsafe_xml": "structure",
    "bad_encoding": "structure",
    "unmappable": "structure",
    "invalid": "invalid",
    "wrong_id": "invalid",
    "bad_value": "value",
    "missing_field": "required",
    "unknown_code": "code-invalid",
    "too_large": "too-long",
    "wrong_processing_id": "business-rule",
    "not_kept": "transient",
}


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """One issue."""

    code: str
    """Of the value set issue-type."""
    severity: Severity = "error"
    reason: str = ""
    """Our reason code."""
    said: str = ""
    """The sentence for people, without a value of the message."""
    place: str = ""
    """The element, as FHIRPath."""


def issue(reason: str, said: str, place: str = "", severity: Severity = "error") -> Issue:
    """
    What is wrong by one of our reason codes.

    >>> issue("not_fhir", "the JSON is no resource").code
    'structure'
    """
    code = NAMES.get(reason, "processing")
    return Issue(code=code, severity=severity, reason=reason, said=said, place=place)


def of_findings(found: Iterable[Finding]) -> list[Issue]:
    """An issue for each finding of the validation, the first TOLD of them."""
    every = [issue("invalid", rule, place) for place, rule in found]
    if len(every) <= TOLD:
        return every
    return [*every[:TOLD], issue("invalid", f"and {len(every) - TOLD} more")]


def outcome(issues: Iterable[Issue], id: str = "") -> dict[str, Any]:
    """
    An OperationOutcome; without an issue one that says that all is well, as it has at least one (2.37.3).

    >>> outcome([], "774K-6")
    {'resourceType': 'OperationOutcome', 'id': '774K-6', 'issue': [{'severity': 'information', 'code': 'informational'}]}
    """
    every = [_issue(each) for each in issues] or [dict(_WELL)]
    named = {"id": id} if id else {}
    return {"resourceType": "OperationOutcome", **named, "issue": every}


_WELL = {"severity": "information", "code": "informational"}


def _issue(said: Issue) -> dict[str, Any]:
    made: dict[str, Any] = {"severity": said.severity, "code": said.code}
    if said.reason:
        made["details"] = {"text": _sayable(said.reason)}
    if said.said:
        made["diagnostics"] = _sayable(said.said)
    if said.place:
        made["expression"] = [_sayable(said.place)]
    return made


def _sayable(text: str) -> str:
    """Without the characters that a string does not have (2.24.0.1) and XML cannot write."""
    return text if text.isprintable() else _UNSAYABLE.sub("?", text)


_UNSAYABLE = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def render(resource: dict[str, Any], wire: Wire) -> bytes:
    """
    A resource as bytes; MessageError `not_fhir` where XML cannot hold it.

    >>> render(outcome([]), "json")[:37]
    b'{"resourceType":"OperationOutcome","i'
    """
    return to_xml(resource) if wire == "xml" else ENCODER.encode(resource)
