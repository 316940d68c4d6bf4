"""A message for people: every part that has a value, with the standard's name for it."""

from __future__ import annotations

from collections.abc import Iterator

from engine.formats.hl7v2.document import Document, Segment, walk
from engine.formats.hl7v2.marks import HEADERS
from engine.formats.hl7v2.standard import component_title, field_title, segment_title

Row = tuple[int, str, str, str]


def tree(document: Document) -> Iterator[Row]:
    """Depth, path, the standard's name and the value; the value of what has parts is empty. `""` shows as it is."""
    for segment, number, count in walk(document):
        path = segment.name if count == 1 else f"{segment.name}[{number}]"
        yield 0, path, segment_title(segment.name), ""
        for at, raw in enumerate(segment.fields[1:], 1):
            if raw:
                yield from _field(segment, path, at, raw)


def _field(segment: Segment, path: str, number: int, raw: str) -> Iterator[Row]:
    title, datatype = field_title(segment.name, number)
    here, marks = f"{path}-{number}", segment.marks
    if segment.name in HEADERS and number <= 2:
        yield 1, here, title, raw
        return
    if segment.name == "OBX" and number == 5 and len(segment.fields) > 2:
        datatype = segment.fields[2]  # OBX-2 says what OBX-5 is
    repetitions = raw.split(marks.repetition)
    for at, one in enumerate(repetitions, 1):
        if one:
            place = here if len(repetitions) == 1 else f"{here}({at})"
            yield from _parts(segment, place, (title, datatype), one, 1)


def _parts(
    segment: Segment, path: str, names: tuple[str, str], raw: str, depth: int
) -> Iterator[Row]:
    marks, (title, datatype) = segment.marks, names
    separator = marks.component if depth == 1 else marks.subcomponent
    if depth == 1 and separator not in raw and marks.subcomponent in raw:
        raw += separator  # subcomponents of the only component
    if depth == 3 or separator not in raw:
        yield depth, path, title, marks.unescape(raw)
        return
    yield depth, path, title, ""
    for at, one in enumerate(raw.split(separator), 1):
        if one:
            named = component_title(datatype, at)
            yield from _parts(segment, f"{path}.{at}", named, one, depth + 1)
