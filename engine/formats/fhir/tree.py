"""A resource for people: each element with the path that reads it and its type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.fhir import definitions
from engine.formats.fhir.document import Document

Row = tuple[int, str, str, str]


def tree(document: Document) -> Iterator[Row]:
    """
    Depth, path, type, value of every element.

    >>> list(tree(Document({"resourceType": "Patient", "name": [{"family": "A"}]})))[2]
    (1, 'name[0].family', 'string', 'A')
    """
    value = document.value
    yield from _record(value, value["resourceType"], "", 0)


def _record(value: dict[str, Any], type_name: str, path: str, depth: int) -> Iterator[Row]:
    for name, each in value.items():
        inner = f"{path}.{name}" if path else name
        said = _type(type_name, name)
        if isinstance(each, list):
            for at, one in enumerate(each):
                yield from _one(one, said, f"{inner}[{at}]", depth)
        else:
            yield from _one(each, said, inner, depth)


def _one(value: Any, said: str, path: str, depth: int) -> Iterator[Row]:
    if not isinstance(value, dict):
        yield depth, path, said, "" if value is None else str(value)
        return
    kind = value.get("resourceType")
    said = kind if isinstance(kind, str) else said
    yield depth, path, said, ""
    yield from _record(value, said, path, depth + 1)


def _type(type_name: str, name: str) -> str:
    """The type of an element; empty where R4 does not have it."""
    try:
        element = definitions.of(type_name).elements.get(name.lstrip("_"))
    except LookupError:
        return ""
    if element is None:
        return ""
    return "Element" if name.startswith("_") else element.type
