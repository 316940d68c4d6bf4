"""Counts of an interchange that was edited: SE01, GE01, IEA01 (X12.5), and CTT01 where it was right before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.formats.x12.maps import resolve

if TYPE_CHECKING:
    from engine.formats.x12.edit import Editor, Line


class Counted:
    """What an interchange counted rightly before it was edited."""

    def __init__(self, editor: Editor) -> None:
        self.totals: set[int] = set()
        """Keys of the CTT segments that said how many line items there are."""
        for lines in _sets(editor.lines):
            for line, element, count in _totals(lines, editor):
                if element < len(line.elements) and line.elements[element].lstrip("0") == str(count):
                    self.totals.add(line.key)


def recounted(editor: Editor, counted: Counted) -> None:
    """Write the counts; a group without sets leaves."""
    editor.drop(_empty(editor.lines))
    sets = groups = 0
    start = 0
    lines = editor.lines
    for at, line in enumerate(lines):
        if line.name == "ISA":
            groups = 0
        elif line.name == "GS":
            groups, sets = groups + 1, 0
        elif line.name == "ST":
            sets, start = sets + 1, at
        elif line.name == "SE":
            line.write(1, str(at - start + 1))
        elif line.name == "GE":
            line.write(1, str(sets))
        elif line.name == "IEA":
            line.write(1, str(groups))
    for found in _sets(lines):
        for line, element, count in _totals(found, editor):
            if line.key in counted.totals:
                line.write(element, str(count))


def _empty(lines: list[Line]) -> list[Line]:
    """Headers and trailers of groups that hold nothing."""
    gone: list[Line] = []
    for line, after in zip(lines, lines[1:], strict=False):
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


def _totals(lines: list[Line], editor: Editor) -> list[tuple[Line, int, int]]:
    """The elements of a set that count segments, and how many there are."""
    set_ = lines[0].elements
    group = next((one.elements for one in editor.source.index.get("GS", ())), [])
    version = group[8] if len(group) > 8 else ""
    guide, _ = resolve(set_[1] if len(set_) > 1 else "", version)
    if guide is None:
        return []
    found = []
    for place, counted in guide.head.counts.items():
        count = sum(line.name == counted for line in lines)
        found += [(line, int(place[-2:]), count) for line in lines if line.name == place[:-2]]
    return found
