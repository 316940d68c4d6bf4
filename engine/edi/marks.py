"""The delimiters of an interchange; those of X12 as its ISA says them (X12.5, ISA11, ISA16 and the character behind it)."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from engine.errors import MessageError

#: Stands for a delimiter that the interchange does not have: never found in a text.
ABSENT = "\ue000\ue001"
#: What may stand between segments: partners indent, wrap and pad.
BLANK = " \t\r\n\x00\x0b\x0c\x1a\x1c\xa0\ufeff"

#: Segments whose elements hold the delimiters themselves.
HEADERS = frozenset(["ISA", "UNA"])

_AFTER = re.compile(rf"[{BLANK}]*(?:GS|TA1|IEA|ISB|ISE|ISA|TA3|BGN)")
#: Repetition came with version 00402 of the envelope.
_REPEATS_FROM = "00402"


class Marks(msgspec.Struct, frozen=True):
    """What separates what."""

    element: str = "*"
    component: str = ":"
    repetition: str = "^"
    """ABSENT before version 00402."""
    segment: str = "~"
    """The segment terminator."""
    end: str = ""
    """The line break that stands behind each terminator, as the first segment shows it."""
    release: str = ABSENT
    """Takes the character behind it out of its use; ABSENT in X12."""
    decimal: str = "."
    """The decimal mark of numbers."""

    def inner(self) -> str:
        """The delimiters that no value may hold."""
        marks = (self.element, self.component, self.repetition, self.segment)
        return "".join(mark for mark in marks if mark is not ABSENT)


def marks_at(text: str, at: int) -> Marks:
    """
    The delimiters of the interchange whose ISA begins there.

    Raises MessageError where the sixteen elements of an ISA are not found, or one character is two of the delimiters.

    >>> isa = "ISA*00*" + " " * 10 + "*00*" + " " * 10 + "*ZZ*A*ZZ*B*260101*1200*^*00501*000000001*0*P*:~"
    >>> marks_at(isa, 0).component, marks_at(isa + "\\nGS", 0).end
    (':', '\\n')
    """
    element = text[at + 3 : at + 4]
    if not element or element.isalnum() or element in BLANK:
        raise MessageError("unreadable", "there is no element separator behind ISA", "ISA")
    parts = text[at : at + 400].split(element, 16)
    if len(parts) < 17:
        raise MessageError("unreadable", "the interchange header has 16 elements", "ISA16")
    start = at + sum(map(len, parts[:16])) + 16
    component, segment = text[start : start + 1], text[start + 1 : start + 2] or "~"
    length = 2
    if _is_short(text, start, component, segment):
        component, segment, length = ABSENT, component, 1
    if not segment or segment.isalnum() or segment == " ":
        raise MessageError("unreadable", "there is no segment terminator behind ISA16", "ISA16")
    if element in (segment, component):
        rule = "one character cannot separate elements and something else as well"
        raise MessageError("unreadable", rule, "ISA16")
    behind = start + length
    stop = behind
    while text[stop : stop + 1] and text[stop] in "\r\n":
        stop += 1
    return _made(element, component, _repetition(parts), segment, text[behind:stop])


def _repetition(parts: list[str]) -> str:
    mark, version = parts[11], parts[12].strip()
    said = len(mark) == 1 and not mark.isalnum() and mark not in BLANK
    return mark if said and version >= _REPEATS_FROM else ABSENT


def _is_short(text: str, start: int, component: str, segment: str) -> bool:
    """Whether ISA16 was left out, so that what stands in its place is the terminator."""
    if component.isalnum() or component in BLANK:
        return False
    if segment.isalnum():
        return _AFTER.match(text, start + 1) is not None
    if segment not in "\r\n":
        return False
    line = text.find(segment, start + 2)
    return line > 0 and text[line - 1] == component


@lru_cache(256)
def _made(*marks: str) -> Marks:
    return Marks(*marks)
