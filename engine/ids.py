"""Numbers of messages as people say them: short, and with a digit that shows a slip. And ids made of hashes."""

from __future__ import annotations

from engine.errors import MessageError

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#: The digit of a hash where a UUID says its variant, as such.
_VARIANT = {f"{digit:x}": "89ab"[digit & 3] for digit in range(16)}
_READ = {**{digit: at for at, digit in enumerate(_DIGITS)}, "O": 0, "I": 1, "L": 1}


def short_id(number: int) -> str:
    """
    A message's number as it is read over the telephone: Crockford's base 32 and a check digit.

    >>> short_id(236_691), short_id(1)
    ('774K-6', '1-1')
    """
    digits, rest = "", number
    while rest:
        rest, digit = divmod(rest, 32)
        digits = _DIGITS[digit] + digits
    return f"{digits or '0'}-{_DIGITS[number % 31]}"


def uuid8(digits: str) -> str:
    """
    32 hexadecimal digits of a hash as a UUID of version 8: made by a rule of one's own (RFC 9562, 5.8).

    >>> uuid8("ffffffffffffffffffffffffffffffff")
    'ffffffff-ffff-8fff-bfff-ffffffffffff'
    """
    variant = _VARIANT[digits[16]]
    return (
        f"{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
    )


def number_of(short: str) -> int:
    """
    The number behind a short id, forgiving about case and about O, I and L.

    Raises MessageError when it is not one or its check digit is wrong.

    >>> number_of("774k-6")
    236691
    """
    body, dash, check = short.strip().upper().rpartition("-")
    if not dash or not body or len(check) != 1 or not set(body + check) <= set(_READ):
        raise MessageError("bad_id", "an id looks like 774K-6")
    number = 0
    for digit in body:
        number = number * 32 + _READ[digit]
    if number % 31 != _READ[check]:
        raise MessageError("bad_id", "the digit after the dash does not fit; was it misread?")
    return number
