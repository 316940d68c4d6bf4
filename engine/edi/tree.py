"""An interchange for people: loops, segments and elements with their titles."""

from __future__ import annotations

from collections.abc import Iterator

from engine.edi.dictionary import Dictionary
from engine.edi.document import Document, Segment, parts_of
from engine.edi.loop import Loop
from engine.edi.marks import HEADERS
from engine.edi.release import plain

Row = tuple[int, str, str, str]


def tree(document: Document) -> Iterator[Row]:
    """Depth, path, title and value; of what has parts the value is empty."""
    loops, known = document.loops, document.dialect.dictionary()
    for at, segment in enumerate(document.segments):
        home = loops.home[at]
        depth = _depth(home)
        if home is not None and home.start == at and home.parent is not None:
            yield depth - 1, str(home), known.title(segment.name), ""
        yield depth, segment.name, known.title(segment.name), ""
        yield from _elements(segment, depth + 1, known)


def _depth(loop: Loop | None) -> int:
    depth = 0
    while loop is not None and loop.parent is not None:
        loop, depth = loop.parent, depth + 1
    return depth


def _elements(segment: Segment, depth: int, known: Dictionary) -> Iterator[Row]:
    marks = segment.marks
    for number, raw in enumerate(segment.elements[1:], 1):
        if not raw:
            continue
        path, title = f"{segment.name}{number:02d}", known.title(segment.name, number)
        repetitions = [raw] if segment.name in HEADERS else parts_of(raw, marks.repetition)
        for at, one in enumerate(repetitions, 1):
            place = path if len(repetitions) == 1 else f"{path}({at})"
            pieces = [one] if segment.name in HEADERS else parts_of(one, marks.component)
            if len(pieces) == 1:
                yield depth, place, title, plain(one).strip()
                continue
            yield depth, place, title, ""
            for part, text in enumerate(pieces, 1):
                if text:
                    name = known.title(segment.name, number, part)
                    yield depth + 1, f"{place}-{part}", name, plain(text)
