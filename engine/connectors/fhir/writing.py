"""A request for one resource as a message: what is kept of it, and what its source finds wrong (HL7 FHIR R4 3.1.0)."""

from __future__ import annotations

import msgspec

from engine.connectors import Site
from engine.connectors.fhir import questions, scopes
from engine.connectors.fhir.interactions import WRITES, Asked, Refusal
from engine.connectors.fhir.peek import Peeked, is_wide, peek
from engine.connectors.fhir.resources import as_json
from engine.connectors.fhir.told import decided, told
from engine.connectors.fhir.visits import House, Visit
from engine.http.answers import Page
from engine.http.door import TRAVEL
from engine.message import LARGE, Body, Inbound, Receipt, Reply, Verdict

#: Headers that are none of a message's business besides those that say how it travelled.
_ASIDE = TRAVEL | {"prefer", "content-encoding", "x-request-id", "authorization"}
_NOTHING = Peeked()
_LATE = ("not_fhir", "the resource begins within the first 64 KB")
#: What is wrong with a body that nobody here can look into.
WIDE = ("bad_encoding", "a body is UTF-8 (FHIR R4 3.1.0.1.9)")


def facts_of(visit: Visit, asked: Asked, hidden: str = "") -> dict[str, str]:
    """What `meta.` and `header(...)` read of a message that came over FHIR."""
    facts = {"interaction": asked.interaction}
    if asked.type:
        facts["resource_type"] = asked.type
    if asked.id:
        facts["resource_id"] = asked.id
    if visit.client:
        facts["client"] = visit.client
    for name, value in visit.head.headers.items():
        if name not in _ASIDE and name != hidden:
            facts[f"header.{name}"] = value
    return facts


#: What may stand in front of a body: blanks, and the mark of UTF-8.
_BLANK = b" \t\r\n\xef\xbb\xbf"
_OTHERWISE = (
    "not_fhir",
    "the body is JSON where its Content-Type says XML, or XML where it says JSON",
)


class Written(msgspec.Struct, frozen=True):
    """A request's content as a message, and what was seen of it."""

    raw: bytes
    peeked: Peeked = _NOTHING
    fault: tuple[str, str] | None = None


def written(visit: Visit, asked: Asked, body: bytes) -> Written:
    """What is kept of a request. Refusal 400 where there is nothing to keep."""
    known = visit.head.headers.get("if-none-exist", "")
    if visit.query or known:
        scopes.check_reach([*visit.query, *questions.read_query(known)], visit.scopes)
    if asked.interaction not in WRITES or asked.interaction == "delete":
        return Written(questions.question(asked, visit.query))
    if not body.strip():
        raise Refusal(400, "required", "the request has no body")
    if visit.sent == "patch":
        return Written(questions.patch(body, visit.head.headers.get("content-type", "")))
    if is_wide(body):
        return Written(body, fault=WIDE)
    if body.lstrip(_BLANK).startswith(b"<") is not (visit.sent == "xml"):
        return Written(body, fault=_OTHERWISE)
    peeked = peek(body, visit.sent)
    if not peeked.type and visit.sent == "xml":
        if len(body) > LARGE:
            return Written(body, fault=_LATE)
        peeked = _within(body)
    return Written(body, peeked, _fault(asked, peeked))


def _within(body: bytes) -> Peeked:
    """The same of XML that begins in an unusual way: nothing where it cannot be read, which the channel's format will say."""
    try:
        resource = as_json(body, "xml")
    except Refusal:
        return _NOTHING
    id = resource.get("id")
    return Peeked(str(resource["resourceType"]), id if isinstance(id, str) else "")


def _fault(asked: Asked, peeked: Peeked) -> tuple[str, str] | None:
    """What the URL and the resource say otherwise; the resource's own faults are told by the channel's format."""
    if not peeked.type:
        return None
    if asked.interaction == "patch":
        wrong = peeked.type != "Parameters"
        return ("invalid", "a patch is JSON Patch or a Parameters resource") if wrong else None
    if peeked.type != asked.type:
        return "invalid", "resourceType: the resource is of another type than the URL says"
    if peeked.id in (".", ".."):
        return "invalid", f"{asked.type}.id: a URL cannot hold this id (RFC 3986 5.2.4)"
    if asked.interaction == "update" and asked.id and peeked.id != asked.id:
        return "wrong_id", f"{asked.type}.id: the resource has another id than the URL, or none"
    return None


async def write(house: House, visit: Visit, body: bytes, hidden: str) -> Page:
    """Keep the request as a message and say what became of it."""
    made = written(visit, visit.asked, body)
    facts = facts_of(visit, visit.asked, hidden)
    found = questions.criteria(visit.query) if visit.query else []
    if found and visit.asked.interaction in WRITES:
        facts["criteria"] = visit.head.query
    return await keep(house, visit, made, facts)


async def keep(house: House, visit: Visit, made: Written, facts: dict[str, str]) -> Page:
    """The same, of what is ready to be kept."""
    site, at = house.site, house.site.now()
    raw: Body = made.raw if len(made.raw) <= LARGE else await site.spool([made.raw])
    inbound = Inbound(
        raw=raw, received_at=at, peer=visit.head.peer, facts=facts, fault=made.fault
    )
    reply = await house.hand_over(inbound)
    receipt = reply.receipt
    if receipt is not None and receipt.verdict is Verdict.SPLIT:
        reply = _decided(site, reply, receipt, made.raw, at)
    return told(visit, reply, made.raw, made.peeked, at)


def _decided(site: Site, reply: Reply, receipt: Receipt, raw: bytes, at: float) -> Reply:
    """The reply to a resource that was taken apart: as to its only part, with what is wrong element by element."""
    one = decided(receipt)
    if one is receipt or site.format is None:
        return reply
    body = site.format.acknowledge(raw, one, site.reading, at)
    return msgspec.structs.replace(reply, receipt=one, body=body)
