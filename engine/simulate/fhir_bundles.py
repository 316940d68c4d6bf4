"""Batches and transactions of a simulated FHIR server (R4 3.1.0.11)."""

from __future__ import annotations

import base64
from http import HTTPStatus
from typing import Any

import msgspec

from engine.simulate.fhir_patches import patched
from engine.simulate.fhir_resources import Done, Resource, Resources, Trouble

#: The order in which a transaction's entries are done.
_ORDER = ("DELETE", "POST", "PUT", "PATCH", "GET", "HEAD")


def carried_out(bundle: Resource, resources: Resources) -> Resource:
    """The response Bundle. Trouble where a transaction fails: nothing of it is kept then."""
    entries = bundle.get("entry", [])
    if bundle.get("type") == "batch":
        done = [_batched(entry, resources) for entry in entries]
        return {"resourceType": "Bundle", "type": "batch-response", "entry": done}
    if bundle.get("type") != "transaction":
        raise Trouble(400, "Bundle.type")
    before = resources.copied()
    try:
        answers = _transacted(entries, resources)
    except Trouble:
        resources.restore(before)
        raise
    return {"resourceType": "Bundle", "type": "transaction-response", "entry": answers}


def _batched(entry: Resource, resources: Resources) -> Resource:
    try:
        return answered(_do(entry, resources))
    except Trouble as why:
        return {"response": {"status": _line(why.status), "outcome": why.outcome()}}


def _transacted(entries: list[Resource], resources: Resources) -> list[Resource]:
    ids = {
        entry["fullUrl"]: entry["resource"].get("id") or resources.next_id()
        for entry in entries
        if "fullUrl" in entry and "resource" in entry
    }
    names = {
        entry["fullUrl"]: f"{entry['resource']['resourceType']}/{ids[entry['fullUrl']]}"
        for entry in entries
        if entry.get("fullUrl") in ids
    }
    answers: dict[int, Resource] = {}
    for at in sorted(range(len(entries)), key=lambda at: _rank(entries[at])):
        entry = entries[at]
        if "resource" in entry:
            entry = {**entry, "resource": _resolved(entry["resource"], names, at)}
        answers[at] = answered(_do(entry, resources, ids.get(entry.get("fullUrl", ""), "")))
    return [answers[at] for at in range(len(entries))]


def _rank(entry: Resource) -> int:
    method = entry.get("request", {}).get("method", "")
    return _ORDER.index(method) if method in _ORDER else len(_ORDER)


def _resolved(resource: Resource, names: dict[str, str], at: int) -> Resource:
    """With the ids that the entries get where they refer to each other."""
    text = msgspec.json.encode(resource).decode()
    for url, name in names.items():
        text = text.replace(f'"{url}"', f'"{name}"')
    if '"urn:uuid:' in text.replace('"system":"urn:uuid:', ""):
        raise Trouble(400, f"Bundle.entry[{at}].resource")
    found: Resource = msgspec.json.decode(text)
    return found


def _do(entry: Resource, resources: Resources, id: str = "") -> Done:
    request: dict[str, Any] = entry.get("request", {})
    method, url = request.get("method", ""), request.get("url", "")
    target, _, query = url.partition("?")
    resource = entry.get("resource", {})
    if method == "POST":
        _check_type(resource, target)
        return resources.create(resource, request.get("ifNoneExist", ""), id)
    if method == "PUT" and query:
        _check_type(resource, target)
        return resources.update_found(resource, query, _version(request))
    if method == "PUT":
        _check_type(resource, target.partition("/")[0])
        return resources.update(resource, target.partition("/")[2], _version(request))
    if method == "PATCH":
        return _patch(target, query, resource, request, resources)
    if method == "DELETE" and query:
        target = resources.only(target, query)
    if method == "DELETE":
        return resources.delete(target, _version(request))
    if method == "GET" and "/" in target:
        return Done(status=200, resource=resources.read(target))
    raise Trouble(400, "Bundle.entry.request")


def _patch(
    target: str, query: str, resource: Resource, request: Resource, resources: Resources
) -> Done:
    """A patch in a Bundle travels in a Binary, or is the Parameters of FHIRPath Patch."""
    before = resources.read(resources.only(target, query) if query else target)
    kind, content = "", msgspec.json.encode(resource)
    if resource.get("resourceType") == "Binary":
        kind, content = resource["contentType"], base64.b64decode(resource["data"])
    return resources.update(patched(before, content, kind), before["id"], _version(request))


def _version(request: Resource) -> str:
    """The version that ifMatch names."""
    return str(request.get("ifMatch", "")).removeprefix("W/").strip('"')


def _check_type(resource: Resource, type_: str) -> None:
    if resource.get("resourceType") != type_:
        raise Trouble(400, "Bundle.entry.request")


def answered(done: Done) -> Resource:
    """What is said of one entry."""
    said: Resource = {"status": _line(done.status)}
    if done.resource is not None:
        said |= {"location": done.location, "etag": f'W/"{done.version}"'}
    return {"response": said}


def _line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"
