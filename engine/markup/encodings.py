"""Bytes of a document as UTF-8: by what the channel says, the byte order mark, or the declaration (XML 1.0, 4.3.3)."""

from __future__ import annotations

import codecs
import re

import msgspec

from engine.errors import MessageError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: How a document begins that has no byte order mark and is not of single bytes (XML 1.0, appendix F).
_BARE = ((b"<\x00?\x00", "utf-16-le"), (b"\x00<\x00?", "utf-16-be"))
_DECLARED = re.compile(
    rb"<\?xml\s[^>]{0,200}?\bencoding\s*=\s*[\"']([A-Za-z][A-Za-z0-9._\-]{0,40})[\"']"
)
#: EBCDIC has another `<?xml`: its declaration says which.
_EBCDIC = b"\x4c\x6f\xa7\x94\x93"
#: Codecs of Python that are no character sets, or take time that is not bounded by the size of what they read.
_REFUSED = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf-7"})
UTF8 = "utf-8"


class Coded(msgspec.Struct, frozen=True):
    """A document as UTF-8, and how it came."""

    text: bytes
    codec: str = UTF8
    mark: bytes = b""
    """The byte order mark in front of it."""


def decoded(raw: bytes, encoding: str = "", lenient: bool = False) -> Coded:
    """
    The bytes as UTF-8, without a byte order mark. Where they are UTF-8 they are given as they are, unchecked.

    MessageError `bad_encoding` where they are not of their character set; `lenient` puts U+FFFD in such a place.

    >>> decoded('<?xml version="1.0" encoding="iso-8859-1"?><a>é</a>'.encode("latin-1")).codec
    'iso8859-1'
    """
    mark, codec = _marked(raw)
    codec = _known(encoding) if encoding else codec or _declared(raw)
    text = raw[len(mark) :]
    if codec in (UTF8, "ascii"):
        return Coded(text.decode(UTF8, "replace").encode() if lenient else text, UTF8, mark)
    try:
        said = text.decode(codec, "replace" if lenient else "strict")
        return Coded(said.encode(UTF8), codec, mark)
    except (UnicodeError, ValueError) as error:
        at = getattr(error, "start", 0)
        rule = f"byte {at + len(mark) + 1} is not of the character set {codec}"
        raise MessageError("bad_encoding", rule) from None


def _marked(raw: bytes) -> tuple[bytes, str]:
    for mark, codec in _BOMS:
        if raw.startswith(mark):
            return mark, codec
    return b"", next((codec for start, codec in _BARE if raw.startswith(start)), "")


def _declared(raw: bytes) -> str:
    """The character set of the declaration; UTF-8 where there is none."""
    head = raw[:256]
    if head.startswith(_EBCDIC):
        head = head.decode("cp037").encode("ascii", "replace")
    found = _DECLARED.match(head.lstrip())
    if found is None:
        return UTF8
    codec = _known(found[1].decode("ascii"))
    # who can read this declaration byte by byte reads no UTF-16, whatever it says: a fault of many programs
    return UTF8 if codec.startswith(("utf-16", "utf-32")) else codec


def _known(name: str) -> str:
    try:
        info = codecs.lookup(name)
    except LookupError:
        info = None
    if info is None or not getattr(info, "_is_text_encoding", True) or info.name in _REFUSED:
        raise MessageError("bad_encoding", "the character set of the document is not known")
    return info.name
