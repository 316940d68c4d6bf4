"""Character sets of which single bytes can be looked for, so that a large file is taken apart without decoding it."""

from __future__ import annotations

import codecs
from functools import cache

from engine.errors import MessageError

#: What a layout may call the end of a line.
ENDS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}
#: What Python calls a character set and no file is written in.
_NONE = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"})


@cache
def known(name: str) -> bool:
    """
    Whether there is a character set of that name.

    >>> known("cp037"), known("klingon"), known("rot13")
    (True, False, False)
    """
    try:
        codec = codecs.lookup(name)
        "".encode(name)
    except (LookupError, UnicodeError, ValueError):
        return False
    return codec.name.replace("-", "_") not in _NONE


@cache
def direct(name: str) -> bool:
    """
    Whether a character that marks off values is one byte that stands for nothing else.

    >>> direct("utf-8"), direct("cp037"), direct("utf-16"), direct("shift_jis")
    (True, True, False, False)
    """
    codec = codecs.lookup(name).name
    if codec in ("utf-8", "utf-8-sig", "ascii"):
        return True
    return all(len(bytes((byte,)).decode(name, "replace")) == 1 for byte in range(256)) and (
        len(bytes(range(128, 256)).decode(name, "replace")) == 128
        and len("\u0100\u4e00".encode(name, "replace")) == 2
    )


def plain(name: str) -> str:
    """
    The character set without a mark at the beginning: what single values are read and written in.

    >>> plain("utf-8-sig"), plain("latin-1")
    ('utf-8', 'latin-1')
    """
    return "utf-8" if codecs.lookup(name).name == "utf-8-sig" else name


def lacks(text: str, name: str) -> bool:
    """Whether a character set has no way to write a text."""
    try:
        text.encode(name)
    except UnicodeError:
        return True
    return False


def decoded(raw: bytes, name: str, errors: str, where: str) -> str:
    """Bytes as text; MessageError `bad_encoding` with the place where they are none."""
    try:
        return raw.decode(name, errors)
    except (UnicodeError, LookupError, ValueError):
        rule = f"a byte stands in it that {name} does not have"
        raise MessageError("bad_encoding", rule, where) from None


def recoded(raw: bytes, name: str, errors: str) -> bytes:
    """A whole file as UTF-8, without the mark that may stand in front."""
    return decoded(bytes(raw), name, errors, "the file").removeprefix("\ufeff").encode()
