"""What the sender of a resource is told: an OperationOutcome (R4, 2.37), JSON or XML as the resource came."""

from __future__ import annotations

from engine.errors import MessageError
from engine.fhir.outcome import Issue, Wire, issue, of_findings, outcome, render
from engine.formats.fhir import checks
from engine.formats.fhir.document import is_xml, parse
from engine.message import Receipt, Verdict, short_id
from engine.reading import Reading

_REFUSED = frozenset({Verdict.QUARANTINED})
_INVALID = "invalid"


def acknowledge(raw: bytes, receipt: Receipt, reading: Reading, now: float) -> bytes:
    """
    The verdict, and for what cannot be processed why; the id is the one under which support finds the message.

    >>> acknowledge(b"{}", Receipt(id=236_691, verdict=Verdict.ACCEPTED), Reading(), 0)[:50]
    b'{"resourceType":"OperationOutcome","id":"774K-6","'
    """
    return render(outcome(_issues(raw, receipt, reading), short_id(receipt.id)), _wire(raw))


def refuse(raw: bytes, reading: Reading, now: float, why: str) -> bytes:
    """
    Nothing was kept; the sender tries again.

    >>> b'"transient"' in refuse(b"", Reading(), 0, "the queue is full")
    True
    """
    return render(outcome([issue("not_kept", why)]), _wire(raw))


def _wire(raw: bytes) -> Wire:
    return "xml" if is_xml(raw) else "json"


def _issues(raw: bytes, receipt: Receipt, reading: Reading) -> list[Issue]:
    if receipt.verdict in _REFUSED:
        return _invalid(raw, receipt, reading) or [issue(receipt.reason, receipt.detail)]
    said = str(receipt.verdict)
    made = [
        Issue(code="informational", severity="information", reason=receipt.reason, said=said)
    ]
    for number, part in enumerate(receipt.parts, 1):
        if part.verdict in _REFUSED:
            made.append(issue(part.reason, f"part {number}: {part.detail}"))
    return made


def _invalid(raw: bytes, receipt: Receipt, reading: Reading) -> list[Issue]:
    """One issue for each finding, where validation refused the message."""
    if receipt.reason != _INVALID:
        return []
    try:
        document = parse(raw, reading)
    except MessageError:
        return []
    return of_findings(checks.findings(document, checks.usual_level))
