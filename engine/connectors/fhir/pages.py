"""Answers in FHIR: an OperationOutcome for every error (HL7 FHIR R4 3.1.0.1.4), in JSON or XML."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from engine.connectors.fhir.media import type_of
from engine.fhir import outcome as fhir
from engine.fhir.outcome import Severity, Wire
from engine.http.answers import Page

#: A request's own id (FHIR R4 3.1.0.1.4): echoed where it can stand in a header.
_REQUEST_ID = re.compile(r"[A-Za-z0-9\-.:_/+=]{1,128}")
#: Statuses by the code of an issue, where an outcome is all that a destination's answer came to (FHIR R4 issue-type).
_STATUS = {
    "not-found": 404, "deleted": 410, "login": 401, "unknown": 403, "expired": 401, "forbidden": 403, "suppressed": 403,
    "security": 403, "conflict": 409, "duplicate": 409, "multiple-matches": 412, "too-long": 413, "not-supported": 422,
    "throttled": 429, "timeout": 504, "transient": 503, "lock-error": 503, "no-store": 503, "exception": 500,
}  # fmt: skip


def outcome(
    status: int,
    code: str,
    why: str,
    correlation: str,
    kind: Wire,
    headers: str = "",
) -> Page:
    """One issue. `correlation` is the message's short id where it was kept, else an id that our log shows too."""
    resource = outcome_of(code, why, correlation, "information" if status < 400 else "error")
    return page(status, resource, kind, headers)


def outcome_of(
    code: str, why: str, id: str = "", severity: Severity = "error"
) -> dict[str, Any]:
    """An OperationOutcome with one issue."""
    return fhir.outcome([fhir.Issue(code=code, severity=severity, said=why)], id)


def page(status: int, resource: Any, kind: Wire, headers: str = "") -> Page:
    """A resource as an answer."""
    return Page(status, fhir.render(resource, kind), type_of(kind), headers)


def plain(status: int, content: Any, headers: str = "") -> Page:
    """What is JSON and no FHIR: of SMART and OAuth2."""
    return Page(status, msgspec.json.encode(content), "application/json", headers)


def status_of(resource: Any) -> int:
    """The status of an answer that a mapping made: 200, or of an outcome with an error by its code."""
    if not isinstance(resource, dict) or resource.get("resourceType") != "OperationOutcome":
        return 200
    issues = [each for each in resource.get("issue") or () if isinstance(each, dict)]
    wrong = [each for each in issues if each.get("severity") in ("fatal", "error")]
    return _STATUS.get(str(wrong[0].get("code")), 422) if wrong else 200


def echoed(headers: dict[str, str]) -> str:
    """X-Request-Id as a header of the answer; empty where the request has none."""
    said = headers.get("x-request-id", "")
    return f"X-Request-Id: {said}\r\n" if _REQUEST_ID.fullmatch(said) else ""


def with_headers(made: Page, more: str, bodiless: bool) -> Page:
    """The answer with further headers, to HEAD without its body."""
    if not more and not bodiless:
        return made
    return msgspec.structs.replace(made, headers=made.headers + more, bodiless=bodiless)
