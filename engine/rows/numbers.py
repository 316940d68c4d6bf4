"""Amounts as text: digits, a decimal point, one sign in front or behind."""

from __future__ import annotations

import re
from decimal import Decimal

from engine.errors import MessageError

_NUMBER = re.compile(r"\s*+([+-]?)(\d{1,60}(?:\.\d{0,30})?|\.\d{1,30})([+-]?)\s*+", re.ASCII)


def number(text: str, column: str) -> Decimal | None:
    """
    The number that a text says; None where it says nothing. MessageError `bad_value` names the column.

    >>> number("12.50", "amount"), number("12.50-", "amount"), number(" ", "amount")
    (Decimal('12.50'), Decimal('-12.50'), None)
    """
    if not text or text.isspace():
        return None
    found = _NUMBER.fullmatch(text)
    if found is None or (found[1] and found[3]):
        raise MessageError("bad_value", "it is not a number", column)
    value = Decimal(found[2])
    return -value if "-" in (found[1], found[3]) else value
