"""Schemas with words: what the code says below each field of a struct stands in the API's description too."""

from __future__ import annotations

import linecache
from collections.abc import Iterable
from typing import Any

import msgspec

from engine.reference.docstrings import classes_in, docstrings


def describe(components: dict[str, Any], types: Iterable[Any]) -> None:
    """Write into each schema of a struct what its fields mean."""
    for struct in {struct: None for one in types for struct in classes_in(one)}:
        name = struct.__name__
        full = f"{struct.__module__}.{struct.__qualname__}"
        schema = components.get(full, components.get(name))
        if schema is not None:
            _fields(schema["properties"], struct)
    linecache.clearcache()  # the sources were read for this only


def _fields(properties: dict[str, Any], struct: type) -> None:
    said = docstrings(struct)
    for field in msgspec.structs.fields(struct):
        words = said.get(field.name)
        if words and field.encode_name in properties:
            properties[field.encode_name] = {
                **properties[field.encode_name],
                "description": words,
            }
