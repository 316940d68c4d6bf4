"""
What is sent: a payload as one request of FHIR's RESTful interface (R4 3.1), or as the entry of a batch. Pure.

The same reading serves the planning (`apart`: what cannot be sent quarantines its message, with the place) and the send.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from engine.connectors.fhir.destination_questions import question
from engine.connectors.fhir.destination_settings import CONDITIONAL, DestinationSettings
from engine.connectors.fhir.media import JSON
from engine.errors import MessageError
from engine.fhir.bundles import as_transaction
from engine.fhir.outcome import render
from engine.formats.fhir.document import is_xml, parse
from engine.reading import Reading

#: A logical id (R4 2.24.0.1), but for `.` and `..`, which lead somewhere else in a URL (RFC 3986 5.2.4).
ID = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9\-.]{1,64}")
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")
#: References that only the Bundle itself can resolve (R4 2.36.4.1).
_INTERNAL = re.compile(rb'"reference"\s*:\s*"(urn:(?:uuid|oid):[^"\\]*)"')
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"})
_BUNDLES = {"transaction": "", "batch": "", "message": "/$process-message"}
#: Bundles whose entries are put where a channel says `transaction`.
_PUT = frozenset({"message", "collection"})
_NONE = msgspec.Raw(b"")


class Meta(msgspec.Struct, frozen=True):
    """Of a resource's meta what matters here."""

    versionId: str = ""


class Resource(msgspec.Struct, frozen=True):
    """Of a resource what matters here; the rest is sent as it is."""

    resourceType: str
    id: str = ""
    meta: Meta = Meta()
    type: msgspec.Raw = _NONE
    entry: msgspec.Raw = _NONE


class EntryRequest(msgspec.Struct, frozen=True):
    """What an entry asks for."""

    method: str
    url: str


class Entry(msgspec.Struct, frozen=True):
    """One entry of a batch or transaction."""

    fullUrl: str = ""
    resource: msgspec.Raw = _NONE
    request: EntryRequest | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request, not yet bytes; or an entry that travels in a batch with others."""

    interaction: str
    method: str = "POST"
    path: str = ""
    """Below the base, with its query."""
    headers: str = ""
    number: str = ""
    """Where it says itself what it is called there: `Patient/7`."""
    entry: bytes = b""
    """The entry, where it travels in a batch."""
    body: bytes = b""
    kind: str = JSON
    """The body's content type; empty = the headers say it, or there is none."""
    own: bool = False
    """Whether somebody else's request is passed on: what the partner does not do speaks of the request alone."""


def apart(settings: DestinationSettings, payload: bytes) -> list[bytes]:
    """
    The deliveries that a payload becomes: the entries of a batch, each in a batch of its own; else the payload as it is.
    XML becomes JSON, which is what is sent; a message or a collection becomes the transaction that a channel asks for.

    MessageError, naming the place, for what this destination can never send.
    """
    if is_xml(payload):
        payload = render(parse(payload, Reading()).value, "json")
    resource = _read(payload)
    if settings.interaction == "transaction" and _type_of(resource) in _PUT:
        _decoded(resource.entry or msgspec.Raw(b"[]"), list[Entry])
        payload = render(as_transaction(parse(payload, Reading()).value), "json")
    if settings.interaction == "batch" and resource.resourceType != "Bundle":
        asked(settings, payload, "match=checked")
        return [payload]
    if settings.interaction == "transaction" or _sent_as(settings, resource) != "batch":
        asked(settings, payload, "match=checked")
        return [payload]
    _check_entries(resource, "batch")
    return [_single(bytes(raw)) for raw in _decoded(resource.entry, list[msgspec.Raw])]


def asked(settings: DestinationSettings, payload: bytes, match: str) -> Asked:
    """The request that a payload is; `match` is the search with its holes filled. MessageError where it is none."""
    resource = _read(payload)
    kind = _sent_as(settings, resource)
    if kind == "batch":
        entry = _entry(settings, resource, payload)
        return (
            Asked(interaction=kind, entry=entry)
            if entry
            else Asked(interaction="whole", body=payload)
        )
    if kind == "question":
        one = question(payload)
        gone = one.method == "DELETE"
        return Asked(
            interaction="delete" if gone else kind,
            kind="",
            own=gone,
            method=one.method,
            path=one.path,
            headers=one.headers,
            body=one.body,
        )
    if kind in _BUNDLES:
        if kind == "transaction":
            _check_entries(resource, kind)
        return Asked(interaction=kind, path=_BUNDLES[kind], body=payload)
    return _single_request(settings, resource, kind, payload, match)


