"""`$validate`, `$convert` and `$process-message` (HL7 FHIR R4 Resource-validate, Resource-convert, MessageHeader-process-message)."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from engine.connectors.fhir import pages, questions
from engine.connectors.fhir.interactions import Asked, Refusal
from engine.connectors.fhir.media import type_of
from engine.connectors.fhir.peek import is_wide, peek
from engine.connectors.fhir.resources import as_json, as_kind
from engine.connectors.fhir.told import mark, passed_on
from engine.connectors.fhir.visits import House, Visit
from engine.connectors.fhir.writing import WIDE, facts_of
from engine.errors import EngineError, MessageError
from engine.fhir import checking
from engine.fhir.outcome import Issue, issue, of_findings, outcome
from engine.http.answers import Page
from engine.message import LARGE, Body, Inbound, Receipt, Verdict, short_id

#: Operations by name, and what HTTP methods they take.
NAMES = ("$validate", "$convert", "$process-message")
#: What a format says of its first bytes.
_STARTS = {b"MSH": "hl7v2", b"FHS": "hl7v2", b"BHS": "hl7v2", b"ISA": "x12", b"UNA": "edifact", b"UNB": "edifact"}  # fmt: skip


async def operate(house: House, visit: Visit, body: bytes, hidden: str) -> Page:
    """Do what the operation says; Refusal 404 where there is none of that name."""
    name = visit.asked.operation
    if visit.head.method != "POST":
        raise Refusal(
            405, "not-supported", "operations here are called by POST", "Allow: POST\r\n"
        )
    if name == "$validate":
        return await _validate(house, visit, body)
    if name == "$convert":
        return await _convert(house, visit, body)
    if name == "$process-message" and not visit.asked.type:
        return await _process_message(house, visit, body, hidden)
    raise Refusal(404, "not-supported", "there is no such operation here")


# -- $validate ------------------------------------------------------------------------------------------------


async def _validate(house: House, visit: Visit, body: bytes) -> Page:
    """What is wrong with a resource. Nothing is kept."""
    if len(body) > LARGE:
        resource = await asyncio.to_thread(as_json, body, visit.sent)
    else:
        resource = as_json(body, visit.sent)
    given = _parameter(resource, "resource")
    if isinstance(given, dict) and visit.asked.type != "Parameters":
        resource = given
    if visit.asked.type and resource.get("resourceType") != visit.asked.type:
        found = [issue("invalid", "the resource is of another type than the URL says", "")]
        return pages.page(200, outcome(found), visit.kind)
    found = await asyncio.to_thread(_found, resource) if len(body) > LARGE else _found(resource)
    return pages.page(200, outcome(found), visit.kind)


def _found(resource: dict[str, Any]) -> list[Issue]:
    return of_findings(checking.findings(resource))


def _parameter(resource: dict[str, Any], name: str) -> Any:
    """Of Parameters the value or resource of one of them; None where there is none."""
    if resource.get("resourceType") != "Parameters":
        return None
    every = [each for each in resource.get("parameter") or () if isinstance(each, dict)]
    found = next((each for each in every if each.get("name") == name), {})
    return next((value for key, value in found.items() if key != "name"), None)


# -- $convert -------------------------------------------------------------------------------------------------


async def _convert(house: House, visit: Visit, body: bytes) -> Page:
    """
    A message of another format as FHIR, or a resource in its other form. Nothing is kept.

    The message is the body itself, or a parameter `input` or `inputData`.
    """
    raw = body
    if visit.sent != "text" and not _starts(body):
        resource = as_json(body, visit.sent)
        said = _parameter(resource, "input") or _parameter(resource, "inputData")
        if not isinstance(said, str):
            given = said if isinstance(said, dict) else resource
            return pages.page(200, given, visit.kind)
        raw = "\r".join(said.splitlines()).encode() if said.startswith("MSH") else said.encode()
    name = _starts(raw)
    if not name or house.site.convert is None:
        why = "no mapping of this endpoint reads what was sent"
        raise Refusal(422, "not-supported", why)
    try:
        made = await house.site.convert(name, raw)
    except EngineError as error:
        said = issue(getattr(error, "code", "processing"), str(error), "")
        return pages.page(422, outcome([said]), visit.kind)
    if made is None:
        raise Refusal(422, "not-supported", "no mapping of this endpoint makes anything of it")
    return Page(200, as_kind(made, "json", visit.kind), type_of(visit.kind))


def _starts(raw: bytes) -> str:
    return _STARTS.get(raw.lstrip(b"\xef\xbb\xbf\x0b \t\r\n")[:3], "")


# -- $process-message -----------------------------------------------------------------------------------------


async def _process_message(house: House, visit: Visit, body: bytes, hidden: str) -> Page:
    """Keep a message Bundle, and answer with one that says what became of it (FHIR R4 2.4)."""
    asked = Asked(interaction="process-message", type="MessageHeader")
    house.permit(asked, visit.scopes)
    fault = None
    if is_wide(body):
        fault = WIDE
    elif peek(body, visit.sent).type not in ("Bundle", ""):
        fault = ("invalid", "what $process-message takes is a Bundle of the type message")
    facts = facts_of(visit, Asked(interaction="process-message"), hidden)
    site = house.site
    raw: Body = body if len(body) <= LARGE else await site.spool([body])
    inbound = Inbound(
        raw=raw, received_at=site.now(), peer=visit.head.peer, facts=facts, fault=fault
    )
    reply = await house.hand_over(inbound)
    receipt = reply.receipt
    assert receipt is not None
    if reply.status:
        return passed_on(visit, reply, receipt)
    if questions.value_of(visit.query, "async") == "true":
        return Page(202, b"", "", mark(receipt))
    bad = receipt.verdict is Verdict.QUARANTINED
    answer = _response(visit, body, receipt)
    return pages.page(422 if bad else 200, answer, visit.kind, mark(receipt))


def _response(visit: Visit, body: bytes, receipt: Receipt) -> dict[str, Any]:
    """The message that answers (MessageHeader.response)."""
    bad = receipt.verdict is Verdict.QUARANTINED
    number = short_id(receipt.original or receipt.id)
    header = _header(body, visit.sent)
    source = header.get("source")
    endpoint = source.get("endpoint") if isinstance(source, dict) else None
    answer: dict[str, Any] = {"resourceType": "MessageHeader", "id": number}
    event = {key: value for key, value in header.items() if key.startswith("event")}
    answer |= event or {"eventUri": "urn:oid:2.16.840.1.113883.6.300"}
    if isinstance(endpoint, str):
        answer["destination"] = [{"endpoint": endpoint}]
    answer["source"] = {"endpoint": visit.base}
    said = receipt.detail or receipt.reason if bad else "the message is kept and on its way"
    severity: Any = "error" if bad else "information"
    details = pages.outcome_of("processing" if bad else "informational", said, number, severity)
    first, second = (f"urn:uuid:{uuid.uuid4()}" for _ in "12")
    code = "fatal-error" if bad else "ok"
    identifier = header.get("id") if isinstance(header.get("id"), str) else number
    answer["response"] = {
        "identifier": identifier,
        "code": code,
        "details": {"reference": second},
    }
    found = [{"fullUrl": first, "resource": answer}, {"fullUrl": second, "resource": details}]
    return {"resourceType": "Bundle", "type": "message", "entry": found}


def _header(body: bytes, kind: str) -> dict[str, Any]:
    """The MessageHeader of a message; empty where there is none."""
    try:
        entries = as_json(body, kind).get("entry")
    except (Refusal, MessageError):
        return {}
    first = entries[0] if isinstance(entries, list) and entries else {}
    found = first.get("resource") if isinstance(first, dict) else None
    right = isinstance(found, dict) and found.get("resourceType") == "MessageHeader"
    return found if right and isinstance(found, dict) else {}
