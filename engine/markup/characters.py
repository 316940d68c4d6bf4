"""What XML can say (XML 1.0, 2.2), and how a text stands in it (2.4)."""

from __future__ import annotations

import re

from engine.errors import MessageError

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IN_TEXT = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_IN_VALUE = {**_IN_TEXT, '"': "&quot;", "'": "&apos;", "\t": "&#9;", "\n": "&#10;"}
_TEXT, _VALUE = str.maketrans(_IN_TEXT), str.maketrans(_IN_VALUE)


def checked(text: str, place: str) -> str:
    """The text; MessageError `unmappable` where it holds what no XML can say, not even by its number."""
    if _NOT_XML.search(text) is not None:
        raise MessageError("unmappable", "the text holds a character that XML does not have", place)  # fmt: skip
    return text


def content(text: str) -> str:
    """
    A text as it stands between tags.

    >>> content("a < b & c")
    'a &lt; b &amp; c'
    """
    return text.translate(_TEXT)


def attribute(text: str) -> str:
    """
    A text as it stands between the quotes of an attribute; breaks and tabs by their numbers, as else they become blanks.

    >>> attribute('5" & more')
    '5&quot; &amp; more'
    """
    return text.translate(_VALUE)
