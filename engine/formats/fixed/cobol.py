"""Numbers as COBOL programs keep them: implied decimals, signs in digits, packed and binary (IBM COBOL, USAGE and SIGN)."""

from __future__ import annotations

import re
from decimal import Decimal

from engine.errors import MessageError

#: The last digit with a plus and with a minus in it: of EBCDIC once it is read as text, of ASCII, and of compilers
#: that keep the digit and set a bit (p to y).
_PLUS, _MINUS = "{ABCDEFGHI", "}JKLMNOPQR"
_PUNCHED = {
    **{sign: (str(digit), "") for digit, sign in enumerate(_PLUS)},
    **{sign: (str(digit), "-") for digit, sign in enumerate(_MINUS)},
    **{sign: (str(digit), "-") for digit, sign in enumerate("pqrstuvwxy")},
}
_DIGITS = re.compile(r"([+-]?) *+(\d{1,60})(?:\.(\d{0,30}))? *+([+-]?)", re.ASCII)


def digits(text: str, decimals: int, overpunched: bool, name: str) -> Decimal | None:
    """
    The number that digits say; None where there are none. A point that is written counts more than `decimals`.

    >>> digits("0001250", 2, False, "amount"), digits("0001250-", 2, False, "amount"), digits("000125}", 2, True, "amount")
    (Decimal('12.50'), Decimal('-12.50'), Decimal('-12.50'))
    """
    said = text.strip()
    if not said:
        return None
    minus = ""
    if overpunched and said[-1] in _PUNCHED:
        last, minus = _PUNCHED[said[-1]]
        said = said[:-1] + last
    found = _DIGITS.fullmatch(said)
    if found is None or (found[1] and found[4]):
        raise MessageError("bad_value", "it is not a number", name)
    if found[3] is not None:
        value = Decimal(f"{found[2]}.{found[3]}")
    else:
        value = _scaled(int(found[2]), decimals)
    return -value if "-" in (minus, found[1], found[4]) else value


def packed(raw: bytes, decimals: int, blank: bytes, name: str) -> Decimal | None:
    """
    A packed number (COMP-3): two digits a byte, the last half byte the sign: D and B are minus. Blanks are nothing.

    >>> packed(bytes.fromhex("01250d"), 2, b" ", "amount")
    Decimal('-12.50')
    """
    if raw == blank * len(raw):
        return None
    said = raw.hex()
    if not said[:-1].isdigit() or said[-1].isdigit():
        raise MessageError("bad_value", "it is not a packed number", name)
    value = _scaled(int(said[:-1]), decimals)
    return -value if said[-1] in "bd" else value


def binary(raw: bytes, decimals: int) -> Decimal:
    """
    A binary number (COMP), the highest byte first, with its sign.

    >>> binary(b"\\xff\\xfe", 0)
    Decimal('-2')
    """
    return _scaled(int.from_bytes(raw, "big", signed=True), decimals)


def _scaled(number: int, decimals: int) -> Decimal:
    sign, text = ("-", str(-number)) if number < 0 else ("", str(number))
    return Decimal(f"{sign}{text}E-{decimals}") if decimals else Decimal(number)


def unscaled(value: Decimal, decimals: int, name: str) -> int:
    """The digits of a number without its point; MessageError where it has more decimals."""
    if value.adjusted() > 60:
        raise MessageError("bad_value", "it has too many digits", name)
    found = value.scaleb(decimals)
    if found != found.to_integral_value():
        raise MessageError("bad_value", f"it has more than {decimals} decimals", name)
    return int(found)


def written(
    value: Decimal, length: int, decimals: int, sign: str, name: str, fill: str = "0"
) -> str:
    """
    A number as digits of a fixed length, zeros in front or what fills it.

    >>> written(Decimal("-12.5"), 7, 2, "overpunch", "amount"), written(Decimal("12"), 5, 0, "leading", "count")
    ('000125}', '+0012')
    """
    number = unscaled(value, decimals, name)
    said = str(abs(number))
    if sign == "overpunch":
        said = said[:-1] + (_MINUS if number < 0 else _PLUS)[int(said[-1])]
    elif sign == "none" and number < 0:
        raise MessageError("bad_value", "it is negative, and the field has no sign", name)
    room = length - (sign in ("leading", "trailing"))
    if len(said) > room:
        raise MessageError("bad_value", f"it has more than {room} digits", name)
    said, mark = said.rjust(room, fill), "-" if number < 0 else "+"
    return mark + said if sign == "leading" else said + mark if sign == "trailing" else said


def pack(value: Decimal | None, length: int, decimals: int, name: str) -> bytes:
    """
    A number packed; nothing is zero.

    >>> pack(Decimal("-12.5"), 3, 2, "amount").hex()
    '01250d'
    """
    number = unscaled(value or Decimal(0), decimals, name)
    said = str(abs(number)).rjust(2 * length - 1, "0")
    if len(said) > 2 * length - 1:
        raise MessageError("bad_value", f"it has more than {2 * length - 1} digits", name)
    return bytes.fromhex(said + ("d" if number < 0 else "c"))


def to_binary(value: Decimal | None, length: int, decimals: int, name: str) -> bytes:
    """A number in binary; nothing is zero."""
    number = unscaled(value or Decimal(0), decimals, name)
    try:
        return number.to_bytes(length, "big", signed=True)
    except OverflowError:
        raise MessageError("bad_value", f"it does not fit {length} bytes", name) from None
