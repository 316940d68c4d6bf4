"""Functions of codes, identifiers and bytes."""

from __future__ import annotations

import base64 as _base64
import binascii
from typing import Any

from engine.mapping import identities
from engine.mapping.signatures import Codes
from engine.mapping.values import Missed, Unreadable

#: Longest content that is written in base 64.
LARGEST = 64_000_000

#: Name spaces of URNs, by the types of universal ids that they hold (HL7 table 0301).
_SPACES = {"ISO": "urn:oid:", "UUID": "urn:uuid:", "GUID": "urn:uuid:"}


def table(value: str, name: Codes, *, otherwise: Any = None) -> str | None:
    """
    What a code table says for a code; the first column is read and the second given, unless from= and to= name them.

    >>> table("F", {"F": "female", "M": "male"})
    'female'
    """
    found = name.get(value)
    if found is None:
        raise Missed("the code is not in the table")
    return found or None


def default(value: Any | None, other: Any | None) -> Any:
    """
    The value, or where it is nothing the other one; the same as `??`.

    >>> default(None, "U")
    'U'
    """
    return other if value is None else value


def stable_id(first: Any, *more: Any) -> str:
    """
    An identifier made of the values: the same values give the same identifier, today and in ten years.

    >>> stable_id("MERCY", "000421")
    '8438d95b-8ad2-81c6-9b34-78a1797a1758'
    """
    return identities.identified("", (first, *more))


def base64(value: Any) -> str:
    """
    A text (as UTF-8) or bytes in base 64.

    >>> base64("Doe")
    'RG9l'
    """
    if not isinstance(value, str | bytes):
        raise Unreadable("only a text or bytes are written in base 64")
    if len(value) > LARGEST:
        raise Unreadable(f"at most {LARGEST} characters or bytes are written in base 64")
    return _base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def unbase64(value: str, *, otherwise: Any = None) -> bytes:
    """
    The bytes behind base 64; line breaks in it do not matter.

    >>> unbase64("RG9l")
    b'Doe'
    """
    try:
        return _base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("not base 64") from None


def check_digit(value: str, scheme: str = "M10") -> str:
    """
    The check digit of a number: `M10` and `M11` (HL7 v2.5.1 ch. 2.A.14.3), `NPI`, `GTIN`.

    >>> check_digit("123456789"), check_digit("123456789", "NPI"), check_digit("629104150021", "GTIN")
    ('7', '3', '3')
    """
    if not value.isascii() or not value.isdigit():
        raise Unreadable("a check digit is made of digits")
    numbers = [int(digit) for digit in reversed(value)]
    if scheme == "M11":
        total = sum(number * (at % 6 + 2) for at, number in enumerate(numbers))
        rest = -total % 11
        if rest == 10:
            raise Unreadable("this number has no check digit in M11")
        return str(rest)
    if scheme == "GTIN":
        return str(-sum(number * (3, 1)[at % 2] for at, number in enumerate(numbers)) % 10)
    if scheme not in ("M10", "NPI"):
        raise Unreadable("the schemes are M10, M11, NPI and GTIN")
    doubled = sum(sum(divmod(number * (2, 1)[at % 2], 10)) for at, number in enumerate(numbers))
    return str(-(doubled + (24 if scheme == "NPI" else 0)) % 10)


def uri(value: str, kind: str | None = "") -> str:
    """
    An identifier as a URI: an OID (`ISO`) or a UUID by its name space (RFC 3061, RFC 9562); others as they are, without blanks.

    >>> uri("2.16.840.1.113883.4.1", "ISO"), uri("F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6", "UUID"), uri("NIST MPI")
    ('urn:oid:2.16.840.1.113883.4.1', 'urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6', 'NIST%20MPI')
    """
    whole = value.strip() if value.isprintable() and " " not in value else _one_word(value)
    if ":" in whole or kind not in _SPACES:
        return whole
    return _SPACES[kind] + (whole if kind == "ISO" else whole.lower())


def _one_word(value: str) -> str:
    return "%20".join(value.split())
