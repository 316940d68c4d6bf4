"""
Resources into a Bundle, each as an entry of its own (FHIR R4, 2.36); and a Bundle as a transaction.

Who makes resources may let one stand where a Reference belongs. It is lifted out (lifting.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from engine.errors import MessageError
from engine.fhir.lifting import ANYWHERE, Lifted, Lifting, Places, full_url

#: What a Bundle keeps when it becomes another one.
_HEAD = ("resourceType", "id", "identifier", "timestamp")
#: What stands first, by the type of Bundle.
_LEADING = {"message": {"MessageHeader": 0}, "collection": {"ClaimResponse": 0, "Claim": 1}}
#: Types of Bundles whose entries are carried out.
CARRIED_OUT = frozenset({"transaction", "batch"})


class Assembled(NamedTuple):
    """A Bundle, or another resource, of which resources were lifted out of one another."""

    head: dict[str, Any]
    """All of it but the entries that are made of `every`."""
    every: Sequence[Lifted] = ()
    """What is an entry each and says nothing of itself, in order."""
    pointers: int = -1
    """So many References were made to these entries; -1 where that is not known."""
    assured: bool = False
    """Whether the values in them are right for certain (engine/mapping/assurance.py)."""

    @property
    def resource(self) -> dict[str, Any]:
        """The whole."""
        if not self.every:
            return self.head
        put = self.head.get("type") in CARRIED_OUT
        return {
            **self.head,
            "entry": [entry(resource, url, put) for resource, url, _ in self.every],
        }


def assembled(
    bundle: dict[str, Any], resources: list[tuple[dict[str, Any], Places]]
) -> Assembled:
    """
    The Bundle with an entry for each resource, in order, and for each that stood in one where a Reference belongs: only where
    it may stand (`Places`) is looked.

    Two resources with one id become one. Where the Bundle is carried out, each entry is a PUT to its own id, so that a repeat
    updates instead of doubling; the MessageHeader of a message stands first (FHIR R4, 2.36.2 and 3.1.0.11), and in a collection
    the Claim or its answer (Da Vinci PAS, request and response Bundles). What a search found stands before what it points at, and
    each entry says which of the two it is (3.1.1.3).
    """
    lifting = Lifting()
    for resource, places in resources:
        lifting.add(resource, places)
    if not lifting.found:
        return Assembled(bundle)
    type_ = bundle.get("type", "")
    every = _ordered(lifting.found, type_)
    if type_ == "searchset":
        searched = {lifting.add(resource) for resource, _ in resources}
        return Assembled({**bundle, "entry": _found(every, searched)})
    return Assembled(bundle, every, lifting.pointers if lifting.is_plain else -1)


def _ordered(found: dict[str, Lifted], type_: str) -> list[Lifted]:
    """The resources in the order in which they stand in such a Bundle."""
    every = list(found.values())
    leading = _LEADING.get(type_, {})
    behind = "\n".join(found)
    if any(f"\n{name}/" in behind for name in leading):
        last = len(leading)
        every.sort(key=lambda each: leading.get(each[0]["resourceType"], last))
    return every


def _found(every: list[Lifted], searched: set[str]) -> list[dict[str, Any]]:
    """Entries of what was found by a search, and behind them of what these point at."""
    every = sorted(every, key=lambda each: each[1] not in searched)
    return [
        {
            **entry(resource, url, False),
            "search": {"mode": "match" if url in searched else "include"},
        }
        for resource, url, _ in every
    ]


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


def contained(resource: dict[str, Any], places: Places = ANYWHERE) -> dict[str, Any]:
    """A resource that travels alone: what stood in it where a Reference belongs is contained (FHIR R4, 2.29.2)."""
    lifting = Lifting(contained=True)
    resource = lifting.walk(resource, places)
    if not lifting.found:
        return resource
    inner = [*resource.get("contained", ()), *(each for each, _, _ in lifting.found.values())]
    first: dict[str, Any] = {
        name: resource[name] for name in ("resourceType", "id") if name in resource
    }
    return {
        **first,
        "contained": inner,
        **{k: v for k, v in resource.items() if k not in first and k != "contained"},
    }
