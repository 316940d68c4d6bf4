"""Values of expressions as the texts that keys and lanes are made of."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from engine.formats import NULL, Scope
from engine.mapping import Expression

#: Joins the parts of a key.
UNIT = "\x1f"


def joined(expressions: Sequence[Expression], scope: Scope) -> str | None:
    """A key of several parts; None where a part is nothing."""
    parts = []
    for expression in expressions:
        value = expression.run(scope)
        if value is None or value is NULL:
            return None
        parts.append(value if type(value) is str else str(value))
    return UNIT.join(parts)


def lanes(order_by: Sequence[Expression], scope: Scope) -> tuple[int, ...]:
    """The lanes of a delivery; a key that is nothing gives the destination's shared lane 0."""
    found: list[int] = []
    for expression in order_by:
        for text in texts_of(expression.run(scope)):
            lane = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
            if lane not in found:
                found.append(lane)
    return tuple(found) if found else (0,)


def texts_of(value: Any) -> tuple[str, ...]:
    """A value as the texts it holds: none for nothing, one for a value, several for a list."""
    if value is None or value is NULL:
        return ()
    if type(value) is str:
        return (value,)
    if isinstance(value, list | tuple):
        return tuple(text for item in value for text in texts_of(item))
    return (str(value),)
