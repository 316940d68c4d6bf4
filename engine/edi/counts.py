"""
Counts of an interchange that was edited: SE01, GE01, IEA01 (X12.5), and CTT01 where it was right before; in EDIFACT UNT01,
UNE01, UNZ01 (ISO 9735-1) and CNT.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from engine.edi.maps import Guide

if TYPE_CHECKING:
    from engine.edi.dialect import Dialect
    from engine.edi.document import Document
    from engine.edi.edit import Editor, Line

_PLACE = re.compile(r"(\w{2,3})(\d\d)(?:=(\w+))?")


class Counted(msgspec.Struct, frozen=True):
    """An element that counts segments of its set."""

    name: str
    """Its segment."""
    element: int
    code: str
    """The first component, where what is counted depends on it: the count is the second. Empty = the element is the count."""
    of: str
    """The segments that are counted."""


@cache
def counted(guide: Guide) -> tuple[Counted, ...]:
    """What counts segments in a set: `CTT01: PO1`, `CNT01=2: LIN`."""
    found = []
    for place, of in guide.head.counts.items():
        said = _PLACE.fullmatch(place)
        assert said is not None, place
        found.append(Counted(said[1], int(said[2]), said[3] or "", of))
    return tuple(found)


def right_totals(lines: list[Line], document: Document) -> set[int]:
    """Keys of the CTT segments that rightly say how many line items there are."""
    found: set[int] = set()
    for set_ in _sets(lines, document.dialect):
        for line, element, count in totals(set_, document):
            said = line.elements[element] if element < len(line.elements) else ""
            if said.lstrip("0") == count:
                found.add(line.key)
    return found


def recounted(editor: Editor, right: set[int]) -> None:
    """Write the counts; a group without sets leaves."""
    editor.drop(_empty(editor.lines, editor.source.dialect))
    lines = editor.lines
    trailers(lines, editor.source.dialect)
    for found in _sets(lines, editor.source.dialect):
        for line, element, count in totals(found, editor.source):
            if line.key in right:
                line.write(element, count)


def right_trailers(lines: list[Line], dialect: Dialect) -> set[int]:
    """Keys of the trailers that rightly say what they count."""
    again = [line.copied() for line in lines]
    trailers(again, dialect)
    found: set[int] = set()
    for line, other in zip(lines, again, strict=True):
        said, count = line.elements[1:2], other.elements[1:2]
        if said and said[0].strip().lstrip("0") == count[0].lstrip("0"):
            found.add(line.key)
    return found


def trailers(lines: list[Line], dialect: Dialect) -> None:
    """Write the counts of the trailers; an interchange counts its groups, or where it has none its sets (EDIFACT)."""
    groups = sets = all_sets = start = 0
    for at, line in enumerate(lines):
        name = line.name
        if name == dialect.opens:
            groups = sets = all_sets = 0
        elif name == dialect.group:
            groups, sets = groups + 1, 0
        elif name == dialect.set:
            sets, all_sets, start = sets + 1, all_sets + 1, at
        elif name == dialect.set_ends:
            line.write(1, str(at - start + 1))
        elif name == dialect.group_ends:
            line.write(1, str(sets))
        elif name == dialect.closes:
            line.write(1, str(groups if groups or not dialect.is_groupless else all_sets))


def _empty(lines: list[Line], dialect: Dialect) -> list[Line]:
    """Headers and trailers of groups that hold nothing."""
    gone: list[Line] = []
    for line, after in pairwise(lines):
        if line.name == dialect.group and after.name == dialect.group_ends:
            gone += (line, after)
    return gone


def _sets(lines: list[Line], dialect: Dialect) -> list[list[Line]]:
    found: list[list[Line]] = []
    for line in lines:
        if line.name == dialect.set:
            found.append([])
        if found and line.name not in dialect.envelope:
            found[-1].append(line)
    return found


def totals(lines: list[Line], document: Document) -> list[tuple[Line, int, str]]:
    """The elements of one set that count segments, and what they should say."""
    dialect = document.dialect
    set_ = next((line.segment(0) for line in lines if line.name == dialect.set), None)
    if set_ is None:
        return []
    group = next(iter(document.index.get(dialect.group, ())), None)
    guide, _ = dialect.resolve(*dialect.identify(set_, group))
    if guide is None:
        return []
    found = []
    for each in counted(guide):
        count = str(sum(line.name == each.of for line in lines))
        for line in lines:
            if line.name == each.name:
                start = each.code + line.marks.component if each.code else ""
                said = line.elements[each.element] if each.element < len(line.elements) else ""
                if said.startswith(start):
                    found.append((line, each.element, start + count))
    return found
