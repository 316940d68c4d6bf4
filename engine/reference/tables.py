"""Settings and entities as Markdown tables: name, type, default, meaning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from engine import settings
from engine.reference.docstrings import docstrings

HEAD = ["| name | type | default | meaning |", "|---|---|---|---|"]

_WORDS: tuple[tuple[type, str], ...] = (
    (settings.Duration, "length of time"),
    (settings.Size, "number of bytes"),
    (settings.Secret, "secret, by reference"),
)
_PLAIN = {
    msgspec.inspect.StrType: "text",
    msgspec.inspect.BoolType: "true or false",
    msgspec.inspect.IntType: "whole number",
    msgspec.inspect.FloatType: "number",
    msgspec.inspect.DecimalType: "number",
    msgspec.inspect.AnyType: "anything",
    msgspec.inspect.DictType: "names and values",
    msgspec.inspect.NoneType: "nothing",
}


def table(struct: type[msgspec.Struct]) -> list[str]:
    """Every field of a struct, those of structs inside it under their dotted name."""
    return [*HEAD, *_rows(msgspec.inspect.type_info(struct), "")]


def _rows(info: Any, prefix: str) -> Iterator[str]:
    docs = docstrings(info.cls)
    for field in info.fields:
        inner = _struct(field.type)
        name = prefix + field.encode_name
        cells = (f"`{name}`", word(field.type), default(field), docs.get(field.name, ""))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        if inner is not None and inner.cls not in dict(_WORDS):
            yield from _rows(inner, f"{name}{'[*]' if _is_list(field.type) else ''}.")


def word(type_: Any) -> str:
    """A type in words: `text`, `length of time`, `charge or credit`."""
    match type_:
        case msgspec.inspect.Metadata(extra={"moment": True}):
            return "moment"
        case msgspec.inspect.Metadata(extra={"holes": _}):
            return "text with holes"
        case msgspec.inspect.Metadata(extra={"protected": True}, type=inner):
            return f"{word(inner)} (protected)"
        case msgspec.inspect.Metadata(type=inner):
            return word(inner)
        case msgspec.inspect.UnionType(types=types):
            kinds = [each for each in types if not isinstance(each, msgspec.inspect.NoneType)]
            return " or ".join(word(each) for each in kinds)
        case msgspec.inspect.LiteralType(values=values):
            return " or ".join(f"`{value}`" for value in values)
        case (
            msgspec.inspect.VarTupleType(item_type=inner)
            | msgspec.inspect.ListType(item_type=inner)
        ):
            return f"list of {word(inner)}"
        case msgspec.inspect.StructType(cls=cls) | msgspec.inspect.CustomType(cls=cls):
            return dict(_WORDS).get(cls, _spoken(cls.__name__))
    return _PLAIN.get(type(type_), type(type_).__name__)


def default(field: Any) -> str:
    """The default as it would be written."""
    if field.required:
        return "required"
    if field.default is msgspec.NODEFAULT or field.default is None or field.default == ():
        return ""
    return f"`{written(field.default)}`"


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
    if isinstance(value, msgspec.Struct):
        return "{}"
    if isinstance(value, str):
        return value or '""'
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


def _is_list(type_: Any) -> bool:
    match type_:
        case msgspec.inspect.Metadata(type=inner):
            return _is_list(inner)
        case msgspec.inspect.UnionType(types=types):
            return any(_is_list(inner) for inner in types)
    return isinstance(type_, msgspec.inspect.VarTupleType | msgspec.inspect.ListType)


def _struct(type_: Any) -> Any:
    match type_:
        case msgspec.inspect.StructType():
            return type_
        case (
            msgspec.inspect.Metadata(type=inner)
            | msgspec.inspect.VarTupleType(item_type=inner)
            | msgspec.inspect.ListType(item_type=inner)
        ):
            return _struct(inner)
        case msgspec.inspect.UnionType(types=types):
            return next((found for each in types if (found := _struct(each))), None)
    return None
