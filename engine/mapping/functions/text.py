"""Functions of text."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from typing import Any

from engine.mapping.signatures import Pattern, Whole
from engine.mapping.values import Unreadable, text_of

#: No function makes a text longer than this many characters, unless it was so long before.
LONGEST = 1_000_000
#: And none puts texts together to more than this many: documents come in pieces.
LARGEST = 16_000_000


def upper(value: str) -> str:
    """
    The text in capital letters.

    >>> upper("Doe")
    'DOE'
    """
    return value.upper()


def lower(value: str) -> str:
    """
    The text in small letters.

    >>> lower("Doe")
    'doe'
    """
    return value.lower()


def trim(value: str) -> str | None:
    """
    The text without spaces and line breaks at both ends; nothing where nothing is left.

    >>> trim("  Doe ")
    'Doe'
    """
    return value.strip() or None


def replace(value: str, part: str, by: str) -> str | None:
    """
    The text with every `part` replaced, letter for letter.

    >>> replace("12-34", "-", "/")
    '12/34'
    """
    if not part:
        raise Unreadable("the part to replace is empty")
    growth = value.count(part) * (len(by) - len(part)) if len(by) > len(part) else 0
    if growth and len(value) + growth > LONGEST:
        raise Unreadable(f"the text grows beyond {LONGEST} characters")
    return value.replace(part, by) or None


def split(value: str, by: str) -> list[str]:
    """
    The parts between the separators; empty ones are left out.

    >>> split("a, b", ", ")
    ['a', 'b']
    """
    if not by:
        raise Unreadable("the separator is empty")
    return [part for part in value.split(by) if part]


def join(values: list[Any], by: str) -> str | None:
    """
    The texts of a list as one text.

    >>> join(["a", "b"], ", ")
    'a, b'
    """
    texts = [text_of(value) for value in values]
    if sum(map(len, texts)) + len(by) * len(texts) > LARGEST:
        raise Unreadable(f"the text grows beyond {LARGEST} characters")
    return by.join(texts) or None


def length(value: str) -> Decimal:
    """
    How many characters the text has.

    >>> length("Doe")
    Decimal('3')
    """
    return Decimal(len(value))


def left(value: str, count: Whole) -> str | None:
    """
    The first characters of the text.

    >>> left("60601-1234", 5)
    '60601'
    """
    return value[: max(count, 0)] or None


def right(value: str, count: Whole) -> str | None:
    """
    The last characters of the text.

    >>> right("60601-1234", 4)
    '1234'
    """
    return value[-count:] if count > 0 else None


def pad(value: Any, width: Whole, fill: str = "0") -> str:
    """
    The text, or the digits of the number, filled up in front to a width; a longer one stays as it is.

    >>> pad("42", 5), pad(Decimal(42), 5)
    ('00042', '00042')
    """
    if len(fill) != 1 or not 0 <= width <= LONGEST:
        raise Unreadable("it is filled with one character, to at most a million")
    return text_of(value).rjust(width, fill)


def contains(value: str, part: str) -> bool:
    """
    Whether the part stands somewhere in the text.

    >>> contains("CEFAZOLIN 1 G", "1 G")
    True
    """
    return part in value


def starts_with(value: str, part: str) -> bool:
    """
    Whether the text begins with the part.

    >>> starts_with("CEFAZOLIN", "CEF")
    True
    """
    return value.startswith(part)


def ends_with(value: str, part: str) -> bool:
    """
    Whether the text ends with the part.

    >>> ends_with("scan.pdf", ".pdf")
    True
    """
    return value.endswith(part)


def matches(value: str, pattern: Pattern) -> bool:
    r"""
    Whether the whole text has the form of the regular expression (RE2: linear time, no back references).

    >>> import re2
    >>> matches("A12", re2.compile(r"[A-Z]\d+"))
    True
    """
    return pattern.fullmatch(value) is not None


def capture(value: str, pattern: Pattern) -> str | None:
    r"""
    What the pattern finds first: its first group, or all of it where it has none.

    >>> import re2
    >>> capture("LOT: 77A", re2.compile(r"LOT: (\w+)"))
    '77A'
    """
    found = pattern.search(value)
    if found is None:
        return None
    said: str | None = found.group(1 if pattern.groups else 0)
    return said or None


def digits(value: str) -> str | None:
    """
    Only the digits of the text.

    >>> digits("(312) 555-0100")
    '3125550100'
    """
    return "".join(sign for sign in value if sign in "0123456789") or None


def ascii(value: str) -> str:
    """
    The text in plain ASCII: accents are dropped, what has no ASCII form becomes a question mark.

    >>> ascii("Müller-Ødegård")
    'Muller-Odegard'
    """
    known = value.translate(_ASCII)
    parts = unicodedata.normalize("NFKD", known)
    return (
        "".join(sign for sign in parts if not unicodedata.combining(sign))
        .encode("ascii", "replace")
        .decode()
    )


def plain(value: str) -> str | None:
    r"""
    The text in one line: line breaks, tabs and control characters become single spaces.

    >>> plain("Call\r\n  first")
    'Call first'
    """
    seen = "".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in value)
    return " ".join(seen.split()) or None


_ASCII = str.maketrans(
    {"ß": "ss", "Ø": "O", "ø": "o", "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Ł": "L", "ł": "l",
     "Đ": "D", "đ": "d", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "\u00a0": " "}
)  # fmt: skip
