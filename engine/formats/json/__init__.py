"""
JSON documents: one object or list a message, or one a line. `format: json` in a channel; its paths also read canonical entities.

Numbers keep every digit (Decimal). The answer is a small JSON object with the id under which support finds the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from engine.errors import MessageError
from engine.formats import Reading
from engine.formats.json.encodings import NOT_JSON, to_utf8
from engine.formats.json.lines import in_blocks, parted_blocks, survey
from engine.formats.json.paths import RecordPaths
from engine.formats.json.splitting import parts, split, splits
from engine.message import Receipt, Verdict, short_id

__all__ = [
    "JsonDocument",
    "JsonEdit",
    "acknowledge",
    "in_blocks",
    "parse",
    "parted_blocks",
    "parts",
    "paths",
    "refuse",
    "split",
    "splits",
    "survey",
    "tree",
    "unique",
]

paths = RecordPaths()
unique: tuple[str, ...] = ()

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


_DECODER = msgspec.json.Decoder(float_hook=number)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
#: Reasons after which the sender is told that the message was not taken over.
_REFUSED = frozenset({Verdict.QUARANTINED})


class JsonDocument:
    """A parsed document; its value is made of dicts, lists, texts, numbers and truths."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def kind(self) -> str:
        """JSON does not say what it is."""
        return ""

    def control(self) -> str:
        """JSON has no number of its own."""
        return ""

    def processing(self) -> str:
        """JSON does not say whether it is a test."""
        return ""

    def edit(self) -> JsonEdit:
        """A copy that may be changed."""
        return JsonEdit(deepcopy(self.value))


class JsonEdit:
    """A document being changed."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def render(self) -> bytes:
        """The document as bytes."""
        return _ENCODER.encode(self.value)

    def document(self) -> JsonDocument:
        """The document as it is now."""
        return JsonDocument(deepcopy(self.value))


def parse(raw: bytes, reading: Reading) -> JsonDocument:
    """
    Bytes to document; MessageError `not_json` where they are none.

    >>> parse(b'{"price": 12.50}', Reading()).value
    {'price': Decimal('12.50')}
    """
    text = to_utf8(raw, reading)
    try:
        value = _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeError, ValueError, RecursionError):
        raise MessageError("not_json", NOT_JSON) from None
    if _named_twice(text, _names(value, DEPTH)):
        raise MessageError(
            "not_json", "a name stands twice in one record; which is meant nobody can know"
        )
    return JsonDocument(value)


def _names(value: Any, left: int) -> int:
    """How many names its records have; MessageError where they stand too deep in one another."""
    if not isinstance(value, dict | list):
        return 0
    if not left:
        raise MessageError("not_json", f"nested more than {DEPTH} deep")
    count, inner = (len(value), value.values()) if isinstance(value, dict) else (0, value)
    for each in inner:
        if isinstance(each, dict | list):
            count += _names(each, left - 1)
    return count


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


def acknowledge(raw: bytes, receipt: Receipt, reading: Reading, now: float) -> bytes:
    """
    The id and the verdict, and for a message that cannot be processed the reason.

    >>> acknowledge(b"", Receipt(id=236_691, verdict=Verdict.ACCEPTED), Reading(), 0)
    b'{"id":"774K-6","verdict":"accepted"}'
    """
    said = {"id": short_id(receipt.id), "verdict": str(receipt.verdict)}
    if receipt.reason:
        said["reason"] = receipt.reason
    if receipt.detail and receipt.verdict in _REFUSED:
        said["detail"] = receipt.detail
    return _ENCODER.encode(said)


def refuse(raw: bytes, reading: Reading, now: float, why: str) -> bytes:
    """
    Nothing was kept; the sender tries again.

    >>> refuse(b"", Reading(), 0, "the queue is full")
    b'{"verdict":"not_kept","reason":"the queue is full"}'
    """
    return _ENCODER.encode({"verdict": "not_kept", "reason": why})


def tree(document: JsonDocument) -> Iterator[tuple[int, str, str, str]]:
    """
    Depth, path, name, value of every field.

    >>> list(tree(JsonDocument({"a": {"b": [1]}})))
    [(0, 'a', 'a', ''), (1, 'a.b', 'b', ''), (2, 'a.b[0]', '[0]', '1')]
    """
    if isinstance(document.value, dict | list):
        yield from _branches(document.value, "", 0)
    else:
        yield 0, "", "", "" if document.value is None else str(document.value)


def _branches(value: Any, path: str, depth: int) -> Iterator[tuple[int, str, str, str]]:
    if isinstance(value, dict):
        named = [
            (name, f"{path}.{name}" if path else name, each) for name, each in value.items()
        ]
    else:
        named = [(f"[{at}]", f"{path}[{at}]", each) for at, each in enumerate(value)]
    for name, inner, each in named:
        if isinstance(each, dict | list):
            yield depth, inner, name, ""
            yield from _branches(each, inner, depth + 1)
        else:
            yield depth, inner, name, "" if each is None else str(each)
