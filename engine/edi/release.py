"""
Delimiters that stand in values, behind a release character (ISO 9735-1 section 6: `?+` is a plus that separates nothing).

While an interchange is read each such pair is one character that nothing else is (a surrogate), so that splitting at a
delimiter never splits a value. `hidden` makes the pairs so, `shown` brings them back as they came, `plain` gives the value.
"""

from __future__ import annotations

import re

from engine.edi.marks import ABSENT, Marks

_FIRST = 0xD800
#: A release character in front of what needs none, or of nothing.
_NEEDLESS = chr(_FIRST)
_HIDDEN = re.compile("[\ud800-\udbff]")
#: Delimiters above that are refused (advice.py).
LAST = 0xFF


def hidden(text: str, marks: Marks) -> str:
    """The text of an interchange, every released character one that is no delimiter."""
    release = marks.release
    if release is ABSENT or release not in text:
        return text
    for mark in (release, *marks.inner()):
        text = text.replace(release + mark, chr(_FIRST + ord(mark)))
    return text.replace(release, _NEEDLESS)


def shown(text: str, marks: Marks) -> str:
    """The text as it came."""
    if text.isascii():
        return text
    release = marks.release
    return _HIDDEN.sub(lambda found: release + _character(found[0]), text)


def plain(text: str) -> str:
    """
    A value without its release characters.

    >>> plain(hidden("5?'-6?' o?ne??", Marks(element="+", segment="'", release="?")))
    "5'-6' one?"
    """
    return _HIDDEN.sub(lambda found: _character(found[0]), text)


def guarded(value: str, marks: Marks) -> str:
    """A value as it stands in the text of an interchange that is being read or edited (`hidden`)."""
    if marks.release is ABSENT:
        return value
    for mark in (marks.release, *marks.inner()):
        if mark in value:
            value = value.replace(mark, chr(_FIRST + ord(mark)))
    return value


def _character(found: str) -> str:
    return chr(ord(found) - _FIRST) if found != _NEEDLESS else ""
