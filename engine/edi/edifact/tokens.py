"""
Bytes to interchanges and their segments (ISO 9735:1988 section 6, ISO 9735-1:2002 sections 6 and 9).

The service characters are those that UNA says, else the usual ones: `+` `:` `?` and `'`, and `*` for repetitions from syntax
version 4 on. Line breaks, blanks and indentation between segments are no content; a line break inside a segment (files
that were wrapped at a column) is none either, unless it is the terminator.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

from engine.edi.data import read
from engine.edi.edifact.words import FOLDER
from engine.edi.marks import ABSENT, BLANK, Marks
from engine.edi.release import LAST, hidden
from engine.edi.tokens import Stretch, segments_of
from engine.errors import MessageError

#: UNA, the six characters that it says, or UNB and a separator.
_START = re.compile(rf"(?:\xef\xbb\xbf)?[{BLANK}]*(?:UNA|UNB(?=[^A-Za-z0-9]))")
_MARK = b"\xef\xbb\xbf"
_CHARSET = re.compile(rb"UNB[^A-Za-z0-9]([A-Z]{4})[^A-Za-z0-9]")
_LATIN = "iso8859-1"
#: What a separator may not be.
_PLAIN = re.compile(r"[A-Za-z0-9]")
#: Length of a UNA without its terminator.
_ADVICE = 8
_SYNTAX = 200


@cache
def charsets() -> dict[str, str]:
    """Character sets by their names in UNB01-1."""
    found: dict[str, str] = read((FOLDER / "charsets.yaml").read_text("utf-8"))
    return found


def parsed(raw: bytes, encoding: str) -> tuple[str, str, Iterable[Stretch]]:
    """
    Text, character set and interchanges of the bytes.

    Raises MessageError where no interchange begins them, a separator cannot be one, or they are not in their character set.
    """
    text, codec = decoded(raw, encoding)
    found = list(stretches(text))
    shown = text[: found[0].start] + "".join([each.text for each in found])
    return shown, codec, found


def decoded(raw: bytes, encoding: str = "") -> tuple[str, str]:
    """
    The text, and the character set that gives the bytes back: that of the channel, else that of UNB01-1. The two sets that
    have no accents (UNOA, UNOB) are often said where there are some: these are read as UTF-8 or ISO 8859-1.

    Raises MessageError where the bytes are not in the set that is said.
    """
    said = _CHARSET.search(raw[:_SYNTAX].translate(None, b"\r\n"))
    name = said[1].decode() if said else "UNOA"
    codec = encoding or charsets().get(name, "ascii")
    if (codec == "ascii" and not raw.isascii()) or (raw.startswith(_MARK) and not encoding):
        codec = "utf-8"
    try:
        text = raw.decode(codec)
    except (UnicodeDecodeError, LookupError):
        if codec != "utf-8" or encoding:
            raise MessageError(
                "unreadable", f"the bytes are not in {codec}", "UNB01-1"
            ) from None
        return raw.decode(_LATIN), _LATIN
    if codec in ("iso2022_jp", "euc_kr") and text.encode(codec) != raw:
        return raw.decode(_LATIN), _LATIN
    return text, codec


class Masked(Stretch, gc=False):
    """One interchange: besides delimiters and segments, its text with released characters hidden (release.py)."""

    text: str = ""


def stretches(text: str) -> Iterator[Masked]:
    """The interchanges of a text, in order."""
    found = _START.match(text)
    if found is None:
        rule = "an EDIFACT interchange begins with UNA or UNB"
        raise MessageError("unreadable", rule, "UNB")
    at = found.end() - 3
    while at < len(text):
        marks, behind = marks_at(text, at)
        stop = _next_header(text, behind, marks)
        advice = text[at : at + _ADVICE + 1] if text.startswith("UNA", at) else ""
        masked = advice + hidden(text[at + len(advice) : stop], marks)
        yield Masked(marks, _lines(masked, marks), at, stop, masked)
        at = stop


def _lines(masked: str, marks: Marks) -> list[str]:
    if not masked.startswith("UNA"):
        return segments_of(masked, marks)
    return [masked[:_ADVICE], *segments_of(masked[_ADVICE + 1 :].lstrip(BLANK), marks)]


def marks_at(text: str, at: int) -> tuple[Marks, int]:
    """
    The delimiters of the interchange that begins there, and where to look for the next one.

    >>> marks_at("UNA:+,? 'UNB+UNOC:3+A+B+260101:1200+1'", 0)[0].decimal
    ','
    """
    component, element, decimal, release, repetition, segment = tuple(":+.?*'")
    start = at
    if text.startswith("UNA", at):
        said = text[at + 3 : at + _ADVICE + 1]
        if len(said) < 6 or "UNB" in said:
            raise MessageError("unreadable", "UNA says six service characters", "UNA")
        component, element, decimal, release, repetition, segment = tuple(said)
        start = at + _ADVICE + 1
        while text[start : start + 1] and text[start] in BLANK:
            start += 1
        if not text.startswith("UNB", start) and "UNB" not in _unwrapped(text, start):
            raise MessageError("unreadable", "behind UNA stands UNB", "UNB")
    elif (other := text[at + 3 : at + 4]) != element and text[at + 4 : at + 7] == "UNO":
        element = other
    if not text.startswith("UNA", at) and _ends_by_line(text, at, segment):
        segment = "\n"
    version = _version(_unwrapped(text, start), element, component)
    repeats = version >= "4" and repetition not in " " + BLANK
    marks = _made(
        element,
        component,
        repetition if repeats else ABSENT,
        segment,
        _end(text, start, segment),
        release if release != " " else ABSENT,
        "," if decimal == "," else ".",
    )
    return marks, start + 3


def _unwrapped(text: str, at: int) -> str:
    return text[at : at + 40].replace("\r", "").replace("\n", "")


def _version(head: str, element: str, component: str) -> str:
    """UNB01-2."""
    syntax = head.split(element, 2)[1:2]
    said = (syntax[0] if syntax else "").split(component, 2)
    return said[1] if len(said) > 1 else "1"


def _ends_by_line(text: str, at: int, segment: str) -> bool:
    """Whether line breaks are the terminators: no terminator in the header, and a segment begins behind the line."""
    line = text.find("\n", at)
    if line < 0 or segment in text[at:line]:
        return False
    return re.match(r"UN[HG][^A-Za-z0-9]", text[line + 1 : line + 5]) is not None


def _end(text: str, at: int, segment: str) -> str:
    """The line break behind the first terminator."""
    stop = text.find(segment, at) + 1
    behind = stop
    while stop and text[behind : behind + 1] and text[behind] in "\r\n":
        behind += 1
    return text[stop:behind] if stop else ""


@lru_cache(256)
def _made(
    element: str,
    component: str,
    repetition: str,
    segment: str,
    end: str,
    release: str,
    decimal: str,
) -> Marks:
    marks = Marks(element, component, repetition, segment, end, release, decimal)
    said = [
        one for one in (element, component, repetition, segment, release) if one is not ABSENT
    ]
    if len(set(said)) < len(said):
        raise MessageError("unreadable", "two service characters are the same", "UNA")
    for one in said:
        if _PLAIN.match(one) or one == " " or ord(one) > LAST or ord(one) == 0:
            raise MessageError("unreadable", "a service character cannot be one", "UNA")
    return marks


@lru_cache(256)
def _header(marks: Marks) -> re.Pattern[str]:
    """A terminator that is none itself, and the interchange behind it."""
    end, bar = re.escape(marks.segment), re.escape(marks.element)
    blank = BLANK.replace(marks.segment, "")
    return re.compile(rf"{end}[{blank}]*+(?=UNA[^A-Za-z0-9]{{5}}|UNB{bar}|UNB\+)")


def _next_header(text: str, at: int, marks: Marks) -> int:
    """Where the next interchange begins; the end of the text where there is none."""
    release = marks.release
    for found in _header(marks).finditer(text, at):
        before = found.start()
        while release is not ABSENT and before > at and text[before - 1] == release:
            before -= 1
        if (found.start() - before) % 2 == 0:
            return found.end()
    return len(text)
