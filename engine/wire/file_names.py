"""
Names of files as bytes and as text. A disk and a server know bytes, and not every sender writes UTF-8: a byte that is none
stands in the text as a character of the private use area (U+F080 to U+F0FF), so that the file can still be named.
"""

from __future__ import annotations

_BASE = 0xF000
_BYTES = {byte: chr(_BASE + byte) for byte in range(0x80, 0x100)}
#: As what such a byte is shown: what it is in windows-1252, where it is a letter or sign.
_SHOWN = {_BASE + byte: bytes([byte]).decode("cp1252", "replace") for byte in _BYTES}
_SURROGATE = {0xDC00 + byte: char for byte, char in _BYTES.items()}
_BACK = {_BASE + byte: 0xDC00 + byte for byte in _BYTES}


def decoded(raw: bytes) -> str:
    """
    A name as text.

    >>> decoded(b"caf\\xc3\\xa9"), decoded(b"caf\\xe9")
    ('café', 'caf\\uf0e9')
    """
    return raw.decode("utf-8", "surrogateescape").translate(_SURROGATE)


def encoded(name: str) -> bytes:
    """
    The bytes that a name stands for.

    >>> encoded("café"), encoded("caf\\uf0e9")
    (b'caf\\xc3\\xa9', b'caf\\xe9')
    """
    return name.translate(_BACK).encode("utf-8", "surrogateescape")


def shown(name: str) -> str:
    """
    A name as people and mappings see it.

    >>> shown("caf\\uf0e9")
    'café'
    """
    return name.translate(_SHOWN)
