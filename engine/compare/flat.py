"""A payload as fields, each under the name by which people know it: `OBX-5.1`, `PO102`, `lines[*].code`, `column 3`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from engine.compare import ABSENT, as_json, is_x12, lines

_BEGINS = re.compile(rb"(?:^|(?<=[\r\n]))(?=MSH[^\r\nA-Za-z0-9])")
_ENVELOPE = re.compile(rb"[\r\n]+(?:BTS|FTS|BHS|FHS)[^\r\nA-Za-z0-9][^\r\n]*")
_SEPARATORS = "|\t;,"


class Flat(msgspec.Struct, frozen=True, kw_only=True):
    """One message, taken apart."""

    format: str
    fields: dict[str, tuple[str, str]]
    """By place (`OBX[2]-5.1`): its field (`OBX-5.1`) and its value."""

    def value(self, field: str) -> str:
        """The first value of a field, or of the first part of it; empty where there is none."""
        wanted = field.lower()
        for name, value in self.fields.values():
            if name.lower() in (wanted, f"{wanted}.1", f"{wanted}-1"):
                return value
        return ""


def messages(content: bytes) -> list[Flat]:
    """The messages of a file, in order, whatever their format: HL7, X12, JSON (also one to a line), lines with separators."""
    content = content.removeprefix(b"\xef\xbb\xbf").strip(b"\x0b\x1c\r\n ")
    if content[:3] in (b"MSH", b"FHS", b"BHS"):
        parts = _BEGINS.split(_ENVELOPE.sub(b"", content))
        return [_flat("hl7v2", _hl7(part)) for part in parts if part.startswith(b"MSH")]
    if is_x12(content):
        return [_flat("x12", _x12(part)) for part in _interchanges(content)]
    whole = as_json(content)
    if whole is not ABSENT:
        return [_flat("json", _json(whole, "", ""))]
    rows = [line for line in lines(content) if line.strip()]
    values = [as_json(row.encode()) for row in rows]
    if rows and ABSENT not in values:
        return [_flat("json", _json(value, "", "")) for value in values]
    separator = _separator(rows)
    return [_flat("delimited", _cells(row, separator)) for row in rows]


def _flat(format: str, fields: Iterator[tuple[str, str, str]]) -> Flat:
    return Flat(format=format, fields={place: (name, value) for place, name, value in fields})


# -- HL7 v2.5.1 ch. 2.5 --------------------------------------------------------------------------------------


def _hl7(message: bytes) -> Iterator[tuple[str, str, str]]:
    """Place, field and value of everything that is not empty."""
    segments = lines(message)
    marks = segments[0][3:8] if len(segments[0]) > 7 else "|^~\\&"
    met: Counter[str] = Counter()
    for line in segments:
        name, *fields = line.split(marks[0])
        met[name] += 1
        which = f"{name}[{met[name]}]" if met[name] > 1 else name
        first = 2 if name == "MSH" else 1
        for number, field in enumerate(fields, first):
            if name == "MSH" and number == 2:
                yield f"{which}-2", "MSH-2", field
                continue
            for place, label, value in _field(field, marks):
                yield f"{which}-{number}{place}", f"{name}-{number}{label}", value


def _field(field: str, marks: str) -> Iterator[tuple[str, str, str]]:
    for at, repetition in enumerate(field.split(marks[2]), 1):
        components = repetition.split(marks[1])
        which = f"({at})" if at > 1 else ""
        for number, value in enumerate(components, 1):
            if value:
                label = f".{number}" if len(components) > 1 or number > 1 else ""
                yield which + label, label, value


# -- X12.5, X12.6 --------------------------------------------------------------------------------------------


def _interchanges(content: bytes) -> Iterator[str]:
    text = content.decode("utf-8", "replace")
    end = text[105]
    yield from (
        "ISA" + part
        for part in re.split(rf"(?:^|(?<={re.escape(end)}))[\r\n]*ISA(?=\W)", text)
        if part
    )


def _x12(text: str) -> Iterator[tuple[str, str, str]]:
    separator, component, end = text[3], text[104], text[105]
    met: Counter[str] = Counter()
    for segment in text.split(end):
        name, *elements = segment.strip("\r\n").split(separator)
        if not name:
            continue
        met[name] += 1
        which = f"{name}[{met[name]}]" if met[name] > 1 else name
        for number, element in enumerate(elements, 1):
            place, label = f"{which}{number:02}", f"{name}{number:02}"
            parts = element.split(component) if name != "ISA" else [element]
            for at, value in enumerate(parts, 1):
                more = f"-{at}" if len(parts) > 1 else ""
                if value:
                    yield place + more, label + more, value


# -- JSON and lines ------------------------------------------------------------------------------------------


def _json(value: Any, place: str, label: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            dot = "." if place else ""
            yield from _json(inner, f"{place}{dot}{key}", f"{label}{dot}{key}")
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _json(inner, f"{place}[{at}]", f"{label}[*]")
    elif value is not None:
        yield place, label, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _separator(rows: list[str]) -> str:
    """The sign that stands in every row, most often in the first; empty where there is none."""
    everywhere = [
        sign for sign in _SEPARATORS if rows and all(sign in row for row in rows[:50])
    ]
    return max(everywhere, key=rows[0].count, default="") if rows else ""


def _cells(row: str, separator: str) -> Iterator[tuple[str, str, str]]:
    for number, cell in enumerate(row.split(separator) if separator else [row], 1):
        if cell:
            yield f"column {number}", f"column {number}", cell
