"""
Where References point inside one document: a Bundle, the resources of Parameters, or one resource with what it contains.

A reference is looked up as R4 says (2.36.4 Resolving references in Bundles, 2.29.2 Contained resources): `#id` in the resource
around it; an absolute one, `urn:uuid:` among them, by fullUrl; `Patient/1` beside the fullUrl of the entry it stands in, and
where only one resource of the document has that type and id, that one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

Record = dict[str, Any]
_HISTORY = "/_history/"


class Entry(msgspec.Struct, frozen=True, eq=False):
    """A resource, and the address it has in the document."""

    url: str
    resource: Record


class Index:
    """The resources of a document by type and address; made once, when first asked."""

    def __init__(self, root: Any) -> None:
        self._entries = list(_entries(root))
        self._by_type: dict[str, list[Record]] = {}
        self._by_address: dict[str, list[Entry]] = {}
        self._homes: dict[int, Entry] | None = None
        for entry in self._entries:
            self._take(entry)
        if isinstance(root, dict) and all(root is not each.resource for each in self._entries):
            self._by_type.setdefault(str(root.get("resourceType", "")), []).append(root)

    def of_type(self, name: str) -> Sequence[Record]:
        """The resources of a type, in the order of the document; contained ones are parts of others and do not count."""
        return self._by_type.get(name, ())

    def resolve(self, reference: Any, around: Any = None) -> Record | None:
        """
        The resource that a Reference, or the text of one, points at; None where it is not in the document.

        `around`: the resource in which a text stands; of a Reference of this document that is known.

        >>> bundle = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient", "id": "1"}}]}
        >>> Index(bundle).resolve({"reference": "Patient/1"})["id"]
        '1'
        """
        said = reference.get("reference") if isinstance(reference, dict) else reference
        if not isinstance(said, str) or not said:
            return None
        inner = reference if isinstance(reference, dict) else around
        if said.startswith("#"):
            home = self._home(inner)
            return None if home is None else _contained(home.resource, said[1:])
        address, _, version = said.partition(_HISTORY)
        found: Sequence[Entry] = self._by_address.get(address, ())
        if not found and "#" in address:
            return self._inside(address)
        if len(found) > 1 and (home := self._home(inner)) is not None:
            beside = _beside(home.url, address)
            found = [each for each in found if each.url == beside] or found
        if version:
            found = [each for each in found if _version(each.resource) in ("", version)]
        return found[0].resource if len({id(each.resource) for each in found}) == 1 else None

    def around(self, thing: Any) -> Record | None:
        """The resource of the document in which a thing of it stands; the outermost, where it stands in a contained one."""
        home = self._home(thing)
        return None if home is None else home.resource

    def _inside(self, address: str) -> Record | None:
        """`Patient/1#contained`."""
        outer, _, name = address.partition("#")
        found = self._by_address.get(outer, ())
        return _contained(found[0].resource, name) if len(found) == 1 else None

    def _take(self, entry: Entry) -> None:
        resource = entry.resource
        kind, name = resource.get("resourceType"), resource.get("id")
        self._by_type.setdefault(str(kind), []).append(resource)
        addresses = {entry.url.partition(_HISTORY)[0], f"{kind}/{name}" if name else ""} - {""}
        for address in addresses:
            self._by_address.setdefault(address, []).append(entry)

    def _home(self, thing: Any) -> Entry | None:
        """The entry in which a thing of the document stands."""
        if self._homes is None:
            self._homes = {}
            for entry in self._entries:
                for each in _records(entry.resource):
                    self._homes[id(each)] = entry
        return self._homes.get(id(thing))


def resources(root: Any) -> Iterator[Record]:
    """The resources of a document, in order: those of a Bundle's entries, or the one it is."""
    return (entry.resource for entry in _entries(root))


def _entries(root: Any) -> Iterator[Entry]:
    if not isinstance(root, dict):
        return
    kind = root.get("resourceType")
    if kind == "Bundle":
        for entry in _list(root.get("entry")):
            resource = entry.get("resource")
            if isinstance(resource, dict):
                url = entry.get("fullUrl")
                yield Entry(url if isinstance(url, str) else "", resource)
    elif kind == "Parameters":
        yield from _parameters(root.get("parameter"))
    else:
        yield Entry("", root)


def _parameters(parameters: Any) -> Iterator[Entry]:
    for each in _list(parameters):
        resource = each.get("resource")
        if isinstance(resource, dict):
            yield from _entries(resource)
        yield from _parameters(each.get("part"))


def _list(value: Any) -> Iterator[Record]:
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict))


def _records(value: Any) -> Iterator[Record]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            if isinstance(inner, dict | list):
                yield from _records(inner)
    else:
        for inner in value:
            if isinstance(inner, dict | list):
                yield from _records(inner)


def _contained(resource: Record, name: str) -> Record | None:
    """The contained resource of that id; the resource itself where none is said (`#`)."""
    if not name:
        return resource
    inside = _list(resource.get("contained"))
    return next((each for each in inside if each.get("id") == name), None)


def _beside(url: str, address: str) -> str:
    """`Patient/1` beside `http://server/fhir/Observation/2`."""
    parts = url.partition(_HISTORY)[0].rsplit("/", 2)
    return f"{parts[0]}/{address}" if len(parts) == 3 else ""


def _version(resource: Record) -> str:
    meta = resource.get("meta")
    return str(meta.get("versionId", "")) if isinstance(meta, dict) else ""
