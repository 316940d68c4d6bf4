"""What a caller is told once a message is kept (HL7 FHIR R4 3.1.0.5 to 3.1.0.8): status, Location, ETag, and a body as preferred."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from engine.connectors.fhir import pages
from engine.connectors.fhir.interactions import QUESTIONS, Refusal, is_id
from engine.connectors.fhir.media import type_of
from engine.connectors.fhir.peek import Peeked, moment, with_identity
from engine.connectors.fhir.resources import as_json, as_kind
from engine.connectors.fhir.visits import Visit
from engine.fhir.outcome import render
from engine.http.answers import Page, final_status
from engine.message import LARGE, Receipt, Reply, Verdict, short_id

#: Reasons that are told by 400: the body is no FHIR at all, or of another id than the URL (FHIR R4 3.1.0.4). Any other that is
#: quarantined breaks a rule: 422 (3.1.0.8.1).
_UNREADABLE = frozenset({"not_fhir", "not_json", "not_xml", "bad_encoding", "wrong_id"})
#: `Patient/7/_history/2` at the end of a Location, and what an ETag of FHIR looks like.
_LOCATION = re.compile(
    r"(?:^|/)([A-Z][A-Za-z]{1,63}/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?)/?$"
)
_TAG = re.compile(r'(?:W/)?"[A-Za-z0-9\-.]{1,64}"')
_OUTCOMES = (b'{"resourceType":"OperationOutcome"', b"<OperationOutcome", b"<?xml")


def told(visit: Visit, reply: Reply, raw: bytes, peeked: Peeked, at: float) -> Page:
    """The answer to a request for one resource."""
    receipt = reply.receipt
    assert receipt is not None
    if reply.status:
        return passed_on(visit, reply, receipt)
    if receipt.verdict is Verdict.QUARANTINED:
        return quarantined(visit, reply, receipt)
    if visit.asked.interaction in QUESTIONS:
        why = "no destination was asked, so that there is no answer"
        return _outcome(visit, 501, "not-supported", why, receipt)
    if receipt.verdict is Verdict.FILTERED:
        why = f"the message is kept, but goes nowhere: {receipt.reason}"
        return _outcome(visit, 202, "informational", why, receipt)
    return _accepted(visit, receipt, raw, peeked, at)


def decided(receipt: Receipt) -> Receipt:
    """
    What became of a message that may have been taken apart: what became of its only part, or quarantined where all parts are,
    under the number of the whole.
    """
    if receipt.verdict is not Verdict.SPLIT or not receipt.parts:
        return receipt
    first = receipt.parts[0]
    bad = all(part.verdict is Verdict.QUARANTINED for part in receipt.parts)
    if len(receipt.parts) > 1 and not bad:
        return receipt
    return msgspec.structs.replace(first, id=receipt.id, original=receipt.original)


def mark(receipt: Receipt) -> str:
    """The header that names the message."""
    return f"X-Message-Id: {short_id(receipt.original or receipt.id)}\r\n"


def _outcome(visit: Visit, status: int, code: str, why: str, receipt: Receipt) -> Page:
    number = short_id(receipt.original or receipt.id)
    return pages.outcome(status, code, why, number, visit.kind, mark(receipt))


def quarantined(visit: Visit, reply: Reply, receipt: Receipt) -> Page:
    """The message is kept for a person to look at: what is wrong with it, element by element where the format says so."""
    status = 400 if receipt.reason in _UNREADABLE else 422
    if not reply.body.startswith(_OUTCOMES):
        code = "structure" if status == 400 else "processing"
        return _outcome(visit, status, code, receipt.detail or receipt.reason, receipt)
    sent = "xml" if reply.body.startswith(b"<") else "json"
    body = as_kind(reply.body, sent, visit.kind)
    return Page(status, body, type_of(visit.kind), mark(receipt))


def _accepted(visit: Visit, receipt: Receipt, raw: bytes, peeked: Peeked, at: float) -> Page:
    """Created, updated or taken over, under its own id or that of the message."""
    asked, number = visit.asked, short_id(receipt.original or receipt.id)
    if asked.interaction == "delete":
        status = 202 if visit.query or visit.is_conditional() else 200
        return _outcome(visit, status, "informational", "the delete is on its way", receipt)
    status, headers, id = _identity(visit, receipt, peeked, number)
    prefers = visit.prefers()
    if prefers == "minimal":
        return Page(status, b"", "", headers)
    if prefers == "OperationOutcome" or not id or len(raw) > LARGE or not peeked.type:
        resource = pages.outcome_of(
            "informational", "the message is kept and on its way", number, "information"
        )
        return pages.page(status, resource, visit.kind, headers)
    version = "1" if asked.interaction == "create" else number
    body = _shown(visit, raw, peeked, id, version, at)
    return Page(status, body, type_of(visit.kind), headers)


def _identity(
    visit: Visit, receipt: Receipt, peeked: Peeked, number: str
) -> tuple[int, str, str]:
    """
    Status, headers, and the id under which it is known.

    Whether something matches a condition only the server behind knows: such requests are taken over (202), not done.
    """
    asked = visit.asked
    said = f"X-Message-Id: {number}\r\n"
    if asked.interaction == "patch":
        return 202, said, ""
    id = asked.id or (peeked.id if is_id(peeked.id) else number)
    if visit.is_conditional() or visit.query_says():
        return 202, said, id
    new = asked.interaction == "create"
    version = "1" if new else number
    status = 201 if new and receipt.verdict is not Verdict.DUPLICATE else 200
    place = f"{visit.base}/{asked.type}/{id}/_history/{version}"
    more = f'Location: {place}\r\nETag: W/"{version}"\r\n'
    return status, said + more, id


def _shown(visit: Visit, raw: bytes, peeked: Peeked, id: str, version: str, at: float) -> bytes:
    """The resource as it was taken over, with its identity."""
    if visit.sent == "json" and visit.kind == "json":
        return with_identity(raw, peeked, id, version, at)
    resource = as_json(raw, visit.sent)
    meta = resource.get("meta")
    known = meta if isinstance(meta, dict) else {}
    resource["id"] = id
    resource["meta"] = {**known, "versionId": version, "lastUpdated": moment(int(at))}
    return render(resource, visit.kind)


# -- a destination's answer -----------------------------------------------------------------------------------


def passed_on(visit: Visit, reply: Reply, receipt: Receipt) -> Page:
    """What a destination answered, or a mapping made of it (`answer:`), as FHIR; or why there is none."""
    said, _, kind = reply.status.partition(" ")
    status = final_status(said)
    if reply.error:
        code = "timeout" if status in (408, 504) else "transient"
        why = f"the message is kept, but {reply.error}"
        return _outcome(visit, status, code, why, receipt)
    headers = mark(receipt) + _place(visit, reply.headers or {})
    if not reply.body:
        return Page(204 if status == 200 else status, b"", "", headers)
    try:
        resource = as_json(reply.body, "xml" if _is_xml(reply.body, kind) else "json")
    except Refusal:
        why = (
            "the destination's answer is no FHIR resource; 'transform' of 'answer' makes it one"
        )
        return _outcome(visit, 502 if status < 400 else status, "exception", why, receipt)
    if status == 200:
        status = pages.status_of(resource)
    if visit.asked.interaction in QUESTIONS and resource.get("resourceType") == "Bundle":
        return _found(visit, status, resource, receipt)
    if "ETag:" not in headers:
        headers += _versions(resource)
    named = status == 201 and "Location:" not in headers
    if named and (id := resource.get("id")) and is_id(id):
        headers += f"Location: {visit.base}/{visit.asked.type}/{id}\r\n"
    return pages.page(status, resource, visit.kind, headers)


def _place(visit: Visit, said: Mapping[str, str]) -> str:
    """Where a destination's server has what was written, as a place of ours, and its version (FHIR R4 3.1.0.8)."""
    place, tag = _LOCATION.search(said.get("location", "")), said.get("etag", "")
    headers = f"Location: {visit.base}/{place[1]}\r\n" if place else ""
    return headers + (f"ETag: {tag}\r\n" if _TAG.fullmatch(tag) else "")


