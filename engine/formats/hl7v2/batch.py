"""Batches (HL7 v2.5.1 ch. 2.10.3): FHS and BHS around messages, their trailers there or not, or messages in a row."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.formats import Reading
from engine.formats.hl7v2.charset import narrow, widen

_STARTS = re.compile(rb"(?:(?<=[\r\n])|\A)[ \t\x0b]*(FHS|BHS|MSH|BTS|FTS)(?=[^A-Za-z0-9]|\Z)")
_LINE = re.compile(rb"[^\r\n]*(?:\r\n?|\n|\Z)")
_HEADS = (b"FHS", b"BHS")


def parts(raw: bytes, reading: Reading) -> tuple[bytes, ...] | None:
    """
    The messages inside a batch, in order, as they came; None where it is one message.

    Several messages in a row without a header are a batch too. A batch may be empty.
    """
    if raw[:3] == b"MSH" and raw.find(b"MSH", 3) < 0:
        return None
    narrowed, codec = narrow(raw)
    pieces = list(_pieces(narrowed))
    messages = [narrowed[start:end] for name, start, end in pieces if name == b"MSH"]
    if len(messages) < 2 and not any(name in _HEADS for name, _, _ in pieces):
        return None
    return tuple(widen(message, codec) for message in messages)


def envelope(raw: bytes) -> bytes:
    """
    A batch without its content: headers, trailers and the MSH of each message. All that its acknowledgement
    needs: `acknowledge` gives the same answer for it as for the batch.
    """
    narrowed, codec = narrow(raw)
    return widen(b"".join(line for _, line in headers(narrowed)), codec)


def headers(narrowed: bytes) -> Iterator[tuple[bytes, bytes]]:
    """FHS, BHS, MSH, BTS and FTS of a batch in narrow bytes: name and line with its end."""
    for name, start, _ in _pieces(narrowed):
        found = _LINE.match(narrowed, start)
        yield name, found[0] if found else b""


def _pieces(narrowed: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of each header, message and trailer."""
    found = list(_STARTS.finditer(narrowed))
    for at, one in enumerate(found):
        end = found[at + 1].start(1) if at + 1 < len(found) else len(narrowed)
        yield one[1], one.start(1), end
