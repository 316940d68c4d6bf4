"""Settings and entities as Markdown tables: name, type, default, meaning."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Literal, Union

import msgspec

from engine import placed, settings
from engine.reference.docstrings import docstrings

HEAD = ["| name | type | default | meaning |", "|---|---|---|---|"]

_WORDS: dict[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
    Decimal: "number",
    Any: "anything",
    NoneType: "nothing",
    settings.Duration: "length of time",
    settings.Size: "number of bytes",
    settings.Secret: "secret, by reference",
    settings.Zone: "time zone",
    placed.Record: "names and values",
    placed.Items: "list",
    placed.Scalar: "expression",
    placed.Node: "anything",
}
_LISTS = (list, tuple, frozenset, set)


def table(struct: type[msgspec.Struct], inside: bool = True) -> list[str]:
    """Every field of a struct; with `inside` also those of structs it holds, under their dotted name."""
    return [*HEAD, *_rows(struct, "", inside)]


def _rows(struct: type[msgspec.Struct], prefix: str, inside: bool) -> Iterator[str]:
    docs = docstrings(struct)
    for field in msgspec.structs.fields(struct):
        name = prefix + field.encode_name
        meaning = docs.get(field.name, "")
        cells = (f"`{name}`", word(field.type), default(field), meaning)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        inner = _struct(field.type)
        if inside and inner is not None:
            yield from _rows(inner, f"{name}{'[*]' if _is_list(field.type) else ''}.", inside)


def word(kind: Any) -> str:
    """
    A type in words.

    >>> word(str | None), word(list[int]), word(Literal["charge", "credit"])
    ('text', 'list of whole number', '`charge` or `credit`')
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind in _WORDS:
        return _WORDS[kind]
    if hasattr(kind, "__metadata__"):
        return _marked(_marks(kind), arguments[0] if arguments else kind.__origin__)
    if origin in (Union, UnionType):
        return " or ".join(word(each) for each in arguments if each is not NoneType)
    if origin is Literal:
        return " or ".join(f"`{each}`" for each in arguments)
    if origin in _LISTS:
        return f"list of {word(arguments[0])}"
    return "names and values" if origin is dict else _spoken(getattr(kind, "__name__", ""))


def _marks(kind: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for meta in kind.__metadata__:
        found.update(getattr(meta, "extra", None) or {})
    return found


def _marked(marks: dict[str, Any], inner: Any) -> str:
    text = "moment" if "moment" in marks else word(inner)
    if "holes" in marks:
        return "text with holes"
    return f"{text} (protected)" if "protected" in marks else text


def default(field: msgspec.structs.FieldInfo) -> str:
    """The default as it would be written; empty where there is nothing to write."""
    if field.required:
        return "required"
    if field.default is msgspec.NODEFAULT or field.default in (None, (), ""):
        return ""
    return (
        f"`{written(field.default)}`" if not isinstance(field.default, msgspec.Struct) else ""
    )


def written(value: Any) -> str:
    """
    A default in the form an analyst writes.

    >>> written(settings.Duration(300)), written(settings.Size(16_777_216)), written(True)
    ('5m', '16MB', 'true')
    """
    if isinstance(value, settings.Duration):
        return _largest(value, {"d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001})
    if isinstance(value, settings.Size):
        return _largest(value, {"GB": 1024**3, "MB": 1024**2, "KB": 1024, "B": 1})
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list | frozenset):
        return f"[{', '.join(written(each) for each in value)}]"
    return str(value)


def _largest(value: float, units: dict[str, float]) -> str:
    for unit, size in units.items():
        count = value / size
        if count >= 1 and abs(count - round(count)) < 1e-9:
            return f"{round(count)}{unit}"
    return f"{value:g}"


def _spoken(name: str) -> str:
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    return words.strip()


def _is_list(kind: Any) -> bool:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if hasattr(kind, "__metadata__"):
        return _is_list(kind.__origin__)
    if origin in (Union, UnionType):
        return any(_is_list(each) for each in arguments)
    return origin in _LISTS


def _struct(kind: Any) -> type[msgspec.Struct] | None:
    """The struct that a field holds, alone or in a list, unless it has a word of its own."""
    if kind in _WORDS:
        return None
    if hasattr(kind, "__metadata__"):
        return _struct(kind.__origin__)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    if typing.get_origin(kind) in (*_LISTS, Union, UnionType):
        return next((found for each in typing.get_args(kind) if (found := _struct(each))), None)
    return None
