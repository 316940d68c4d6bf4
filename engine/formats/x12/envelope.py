"""Several interchanges in one file, and one interchange taken apart: each part is an interchange of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from engine.errors import MessageError
from engine.formats import Reading
from engine.formats.x12.document import Document, parse
from engine.formats.x12.loops import Loop
from engine.formats.x12.maps import guide, heads, parts as parts_of_map
from engine.formats.x12.marks import BLANK, marks_at
from engine.formats.x12.tokens import decoded, stretches

_HEADER = b"ISA"


def parts(raw: bytes, reading: Reading) -> Sequence[bytes] | None:
    """The interchanges in a file, in order, as they came; None where it is one, or none that can be read."""
    at = raw.find(_HEADER)
    if raw.find(_HEADER, at + 3) < 0:
        return None
    try:
        text, codec = decoded(raw, reading.encoding)
        found = [text[each.start : each.end] for each in stretches(text)]
    except MessageError:
        return None
    return [each.encode(codec) for each in found] if len(found) > 1 else None
