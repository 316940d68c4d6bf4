"""Interchanges of any size as they come in: segments and elements in the memory of one block."""

from __future__ import annotations

import codecs
import gc
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from engine.edi.marks import BLANK, Marks, marks_at
from engine.edi.tokens import (
    FILL,
    START,
    Stretch,
    binary,
    masked,
    next_header,
    restored,
    segments_of,
    stretches,
)
from engine.errors import MessageError

#: Characters that are taken apart at once: what stays in the processor's cache.
_BLOCK = 16 * 1024
#: No header of an interchange is longer.
_HEADER = 200
#: Segments that are looked at more closely.
_WORDS = "ISA|IEA|BIN|BDS"
_LOOKED_AT = re.compile(rf"[{BLANK}]|{_WORDS}")

Batch = tuple[Marks, list[list[str]]]
"""Delimiters, and segments as lists of their elements, the name first."""


def stream(blocks: Iterable[bytes]) -> Iterator[Batch]:
    """
    Segments as they come in, some at a time.

    Bytes that are not UTF-8 come as surrogates. Raises MessageError where no interchange header begins the text.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    rest, marks = "", None
    for block in blocks:
        for at in range(0, len(block), _BLOCK):
            text = rest + decoder.decode(block[at : at + _BLOCK])
            if marks is None and len(text) < 2 * _HEADER:
                rest = text
                continue
            lines = _even(text, marks) if marks is not None else None
            if marks is not None and lines:
                rest = lines.pop()
                yield marks, _cut(lines, marks.element)
                continue
            whole, rest = _whole(text, marks)
            for stretch in _continued(whole, marks):
                marks = stretch.marks
                yield marks, _elements(stretch)
            rest = rest.lstrip("\r\n") if marks is not None and marks.end else rest
    for stretch in _continued(rest + decoder.decode(b"", True), marks):
        yield stretch.marks, _elements(stretch)


def _even(text: str, marks: Marks) -> list[str] | None:
    """
    The segments of a text that begins with one and goes on, and what is left; None where it has to be looked at: blanks,
    breaks, headers or binary data are where most have none.
    """
    term = marks.segment + marks.end
    lines = text.split(term)
    ends = len(lines) - 1
    if not ends or _LOOKED_AT.match(text) or _odd(marks).search(text) is not None:
        return None
    if not marks.end:
        return lines if "\n" not in text else None
    if text.count(marks.segment) - lines[-1].endswith(marks.segment) != ends:
        return None
    return lines if text.count("\n") == ends * term.count("\n") else None


@lru_cache(256)
def _odd(marks: Marks) -> re.Pattern[str]:
    """A segment that begins with a blank, is none, ends an interchange or begins one, or may hold binary data."""
    end = re.escape(marks.segment + marks.end)
    return re.compile(rf"{end}(?:[{BLANK}{re.escape(marks.segment)}]|{_WORDS})")


def _elements(stretch: Stretch) -> list[list[str]]:
    return _cut(stretch.lines, stretch.marks.element)


def _cut(lines: list[str], bar: str) -> list[list[str]]:
    """
    The elements of each segment. Thousands of lists that live for a moment: looking through them for cycles would take as
    long as making them.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        return [line.split(bar) for line in lines]
    finally:
        if on:
            gc.enable()


def _whole(text: str, marks: Marks | None) -> tuple[str, str]:
    """What can be read of a text that goes on, up to a terminator, and the rest."""
    if marks is None:
        found = START.match(text)
        if found is None:
            raise MessageError("unreadable", "an X12 interchange begins with ISA", "ISA")
        marks = marks_at(text, found.end() - 3)
    stop = text.rfind(marks.segment) + 1
    header = text.rfind("ISA", max(0, len(text) - _HEADER))
    if header > 0:
        stop = min(stop, header)
    if "BIN" in text or "BDS" in text:
        shadow, _ = masked(text, marks)
        for found in binary(marks).finditer(shadow):
            cut = int(found[1]) >= len(text) - found.end()
            if cut and not shadow.startswith(FILL, found.end()):
                stop = min(stop, found.start() + text.startswith(marks.segment, found.start()))
    return text[:stop], text[stop:]


def _continued(text: str, marks: Marks | None) -> Iterator[Stretch]:
    """Interchanges of a text that may begin in the middle of one."""
    if not text or text.isspace() or not text.strip(BLANK):
        return
    if marks is None or START.match(text):
        yield from stretches(text)
        return
    shadow, data = masked(text, marks)
    stop = next_header(shadow, 0, marks)
    lines = segments_of(shadow[:stop].lstrip(BLANK), marks)
    yield Stretch(marks, restored(lines, data) if data else lines, 0, stop)
    if stop < len(text):
        yield from stretches(text[stop:])
