"""The header of an interchange (ISA, X12.5): what is wrong with its elements, in the codes of TA105."""

from __future__ import annotations

from collections.abc import Iterator

from engine.edi.marks import ABSENT, Marks
from engine.formats.x12.elements import is_date, is_time

#: Codes of ISA05 and ISA07 besides the numbers: I05 of version 005010.
_QUALIFIERS = frozenset(
    ["AM", "NR", "SA", "SN", "TA", "ZZ", "1A", "1B", "1C", "1D", "1E", "1G", "1H", "AA"]
)
_USAGES = frozenset("PTI")
#: From this version of the envelope on ISA11 is the repetition separator.
_REPEATS_FROM = "00402"


def wrong(isa: list[str], marks: Marks) -> Iterator[str]:
    """The codes for the elements of an ISA."""
    if len(isa) < 16:
        yield "022"
        return
    said = [text.strip() for text in isa]
    checks = {
        "005": _is_qualifier(said[5]),
        "006": bool(said[6]),
        "007": _is_qualifier(said[7]),
        "008": bool(said[8]),
        "010": _is_number(said[1], 2),
        "012": said[3] in ("00", "01"),
        "014": len(said[9]) == 6 and is_date(said[9]),
        "015": len(said[10]) == 4 and is_time(said[10]),
        "016": _is_standard(said[11], said[12], marks),
        "017": _is_number(said[12], 5),
        "018": _is_number(said[13], 9),
        "019": said[14] in ("0", "1"),
        "020": said[15] in _USAGES,
        "027": marks.component is not ABSENT and not marks.component.isalnum(),
    }
    yield from (code for code, is_good in checks.items() if not is_good)


def _is_number(text: str, length: int) -> bool:
    return len(text) == length and text.isascii() and text.isdigit()


def _is_qualifier(text: str) -> bool:
    return _is_number(text, 2) or text in _QUALIFIERS


def _is_standard(text: str, version: str, marks: Marks) -> bool:
    """`U` up to version 00401, from then on the separator; partners that repeat nothing go on writing `U`."""
    if version < _REPEATS_FROM:
        return len(text) == 1
    others = (marks.element, marks.component, marks.segment)
    return len(text) == 1 and text not in others
