"""Identifiers made of values, by their hash: what `stable_id` gives."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from engine.ids import uuid8
from engine.mapping.values import text_of

#: Up to so many characters of ASCII, the size of a text in bytes is written in eight bytes that are ASCII themselves.
_SHORT = 127
_SIZES = tuple(f"{chr(0) * 7}{chr(size)}" for size in range(_SHORT + 1))


def identified(begin: str, parts: Sequence[Any]) -> str:
    """
    An identifier made of values; `begin` is what `sized` gives for those before them.

    >>> identified("", ["MERCY", "000421"]), identified(sized("MERCY"), ["000421"])
    ('8438d95b-8ad2-81c6-9b34-78a1797a1758', '8438d95b-8ad2-81c6-9b34-78a1797a1758')
    """
    whole = begin
    for part in parts:
        said = part if type(part) is str else text_of(part)
        size = len(said)
        if size > _SHORT:
            return _identified(begin, parts)
        whole += _SIZES[size] + said
    if not whole.isascii():
        return _identified(begin, parts)
    return uuid8(blake2b(whole.encode(), digest_size=16).hexdigest())


def sized(text: Any) -> str:
    """
    A text with its size before it, as they are hashed; empty where it is another thing, or not short and plain.

    >>> sized("A"), sized("ä")
    ('\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01A', '')
    """
    short = type(text) is str and len(text) <= _SHORT and text.isascii()
    return _SIZES[len(text)] + text if short else ""


def _identified(begin: str, parts: Sequence[Any]) -> str:
    """The same of texts of any size, with any characters."""
    whole = begin.encode()
    for part in parts:
        said = (part if type(part) is str else text_of(part)).encode()
        whole += len(said).to_bytes(8, "big") + said
    return uuid8(blake2b(whole, digest_size=16).hexdigest())
