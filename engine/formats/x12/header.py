"""What is wrong with the header of an interchange (ISA), and with what it asks for (ISB, ISE; X12.5), in the codes of TA105."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.edi.marks import ABSENT, Marks
from engine.formats.x12.elements import is_date, is_time, value

#: Codes of ISA05 and ISA07 besides the numbers: I05 of version 005010.
_QUALIFIERS = frozenset(
    ["AM", "NR", "SA", "SN", "TA", "ZZ", "1A", "1B", "1C", "1D", "1E", "1G", "1H", "AA"]
)
_USAGES = frozenset("PTI")
#: Versions of the interchange control segments (I11): 00200 to 00899.
_VERSIONS = re.compile(r"00[2-8]\d\d", re.ASCII)
#: Characters of numbers and of nearly every text.
_PLAIN = frozenset(" .-0123456789")
#: From this version of the envelope on ISA11 is the repetition separator.
_REPEATS_FROM = "00402"


def wrong(isa: list[str], marks: Marks) -> Iterator[str]:
    """The codes for the elements of an ISA."""
    if len(isa) < 16:
        yield "022"
        return
    said = [text.strip() for text in isa]
    checks = {
        "002": said[12] >= _REPEATS_FROM or len(said[11]) != 1 or said[11] == "U",
        "003": _VERSIONS.fullmatch(said[12]) is not None or not _is_number(said[12], 5),
        "004": marks.segment not in _PLAIN | {marks.element, marks.component},
        "005": _is_qualifier(said[5]),
        "006": bool(said[6]),
        "007": _is_qualifier(said[7]),
        "008": bool(said[8]),
        "010": _is_number(said[1], 2),
        "011": said[1] == "00" or bool(said[2]),
        "012": said[3] in ("00", "01"),
        "013": said[3] != "01" or bool(said[4]),
        "014": len(said[9]) == 6 and is_date(said[9]),
        "015": len(said[10]) == 4 and is_time(said[10]),
        "016": _is_standard(said[11], said[12], marks),
        "017": _is_number(said[12], 5),
        "018": _is_number(said[13], 9),
        "019": said[14] in ("0", "1"),
        "020": said[15] in _USAGES,
        "026": marks.element not in _PLAIN,
        "027": _separates(marks),
    }
    yield from (code for code, is_good in checks.items() if not is_good)


def asked(values: list[str]) -> Iterator[str]:
    """The codes for a segment that asks for a service: ISB its grade, ISE when to deliver."""
    if values[0] == "ISB":
        if len(grade := value(values, 1)) != 1 or not grade.isalnum():
            yield "031"
        return
    day, moment, code = (value(values, at) for at in (1, 2, 3))
    if not is_date(day):
        yield "028"
    if len(moment) < 4 or not is_time(moment):
        yield "029"
    if code and not (len(code) == 2 and code.isalnum()):
        yield "030"


def _separates(marks: Marks) -> bool:
    mark = marks.component
    return mark is not ABSENT and not mark.isalnum() and mark not in _PLAIN | {marks.element}


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
