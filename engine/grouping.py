"""What a mapping reads of a group, and what head and foot read of a batch: records with typed members."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

import msgspec


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """What names read of rejected records that are sent back."""

    count: int = 0
    """How many they are."""


@cache
def listed(entity: type[Any]) -> type[msgspec.Struct]:
    """
    The record that `from: [ChargeEvent]` reads: `key`, `count`, `opened_at` and `members[*]`, in the order of joining.

    >>> listed(dict).__struct_fields__
    ('key', 'count', 'opened_at', 'members')
    """
    fields: list[Any] = [
        ("key", str, ""),
        ("count", int, 0),
        ("opened_at", datetime | None, None),
        ("members", tuple[entity, ...], ()),  # type: ignore[valid-type]
    ]
    return msgspec.defstruct(f"{entity.__name__}Group", fields, frozen=True, kw_only=True)


@cache
def batched(entity: type[Any] | None) -> type[msgspec.Struct]:
    """
    The record that `head`, `foot` and names of a batch read; `members` are the entities that the payloads were made of.

    >>> batched(None).__struct_fields__
    ('number', 'count', 'opened_at', 'closed_at', 'members')
    """
    member: Any = Any if entity is None else entity
    fields: list[Any] = [
        ("number", int, 0),
        ("count", int, 0),
        ("opened_at", datetime | None, None),
        ("closed_at", datetime | None, None),
        ("members", tuple[member, ...], ()),
    ]
    name = "Batch" if entity is None else f"{entity.__name__}Batch"
    return msgspec.defstruct(name, fields, frozen=True, kw_only=True)
