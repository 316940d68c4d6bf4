"""How moments are written and read in a form of their own: `%Y%m%d`."""

from __future__ import annotations

import re
from functools import cache

from engine.mapping.values import (
    DAY,
    HOUR,
    MINUTE,
    MONTH,
    SECOND,
    YEAR,
    Moment,
    Unreadable,
    offset,
)

#: The codes there are: how much of the moment each needs, and what it looks like.
CODES: dict[str, tuple[int, str]] = {
    "Y": (YEAR, r"(\d{4})"),
    "y": (YEAR, r"(\d\d)"),
    "m": (MONTH, r"(\d\d?)"),
    "d": (DAY, r"(\d\d?)"),
    "H": (HOUR, r"(\d\d?)"),
    "I": (HOUR, r"(\d\d?)"),
    "p": (HOUR, r"([AaPp][Mm])"),
    "M": (MINUTE, r"(\d\d)"),
    "S": (SECOND, r"(\d\d)"),
    "f": (SECOND, r"(\d{1,6})"),
    "z": (HOUR, r"([+-]\d\d:?\d\d|Z)"),
    "j": (DAY, ""),
    "a": (DAY, ""),
    "A": (DAY, ""),
    "b": (MONTH, ""),
    "B": (MONTH, ""),
}
_CODE = re.compile(r"%(.?)", re.DOTALL)


def problem(form: str) -> str:
    """What is wrong with a form; empty where nothing is."""
    for code in _CODE.findall(form):
        if code != "%" and code not in CODES:
            return (
                f"there is no '%{code}'; there is {' '.join('%' + each for each in CODES)} %%"
            )
    return ""


@cache
def _needs(form: str) -> int:
    return max((CODES[code][0] for code in _CODE.findall(form) if code != "%"), default=0)


def write(value: Moment, form: str) -> str:
    """The moment in that form; Unreadable where the form asks for more than is known."""
    if value.precision < _needs(form):
        raise Unreadable("the form asks for more than is known of the moment")
    at = value.at
    said = form.replace("%%", "%\0").replace("%Y", f"{at.year:04d}")
    said = said.replace("%z", offset(at, "", "+0000"))
    return at.strftime(said.replace("%\0", "%%"))


@cache
def _reader(form: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    codes: list[str] = []
    said, at = "", 0
    for found in _CODE.finditer(form):
        said += re.escape(form[at : found.start()])
        at = found.end()
        code = found.group(1)
        if code == "%":
            said += "%"
            continue
        if not CODES[code][1] or code in codes:
            raise Unreadable(f"'%{code}' cannot be read, only written")
        codes.append(code)
        said += CODES[code][1]
    return re.compile(said + re.escape(form[at:]), re.ASCII), tuple(codes)


def parse(text: str, form: str) -> tuple[tuple[int, ...], int, str | None]:
    """Year to microsecond, the precision, and the offset as written; Unreadable where the text has another form."""
    pattern, codes = _reader(form)
    found = pattern.fullmatch(text)
    if found is None:
        raise Unreadable("not a date or time in this form")
    parts = dict(zip(codes, found.groups(), strict=True))
    year = int(parts["Y"]) if "Y" in parts else _century(parts.get("y"))
    hour = int(parts.get("H") or parts.get("I") or 0)
    if half := parts.get("p", "").lower():
        hour = hour % 12 + (12 if half == "pm" else 0)
    micro = parts.get("f", "").ljust(6, "0")
    numbers = (
        year,
        int(parts.get("m", 1)),
        int(parts.get("d", 1)),
        hour,
        int(parts.get("M", 0)),
        int(parts.get("S", 0)),
        int(micro),
    )
    precision = max((CODES[code][0] for code in codes), default=YEAR)
    if "f" in parts:
        precision = SECOND + len(parts["f"])
    return numbers, precision, parts.get("z")


def _century(text: str | None) -> int:
    """Two digits: 69 to 99 are the twentieth century, as POSIX has it."""
    if text is None:
        raise Unreadable("the form names no year")
    year = int(text)
    return year + (1900 if year > 68 else 2000)
