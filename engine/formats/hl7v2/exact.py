"""
Rendering in character sets where one text has several byte forms (Shift_JIS, ISO 2022, Big5): what no rule named
keeps its own bytes, whole segments and, in a segment that was edited, whole fields.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.formats.hl7v2.charset import encode

if TYPE_CHECKING:
    from engine.formats.hl7v2.edit import Editor, Line


def exact_bytes(editor: Editor, unmappable: str) -> bytes:
    """The edited message, made of the original's bytes wherever it has not been edited."""
    codec, raw = editor.source.decoded.codec, editor.source.raw
    offsets = _offsets(raw, codec)
    starts, at = [], len(editor.before)
    for was, end in zip(*editor.original, strict=True):
        starts.append(at)
        at += len(was) + len(end)

    def original(start: int, size: int) -> bytes:
        return raw[offsets[start] : offsets[start + size]]

    out = [original(0, len(editor.before))]
    for line in editor.lines:
        if line.origin < 0 or line.end != editor.original[1][line.origin]:
            out.append(encode(line.text() + line.end, codec, unmappable))
        elif not line.touched:
            out.append(original(starts[line.origin], len(line.was) + len(line.end)))
        else:
            out.append(_edited(line, starts[line.origin], original, codec, unmappable))
    return b"".join(out)


def _edited(
    line: Line, start: int, original: Callable[[int, int], bytes], codec: str, unmappable: str
) -> bytes:
    """A segment, each field with the separator or line end behind it: shifts between sets end before those."""
    field, out = line.marks.field, []
    before, after = line.was.split(field), line.text().split(field)
    for at, now in enumerate(after):
        last = at == len(after) - 1
        same = at < len(before) and before[at] == now and last == (at == len(before) - 1)
        end = line.end if last else field
        if same:
            out.append(original(start, len(now) + len(end)))
        else:
            out.append(encode(now + end, codec, unmappable))
        start += len(before[at]) + 1 if at < len(before) else 0
    return b"".join(out)


def _offsets(raw: bytes, codec: str) -> list[int]:
    """Where the bytes of each character begin, and where the last ends."""
    decoder = codecs.getincrementaldecoder(codec)("corridor.keep")
    offsets = [0]
    for at in range(len(raw)):
        made = decoder.decode(raw[at : at + 1], at == len(raw) - 1)
        offsets.extend([at + 1] * len(made))
    return offsets
