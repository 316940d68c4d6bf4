"""A Bundle as a whole (FHIR R4, 2.36): its type, its entries' identities, requests and responses, and what points inside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from engine.fhir import definitions
from engine.fhir.lifting import POINTING
from engine.findings import Finding

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_UUIDS = re.compile(r"(?:urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})+")
_REST = re.compile(r"/([A-Za-z]+)/[A-Za-z0-9\-.]{1,64}$")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+")
_REQUESTED = frozenset({"batch", "transaction", "history"})
_ANSWERED = frozenset({"batch-response", "transaction-response", "history"})
_FIRST = {"document": "Composition", "message": "MessageHeader"}
_ASKED = frozenset({"batch", "transaction", "batch-response", "transaction-response"})
_RELATED = frozenset({"document", "message", "transaction", "batch"})

#: What is said of a reference that leads out of the Bundle though nobody else could answer to it.
UNRESOLVED = "a reference by urn: points to no entry of the Bundle"


def findings(bundle: Mapping[str, Any], place: str = "Bundle") -> Iterator[Finding]:
    """What is wrong with a Bundle beyond its elements; what has not the right types is passed over."""
    type_, entries = bundle.get("type"), bundle.get("entry")
    if not isinstance(type_, str):
        return
    listed = entries if isinstance(entries, list) else []
    every = [each if isinstance(each, dict) else {} for each in listed]
    if type_ in _FIRST:
        yield from _first(type_, every, bundle, place)
    if "total" in bundle and type_ not in ("searchset", "history"):
        yield f"{place}.total", "only a searchset or a history has a total [bdl-1]"
    requested, answered = type_ in _REQUESTED, type_ in _ANSWERED
    for number, entry in enumerate(every):
        if (
            "search" in entry
            or ("request" in entry) is not requested
            or ("response" in entry) is not answered
            or "resource" not in entry
        ):
            yield from _entry(type_, entry, f"{place}.entry[{number}]")
    yield from _identities(type_, every, place)
    yield from unresolved(type_, every, place)


def _first(
    type_: str, entries: list[dict[str, Any]], bundle: Mapping[str, Any], place: str
) -> Iterator[Finding]:
    wanted, key = _FIRST[type_], "bdl-11" if type_ == "document" else "bdl-12"
    first = entries[0].get("resource") if entries else None
    if not isinstance(first, dict) or first.get("resourceType") != wanted:
        yield place, f"the first entry of a {type_} must be a {wanted} [{key}]"
    if type_ == "document":
        identifier = bundle.get("identifier")
        if not isinstance(identifier, dict) or not {"system", "value"} <= identifier.keys():
            yield place, "a document must have an identifier with a system and a value [bdl-9]"
        if "timestamp" not in bundle:
            yield place, "a document must have a timestamp [bdl-10]"


def _entry(type_: str, entry: dict[str, Any], place: str) -> Iterator[Finding]:
    if ("request" in entry) != (type_ in _REQUESTED):
        said = "must have a request" if type_ in _REQUESTED else "has no request"
        yield place, f"an entry of a {type_} {said} [bdl-3]"
    if ("response" in entry) != (type_ in _ANSWERED):
        said = "must have a response" if type_ in _ANSWERED else "has no response"
        yield place, f"an entry of a {type_} {said} [bdl-4]"
    if "search" in entry and type_ != "searchset":
        yield f"{place}.search", "only an entry of a searchset says how it was found [bdl-2]"
    if not entry.keys() & {"resource", "request", "response"}:
        yield place, "an entry must have a resource, a request or a response [bdl-5]"


def _identities(type_: str, entries: list[dict[str, Any]], place: str) -> Iterator[Finding]:
    """The form of each fullUrl, and that none stands twice."""
    every = [each["fullUrl"] for each in entries if "fullUrl" in each]
    if _ordinary(every):
        return
    seen = set()
    for number, entry in enumerate(entries):
        full = entry.get("fullUrl")
        if not isinstance(full, str):
            continue
        here = f"{place}.entry[{number}].fullUrl"
        if not full.startswith(("urn:", "http:", "https:")) and not _ABSOLUTE.fullmatch(full):
            yield here, "the fullUrl must be an absolute address"
        elif "/_history/" in full:
            yield here, "the fullUrl must not name a version [bdl-8]"
        known = (full, _version(entry.get("resource")))
        if known in seen and type_ != "history":
            yield here, "another entry has the same fullUrl and version [bdl-7]"
        seen.add(known)


def addresses(bundle: Mapping[str, Any], place: str) -> Iterator[Finding]:
    """What was found has an id, and an address of a server ends with the type and id of its resource (2.36.4)."""
    type_, entries = bundle.get("type"), bundle.get("entry", [])
    if type_ in _ASKED:
        return
    for number, entry in enumerate(entries):
        resource, full = entry.get("resource"), entry.get("fullUrl")
        if not isinstance(resource, dict):
            continue
        kind, known = resource.get("resourceType"), resource.get("id")
        here = f"{place}.entry[{number}]"
        if type_ == "searchset" and known is None and kind != "OperationOutcome":
            yield f"{here}.resource", "what was found must have an id"
        if (
            isinstance(full, str)
            and full.startswith("http")
            and not full.endswith(f"/{kind}/{known}")
        ):
            said = _REST.search(full)
            if said is not None and definitions.is_resource(said[1]):
                yield (
                    f"{here}.fullUrl",
                    "the fullUrl must end with the type and the id of the resource",
                )


def _ordinary(every: list[Any]) -> bool:
    """Whether all are absolute, none names a version and none stands twice, at a glance."""
    if not all(isinstance(each, str) for each in every) or len(set(every)) != len(every):
        return False
    found = "\n" + "\n".join(every)
    prefixes = found.count("\nurn:") + found.count("\nhttp:") + found.count("\nhttps:")
    return prefixes == len(every) == found.count("\n") and "/_history/" not in found


def _version(resource: Any) -> Any:
    meta = resource.get("meta") if isinstance(resource, dict) else None
    version = meta.get("versionId") if isinstance(meta, dict) else None
    return version if isinstance(version, str) else None


def unresolved(type_: str, entries: list[dict[str, Any]], place: str) -> Iterator[Finding]:
    """References by UUID or OID that no entry answers to: nobody else could (FHIR R4, 2.36.4.1)."""
    if type_ not in _RELATED:
        return
    known = {url for each in entries if isinstance(url := each.get("fullUrl"), str)}
    if _urns(entries) <= known:
        return
    for number, entry in enumerate(entries):
        if not _urns(entry.get("resource")) <= known:
            here = f"{place}.entry[{number}].resource"
            yield here, UNRESOLVED


def _urns(value: Any) -> set[str]:
    """All references that begin with `urn:`, found in the text of it: a walk would take ten times as long."""
    return _pointed(_ENCODER.encode(value))


def _pointed(text: bytes) -> set[str]:
    _, *found = text.split(POINTING)
    return {"urn:" + each.partition(b'"')[0].decode() for each in found}


def plainly_right(bundle: Mapping[str, Any], texts: Sequence[bytes]) -> bool:
    """
    Whether at a glance nothing is wrong with a Bundle as a whole: entries of resources by UUID, and all that is pointed at is there.

    `texts`: its resources as JSON. False where `findings` must say.

    >>> plainly_right({"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": "urn:uuid:1"}]}, [])
    False
    """
    type_, every = bundle.get("type"), bundle["entry"]
    if type_ not in ("message", "collection") or "total" in bundle:
        return False
    urls = {each.get("fullUrl") for each in every if len(each) == 2 and "resource" in each}
    if len(urls) < len(every) or None in urls:
        return False
    if type_ == "message" and every[0]["resource"]["resourceType"] != "MessageHeader":
        return False
    if _UUIDS.fullmatch("".join(urls)) is None:
        return False
    return type_ == "collection" or _pointed(b"".join(texts)) <= urls
