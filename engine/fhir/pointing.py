"""The text of a Reference (FHIR R4, 2.3.0): its forms, what it may point to, and what is contained and pointed at by `#`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from engine.fhir import definitions

_ID = r"[A-Za-z0-9\-.]{1,64}"
_RELATIVE = re.compile(rf"([A-Za-z]+)/{_ID}(?:/_history/{_ID})?(?:#.*)?")
_CONDITIONAL = re.compile(r"([A-Za-z]+)\?\S+")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+")
_REST = re.compile(rf"https?://\S*/([A-Za-z]+)/{_ID}(?:/_history/{_ID})?")
_FORMS = (
    "a reference is relative (Patient/123), absolute (https://..., urn:uuid:...) "
    "or of what is contained (#123)"
)


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around an element: the resource that it is part of."""

    contained: Mapping[str, str] = {}
    """Ids of what is contained, and of which type each is."""
    inside: bool = False
    """Whether this is itself contained."""
    ids: set[str] = set()
    """Ids of elements met so far."""


def around(resource: Mapping[str, Any]) -> Around:
    """What a resource contains."""
    every = resource.get("contained")
    found = {}
    for each in every if isinstance(every, list) else ():
        if isinstance(each, dict) and isinstance(each.get("id"), str):
            found[each["id"]] = str(each.get("resourceType", ""))
    return Around(contained=found, ids=set())


def wrong(text: str, targets: tuple[str, ...], near: Around) -> str:
    """
    The rule that `Reference.reference` breaks; empty where it keeps all.

    >>> wrong("Patient/1", ("Patient",), Around()), wrong("Device/1", ("Patient",), Around())
    ('', 'the reference must point to Patient')
    """
    if text.startswith("#"):
        if text == "#" and near.inside:
            return ""
        if text[1:] not in near.contained:
            return "nothing of this id is contained [ref-1]"
        return _target(near.contained[text[1:]], targets)
    found = _RELATIVE.fullmatch(text) or _CONDITIONAL.fullmatch(text)
    if found is not None:
        if not definitions.is_resource(found[1]):
            return "the reference names a type of resource that FHIR R4 does not have"
        return _target(found[1], targets)
    if _ABSOLUTE.fullmatch(text) is None:
        return _FORMS
    found = _REST.fullmatch(text)
    if found is not None and definitions.is_resource(found[1]):
        return _target(found[1], targets)
    return ""


def _target(type_: str, targets: tuple[str, ...]) -> str:
    if not targets or "Resource" in targets or type_ in targets:
        return ""
    return f"the reference must point to {_either(targets)}"


def _either(words: tuple[str, ...]) -> str:
    if len(words) < 6:
        return " or ".join(words)
    return f"one of {len(words)} types, {words[0]} among them"


def quick(targets: tuple[str, ...]) -> str:
    """Those that keep all rules whatever is around, as an expression of JSON Schema."""
    types = [] if not targets or "Resource" in targets else sorted(targets)
    named = "|".join(types or definitions.resources())
    base = r"(?:https?://[^ \t\r\n/?#]+/(?:[^ \t\r\n]*/)?)?"
    return rf"^(?:{base}(?:{named})/{_ID}(?:/_history/{_ID})?|urn:(?:uuid|oid):[^ \t\r\n]+)$"


def pointed_at(resource: Any) -> Iterator[str]:
    """All that is pointed at by `#` in it, by references, addresses and canonicals."""
    inner = resource.values() if isinstance(resource, dict) else resource
    for each in inner if isinstance(resource, dict | list) else ():
        if isinstance(each, str):
            if each.startswith("#"):
                yield each[1:]
        elif isinstance(each, dict | list):
            yield from pointed_at(each)
