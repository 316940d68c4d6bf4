"""Bytes of a document as UTF-8, which is what JSON is read in."""

from __future__ import annotations

import codecs

from engine.errors import MessageError
from engine.reading import Reading

NOT_JSON = "the bytes are not one JSON document"


def utf8(reading: Reading) -> bool:
    """Whether the bytes are UTF-8 as they come."""
    return not reading.encoding or reading.encoding.lower() in ("utf-8", "utf8")


def to_utf8(raw: bytes, reading: Reading) -> bytes:
    """The bytes as UTF-8, without a byte order mark; MessageError where they are not of the set that `encoding:` says."""
    if not utf8(reading):
        try:
            raw = raw.decode(reading.encoding).encode()
        except (UnicodeError, LookupError):
            raise MessageError("not_json", NOT_JSON) from None
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return raw.decode("utf-16").encode()
        except UnicodeError:
            raise MessageError("not_json", NOT_JSON) from None
    return raw.removeprefix(b"\xef\xbb\xbf")
