"""Batches and transactions: what each entry asks for, and the Bundle that answers (HL7 FHIR R4 3.1.0.11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from engine.connectors.fhir import interactions, pages, questions, scopes
from engine.connectors.fhir.interactions import WRITES, Asked, Refusal
from engine.connectors.fhir.peek import moment
from engine.connectors.fhir.visits import House, Visit
from engine.http.answers import Page
from engine.message import Receipt, Verdict, short_id

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class Request(msgspec.Struct, frozen=True, rename="camel"):
    """Bundle.entry.request."""

    method: str
    url: str
    if_match: str = ""
    if_none_exist: str = ""
    if_none_match: str = ""


class Resource(msgspec.Struct, frozen=True):
    """Of an entry's resource what its URL says too, and the answer."""

    type: str = msgspec.field(default="", name="resourceType")
    id: str = ""


class Entry(msgspec.Struct, frozen=True):
    """Bundle.entry, as far as it is looked at."""

    request: Request | None = None
    resource: Resource | None = None


class Bundle(msgspec.Struct, frozen=True):
    """A Bundle, as far as it is looked at."""

    resourceType: str = ""
    type: str = ""
    entry: list[msgspec.Raw] = []


_BUNDLE = msgspec.json.Decoder(Bundle)
_ENTRY = msgspec.json.Decoder(Entry)
_RECORD = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One entry: what it asks for, or why it is refused; neither where it cannot be read."""

    asked: Asked | None = None
    query: str = ""
    refusal: Refusal | None = None
    id: str = ""
    """Of its resource."""
    has_resource: bool = False
    conditional: bool = False

    @property
    def needs_its_request(self) -> bool:
        """Whether it means something else without its request: a write under a condition, a patch."""
        way = self.asked.interaction if self.asked is not None else ""
        return way == "patch" or (self.conditional and way in WRITES)

    @property
    def is_unread(self) -> bool:
        """Whether nobody can say what it asks for."""
        return self.asked is None and self.refusal is None


def bundle_of(raw: bytes) -> Bundle | None:
    """The Bundle; None where it is none, or cannot be read."""
    try:
        found = _BUNDLE.decode(raw.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return found if found.resourceType == "Bundle" else None


def wanted(house: House, visit: Visit, bundle: Bundle) -> list[Wanted]:
    """What the entries ask for, in order."""
    return [_wanted(house, visit, raw) for raw in bundle.entry]


def _wanted(house: House, visit: Visit, raw: msgspec.Raw) -> Wanted:
    try:
        entry = _ENTRY.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return Wanted()
    request = entry.request
    if request is None or request.method not in _METHODS:
        return Wanted()
    try:
        parts = urlsplit(request.url)
        below = parts.path.removeprefix(urlsplit(visit.base).path if parts.netloc else "")
        asked = interactions.asked(request.method, below)
        if asked.interaction not in WRITES | {"read", "vread", "search"}:
            raise Refusal(422, "not-supported", "this is not done inside a Bundle")
        house.permit(asked, visit.scopes)
        query = questions.read_query(parts.query)
        questions.check_meant(asked, query)
        known = questions.read_query(request.if_none_exist)
        scopes.check_reach([*query, *known], visit.scopes)
        _check_same(asked, entry.resource)
    except Refusal as refusal:
        return Wanted(refusal=refusal)
    except ValueError:
        return Wanted()
    said = (request.if_match, request.if_none_exist, request.if_none_match, parts.query)
    return Wanted(
        asked=asked,
        query=parts.query,
        id=entry.resource.id if entry.resource is not None else "",
        has_resource=entry.resource is not None,
        conditional=any(said),
    )


def _check_same(asked: Asked, resource: Resource | None) -> None:
    """Refusal where the resource is not the one that its URL names, whose type the caller may write (FHIR R4 3.1.0.4)."""
    if resource is None or not resource.type or asked.interaction not in ("create", "update"):
        return
    if resource.type != asked.type:
        raise Refusal(400, "invalid", "the resource is of another type than the entry's URL")
    if asked.id and resource.id != asked.id:
        raise Refusal(400, "invalid", "the resource has another id than the entry's URL")


def without(raw: bytes, bundle: Bundle, left: Sequence[int]) -> bytes:
    """The Bundle with only these of its entries, byte for byte what they were."""
    record = _RECORD.decode(raw.removeprefix(b"\xef\xbb\xbf"))
    kept = b",".join(bytes(bundle.entry[at]) for at in left)
    record["entry"] = msgspec.Raw(b"[%b]" % kept)
    return msgspec.json.encode(record)


# -- the answer -----------------------------------------------------------------------------------------------


def response(visit: Visit, one: Wanted, receipt: Receipt, number: str, at: float) -> Any:
    """Bundle.entry of the answer, for an entry that became a message or a part of one. `number`: its id among messages."""
    if receipt.verdict is Verdict.QUARANTINED:
        why = receipt.detail or receipt.reason
        return refused(Refusal(422, "processing", why), number)
    asked = one.asked
    assert asked is not None
    if receipt.verdict is Verdict.FILTERED:
        why = f"the entry is kept, but goes nowhere: {receipt.reason}"
        said = pages.outcome_of("informational", why, number, "information")
        return {"response": {"status": "202 Accepted", "outcome": said}}
    made: dict[str, Any] = {"status": "200 OK"}
    if asked.interaction == "patch" or one.conditional:
        made["status"] = "202 Accepted"
    elif asked.interaction != "delete":
        new = asked.interaction == "create"
        version = "1" if new else number
        if new and receipt.verdict is not Verdict.DUPLICATE:
            made["status"] = "201 Created"
        id = asked.id or (one.id if interactions.is_id(one.id) else number)
        made["location"] = f"{visit.base}/{asked.type}/{id}/_history/{version}"
        made["etag"] = f'W/"{version}"'
        made["lastModified"] = moment(int(at))
    said = pages.outcome_of("informational", "the entry is kept and on its way", number, "information")  # fmt: skip
    return {"response": {**made, "outcome": said}}


def refused(refusal: Refusal, number: str = "") -> Any:
    """The same for an entry that was refused."""
    outcome = pages.outcome_of(refusal.code, refusal.why, number)
    return {"response": {"status": str(refusal.status), "outcome": outcome}}


def of_page(page: Page) -> Any:
    """The same for an entry that was answered like a request of its own."""
    record: dict[str, Any] = {"response": {"status": str(page.status)}}
    if page.body and page.status < 400:
        record["resource"] = msgspec.Raw(page.body)
    elif page.body:
        record["response"]["outcome"] = msgspec.Raw(page.body)
    return record


def receipts(receipt: Receipt, wanted: Sequence[Wanted]) -> list[tuple[Receipt, str] | None]:
    """
    For each entry that was kept: what the store kept of it, and its number. None where it became no part, as one without a
    resource where the channel takes resources (`split: entry.resource`).
    """
    number = short_id(receipt.original or receipt.id)
    parts = iter(receipt.parts)
    count = len(receipt.parts)
    if receipt.verdict is Verdict.SPLIT and count == len(wanted):
        return [_numbered(next(parts)) for _ in wanted]
    if receipt.verdict is Verdict.SPLIT and count == sum(one.has_resource for one in wanted):
        return [_numbered(next(parts)) if one.has_resource else None for one in wanted]
    return [(receipt, f"{number}.{at}") for at in range(1, len(wanted) + 1)]


def _numbered(part: Receipt) -> tuple[Receipt, str]:
    return part, short_id(part.original or part.id)
