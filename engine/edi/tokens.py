"""
Bytes to segments.

Line breaks, blanks and no-break spaces between segments are no content. A line break inside a segment (files that
were wrapped at a column) is none either, unless it is the terminator. The data of BIN and BDS is taken by its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from engine.edi.marks import BLANK, Marks, marks_at
from engine.errors import MessageError

START = re.compile(rf"[{BLANK}]*ISA(?=[^A-Za-z0-9])")
_BINARY = re.compile(rb"(?:^|[^A-Za-z0-9])(?:BIN|BDS)[^A-Za-z0-9]")
_CLOSED = re.compile(r"IEA[^A-Za-z0-9]\d*[^A-Za-z0-9]\w*$")
_BREAKS = str.maketrans("", "", "\r\n")
_LATIN = "iso8859-1"
#: Stands for each byte of binary data while segments are looked for.
FILL = "\ue002"
_FILLED = re.compile(f"{FILL}+")


class Stretch(msgspec.Struct, gc=False):
    """One interchange of a text: its delimiters and its segments as written, blanks around them taken off."""

    marks: Marks
    lines: list[str]
    start: int
    end: int


def decoded(raw: bytes, encoding: str = "") -> tuple[str, str]:
    """
    The text of the bytes and the character set that gives the bytes back. UTF-8 where it is, else one character each
    byte; with binary segments always the latter, so that their lengths count bytes.

    Raises MessageError where the bytes are not in the set that the channel names.
    """
    if _BINARY.search(raw):
        return raw.decode(_LATIN), _LATIN
    try:
        return raw.decode(encoding or "utf-8"), encoding or "utf-8"
    except (UnicodeDecodeError, LookupError):
        if encoding:
            raise MessageError("unreadable", f"the bytes are not in {encoding}") from None
        return raw.decode(_LATIN), _LATIN


def stretches(text: str) -> Iterator[Stretch]:
    """
    The interchanges of a text, in order.

    Raises MessageError where it does not begin with an interchange header.
    """
    found = START.match(text)
    if found is None:
        raise MessageError("unreadable", "an X12 interchange begins with ISA", "ISA")
    at = found.end() - 3
    shadow, data = masked(text, marks_at(text, at))
    while at < len(shadow):
        marks = marks_at(shadow, at)
        stop = next_header(shadow, at + 3, marks)
        lines = segments_of(shadow[at:stop], marks)
        yield Stretch(marks, restored(lines, data) if data else lines, at, stop)
        at = stop


def next_header(text: str, at: int, marks: Marks) -> int:
    """Where the next ISA begins behind a terminator; the end of the text where there is none."""
    blank = BLANK.replace(marks.segment, "")
    while (at := text.find("ISA", at)) >= 0:
        before = text[max(0, at - 60) : at].rstrip(blank)
        following = text[at + 3 : at + 4]
        ended = before.endswith(marks.segment) or _CLOSED.search(before)
        if ended and following and not following.isalnum() and following not in BLANK:
            return at
        at += 3
    return len(text)


def masked(text: str, marks: Marks) -> tuple[str, list[str]]:
    """The text with the data of its binary segments (BIN, BDS) painted over, and the data."""
    if "BIN" not in text and "BDS" not in text:
        return text, []
    pieces, data, at = list[str](), list[str](), 0
    pattern = binary(marks)
    while (found := pattern.search(text, at)) is not None:
        start = found.end()
        end = start + int(found[1])
        if end > start and text[end : end + 1] == marks.segment:
            pieces += (text[at:start], FILL * (end - start))
            data.append(text[start:end])
            at = end
        else:
            pieces.append(text[at:start])
            at = start
    return "".join([*pieces, text[at:]]), data[::-1]


def restored(lines: list[str], data: list[str]) -> list[str]:
    """The segments with their data; takes what it uses from the end of the list."""
    return [_FILLED.sub(lambda _: data.pop(), line) if FILL in line else line for line in lines]


def binary(marks: Marks) -> re.Pattern[str]:
    """The start of a binary segment, up to its data; the group is the length that it says."""
    bar, end = re.escape(marks.element), re.escape(marks.segment)
    named = rf"(?:BIN|BDS{bar}[A-Z0-9]{{3}}){bar}(\d{{1,9}}){bar}"
    return re.compile(rf"(?:^|{end})[{BLANK}]*{named}")


def segments_of(text: str, marks: Marks) -> list[str]:
    """The segments of one interchange as written, without terminators and the blanks between them."""
    lines = text.split(marks.segment + marks.end)
    last = lines.pop().rstrip(BLANK)
    if last:
        lines.append(last.removesuffix(marks.segment))
    if _is_even(text, lines, marks):
        if marks.end and text.count("\n") > text.count(marks.segment + marks.end):
            lines = [piece for line in lines for piece in unended(marks).split(line)]
        if text[:1].isalnum() and _uneven(marks).search(text) is None:
            return lines
        return _trimmed(lines)
    if marks.segment not in "\r\n" and ("\n" in text or "\r" in text):
        text = text.translate(_BREAKS)
    return _trimmed(text.split(marks.segment))


@lru_cache(256)
def unended(marks: Marks) -> re.Pattern[str]:
    """A line break behind which a segment begins, where the terminator before it was forgotten."""
    return re.compile(rf"[\r\n]+(?=[A-Z][A-Z0-9]{{1,2}}{re.escape(marks.element)})")


def _is_even(text: str, lines: list[str], marks: Marks) -> bool:
    """Whether every line break stands behind a terminator, and behind every terminator one."""
    ends = text.count(marks.segment)
    if len(lines) not in (ends, ends + 1):
        return False
    if len(lines) == ends:  # where the last is not ended, another has a terminator in it
        blank = BLANK.replace(marks.segment, "")
        if not text.rstrip(blank).endswith(marks.segment):
            return False
    breaks = text.rstrip(BLANK).count("\n") if marks.segment != "\n" else 0
    return breaks <= ends * marks.end.count("\n")


def _trimmed(lines: list[str]) -> list[str]:
    return [line for each in lines if (line := each.strip(BLANK))]


@lru_cache(256)
def _uneven(marks: Marks) -> re.Pattern[str]:
    """A segment that begins with a blank, or is none."""
    end = re.escape(marks.segment + marks.end)
    return re.compile(rf"{end}[{BLANK}{re.escape(marks.segment)}]")
