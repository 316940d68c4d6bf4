"""
Character sets (HL7 v2.5.1 ch. 2.15.9.18, table 0211): bytes to text and back, without losing a byte.

Which one holds: `encoding:` of the channel; else a byte order mark; else the first repetition of MSH-18, or the
ISO 2022 sets among its repetitions where the bytes shift between sets. Without MSH-18 the standard says ASCII; as
UTF-8 contains it and is hardly ever met by chance, bytes beyond ASCII are read as UTF-8, or not at all: a guess at
a national set would corrupt names silently.
"""

from __future__ import annotations

import codecs
import unicodedata
from functools import cache, lru_cache

import msgspec

from engine.errors import MessageError
from engine.formats.hl7v2.shipped import content

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED = (
    (b"M\0\0\0S\0\0\0", "utf-32-le"),
    (b"\0\0\0M\0\0\0S", "utf-32-be"),
    (b"M\0S\0", "utf-16-le"),
    (b"\0M\0S", "utf-16-be"),
)
_WIDE = ("utf-16", "utf-32")
#: Where `corridor.keep` puts a byte that it cannot read.
_KEPT = 0xDC00
_STAND_IN = {
    "replace": {_KEPT + byte: "\ufffd" for byte in range(256)},
    "ascii": {_KEPT + byte: "?" for byte in range(256)},
}


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """A message as text."""

    text: str
    """What people and mappings read."""
    codec: str
    mark: bytes = b""
    """The byte order mark that stood before it."""
    exact: str = ""
    """The same text with unreadable bytes kept, so that it encodes to the bytes as they came; empty = text does."""


def decode(raw: bytes, encoding: str, unmappable: str) -> Decoded:
    """
    The text of a message.

    Raises MessageError naming the field in which a byte stands that the character set does not have, unless
    `unmappable` says to replace it (by U+FFFD, or by a question mark with `ascii`).
    """
    if not encoding and raw[:3] == b"MSH" and raw.isascii() and b"\x1b" not in raw:
        return Decoded(raw.decode("ascii"), _codec_of_plain(raw))
    mark, codec = _codec(raw, encoding)
    body = raw[len(mark) :]
    try:
        return Decoded(body.decode(codec), codec, mark)
    except UnicodeDecodeError as error:
        if unmappable == "quarantine":
            place = where(body[: error.start].decode(codec, "ignore"))
            rule = f"a byte is not in the character set of the message ({codec}); set encoding: or MSH-18"
            raise MessageError("unmappable_character", rule, place) from None
    exact = body.decode(codec, "corridor.keep")
    return Decoded(readable(exact, unmappable), codec, mark, exact)


def readable(exact: str, unmappable: str) -> str:
    """Text in which stand-ins take the place of kept bytes."""
    return exact.translate(_STAND_IN.get(unmappable, _STAND_IN["replace"]))


def encode(text: str, codec: str, unmappable: str) -> bytes:
    """
    Text to bytes; kept bytes come back as they were.

    Raises MessageError for a character that the set does not have, unless `unmappable` says otherwise: `replace`
    gives a question mark, `ascii` the nearest plain letters.
    """
    try:
        return text.encode(codec, "corridor.keep")
    except UnicodeEncodeError as error:
        if unmappable == "quarantine":
            raise _missing(error, codec) from None
    return text.encode(codec, f"corridor.{unmappable}")


def strictly(text: str, codec: str) -> bytes:
    """Text that was never bytes, to bytes; MessageError for a character that the set does not have."""
    try:
        return text.encode(codec)
    except UnicodeEncodeError as error:
        raise _missing(error, codec) from None


def _missing(error: UnicodeEncodeError, codec: str) -> MessageError:
    rule = f"a character that was written is not in the character set of the message ({codec})"
    return MessageError("unmappable_character", rule, where(error.object[: error.start]))


def where(before: str) -> str:
    """
    The field that begins or goes on behind this text: for errors.

    >>> where("MSH|^~\\\\&|A\\rPID|1||")
    'PID-3'
    """
    start = max(before.rfind("\r"), before.rfind("\n")) + 1
    header = before.lstrip()
    line, field = before[start:].lstrip(), header[3:4] or "|"
    name, count = line[:3], line.count(field)
    return f"{name}-{count + (name == 'MSH')}" if count else name


def codec_of(name: str) -> str:
    """
    Python's name for a character set of table 0211, of `encoding:` or of common misuse.

    Raises MessageError where there is none.

    >>> codec_of("8859/15"), codec_of("UNICODE UTF-8"), codec_of("windows-1252")
    ('iso8859-15', 'utf-8', 'cp1252')
    """
    found = _by_name(name.strip().upper())
    if not found:
        rule = "this character set is not in HL7 table 0211, or there is no codec for it"
        raise MessageError("unsupported_character_set", rule, "MSH-18")
    return found