def _is_xml(body: bytes, kind: str) -> bool:
    return "xml" in kind or body[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _versions(resource: dict[str, Any]) -> str:
    """ETag of a resource that says its version (FHIR R4 3.1.0.2)."""
    meta = resource.get("meta")
    version = meta.get("versionId") if isinstance(meta, dict) else None
    good = isinstance(version, str) and version.isascii() and version.isprintable()
    return f'ETag: W/"{version}"\r\n' if good and '"' not in str(version) else ""


def _found(visit: Visit, status: int, bundle: dict[str, Any], receipt: Receipt) -> Page:
    """A Bundle of what was found: for a read the resource itself, for a search with its self link (FHIR R4 3.1.1.1.1)."""
    if visit.asked.interaction == "search":
        if bundle.get("type") == "searchset" and not bundle.get("link"):
            bundle = {**bundle, "link": [{"relation": "self", "url": visit.self_url()}]}
        return pages.page(status, bundle, visit.kind, mark(receipt))
    entries = [each for each in bundle.get("entry") or () if isinstance(each, dict)]
    found = [one for each in entries if isinstance(one := each.get("resource"), dict)]
    alike = [each for each in found if each.get("resourceType") == visit.asked.type]
    matches = [each for each in alike if each.get("id") == visit.asked.id] or alike
    if len(matches) != 1:
        why = "there is none of this id" if not matches else "there are several of this id"
        code = "not-found" if not matches else "multiple-matches"
        return _outcome(visit, 404 if not matches else 412, code, why, receipt)
    resource = matches[0]
    return pages.page(status, resource, visit.kind, mark(receipt) + _versions(resource))
