"""
Resources that stand where References belong, taken out of one another (FHIR R4, 2.29.2 and 2.36): each with an identity, each once.

A resource without an id gets one made of its content, so that the same content is the same resource today and in ten years.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Literal, TypeAlias

import msgspec

from engine.fhir import definitions, names
from engine.fhir.doubts import DOUBTS
from engine.fhir.recent import Recent
from engine.ids import uuid8

#: Where resources may stand in a record: in these fields, and there in these; `HERE` is for the resource itself. ANYWHERE = not known.
Places: TypeAlias = "dict[str, Places] | Literal[True]"
HERE = ""
ANYWHERE: Places = True
#: A resource that was lifted out, what points at it, and it as JSON, where that is known.
Lifted: TypeAlias = "tuple[dict[str, Any], str, bytes | None]"
#: Under this name a resource that stands where a Reference belongs brings what else that Reference says; no element is called so.
BESIDE = "/reference"
#: How JSON begins to say what is pointed at by UUID or OID.
POINTING = b'"reference":"urn:'
_SORTED = msgspec.json.Encoder(decimal_format="number", order="sorted")
_ENCODER = msgspec.json.Encoder(decimal_format="number")
#: Elements that hold a resource as it is (FHIR R4, 2.29.2 and 2.36.3).
_WHOLE = frozenset({"contained", "resource", "outcome"})
#: Resources that got an id by their content, by that content as JSON: doctors, payers and beds come again and again. Their type and
#: id, and what is lifted out.
_IDENTIFIED = Recent[tuple[str, dict[str, Any], str, bytes | None]](2000)
#: So many elements are remembered by their names: some come out of messages.
_ELEMENTS = 4096
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def identity(content: Any) -> str:
    """
    An id made of a value, the same for the same value (RFC 9562: version 8, by a rule of one's own).

    >>> identity({"resourceType": "Patient"})
    '03abde84-2901-8244-8900-f5851a4bc731'
    """
    return uuid8(blake2b(_SORTED.encode(content), digest_size=16).hexdigest())


def is_uuid(text: str) -> bool:
    """
    Whether an id can stand in a `urn:uuid:` (RFC 9562).

    >>> is_uuid("85085e9a-4d33-8ea2-a17c-2a4eca94ab13"), is_uuid("example")
    (True, False)
    """
    return _UUID.fullmatch(text) is not None


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


class Lifting:
    """Takes resources out of one another: to be entries of a Bundle, or to be contained in the one that is left."""

    def __init__(self, contained: bool = False) -> None:
        self.found: dict[str, Lifted] = {}
        """By type and id, in the order in which they were met; what one points at stands in front of it."""
        self.pointers = 0
        """So many References were made to what was lifted out."""
        self.is_plain = True
        """Whether no two had one id and said different things."""
        self._contained = contained
        self._merged: dict[str, list[dict[str, Any]]] = {}
        """Those with one id that were not the same."""
        self._said: dict[int, tuple[dict[str, Any], str]] = {}
        """What points at each one that was met; the resource is kept, so that its number is not given to another."""

    def add(self, resource: dict[str, Any], places: Places = ANYWHERE) -> str:
        """Take one in; what points at it."""
        known = self._said.get(id(resource))
        if known is not None:
            return known[1]
        lifted = self.walk(resource, places) if places else resource
        text = None if self._contained else _text(lifted)
        if text is not None and "id" not in lifted:
            key, lifted, url, text = _identified(lifted, text)
        else:
            lifted = lifted if "id" in lifted else _with_id(lifted)
            key = f"{lifted['resourceType']}/{lifted['id']}"
            url = f"#{lifted['id']}" if self._contained else full_url(lifted)
        first = self.found.get(key)
        if first is None:
            self.found[key] = lifted, url, text
        else:
            url = first[1]
            self._again(key, first[0], lifted, text)
        self._said[id(resource)] = resource, url
        return url

    def _again(
        self, key: str, first: dict[str, Any], other: dict[str, Any], text: bytes | None
    ) -> None:
        """Let two that have one id become one; what was merged before changes nothing."""
        if first == other and text is not None:
            self.pointers -= text.count(POINTING)
            return
        self.is_plain = False
        known = self._merged.setdefault(key, [first])
        if first != other and other not in known:
            known.append(other)
            made = laid_over(_agreeing(other, first), first)
            self.found[key] = made, self.found[key][1], _text(made)

    def walk(self, value: dict[str, Any], places: Places = ANYWHERE) -> dict[str, Any]:
        """The same, with what stands in it lifted out; the value itself is not changed, for many may share it."""
        made = value
        for name in value if places is True else places:
            if name not in value:
                continue
            inner = value[name]
            found = self._lifted(name, inner, ANYWHERE if places is True else places[name])
            if found is not inner:
                if made is value:
                    made = value.copy()
                made[name] = found
        return made

    def _lifted(self, name: str, inner: Any, places: Places) -> Any:
        kind = type(inner)
        if kind is dict:
            if "resourceType" in inner and name not in _WHOLE:
                return self._pointer(inner, places)
            return self.walk(inner, places) if places else inner
        if kind is not list or not places:
            return inner
        made = inner
        for at, each in enumerate(inner):
            found = self._lifted(name, each, places)
            if found is not each:
                if made is inner:
                    made = inner.copy()
                made[at] = found
        return made

    def _pointer(self, resource: dict[str, Any], places: Places) -> dict[str, Any]:
        """The Reference to a resource that is lifted out, with what it says besides."""
        self.pointers += 1
        known = self._said.get(id(resource))
        if known is not None:
            return {"reference": known[1]}
        places = ANYWHERE if places is True else places.get(HERE, ANYWHERE)
        if BESIDE not in resource:
            return {"reference": self.add(resource, places)}
        beside = self.walk(resource[BESIDE])
        said = self.add(
            {name: each for name, each in resource.items() if name != BESIDE}, places
        )
        return {**beside, "reference": said}


def _text(resource: dict[str, Any]) -> bytes | None:
    """A resource as JSON; None where it holds what JSON cannot."""
    try:
        return _ENCODER.encode(resource)
    except (TypeError, NotImplementedError):
        return None


def _identified(
    resource: dict[str, Any], text: bytes
) -> tuple[str, dict[str, Any], str, bytes | None]:
    """A resource without an id (`text` is its JSON): its type and id, itself with that id, what points at it, and its JSON."""
    found = _IDENTIFIED[text]
    if found is None:
        made = _with_id(resource)
        found = f"{made['resourceType']}/{made['id']}", made, full_url(made), _text(made)
        _IDENTIFIED.keep(text, found)
    return found


def _with_id(resource: dict[str, Any]) -> dict[str, Any]:
    """The same with an id by its content, which stands where people look for it, behind the type."""
    rest = resource.copy()
    kind = rest.pop("resourceType")
    return {"resourceType": kind, "id": identity([kind, rest]), **rest}


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


def laid_over(below: dict[str, Any], above: dict[str, Any], type_: str = "") -> dict[str, Any]:
    """
    Two records as one: records in both are laid over one another, lists stand one behind the other, else the upper one counts.
    `type_` is that of an element, where it is known.

    >>> laid_over({"name": [{"text": "A"}], "gender": "female"}, {"name": [{"text": "B"}], "gender": "male"})
    {'name': [{'text': 'A'}, {'text': 'B'}], 'gender': 'male'}
    """
    made = dict(below)
    for name, value in above.items():
        before = made.get(name)
        if isinstance(before, dict) and isinstance(value, dict) and "resourceType" not in value:
            inner, together = _inside(type_ or _resource_type(above), name)
            made[name] = both = laid_over(before, value, inner)
            if not inner or (together is not None and not together[tuple(both)]):
                DOUBTS.add()  # what stands in both may be too much together
        elif isinstance(before, list) and isinstance(value, list):
            if name[0] == "_" or f"_{name}" in made or f"_{name}" in above:
                DOUBTS.add()  # values and what stands beside them may no longer be in line
            made[name] = before + [each for each in value if each not in before]
        else:
            made[name] = value
    return made


def _resource_type(thing: dict[str, Any]) -> str:
    """The type of a resource; empty for what is none, or none of R4."""
    said = thing.get("resourceType")
    return said if isinstance(said, str) and definitions.is_resource(said) else ""


@lru_cache(_ELEMENTS)
def _inside(owner: str, name: str) -> tuple[str, names.Names | None]:
    """The type of an element, empty where it is not known, and what stands together in it, where that can be wrong."""
    element = definitions.of(owner).elements.get(name) if owner else None
    if element is None:
        return "", None
    return element.type, names.of(element.type) if names.tell(element.type) else None
