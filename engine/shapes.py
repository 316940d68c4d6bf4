"""What the types of settings are made of."""

from __future__ import annotations

import types
import typing
from decimal import Decimal
from functools import cache
from typing import Any, Literal

import msgspec
from msgspec.structs import FieldInfo

from engine.placed import Items, Node, Record


@cache
def fields_of(kind: type[msgspec.Struct]) -> dict[str, FieldInfo]:
    """The fields of a struct by the names they are written with."""
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def bare(kind: Any) -> Any:
    """The type without what Annotated says besides."""
    return typing.get_args(kind)[0] if typing.get_origin(kind) is typing.Annotated else kind


def choices_of(kind: Any) -> list[Any]:
    """The types of a union besides None; empty where it is none."""
    inner = bare(kind)
    if typing.get_origin(inner) not in (typing.Union, types.UnionType):
        return []
    return [choice for choice in typing.get_args(inner) if choice is not type(None)]


@cache
def required(kind: type[msgspec.Struct]) -> bool:
    """Whether a struct has fields that must be given."""
    return any(field.required for field in fields_of(kind).values())


def hole_of(kind: Any) -> str:
    """How the holes of a text are made safe; empty where it has none."""
    for meta in getattr(kind, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta) and meta.extra:
            return str(meta.extra.get("holes", ""))
    return ""


def fits(node: Node, kind: Any) -> bool:
    """Whether a written value has the shape of a type: what decides between the types of a union."""
    inner = bare(kind)
    origin = typing.get_origin(inner)
    struct = isinstance(inner, type) and issubclass(inner, msgspec.Struct)
    if isinstance(node, Items):
        return origin in (list, tuple, frozenset, set)
    if isinstance(node, Record):
        return (
            all(key in fields_of(inner) for key in node.entries) if struct else origin is dict
        )
    if inner is bool:
        return node.text in ("true", "false")
    if inner in (int, float, Decimal):
        return node.text[:1].isdigit() or node.text[:1] == "-"
    return node.text in typing.get_args(inner) if origin is Literal else not (origin or struct)
