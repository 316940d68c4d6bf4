"""
Resources into a Bundle: each with an identity, each once, and what pointed at one of them by a Reference (FHIR R4, 2.36).

Who makes resources may let one stand where a Reference belongs. It is lifted out into an entry of its own. A resource without
an id gets one made of its content, so that the same content is the same resource today and in ten years.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec

from engine.errors import MessageError
from engine.fhir import definitions
from engine.ids import uuid8

_SORTED = msgspec.json.Encoder(decimal_format="number", order="sorted")
#: Elements that hold a resource as it is (FHIR R4, 2.29.2 and 2.36.3).
_WHOLE = frozenset({"contained", "resource", "outcome"})
#: Under this name a resource that stands where a Reference belongs brings what else that Reference says; no element is called so.
BESIDE = "/reference"
#: What a Bundle keeps when it becomes another one.
_HEAD = ("resourceType", "id", "identifier", "timestamp")
#: What stands first, by the type of Bundle.
_LEADING = {"message": {"MessageHeader": 0}, "collection": {"ClaimResponse": 0, "Claim": 1}}
#: Types of Bundles whose entries are carried out.
CARRIED_OUT = frozenset({"transaction", "batch"})


def identity(content: Any) -> str:
    """
    An id made of a value, the same for the same value (RFC 9562: version 8, by a rule of one's own).

    >>> identity({"resourceType": "Patient"})
    '03abde84-2901-8244-8900-f5851a4bc731'
    """
    return _hashed(_SORTED.encode(content))


@lru_cache(2000)
def _hashed(text: bytes) -> str:
    return uuid8(blake2b(text, digest_size=16).hexdigest())


def is_uuid(text: str) -> bool:
    """
    Whether an id can stand in a `urn:uuid:` (RFC 9562).

    >>> is_uuid("85085e9a-4d33-8ea2-a17c-2a4eca94ab13"), is_uuid("example")
    (True, False)
    """
    return _UUID.fullmatch(text) is not None


_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def full_url(resource: dict[str, Any]) -> str:
    """
    The fullUrl of a resource that has no server yet.

    >>> full_url({"resourceType": "Patient", "id": "85085e9a-4d33-8ea2-a17c-2a4eca94ab13"})
    'urn:uuid:85085e9a-4d33-8ea2-a17c-2a4eca94ab13'
    """
    said = resource["id"]
    if not is_uuid(said):
        said = identity([resource["resourceType"], said])
    return f"urn:uuid:{said}"


def assembled(bundle: dict[str, Any], resources: list[dict[str, Any]]) -> dict[str, Any]:
    """
    The Bundle with an entry for each resource, in order, and for each that stood in one where a Reference belongs.

    Two resources with one id become one. Where the Bundle is carried out, each entry is a PUT to its own id, so that a repeat
    updates instead of doubling; the MessageHeader of a message stands first (FHIR R4, 2.36.2 and 3.1.0.11), and in a collection
    the Claim or its answer (Da Vinci PAS, request and response Bundles). What a search found stands before what it points at, and
    each entry says which of the two it is (3.1.1.3).
    """
    lifting = _Lifting(full_url)
    for resource in resources:
        lifting.add(resource)
    carried_out = bundle.get("type") in CARRIED_OUT
    made = [entry(each, lifting.urls[key], carried_out) for key, each in lifting.found.items()]
    if (leading := _LEADING.get(bundle.get("type", ""))) is not None:
        made.sort(key=lambda each: leading.get(each["resource"]["resourceType"], len(leading)))
    if bundle.get("type") == "searchset":
        found = {(each["resourceType"], each["id"]) for each in resources}
        made = sorted((_found(each, found) for each in made), key=_is_included)
    return {**bundle, "entry": made} if made else bundle


def _found(each: dict[str, Any], found: set[tuple[str, str]]) -> dict[str, Any]:
    resource = each["resource"]
    is_match = (resource["resourceType"], resource["id"]) in found
    return {**each, "search": {"mode": "match" if is_match else "include"}}


def _is_included(each: dict[str, Any]) -> bool:
    return bool(each["search"]["mode"] != "match")


def entry(resource: dict[str, Any], url: str, carried_out: bool) -> dict[str, Any]:
    """One entry: where the Bundle is carried out, with its request."""
    made: dict[str, Any] = {"fullUrl": url, "resource": resource}
    if carried_out:
        url = f"{resource['resourceType']}/{resource['id']}"
        made["request"] = {"method": "PUT", "url": url}
    return made


def as_transaction(bundle: dict[str, Any]) -> dict[str, Any]:
    """
    A Bundle of any kind as a transaction in which each resource is put to its own id (FHIR R4, 3.1.0.11).

    MessageError, with the place, where an entry holds no resource with an id: nothing is left behind unsaid.
    """
    kept: dict[str, Any] = {}
    kept |= {name: bundle[name] for name in _HEAD if name in bundle}
    entries = [_put(each, at) for at, each in enumerate(bundle.get("entry", ()))]
    return {**kept, "type": "transaction", "entry": entries}


def _put(each: dict[str, Any], at: int) -> dict[str, Any]:
    resource = each.get("resource")
    if not isinstance(resource, dict) or not isinstance(resource.get("id"), str):
        rule = "what becomes part of a transaction has an id to be put to"
        raise MessageError("not_sendable", rule, f"entry[{at}].resource.id")
    return entry(resource, each.get("fullUrl") or full_url(resource), True)


def contained(resource: dict[str, Any]) -> dict[str, Any]:
    """A resource that travels alone: what stood in it where a Reference belongs is contained (FHIR R4, 2.29.2)."""
    lifting = _Lifting(lambda each: f"#{each['id']}")
    lifting.walk(resource)
    if not lifting.found:
        return resource
    inner = [*resource.get("contained", ()), *lifting.found.values()]
    first: dict[str, Any] = {
        name: resource[name] for name in ("resourceType", "id") if name in resource
    }
    return {
        **first,
        "contained": inner,
        **{k: v for k, v in resource.items() if k not in first and k != "contained"},
    }


class _Lifting:
    """Takes resources out of one another."""

    def __init__(self, url: Any) -> None:
        self.found: dict[str, dict[str, Any]] = {}
        """By type and id, in the order in which they were met; what one points at stands in front of it."""
        self.urls: dict[str, str] = {}
        """What points at each, by type and id."""
        self._url = url
        self._said: dict[int, tuple[dict[str, Any], str]] = {}
        """What points at each one that was met; the resource is kept, so that its number is not given to another."""

    def add(self, resource: dict[str, Any]) -> str:
        """Take one in; what points at it."""
        known = self._said.get(id(resource))
        if known is not None:
            return known[1]
        self.walk(resource)
        if "id" not in resource:
            _identify(resource)
        key = f"{resource['resourceType']}/{resource['id']}"
        first = self.found.setdefault(key, resource)
        if first is not resource and first != resource:
            self.found[key] = first = laid_over(_agreeing(resource, first), first)
        said = self.urls.get(key)
        if said is None:
            said = self.urls[key] = self._url(resource)
        self._said[id(resource)] = resource, said
        return said

    def walk(self, value: dict[str, Any]) -> None:
        """Lift what stands in it."""
        for name, inner in value.items():
            kind = type(inner)
            if kind is str:
                continue
            if kind is dict:
                if "resourceType" in inner and name not in _WHOLE:
                    value[name] = self._pointer(inner)
                else:
                    self.walk(inner)
            elif kind is list:
                self._list(name, inner)

    def _pointer(self, resource: dict[str, Any]) -> dict[str, Any]:
        """The Reference to a resource that is lifted out, with what it says besides."""
        if BESIDE not in resource:
            return {"reference": self.add(resource)}
        beside = resource[BESIDE]
        self.walk(beside)
        said = self.add({name: each for name, each in resource.items() if name != BESIDE})
        return {**beside, "reference": said}

    def _list(self, name: str, values: list[Any]) -> None:
        for at, inner in enumerate(values):
            if type(inner) is not dict:
                if type(inner) is list:
                    self._list(name, inner)
            elif "resourceType" in inner and name not in _WHOLE:
                values[at] = self._pointer(inner)
            else:
                self.walk(inner)


def _identify(resource: dict[str, Any]) -> None:
    """Give it an id, and let it stand where people look for it: behind the type."""
    rest = dict(resource)
    resource.clear()
    resource["resourceType"] = rest.pop("resourceType")
    resource["id"] = identity([resource["resourceType"], rest])
    resource.update(rest)


def _agreeing(below: dict[str, Any], above: dict[str, Any], type_: str = "") -> dict[str, Any]:
    """The lower one without the forms of choices of which the upper one has another: only one may stand."""
    elements = definitions.of(type_ or above["resourceType"]).elements
    taken = {each.choice for name in above if (each := elements.get(name)) and each.choice}
    made: dict[str, Any] = {}
    for name, value in below.items():
        known, there = elements.get(name), above.get(name)
        if known is not None and known.choice in taken and there is None:
            continue
        both = isinstance(value, dict) and isinstance(there, dict)
        made[name] = _agreeing(value, there or {}, known.type) if both and known else value
    return made


def laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """
    Two records as one: records in both are laid over one another, lists stand one behind the other, else the upper one counts.

    >>> laid_over({"name": [{"text": "A"}], "gender": "female"}, {"name": [{"text": "B"}], "gender": "male"})
    {'name': [{'text': 'A'}, {'text': 'B'}], 'gender': 'male'}
    """
    made = dict(below)
    for name, value in above.items():
        before = made.get(name)
        if isinstance(before, dict) and isinstance(value, dict) and "resourceType" not in value:
            made[name] = laid_over(before, value)
        elif isinstance(before, list) and isinstance(value, list):
            made[name] = before + [each for each in value if each not in before]
        else:
            made[name] = value
    return made
