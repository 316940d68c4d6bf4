"""
JSON to dicts, lists, texts, numbers and truths. Numbers keep every digit (Decimal), and no name stands twice in one record.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from engine.errors import MessageError
from engine.records.encodings import NOT_JSON

#: Deepest nesting that is read.
DEPTH = 100

#: The largest power of ten of a number; floating point, in which others hold numbers, ends at 308 (IEEE 754).
LARGEST = 400
_BEYOND = f"a number in it is beyond 1e{LARGEST}"


def number(text: str) -> Decimal:
    """
    A number as it was written; MessageError where it is beyond all measure: written out it would fill the memory.

    >>> number("12.50"), number("1e3")
    (Decimal('12.50'), Decimal('1E+3'))
    """
    if "e" not in text and "E" not in text:
        return Decimal(text)
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise MessageError("not_json", _BEYOND) from None
    if not -LARGEST <= value.adjusted() <= LARGEST:
        raise MessageError("not_json", _BEYOND)
    return value


_BYTE = re.compile(r"\(byte (\d+)\)$")
_DECODER = msgspec.json.Decoder(float_hook=number)
#: Writes records; numbers with the digits they have.
ENCODER = msgspec.json.Encoder(decimal_format="number")


def decoded(text: bytes) -> Any:
    """
    UTF-8 to the document it is; MessageError `not_json` where it is none, or a name stands twice in one record.

    >>> decoded(b'{"price": 12.50}')
    {'price': Decimal('12.50')}
    """
    try:
        value = _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeError, ValueError, RecursionError) as error:
        raise MessageError("not_json", NOT_JSON + _where(text, str(error))) from None
    if _named_twice(text, _names(value)):
        raise MessageError(
            "not_json", "a name stands twice in one record; which is meant nobody can know"
        )
    return value


def _where(text: bytes, said: str) -> str:
    """
    Where it stops being JSON, as far as that is told.

    >>> _where(b'{\\n"a": tru}', "JSON is malformed: invalid character (byte 11)"), _where(b"{", "Input data was truncated")
    (', from line 2, column 10 on', ': it ends too early')
    """
    if "truncated" in said:
        return ": it ends too early"
    found = _BYTE.search(said)
    if found is None:
        return ""
    before = text[: int(found[1])]
    line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
    return f", from line {line}, column {column} on"


def _names(value: Any) -> int:
    """How many names its records have, level by level; MessageError where they stand too deep in one another."""
    level, count = [value], 0
    for _ in range(DEPTH):
        below: list[Any] = []
        for each in level:
            if type(each) is dict:
                count += len(each)
                below += [one for one in each.values() if type(one) in _NESTED]
            elif type(each) is list:
                below += [one for one in each if type(one) in _NESTED]
        if not below:
            return count
        level = below
    raise MessageError("not_json", f"nested more than {DEPTH} deep")


_NESTED = frozenset({dict, list})


def _named_twice(text: bytes, count: int) -> bool:
    """
    Whether more names are written than the records have (RFC 8259, 4; RFC 7493, 2.3 forbids it).

    Where no blank stands in front of a colon no fewer `":` are written than names: as many as names are none twice. Else the
    names are counted one by one.
    """
    if text.count(b'":') == count and _SPACED.search(text) is None:
        return False
    return sum(1 for found in _TEXT.finditer(text) if found[1]) > count


#: A text with blanks and a colon behind it, and a name in any form: a text that a colon follows.
_SPACED = re.compile(rb'"[ \t\r\n]+:')
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"[ \t\r\n]*+(:?)', re.DOTALL)
