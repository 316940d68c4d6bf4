"""Counts of an interchange that was edited: SE01, GE01, IEA01 (X12.5), and CTT01 where it was right before."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from engine.edi.maps import resolve

if TYPE_CHECKING:
    from engine.edi.document import Document
    from engine.edi.edit import Editor, Line


#: What each trailer counts.
_COUNTED = {"GE": "ST", "IEA": "GS"}


def right_totals(lines: list[Line], document: Document) -> set[int]:
    """Keys of the CTT segments that rightly say how many line items there are."""
    found: set[int] = set()
    for set_ in _sets(lines):
        for line, element, count in totals(set_, document):
            said = line.elements[element] if element < len(line.elements) else ""
            if said.lstrip("0") == str(count):
                found.add(line.key)
    return found


def recounted(editor: Editor, right: set[int]) -> None:
    """Write the counts; a group without sets leaves."""
    editor.drop(_empty(editor.lines))
    seen = {"GS": 0, "ST": 0}
    start = 0
    lines = editor.lines
    for at, line in enumerate(lines):
        if line.name in ("ISA", "GS"):
            seen["GS"] = seen["GS"] + 1 if line.name == "GS" else 0
            seen["ST"] = 0
        elif line.name == "ST":
            seen["ST"], start = seen["ST"] + 1, at
        elif line.name == "SE":
            line.write(1, str(at - start + 1))
        elif line.name in _COUNTED:
            line.write(1, str(seen[_COUNTED[line.name]]))
    for found in _sets(lines):
        for line, element, count in totals(found, editor.source):
            if line.key in right:
                line.write(element, str(count))


def _empty(lines: list[Line]) -> list[Line]:
    """Headers and trailers of groups that hold nothing."""
    gone: list[Line] = []
    for line, after in pairwise(lines):
        if line.name == "GS" and after.name == "GE":
            gone += (line, after)
    return gone


def _sets(lines: list[Line]) -> list[list[Line]]:
    found: list[list[Line]] = []
    for line in lines:
        if line.name == "ST":
            found.append([])
        if found and line.name not in ("ISA", "GS", "GE", "IEA"):
            found[-1].append(line)
    return found


def totals(lines: list[Line], document: Document) -> list[tuple[Line, int, int]]:
    """The elements of one set that count segments, and how many there are."""
    set_ = next((line.elements for line in lines if line.name == "ST"), [])
    group = next((one.elements for one in document.index.get("GS", ())), [])
    version = group[8] if len(group) > 8 else ""
    guide, _ = resolve(set_[1] if len(set_) > 1 else "", version)
    if guide is None:
        return []
    found = []
    for place, counted in guide.head.counts.items():
        count = sum(line.name == counted for line in lines)
        found += [(line, int(place[-2:]), count) for line in lines if line.name == place[:-2]]
    return found
