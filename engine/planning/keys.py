"""Values of expressions as the texts that keys and lanes are made of."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from engine.errors import MessageError
from engine.formats import NULL, Scope
from engine.mapping import Expression
from engine.mapping.values import Unreadable, text_of

#: Joins the parts of a key.
UNIT = "\x1f"


def joined(expressions: Sequence[Expression], scope: Scope) -> str | None:
    """
    A key of several parts, as `recall` makes it of the same values; None where a part is nothing. MessageError where one
    holds what joins them, or has no text.
    """
    parts = []
    for expression in expressions:
        value = expression.run(scope)
        if value is None or value is NULL:
            return None
        text = value if type(value) is str else _text(value, expression)
        if UNIT in text:  # else two keys could read the same, and one's data come to the other
            rule = "a separator (U+001F) stands in a value that is part of a key"
            raise MessageError("bad_value", rule, ", ".join(expression.paths))
        parts.append(text)
    return UNIT.join(parts)


def _text(value: Any, expression: Expression) -> str:
    try:
        return text_of(value)
    except Unreadable as error:
        raise MessageError("bad_value", error.why, ", ".join(expression.paths)) from None


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
