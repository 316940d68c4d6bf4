"""Several interchanges in one file, and one interchange taken apart: each part is an interchange of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from engine.edi.document import parse
from engine.edi.edifact import EDIFACT
from engine.edi.edifact.sets import files, guide
from engine.edi.edifact.tokens import decoded, stretches
from engine.edi.names import loops as loops_of
from engine.edi.splitting import loops_named, taken_apart, with_bare
from engine.errors import MessageError
from engine.reading import Part, Reading

_HEADER = re.compile(rb"UNB[^A-Za-z0-9]")


def parts(raw: bytes, reading: Reading) -> Sequence[bytes] | None:
    """The interchanges in a file, in order, as they came; None where it is one, or none that can be read."""
    headers = _HEADER.finditer(raw)
    if next(headers, None) is None or next(headers, None) is None:
        return None
    try:
        text, codec = decoded(raw, reading.encoding)
        found = [text[each.start : each.end] for each in stretches(text)]
    except MessageError:
        return None
    return [each.encode(codec) for each in found] if len(found) > 1 else None


def splits(by: str, layout: Any = None) -> str:
    """What is wrong with `split: BY`, in words; empty where it can be."""
    guides = (guide(path) for found in files().values() for path in found.values())
    if by == "UNH" or any(loops_of(each, by) for each in guides):
        return ""
    return (
        f"'{by}' is no segment group of EDIFACT: split by UNH, or by a group such as SG25, LIN"
    )


def split(raw: bytes, reading: Reading, by: str) -> Iterable[bytes]:
    """
    One interchange for each message, or for each segment group of that name, with everything that stands around it and
    none of the others, its counts made again. A message without any is a part by itself, an interchange without any is
    given whole. MessageError where the parts would come to too much.
    """
    return (part.raw for part in parted(raw, reading, by))


def parted(raw: bytes, reading: Reading, by: str) -> Iterable[Part]:
    """See Format.parted: `line` is the number of the segment that begins the part, from 1."""
    document = parse(raw, reading, EDIFACT)
    found = with_bare(document, loops_named(document, by))
    return taken_apart(document, found, by) if found else [Part(raw=raw, line=1)]
