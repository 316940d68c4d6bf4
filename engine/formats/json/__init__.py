"""
JSON documents: one object or list a message, or one a line. `format: json` in a channel; its paths also read canonical entities.

Numbers keep every digit (Decimal). The answer is a small JSON object with the id under which support finds the message.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from engine.formats import Reading
from engine.formats.json.splitting import parts, split, splits
from engine.message import Receipt, Verdict, short_id
from engine.records.branches import branches
from engine.records.decoding import ENCODER, decoded
from engine.records.encodings import to_utf8
from engine.records.lines import in_blocks, parted_blocks, survey
from engine.records.paths import RecordPaths

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
        return ENCODER.encode(self.value)

    def document(self) -> JsonDocument:
        """The document as it is now."""
        return JsonDocument(deepcopy(self.value))


def parse(raw: bytes, reading: Reading) -> JsonDocument:
    """
    Bytes to document; MessageError `not_json` where they are none.

    >>> parse(b'{"price": 12.50}', Reading()).value
    {'price': Decimal('12.50')}
    """
    return JsonDocument(decoded(to_utf8(raw, reading)))


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
    return ENCODER.encode(said)


def refuse(raw: bytes, reading: Reading, now: float, why: str) -> bytes:
    """
    Nothing was kept; the sender tries again.

    >>> refuse(b"", Reading(), 0, "the queue is full")
    b'{"verdict":"not_kept","reason":"the queue is full"}'
    """
    return ENCODER.encode({"verdict": "not_kept", "reason": why})


def tree(document: JsonDocument) -> Iterator[tuple[int, str, str, str]]:
    """
    Depth, path, name, value of every field.

    >>> list(tree(JsonDocument({"a": {"b": [1]}})))
    [(0, 'a', 'a', ''), (1, 'a.b', 'b', ''), (2, 'a.b[0]', '[0]', '1')]
    """
    if isinstance(document.value, dict | list):
        yield from branches(document.value)
    else:
        yield 0, "", "", "" if document.value is None else str(document.value)
