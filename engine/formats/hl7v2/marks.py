"""Delimiters and escape sequences (HL7 v2.5.1 ch. 2.5.4 and 2.7)."""

from __future__ import annotations

import re
from functools import lru_cache

from engine.errors import MessageError

#: Stands where a message has no such delimiter: a character that no text contains.
ABSENT = "\ufdd0"
#: Segments whose first two fields are the delimiters themselves.
HEADERS = ("MSH", "FHS", "BHS")
#: The delimiters that the standard recommends, taken where MSH-2 is wholly empty.
USUAL = "^~\\&"


class Marks:
    """
    The delimiters of one message, and text in and out of its escape sequences.

    A delimiter that MSH-2 leaves out is not used in the message (ch. 2.5.4), so it separates nothing.

    >>> marks = Marks("|^~\\\\&", "utf-8")
    >>> marks.unescape("Smith \\\\T\\\\ Sons \\\\Zx\\\\"), marks.escape("a|b^c")
    ('Smith & Sons \\\\Zx\\\\', 'a\\\\F\\\\b\\\\S\\\\c')
    """

    __slots__ = (
        "_code",
        "_codes",
        "_pattern",
        "_special",
        "codec",
        "component",
        "escape_mark",
        "field",
        "inner",
        "repetition",
        "subcomponent",
        "text",
    )

    def __init__(self, text: str, codec: str) -> None:
        self.text = text
        """MSH-1 and MSH-2 as written."""
        self.codec = codec
        """Character set of the bytes behind `\\Xdd..\\`."""
        padded = [*text[:6], *[""] * (6 - len(text[:6]))]
        field, component, repetition, escape, subcomponent, truncation = padded
        self.field: str = field
        self.component = component or ABSENT
        self.repetition = repetition or ABSENT
        self.escape_mark: str = escape or ABSENT
        self.subcomponent = subcomponent or ABSENT
        self.inner = self.component, self.repetition, self.subcomponent
        """What separates parts of a field."""
        self._codes: dict[str, str] = {"H": "", "N": "", ".br": "\n", "E": escape}
        pairs = {
            "F": field,
            "S": component,
            "R": repetition,
            "T": subcomponent,
            "P": truncation,
        }
        self._codes |= {code: mark for code, mark in pairs.items() if mark}
        self._code = {mark: f"{escape}{code}{escape}" for code, mark in pairs.items() if mark}
        self._code[escape] = f"{escape}E{escape}"
        bar = re.escape(self.escape_mark)
        hexadecimal = f"(?:{bar}X(?:[0-9A-Fa-f][0-9A-Fa-f])+{bar})+"
        self._pattern = re.compile(f"{hexadecimal}|{bar}(\\.br|[A-Z]){bar}")
        marks = re.escape("".join(mark for mark in (*pairs.values(), escape) if mark))
        self._special = re.compile(f"\r\n|[{marks}\x00-\x08\x0a-\x1f]")

    def unescape(self, raw: str) -> str:
        """The text that is meant; sequences that are unknown or make no sense stay as they are."""
        return self._pattern.sub(self._meant, raw) if self.escape_mark in raw else raw

    def escape(self, text: str) -> str:
        """
        Text as it stands inside a field. Line breaks become `\\.br\\`, other control characters `\\Xdd\\`,
        so that a value can never end a segment or a frame.

        Raises MessageError where it needs an escape and the message has no escape character.
        """
        return self._special.sub(self._written, text) if self._special.search(text) else text

    def _meant(self, found: re.Match[str]) -> str:
        whole, code = str(found[0]), found[1]
        if code is not None:
            return self._codes.get(code, whole)
        digits = whole.replace(f"{self.escape_mark}X", "").replace(self.escape_mark, "")
        try:
            return bytes.fromhex(digits).decode(self.codec)
        except UnicodeDecodeError:
            return whole

    def _written(self, found: re.Match[str]) -> str:
        character, bar = found[0], self.escape_mark
        if bar is ABSENT:
            rule = "the text needs an escape character, and MSH-2 of the message has none"
            raise MessageError("no_escape_character", rule, "MSH-2")
        if character in ("\r\n", "\n", "\r"):
            return f"{bar}.br{bar}"
        return self._code.get(character) or f"{bar}X{ord(character):02X}{bar}"


@lru_cache(256)
def marks_of(text: str, codec: str) -> Marks:
    """The delimiters in MSH-1 and MSH-2, made once for all messages that use them."""
    return Marks(text, codec)


def delimiters(header: str) -> str:
    """
    MSH-1 and MSH-2 of a header segment's text.

    Raises MessageError where the character after MSH cannot be a separator.

    >>> delimiters("MSH|^~\\\\&#|LAB"), delimiters("MSH||LAB")
    ('|^~\\\\&#', '|^~\\\\&')
    """
    field = header[3:4]
    if not field or field.isalnum() or field in " \t\r\n\x00":
        raise MessageError("unreadable", "there is no field separator behind MSH", "MSH-1")
    end = header.find(field, 4)
    given = header[4 : end if end >= 0 else 9].rstrip(" ")
    if any(mark.isalnum() for mark in given):
        raise MessageError("unreadable", "a delimiter is no letter or digit", "MSH-2")
    return field + (given or USUAL)
