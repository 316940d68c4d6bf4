"""The records that mappings name by their classes: entities of the canonical model, and the parts that they are made of."""

from __future__ import annotations

from functools import cache
from typing import Any

from engine import canonical
from engine.records.types import FieldType, fields


def names() -> list[str]:
    """The entities, which travel by themselves."""
    return canonical.names()


@cache
def parts() -> dict[str, type]:
    """
    The parts of entities, which only mappings that are used by others read and make.

    >>> "PersonName" in parts(), "ChargeEvent" in parts()
    (True, False)
    """
    found: dict[str, type] = {}
    for name in names():
        _collect(canonical.load(name), found)
    return {name: struct for name, struct in found.items() if name not in names()}


def find(name: str) -> type | None:
    """The entity or part of that name; None where there is none."""
    if name in names():
        return canonical.load(name)
    return parts().get(name) if name[:1].isupper() else None


def _collect(struct: Any, found: dict[str, type]) -> None:
    for field in fields(struct).values():
        inner: FieldType | None = field.type
        while inner is not None and inner.struct is None:
            inner = inner.item
        if inner is not None and inner.struct.__name__ not in found:
            found[inner.struct.__name__] = inner.struct
            _collect(inner.struct, found)
