"""What is known of a record's fields before any record is there: the types of a struct class, for load-time checks."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect


class FieldType(msgspec.Struct, frozen=True, kw_only=True):
    """The type of a field, reduced to what paths and mappings need."""

    kind: str
    """Its kind in expressions: text, number, truth, moment, bytes, list, record, any."""
    form: str
    """How it is kept: str, Decimal, int, float, bool, datetime, date, bytes, tuple, list, struct, dict, enum, any."""
    struct: Any = None
    """The struct class of a record."""
    item: FieldType | None = None
    """Of a list: the type of its items; of a dict: of its values."""
    optional: bool = False
    """Whether None is one of its values."""
    choices: tuple[Any, ...] = ()
    """All values it may have, where they are known."""
    enum: Any = None
    pattern: re.Pattern[str] | None = None
    """What a text must match."""
    shortest: int = 0
    longest: int = 2**31
    least: float = float("-inf")
    most: float = float("inf")


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a struct class."""

    name: str
    type: FieldType
    required: bool


ANY = FieldType(kind="any", form="any")


@cache
def fields(struct: Any) -> dict[str, Field]:
    """The fields of a struct class, in its order."""
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    return {
        field.name: Field(name=field.name, type=described(field.type), required=field.required)
        for field in info.fields
    }


@cache
def of(struct: Any) -> FieldType:
    """A struct class as the type of a field."""
    return FieldType(kind="record", form="struct", struct=struct)


def described(info: inspect.Type) -> FieldType:  # noqa: C901
    """One of msgspec's type descriptions, reduced."""
    match info:
        case inspect.Metadata(type=inner, extra=extra):
            found = described(inner)
            return msgspec.structs.replace(found, kind="moment") if _moment(extra) else found
        case inspect.UnionType(types=types):
            return _union(types)
        case inspect.StrType():
            return _text(info)
        case inspect.DecimalType():
            return FieldType(kind="number", form="Decimal")
        case inspect.IntType():
            return FieldType(
                kind="number",
                form="int",
                least=_or(info.ge, float("-inf")) if info.gt is None else info.gt + 1,
                most=_or(info.le, float("inf")) if info.lt is None else info.lt - 1,
            )
        case inspect.FloatType():
            return FieldType(kind="number", form="float")
        case inspect.BoolType():
            return FieldType(kind="truth", form="bool")
        case inspect.DateTimeType():
            return FieldType(kind="moment", form="datetime")
        case inspect.DateType():
            return FieldType(kind="moment", form="date")
        case inspect.BytesType():
            return FieldType(kind="bytes", form="bytes")
        case inspect.ListType(item_type=item):
            return FieldType(kind="list", form="list", item=described(item))
        case inspect.VarTupleType(item_type=item):
            return FieldType(kind="list", form="tuple", item=described(item))
        case inspect.DictType(value_type=item):
            return FieldType(kind="record", form="dict", item=described(item))
        case inspect.StructType(cls=cls):
            return of(cls)
        case inspect.LiteralType(values=values):
            kind = "text" if all(isinstance(value, str) for value in values) else "number"
            form = "str" if kind == "text" else "int"
            return FieldType(kind=kind, form=form, choices=tuple(values))
        case inspect.EnumType(cls=cls):
            values = tuple(member.value for member in cls)
            kind = "text" if all(isinstance(value, str) for value in values) else "number"
            return FieldType(kind=kind, form="enum", choices=values, enum=cls)
    return ANY


def _union(types: tuple[inspect.Type, ...]) -> FieldType:
    inner = [each for each in types if not isinstance(each, inspect.NoneType)]
    if len(inner) != 1:
        return ANY
    return msgspec.structs.replace(described(inner[0]), optional=len(inner) < len(types))


def _text(info: inspect.StrType) -> FieldType:
    return FieldType(
        kind="text",
        form="str",
        pattern=re.compile(info.pattern) if info.pattern else None,
        shortest=info.min_length or 0,
        longest=_or(info.max_length, 2**31),
    )


def _moment(extra: dict[str, Any] | None) -> bool:
    return bool(extra and extra.get("moment"))


def _or(value: Any, other: Any) -> Any:
    return other if value is None else value
