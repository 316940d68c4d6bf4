"""
What is known of a record's fields before any record is there, for load-time checks: the types of a struct class, or of what a
standard says of its records (engine/formats/fhir/types.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect


class FieldType(msgspec.Struct, frozen=True, kw_only=True):
    """The type of a field, reduced to what paths and mappings need."""

    kind: str
    """Its kind in expressions: text, number, truth, moment, bytes, list, record, any."""
    form: str
    """How it is kept: str, Decimal, int, float, bool, datetime, date, bytes, tuple, list, struct, dict, enum, any;
    those of FHIR are written in engine/mapping/resource_values.py."""
    struct: Any = None
    """The struct class of a record, or a Described."""
    item: FieldType | None = None
    """Of a list: the type of its items; of a dict: of its values."""
    wraps: bool = False
    """Of a list: whether one value makes a list of one."""
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


class Described(msgspec.Struct, frozen=True):
    """A record of which a standard says what it has; it is read as a dict."""

    name: str

    def fields(self) -> Mapping[str, Field]:
        """Its fields, in their order."""
        raise NotImplementedError

    def missing(self, name: str) -> str:
        """What is said of a name that it does not have."""
        raise NotImplementedError


def fields(struct: Any) -> Mapping[str, Field]:
    """The fields of a record, in its order."""
    return struct.fields() if isinstance(struct, Described) else _fields(struct)


def missing(name: str, struct: Any) -> str:
    """What is said of a name that a record does not have."""
    if isinstance(struct, Described):
        return struct.missing(name)
    known = list(fields(struct))
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"{struct.__name__} has no field '{name}'" + (
        f"; did you mean '{near[0]}'?" if near else f"; it has {', '.join(known)}"
    )


@cache
def _fields(struct: Any) -> dict[str, Field]:
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


#: Types that say all by themselves.
_PLAIN: dict[type, FieldType] = {
    inspect.DecimalType: FieldType(kind="number", form="Decimal"),
    inspect.FloatType: FieldType(kind="number", form="float"),
    inspect.BoolType: FieldType(kind="truth", form="bool"),
    inspect.DateTimeType: FieldType(kind="moment", form="datetime"),
    inspect.DateType: FieldType(kind="moment", form="date"),
    inspect.BytesType: FieldType(kind="bytes", form="bytes"),
}


def described(info: inspect.Type) -> FieldType:
    """One of msgspec's type descriptions, reduced."""
    if (plain := _PLAIN.get(type(info))) is not None:
        return plain
    read = _READ.get(type(info))
    return ANY if read is None else read(info)


def _metadata(info: Any) -> FieldType:
    found = described(info.type)
    moment = bool(info.extra and info.extra.get("moment"))
    return msgspec.structs.replace(found, kind="moment") if moment else found


def _int(info: Any) -> FieldType:
    least = info.ge if info.gt is None else info.gt + 1
    most = info.le if info.lt is None else info.lt - 1
    return FieldType(
        kind="number",
        form="int",
        least=_or(least, float("-inf")),
        most=_or(most, float("inf")),
    )


def _choice(values: tuple[Any, ...], form: str = "", enum: Any = None) -> FieldType:
    text = all(isinstance(value, str) for value in values)
    form = form or ("str" if text else "int")
    return FieldType(kind="text" if text else "number", form=form, choices=values, enum=enum)


def _union(info: Any) -> FieldType:
    inner = [each for each in info.types if not isinstance(each, inspect.NoneType)]
    if len(inner) != 1:
        return ANY
    optional = len(inner) < len(info.types)
    return msgspec.structs.replace(described(inner[0]), optional=optional)


def _text(info: Any) -> FieldType:
    return FieldType(
        kind="text",
        form="str",
        pattern=re.compile(info.pattern) if info.pattern else None,
        shortest=info.min_length or 0,
        longest=_or(info.max_length, 2**31),
    )


def _or(value: Any, other: Any) -> Any:
    return other if value is None else value


_READ: dict[type, Callable[[Any], FieldType]] = {
    inspect.Metadata: _metadata,
    inspect.UnionType: _union,
    inspect.StrType: _text,
    inspect.IntType: _int,
    inspect.ListType: lambda info: FieldType(
        kind="list", form="list", item=described(info.item_type)
    ),
    inspect.VarTupleType: lambda info: FieldType(
        kind="list", form="tuple", item=described(info.item_type)
    ),
    inspect.DictType: lambda info: FieldType(
        kind="record", form="dict", item=described(info.value_type)
    ),
    inspect.StructType: lambda info: of(info.cls),
    inspect.LiteralType: lambda info: _choice(tuple(info.values)),
    inspect.EnumType: lambda info: _choice(
        tuple(member.value for member in info.cls), "enum", info.cls
    ),
}