def _single_request(
    settings: DestinationSettings, resource: Resource, kind: str, payload: bytes, match: str
) -> Asked:
    type_ = resource.resourceType
    if kind in CONDITIONAL:
        if kind == "conditional_create":
            known = f"If-None-Exist: {match}\r\n"
            return Asked(interaction=kind, path=f"/{type_}", headers=known, body=payload)
        path = f"/{type_}?{match.replace('|', '%7C')}"
        return Asked(interaction=kind, method="PUT", path=path, body=payload)
    if kind == "create":
        return Asked(interaction=kind, path=f"/{type_}", body=payload)
    number = f"{type_}/{_id(resource)}"
    headers = ""
    if settings.if_match:
        version = resource.meta.versionId
        if not ID.fullmatch(version):
            raise _bad("an update with if_match needs the version it was made of", "meta.versionId")  # fmt: skip
        headers = f'If-Match: W/"{version}"\r\n'
    return Asked(
        interaction=kind,
        method="PUT",
        path=f"/{number}",
        headers=headers,
        number=number,
        body=payload,
    )


def bundle(entries: list[bytes]) -> bytes:
    """A batch of these entries."""
    return b'{"resourceType":"Bundle","type":"batch","entry":[%b]}' % b",".join(entries)


def _single(entry: bytes) -> bytes:
    return bundle([entry])


def _entry(settings: DestinationSettings, resource: Resource, payload: bytes) -> bytes:
    """What a payload is inside a batch: the entry it holds, or an entry around it; empty where it holds several."""
    if resource.resourceType == "Bundle":
        found = _decoded(resource.entry, list[msgspec.Raw])
        return (
            bytes(found[0]) if len(found) == 1 else b""
        )  # several: closed as a batch by the channel
    type_ = resource.resourceType
    put = bool(resource.id)
    request = {"method": "PUT", "url": f"{type_}/{_id(resource)}"} if put else {"method": "POST", "url": type_}  # fmt: skip
    return b'{"resource":%b,"request":%b}' % (payload.strip(), msgspec.json.encode(request))


def _sent_as(settings: DestinationSettings, resource: Resource) -> str:
    """The interaction that a payload is; MessageError where the channel says one that it cannot be."""
    said = settings.interaction
    type_ = _type_of(resource)
    if said in ("transaction", "batch"):
        whole = resource.resourceType == "Bundle"
        if said != type_ and (whole or said == "transaction"):
            raise _bad(f"this destination sends a Bundle of the type {said}", "type" if whole else "resourceType")  # fmt: skip
        return said
    if said != "auto":
        return said
    if type_ in _BUNDLES:
        return type_
    if resource.resourceType == "Parameters":
        return "question"
    return "update" if resource.id else "create"


def _type_of(resource: Resource) -> str:
    """A Bundle's type; empty where it is none."""
    if resource.resourceType != "Bundle" or not resource.type:
        return ""
    return str(_decoded(resource.type, str))


def _check_entries(resource: Resource, kind: str) -> None:
    """Every entry has a request, and what refers to another entry finds it: in a transaction; in a batch none may (R4 3.1.0.11)."""
    entries = _decoded(resource.entry, list[Entry]) if resource.entry else []
    if not entries:
        raise _bad("there is nothing to be done in this Bundle", "entry")
    names = {entry.fullUrl for entry in entries if entry.fullUrl}
    for at, entry in enumerate(entries):
        place = f"entry[{at}]"
        if entry.request is None or entry.request.method not in _METHODS:
            raise _bad("an entry says what is to be done with it", f"{place}.request")
        own = {entry.fullUrl}
        for said in _references(entry):
            if kind == "batch" and said not in own:
                rule = "entries of a batch do not refer to each other; a transaction's may"
                raise MessageError("bad_reference", rule, f"{place}.resource")
            if said not in names:
                rule = "a reference inside the Bundle leads to no entry's fullUrl"
                raise MessageError("bad_reference", rule, f"{place}.resource")


def _references(entry: Entry) -> Iterator[str]:
    for found in _INTERNAL.finditer(bytes(entry.resource)):
        yield found[1].decode("utf-8", "replace").partition("#")[0]


def _id(resource: Resource) -> str:
    if not resource.id:
        raise _bad("an update needs the id of what it updates", "id")
    if not ID.fullmatch(resource.id):
        raise _bad("an id has letters, digits, hyphens and dots, 64 at most", "id")
    return resource.id


def _read(payload: bytes) -> Resource:
    try:
        resource = msgspec.json.decode(payload, type=Resource)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _bad("what is sent is no FHIR resource in JSON", "") from None
    if not _TYPE.fullmatch(resource.resourceType):
        raise _bad("this names no type of resource", "resourceType")
    return resource


def _decoded(raw: msgspec.Raw, kind: Any) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError:
        raise _bad("a Bundle has a type, and entries in a list", "entry") from None


def _bad(rule: str, path: str) -> MessageError:
    return MessageError("not_sendable", rule, path)
