"""Functions of numbers. Numbers are decimal: what was written is what is meant, to the last digit."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, DecimalException
from typing import Any

from engine.mapping.signatures import Whole
from engine.mapping.values import ARITHMETIC, WHOLE, Unreadable

#: Quantities are mostly these.
_KNOWN = {text: Decimal(text) for text in WHOLE}
_NUMBER = re.compile(r"[+-]?(\d{1,34}(\.\d{0,20})?|\.\d{1,20})", re.ASCII)


def decimal(value: Any, *, otherwise: Any = None) -> Decimal:
    """
    The text as a number; its digits are kept, 12.50 stays 12.50. No thousands separators, no exponents.

    >>> decimal("12.50")
    Decimal('12.50')
    """
    if type(value) is Decimal:
        return value
    if not isinstance(value, str):
        raise Unreadable("only a text is read as a number")
    if (known := _KNOWN.get(value)) is not None:
        return known
    if value.isdigit() and value.isascii() and len(value) < 35:
        return Decimal(value)
    if _NUMBER.fullmatch(value) is None and _NUMBER.fullmatch(value := value.strip()) is None:
        raise Unreadable("not a number")
    return Decimal(value)


def integer(value: Any, *, otherwise: Any = None) -> Decimal:
    """
    The text as a whole number; 3.0 is one, 3.5 is not.

    >>> integer("007")
    Decimal('7')
    """
    number = decimal(value)
    if number != number.to_integral_value():
        raise Unreadable("not a whole number")
    return number.to_integral_value()


def round(value: Decimal, places: Whole = 0) -> Decimal:
    """
    The number with so many decimal places; a half goes away from zero, as in commerce.

    >>> round(Decimal("2.345"), 2)
    Decimal('2.35')
    """
    if not 0 <= places <= 20:
        raise Unreadable("it is rounded to 0 to 20 places")
    try:
        return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, ARITHMETIC)
    except DecimalException:
        raise Unreadable("the number is too large to round") from None
