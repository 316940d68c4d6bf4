"""Functions that keep data private."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from engine.mapping.signatures import Whole
from engine.mapping.values import text_of

#: What a masked value looks like, however long it is.
MASK = "*******"


def mask(value: Any, keep: Whole = 0) -> str:
    """
    The value made unreadable; `keep` leaves the last characters, but never more than half of them.

    >>> mask("123-45-6789"), mask("123-45-6789", 4)
    ('*******', '*******6789')
    """
    said = text_of(value)
    shown = min(max(keep, 0), len(said) // 2)
    return MASK + (said[-shown:] if shown else "")


def hash(value: Any, salt: str = "") -> str:
    """
    A SHA-256 of the value in hexadecimal; of a short number it can be guessed by trying all of them.

    >>> hash("123")[:16]
    'a665a45920422f9d'
    """
    return sha256(f"{salt}{text_of(value)}".encode()).hexdigest()