@lru_cache(256)
def _by_name(name: str) -> str:
    if name in (table := _table()):
        return table[name]
    try:
        return codecs.lookup(name.removeprefix("UNICODE ")).name.removesuffix("-sig")
    except LookupError:
        return ""


@cache
def _table() -> dict[str, str]:
    return msgspec.json.decode(content("charsets.json"), type=dict[str, str])


def narrow(raw: bytes) -> tuple[bytes, str]:
    """The bytes without a byte order mark, as UTF-8 where they are of a wide set, and that set's codec or ``."""
    mark, codec = next(((b, codec) for b, codec in _MARKS if raw.startswith(b)), (b"", ""))
    if not mark:
        plain = raw.lstrip(b" \t\r\n\x0b")[:8]
        codec = next((codec for start, codec in _UNMARKED if plain.startswith(start)), "")
    if codec in ("", "utf-8"):
        return raw[len(mark) :], ""
    return raw[len(mark) :].decode(codec, "replace").encode(), codec


def widen(narrowed: bytes, codec: str) -> bytes:
    """What `narrow` made, back in its set."""
    return narrowed.decode(errors="replace").encode(codec) if codec else narrowed


def _codec_of_plain(raw: bytes) -> str:
    """What to write in, when all bytes are ASCII; most messages have no MSH-18 to look at."""
    end = raw.find(b"\r")
    if end < 4 or raw.find(b"\n", 0, end) >= 0:
        return declared(raw)
    fields = raw[:end].split(raw[3:4], 18)
    return _plain(fields[17], fields[1][1:2]) if len(fields) > 17 else "ascii"


@lru_cache(256)
def _plain(said: bytes, repetition: bytes) -> str:
    """What MSH-18 means where the bytes are plain ASCII."""
    names = said.split(repetition) if repetition else [said]
    first = next((name for name in names if name.strip()), b"")
    codec = codec_of(first.decode("ascii")) if first else "ascii"
    return "utf-8" if codec in _WIDE else codec


def _codec(raw: bytes, encoding: str) -> tuple[bytes, str]:
    mark, found = next(((b, codec) for b, codec in _MARKS if raw.startswith(b)), (b"", ""))
    if not found:
        plain = raw.lstrip(b" \t\r\n\x0b")[:8]
        found = next((codec for start, codec in _UNMARKED if plain.startswith(start)), "")
    if not encoding:
        return mark, found or declared(raw)
    codec = codec_of(encoding)
    if codec in _WIDE:
        return mark, found or f"{codec}-le"
    return mark, codec


def declared(raw: bytes) -> str:
    """The codec that the bytes' own MSH-18 asks for."""
    names = _names(raw)
    if not any(names):
        return "ascii" if raw.isascii() else "utf-8"
    if b"\x1b" in raw and (shifting := [n for n in names if "2022" in _by_name(n.upper())]):
        return codec_of(shifting[0])
    first = next(name for name in names if name)
    if first is not names[0] and not raw.isascii():
        return codec_of(first)
    codec = codec_of(names[0]) if names[0] else "ascii"
    if codec in _WIDE or (codec == "ascii" and not raw.isascii()):
        return "utf-8"  # the bytes are not what MSH-18 says: it could be read
    return codec


def _names(raw: bytes) -> list[str]:
    """The repetitions of MSH-18."""
    start = raw.find(b"MSH")
    if start < 0:
        return []
    line = raw[start : start + 4000].splitlines()[0]
    if len(line) < 4:
        return []
    fields = line.split(line[3:4])
    mark = line[5:6]
    if len(fields) <= 17 or not fields[17].strip():
        return []
    names = fields[17].split(mark) if mark else [fields[17]]
    return [name.decode("ascii", "replace").strip() for name in names]


def _keep(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeDecodeError):
        bad = error.object[error.start : error.end]
        return "".join(chr(_KEPT + byte) for byte in bad), error.end
    if isinstance(error, UnicodeEncodeError):
        code = ord(error.object[error.start]) - _KEPT
        if 0 <= code < 256:
            return bytes([code]), error.start + 1
    raise error


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    try:
        return _keep(error)
    except UnicodeEncodeError as wrong:
        return "?", wrong.start + 1


def _plainly(error: UnicodeError) -> tuple[str | bytes, int]:
    try:
        return _keep(error)
    except UnicodeEncodeError as wrong:
        letters = unicodedata.normalize("NFKD", wrong.object[wrong.start])
        return letters.encode("ascii", "ignore").decode() or "?", wrong.start + 1


codecs.register_error("corridor.keep", _keep)
codecs.register_error("corridor.replace", _replace)
codecs.register_error("corridor.ascii", _plainly)
