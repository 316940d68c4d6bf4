"""The types of settings as JSON Schema, for editors: as they are written in YAML, with the docstring of every field."""

from __future__ import annotations

import typing
from decimal import Decimal
from types import NoneType
from typing import Any, Literal

import msgspec

from engine import hours, placed, settings
from engine.reference.docstrings import docstrings
from engine.shapes import bare, choices_of, fields_of

Schema = dict[str, Any]

#: One written value: YAML reads what looks like a number as a number, though a text is meant.
TEXT: Schema = {"type": ["string", "number", "boolean", "null"]}
#: A parameter of a template in the place of a value.
_PARAMETER: Schema = {"type": "string", "pattern": r"^with\."}
_SPOKEN: dict[Any, str] = {
    settings.Duration: "A length of time: `500ms`, `5s`, `10m`, `2h`, `400d`.",
    settings.Size: "A number of bytes: `512KB`, `16MB`.",
    settings.Zone: "A time zone: `America/Chicago`.",
    hours.Hours: 'Hours: `"mon-fri 06:00-18:00, sat 08:00-12:00"`.',
}
_TYPES: dict[Any, Schema] = {
    placed.Record: {"type": "object"},
    placed.Items: {"type": "array"},
    placed.Node: {},
    Any: {},
    bool: {"anyOf": [{"type": "boolean"}, _PARAMETER]},
    int: {"anyOf": [{"type": "integer"}, _PARAMETER]},
    float: {"anyOf": [{"type": "number"}, _PARAMETER]},
    Decimal: {"anyOf": [{"type": "number"}, _PARAMETER]},
}


def struct(
    kind: type[msgspec.Struct], needed: bool = True, without: tuple[str, ...] = ()
) -> Schema:
    """A record with the fields of a struct, each with its docstring and default; `needed`: those that must be given are required."""
    docs, fields = docstrings(kind), fields_of(kind)
    properties = {
        name: described(of(field.type), docs.get(field.name, ""))
        for name, field in fields.items()
        if name not in without
    }
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    missing = [name for name in properties if fields[name].required]
    return found | ({"required": missing} if needed and missing else {})


def described(schema: Schema, text: str) -> Schema:
    """With what an editor shows beside it."""
    return {**schema, "description": text} if text else schema


def of(kind: Any) -> Schema:
    """The schema of a type."""
    inner = bare(kind)
    if kind is NoneType:
        return {"type": "null"}
    if choices := choices_of(inner):
        return {"anyOf": [*map(of, choices), {"type": "null"}]}
    origin, arguments = typing.get_origin(inner), typing.get_args(inner)
    if origin is Literal:
        return {"anyOf": [{"enum": list(arguments)}, _PARAMETER]}
    if origin in (list, tuple, frozenset, set):
        return {"anyOf": [{"type": "array", "items": of(arguments[0])}, _PARAMETER]}
    if origin is dict:
        return {"type": "object", "additionalProperties": of(arguments[1])}
    return _plain(inner)


def _plain(kind: Any) -> Schema:
    if kind in _SPOKEN:
        return {**TEXT, "description": _SPOKEN[kind]}
    if kind in _TYPES:
        return _TYPES[kind]
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return TEXT
    short = "read" in vars(kind) and not getattr(kind, "hides", False)
    return {"anyOf": [struct(kind), TEXT]} if short else struct(kind)
