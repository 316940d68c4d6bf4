"""JSON Schemas of the canonical entities, and which change of one breaks its readers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from engine import canonical
from engine.reference.docstrings import classes_in, docstrings

#: What a schema may say differently without changing what it allows.
_WORDS = {"title", "description", "default", "$id", "$schema", "x-version"}


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of an entity, with the docstring of every field."""
    entity = canonical.load(name)
    found = msgspec.json.schema(entity)
    known = {each.__name__: each for each in classes_in(entity)}
    for title, part in found["$defs"].items():
        docs = docstrings(known[title])
        part["description"] = (known[title].__doc__ or "").strip()
        for field, described in part["properties"].items():
            if field in docs:
                described["description"] = docs[field]
    version = canonical.module(name).VERSION
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:corridor:{name}:{version}",
        "x-version": version,
    }
    return {**head, **found}


def file_name(name: str) -> str:
    """Where the schema is published; the files of older versions stay beside it."""
    return f"schemas/{name}.v{canonical.module(name).VERSION}.json"


def text(name: str) -> str:
    """The schema as the file that is published."""
    return json.dumps(schema(name), indent=2) + "\n"


def breaking(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """
    What in `new` a reader or writer of `old` could trip over, as sentences; none = compatible.

    Compatible are: a new optional field, a new value of an enumeration, a field no longer required at the
    same type, other words. Everything else asks for a new version.

    >>> old = {"$defs": {"A": {"properties": {"a": {"type": "string"}}, "required": []}}}
    >>> breaking(old, {"$defs": {"A": {"properties": {}, "required": []}}})
    ['A.a is gone']
    """
    return [
        problem
        for name, part in old["$defs"].items()
        for problem in _compared(name, part, new["$defs"].get(name))
    ]


def _compared(name: str, old: dict[str, Any], new: dict[str, Any] | None) -> Iterator[str]:
    if new is None:
        yield f"{name} is gone"
        return
    for field, was in old["properties"].items():
        if (now := new["properties"].get(field)) is None:
            yield f"{name}.{field} is gone"
        elif not _allows(now, was):
            yield f"{name}.{field} no longer allows all that it did"
    for field in new.get("required", ()):
        if field not in old.get("required", ()):
            yield f"{name}.{field} is newly required"


def _allows(new: Any, old: Any) -> bool:
    """Whether everything the old description allowed is still allowed and means the same."""
    if not isinstance(new, dict) or not isinstance(old, dict):
        return bool(new == old)
    if "enum" in new and "enum" in old:
        return set(old["enum"]) <= set(new["enum"])
    now, was = _meaning(new), _meaning(old)
    if now.keys() != was.keys():
        return False
    return all(
        all(any(_allows(choice, before) for choice in now[key]) for before in was[key])
        if key == "anyOf"
        else _allows(now[key], was[key])
        for key in was
    )


def _meaning(described: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in described.items() if key not in _WORDS}
