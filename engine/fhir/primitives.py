"""
The primitive types of FHIR R4 (2.24.0.1): what their JSON is and what their text must match, for the compiled shapes and by itself.

A day that does not exist (2021-02-30) is refused by the expression already.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import Any

from engine.fhir import definitions

#: Bounds of numbers: 32 bits, signed.
_LARGEST = 2**31 - 1
_BOUNDS = {
    "integer": (-_LARGEST - 1, _LARGEST),
    "unsignedInt": (0, _LARGEST),
    "positiveInt": (1, _LARGEST),
}
_YEAR = r"(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_LEAP = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
#: Months and days that exist in every year; 29 February in some.
_DAY = (
    r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)"
    r"|(?:0[13578]|1[02])-31)"
)
_FULL = rf"(?:{_YEAR}-{_DAY}|{_LEAP}-02-29)"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_MOMENT = rf"{_FULL}T{_CLOCK}(?:Z|[+\-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_MONTH = rf"{_YEAR}(?:-(?:0[1-9]|1[0-2]))?"
#: In four characters each, padded (RFC 4648, 4).
_BASE64 = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})"
_PATTERNS = {
    "date": rf"(?:{_FULL}|{_MONTH})",
    "dateTime": rf"(?:{_MOMENT}|{_FULL}|{_MONTH})",
    "instant": _MOMENT,
    "time": _CLOCK,
    "base64Binary": _BASE64,
    "xhtml": "",
}
#: Texts, and how long they may be (2.24.0.1).
_TEXTS, _LONGEST = frozenset({"string", "markdown"}), 1024 * 1024
_BLANKS = re.compile(r"[ \t\r\n]+")

#: What is said of a text that is not of its type.
_RULES = {
    "boolean": "the value must be true or false, without quotes",
    "integer": "the value must be a whole number of 32 bits, without quotes",
    "unsignedInt": "the value must be a whole number, 0 to 2147483647, without quotes",
    "positiveInt": "the value must be a whole number, 1 to 2147483647, without quotes",
    "decimal": "the value must be a number, without quotes",
    "date": "the value must be a date that exists: 2021-02-28, 2021-02 or 2021",
    "dateTime": "the value must be a date that exists, 2021-02-28, 2021-02 or 2021, or a moment with its zone: "
    "2021-02-28T10:30:00+01:00",
    "instant": "the value must be a moment that exists, with its zone: 2021-02-28T10:30:00.000Z",
    "time": "the value must be a time of the day: 10:30:00",
    "base64Binary": "the value must be base64",
    "id": "an id is of 1 to 64 letters, digits, '-' and '.'",
    "code": "a code has no blank at its beginning or end, nor two in a row",
    "oid": "the value must be an OID: urn:oid:1.2.3",
    "uuid": "the value must be a UUID in lower case: urn:uuid: and 36 characters",
    "uri": "an address has no blanks",
    "url": "an address has no blanks",
    "canonical": "an address has no blanks",
}
_TEXT_RULE = "the text must not hold control characters"


@cache
def pattern(name: str) -> str:
    """The expression that the whole text of a type must match; empty where JSON has more to say than an expression."""
    if name in _BOUNDS or name in ("boolean", "decimal"):
        return ""
    return _PATTERNS[name] if name in _PATTERNS else definitions.of(name).pattern


def schema(name: str) -> dict[str, Any]:
    """
    The JSON Schema of a primitive type.

    >>> schema("boolean"), schema("positiveInt")["minimum"]
    ({'type': 'boolean'}, 1)
    """
    if name == "boolean":
        return {"type": "boolean"}
    if name == "decimal":
        return {"type": "number"}
    if name in _BOUNDS:
        least, most = _BOUNDS[name]
        return {"type": "integer", "whole": True, "minimum": least, "maximum": most}
    text = pattern(name)
    found: dict[str, Any] = {"type": "string", "minLength": 1}
    if name in _TEXTS:
        found["maxLength"] = _LONGEST
    return {**found, "pattern": f"^(?:{text})$"} if text else found


def wrong(name: str, value: Any) -> str:
    """
    The rule of the type that a value breaks; empty where it keeps all.

    >>> wrong("date", "2021-02-29"), wrong("date", "2020-02-29"), wrong("positiveInt", 3)
    ('the value must be a date that exists: 2021-02-28, 2021-02 or 2021', '', '')
    """
    if name == "boolean":
        good = isinstance(value, bool)
    elif name in _BOUNDS:
        least, most = _BOUNDS[name]
        good = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
    elif name == "decimal":
        good = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    elif not isinstance(value, str):
        return "the value must be a text, in quotes"
    elif not value:
        return "a text must not be empty"
    elif name in _TEXTS and len(value) > _LONGEST:
        return "a text has at most 1048576 characters"
    else:
        text = _BLANKS.sub("", value) if name == "base64Binary" else value
        good = not pattern(name) or _compiled(name).fullmatch(text) is not None
    return "" if good else _RULES.get(name, _TEXT_RULE)


@cache
def _compiled(name: str) -> re.Pattern[str]:
    return re.compile(pattern(name))
