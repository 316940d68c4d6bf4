"""The text of a Reference (FHIR R4, 2.3.0): its forms, what it may point to, and what is contained and pointed at by `#`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import msgspec

from engine.fhir import definitions

_ID = r"[A-Za-z0-9\-.]{1,64}"
_RELATIVE = re.compile(rf"([A-Za-z]+)/{_ID}(?:/_history/{_ID})?(?:#.*)?")
_CONDITIONAL = re.compile(r"([A-Za-z]+)\?\S+")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+|[^\s/]*/\S+")
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


def wrong(text: str, near: Around) -> str:
    """
    The rule that `Reference.reference` breaks; empty where it keeps all.

    >>> wrong("Patient/1", Around()), wrong("#1", Around()), wrong("Patent/1", Around())
    ('', 'nothing of this id is contained [ref-1]', 'the reference names a type of resource that FHIR R4 does not have')
    """
    if text.startswith("#"):
        known = text[1:] in near.contained or (text == "#" and near.inside)
        return "" if known else "nothing of this id is contained [ref-1]"
    found = _RELATIVE.fullmatch(text) or _CONDITIONAL.fullmatch(text)
    if found is not None:
        known = definitions.is_resource(found[1])
        return (
            "" if known else "the reference names a type of resource that FHIR R4 does not have"
        )
    return "" if _ADDRESS.fullmatch(text) is not None else _FORMS


def target(text: str, targets: tuple[str, ...], near: Around) -> str:
    """
    What is said of a reference to a type that the element does not take, as far as its text tells; empty where it is well.

    >>> target("Device/1", ("Patient",), Around()), target("urn:uuid:1", ("Patient",), Around())
    ('the reference must point to Patient', '')
    """
    if not targets or "Resource" in targets:
        return ""
    found = _RELATIVE.fullmatch(text) or _CONDITIONAL.fullmatch(text) or _REST.fullmatch(text)
    type_ = (
        near.contained.get(text[1:], "") if text.startswith("#") else found[1] if found else ""
    )
    if type_ in targets or not definitions.is_resource(type_):
        return ""
    if len(targets) > 5:
        return (
            f"the reference must point to one of {len(targets)} types, {targets[0]} among them"
        )
    return f"the reference must point to {' or '.join(targets)}"


def quick(contained: bool) -> str:
    """Those that keep all rules, as an expression of JSON Schema; with `contained` also what begins with `#`."""
    named = "|".join(definitions.resources())
    local = f"|#{_ID}" if contained else ""
    absolute = r"https?://[^ \t\r\n]+|urn:(?:uuid|oid):[^ \t\r\n]+"
    return rf"^(?:(?:{named})/{_ID}(?:/_history/{_ID})?|{absolute}{local})$"


@cache
def _quick() -> re.Pattern[str]:
    return re.compile(quick(contained=False))


def is_quick(text: Any) -> bool:
    """Whether it is the text of a reference that keeps all rules, whatever stands around it."""
    return isinstance(text, str) and _quick().match(text) is not None


def pointed_at(resource: Any) -> Iterator[str]:
    """All that is pointed at by `#` in it, by references, addresses and canonicals."""
    inner = resource.values() if isinstance(resource, dict) else resource
    for each in inner if isinstance(resource, dict | list) else ():
        if isinstance(each, str):
            if each.startswith("#"):
                yield each[1:]
        elif isinstance(each, dict | list):
            yield from pointed_at(each)
