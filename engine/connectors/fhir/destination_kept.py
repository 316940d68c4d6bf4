"""
Requests that keep what they came with: a condition, a search instead of an id, a patch (HL7 FHIR R4 3.1.0.4 to 3.1.0.8). Pure.

What came in over a `fhir` source says in its facts what was asked. Where the payload is still the resource of the request, the
delivery carries the same question: its search and its headers stand in the delivery's options, so that every attempt asks alike.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

from engine.connectors.fhir import destination_requests as requests
from engine.connectors.fhir.destination_questions import Parameter
from engine.connectors.fhir.destination_requests import ID, Asked
from engine.connectors.fhir.destination_settings import DestinationSettings
from engine.connectors.fhir.media import JSON, PATCHES
from engine.connectors.fhir.questions import criteria
from engine.errors import MessageError
from engine.fhir.outcome import render
from engine.formats.fhir.document import is_xml, parse
from engine.formats.fhir.splitting import RESOURCE
from engine.reading import Reading

#: The headers that make each interaction conditional; those that FHIR does not name mean what HTTP says (RFC 9110 13.1).
CONDITIONS = {
    "create": ("if-none-exist",),
    "update": ("if-match", "if-none-match"),
    "patch": ("if-match",),
    "delete": ("if-match",),
}
#: What a destination keeps, by its `interaction`; the others do what they say, whatever was asked.
KEEPS = {
    "auto": frozenset(CONDITIONS),
    "batch": frozenset(CONDITIONS),
    "create": frozenset({"create"}),
    "update": frozenset({"update"}),
}
_METHODS = {"create": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE"}
#: What the entry of a Bundle calls the headers (R4 Bundle.entry.request).
_IN_ENTRY = {
    "if-none-exist": "ifNoneExist",
    "if-match": "ifMatch",
    "if-none-match": "ifNoneMatch",
}
_NAMES = {name: name.title() for name in _IN_ENTRY}
#: Requests that bring no resource: nothing else can be made of them.
_BARE = frozenset({"patch", "delete", "read", "vread", "search"})
_HEADER = re.compile(r"[ -~]*")
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")
_NONE = msgspec.Raw(b"")
_NO_FACTS: Mapping[str, str] = {}


class _Seen(msgspec.Struct, frozen=True):
    """Of a payload what tells whether it is the resource of the request."""

    resourceType: str = ""
    id: str = ""
    contentType: msgspec.Raw = _NONE
    parameter: msgspec.Raw = _NONE


class _Patch(msgspec.Struct, frozen=True):
    """The Binary that a JSON or XML Patch is."""

    contentType: str
    data: str


def keeps(settings: DestinationSettings, split: str = "") -> frozenset[str]:
    """
    The interactions that keep their conditions at this destination; `entries` where those of Bundles do, which the channel's
    `split` may tear from their requests.
    """
    entries = frozenset() if split == RESOURCE else frozenset({"entries"})
    return KEEPS.get(settings.interaction, frozenset()) | entries


def apart(
    settings: DestinationSettings, payload: bytes, facts: Mapping[str, str] = _NO_FACTS
) -> list[bytes]:
    """
    See `destination_requests.apart`. `facts` are those of a message that came over a `fhir` source and of which this is the only
    payload here: a patch stays in one piece.
    """
    if is_xml(payload):
        payload = render(parse(payload, Reading()).value, "json")
    way = facts.get("interaction", "")
    if way in _BARE and _is_same(_seen(payload), facts):
        if settings.interaction != "auto" and way not in keeps(settings):
            raise _bad(f"the interaction of this destination cannot be a {way}", "")
        if way == "patch":
            return [payload]
    return requests.apart(settings, payload)


def carried(
    settings: DestinationSettings, payload: bytes, facts: Mapping[str, str]
) -> dict[str, str] | None:
    """
    What goes along with a payload: `interaction`, `path` (below the base, with its search) and the conditions, by header. None
    where it is sent as the destination's settings say. MessageError where a condition cannot be sent.
    """
    way = facts.get("interaction", "")
    if way not in keeps(settings):
        return None
    said = _conditions(settings, way, facts)
    search = _search(facts.get("criteria", ""))
    bare = way == "patch" or (way == "delete" and settings.interaction == "batch")
    if not (said or search or bare) or not _is_same(_seen(payload), facts):
        return None
    return {"interaction": way, "path": _path(way, facts, search), **said}


def kept(
    settings: DestinationSettings, payload: bytes, options: Mapping[str, str]
) -> Asked | None:
    """The request that `carried` says; None where it says none. MessageError as `asked`."""
    way, path = options.get("interaction", ""), options.get("path", "")
    if way not in CONDITIONS:
        return None
    said = {name: options[name] for name in CONDITIONS[way] if name in options}
    if settings.interaction == "batch":
        return Asked(interaction="batch", entry=_entry(way, path, said, payload))
    content, kind = _body(way, payload)
    return Asked(
        interaction=way,
        method=_METHODS[way],
        path=path,
        headers="".join(f"{_NAMES[name]}: {value}\r\n" for name, value in said.items()),
        kind=kind,
        number=path[1:] if "?" not in path and way != "create" else "",
        own=True,
        body=content,
    )


def _conditions(
    settings: DestinationSettings, way: str, facts: Mapping[str, str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in CONDITIONS[way]:
        value = facts.get(f"header.{name}", "").strip()
        if not value or (name == "if-match" and settings.if_match):
            continue
        if not _HEADER.fullmatch(value):
            raise _bad("the condition holds what a header cannot carry", _NAMES[name])
        found[name] = value
    return found


def _search(said: str) -> str:
    """A query as it is asked of the partner: without what says how an answer looks."""
    found = criteria(parse_qsl(said, keep_blank_values=True)) if said else []
    return urlencode(found, quote_via=quote)


def _path(way: str, facts: Mapping[str, str], search: str) -> str:
    type_, id = facts.get("resource_type", ""), facts.get("resource_id", "")
    if not _TYPE.fullmatch(type_):
        raise _bad("this names no type of resource", "meta.resource_type")
    if way == "create":
        return f"/{type_}"
    if ID.fullmatch(id):
        return f"/{type_}/{id}"
    if not search:
        raise _bad("neither an id nor a search says which resource is meant", "meta.criteria")
    return f"/{type_}?{search}"


def _is_same(seen: _Seen, facts: Mapping[str, str]) -> bool:
    """Whether a payload is what the request brought: its resource, its patch, or the delete that it is."""
    way, type_ = facts.get("interaction", ""), facts.get("resource_type", "")
    if way == "patch":
        named = seen.contentType and msgspec.json.decode(seen.contentType)
        patch = seen.resourceType == "Binary" and named in PATCHES
        return patch or seen.resourceType == "Parameters"
    if way in _BARE:
        return seen.resourceType == "Parameters" and _asks(seen.parameter) == way
    if seen.resourceType != type_ or way not in CONDITIONS:
        return False
    return way == "create" or facts.get("resource_id", seen.id) == seen.id


def _asks(parameters: msgspec.Raw) -> str:
    """The interaction that Parameters ask for; empty where they ask nothing."""
    try:
        found = msgspec.json.decode(parameters, type=list[Parameter])
    except msgspec.DecodeError:
        return ""
    return next((one.valueCode for one in found if one.name == "interaction"), "")


def _seen(payload: bytes) -> _Seen:
    try:
        return msgspec.json.decode(payload, type=_Seen)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Seen()


def _body(way: str, payload: bytes) -> tuple[bytes, str]:
    """What is sent, and its content type: a patch leaves its Binary."""
    if way == "delete":
        return b"", ""
    if way != "patch" or _seen(payload).resourceType != "Binary":
        return payload, JSON
    try:
        patch = msgspec.json.decode(payload, type=_Patch)
        return base64.b64decode(patch.data, validate=True), patch.contentType
    except (msgspec.DecodeError, binascii.Error):
        raise _bad("the patch cannot be read out of its Binary", "Binary.data") from None


def _entry(way: str, path: str, said: Mapping[str, str], payload: bytes) -> bytes:
    """The same as the entry of a batch; a patch travels in its Binary there (R4 3.1.0.8)."""
    request = {"method": _METHODS[way], "url": path[1:]}
    request |= {_IN_ENTRY[name]: value for name, value in said.items()}
    around = b'"request":%b}' % msgspec.json.encode(request)
    if way == "delete":
        return b"{%b" % around
    return b'{"resource":%b,%b' % (payload.strip(), around)


def _bad(rule: str, path: str) -> MessageError:
    return MessageError("not_sendable", rule, path)
