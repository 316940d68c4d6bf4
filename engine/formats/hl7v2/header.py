"""What an acknowledgement needs of a message's header. Reads any bytes and never fails."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from engine.errors import MessageError
from engine.formats import Reading
from engine.formats.hl7v2.charset import decode, encode, readable
from engine.formats.hl7v2.marks import USUAL, Marks, delimiters, marks_of

_FIRST = re.compile(rb"(?:MSH|FHS|BHS)[^A-Za-z0-9\s][^\r\n]*")
_WIDE_FIRST = re.compile("(?:MSH|FHS|BHS)[^A-Za-z0-9\\s][^\r\n]*")
_DEFAULT = "MSH|^~\\&|||||||||P|2.5.1"
_NUMBER = re.compile(r"2(?:\.[0-9]{1,4}){0,4}")

_VERSION = (2, 5, 1)


@lru_cache(64)
def _version(said: str) -> tuple[int, ...]:
    number = _NUMBER.fullmatch(said)
    return tuple(int(one) for one in number[0].split(".")) if number else _VERSION


class Header(msgspec.Struct, frozen=True, gc=False):
    """The fields of MSH (or of FHS, BHS, which begin alike) as written, MSH-1 at 1."""

    fields: list[str]
    marks: Marks
    codec: str
    found: bool = True
    """Whether there was one at all."""

    def raw(self, number: int) -> str:
        """A field as written; empty where there is none."""
        return self.fields[number] if number < len(self.fields) else ""

    def part(self, number: int, component: int = 1) -> str:
        """A component of a field, as written."""
        raw, marks = self.raw(number), self.marks
        if not raw or raw.isalnum():
            return raw if component == 1 else ""
        parts = raw.split(marks.repetition)[0].split(marks.component)
        return parts[component - 1].strip() if component <= len(parts) else ""

    @property
    def is_message(self) -> bool:
        """Whether it is MSH."""
        return self.fields[0] == "MSH"

    @property
    def control(self) -> str:
        """MSH-10, or the batch's own number, as written."""
        return self.raw(10 if self.is_message else 11)

    @property
    def version(self) -> tuple[int, ...]:
        """MSH-12 as numbers; that of v2.5.1 where it says nothing that can be read."""
        return _version(self.part(12)) if self.is_message else _VERSION

    @property
    def reply(self) -> Marks:
        """The delimiters to answer in: the sender's, made complete where MSH-2 leaves some out."""
        text = self.marks.text
        if len(text) >= len(USUAL) + 1:
            return self.marks
        missing = [mark for mark in USUAL[len(text) - 1 :] if mark not in text]
        return marks_of(text + "".join(missing), self.codec)

    def write(self, text: str) -> bytes:
        """Text in the sender's character set, as well as that can be done."""
        if self.codec.startswith(("utf-16", "utf-32")):
            text = readable(text, "ascii")  # half a character cannot be written back
        return encode(text, self.codec, "ascii")


def header_of(raw: bytes, reading: Reading) -> Header:
    """The first header in the bytes; a plain one where there is none."""
    start = raw.find(b"MSH", 0, 64) if raw[:3] != b"MSH" else 0
    if start == 0 and raw[3:4] and not raw[3:4].isalnum() and b"\0" not in raw[:8]:
        line = raw[: _end(raw)]
    else:
        found = _FIRST.search(raw)
        if found is None:
            return _wide(raw, reading)
        line = found[0]
    try:
        decoded = decode(line, reading.encoding, "replace")
        return _made(decoded.exact or decoded.text, decoded.codec)
    except MessageError:
        return _made(line.decode("latin-1"), "iso8859-1")


def _end(raw: bytes) -> int:
    """Where the first line ends."""
    end = raw.find(b"\r")
    end = end if end >= 0 else len(raw)
    feed = raw.find(b"\n", 0, end)
    return feed if feed >= 0 else end


def _wide(raw: bytes, reading: Reading) -> Header:
    """Where the bytes may be of a wide set, or nothing at all."""
    try:
        decoded = decode(raw, reading.encoding, "replace")
        found = _WIDE_FIRST.search(decoded.text)
    except MessageError:
        found = None
    if found is None:
        made = _made(_DEFAULT, "ascii")
        return msgspec.structs.replace(made, found=False)
    return _made(found[0], decoded.codec)


def _made(line: str, codec: str) -> Header:
    try:
        marks = marks_of(delimiters(line), codec)
    except MessageError:
        return msgspec.structs.replace(_made(_DEFAULT, "ascii"), found=False)
    fields = line.split(marks.field)
    fields.insert(1, marks.field)
    return Header(fields, marks, codec)
