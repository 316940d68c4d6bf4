"""
Where each segment of a transaction set belongs in its map.

From the place of the segment before it, a segment is looked for further on in the same loop (and among what has the same
position), then as another repetition of it, then further on in the loops around. What stands out of order is looked for in these loops from their beginning; what
the map does not foresee belongs to the loop of the segment before it. What followed what is remembered by the map,
so that each further segment costs one look-up.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.edi.document import Segment, parts_of
from engine.edi.maps import Guide, LoopPart, Part

Step = tuple[Part, int, tuple[LoopPart, ...], bool]
"""The place, how many loops around stay open (0 = the set only), the loops that begin, whether it stands out of order."""


def step(guide: Guide, before: Part, segment: Segment) -> Step | None:
    """Where a segment goes that follows another; None where the map has no place for it."""
    name = segment.name
    codes = _codes(guide, segment)
    key = (id(before), name, codes)
    if key in guide.steps:
        found: Step | None = guide.steps[key]
        return found
    found = None
    if name in guide.root.all:
        found = found_at(guide, before, name, codes)
        guide.steps[key] = found
    return found


def _codes(guide: Guide, segment: Segment) -> tuple[str, ...]:
    """The codes on which its place depends; those that no place names are empty."""
    places = guide.codes.get(segment.name)
    if places is None:
        return ()
    found = []
    for (element, component), known in zip(places, guide.known[segment.name], strict=True):
        raw = segment.element(element)
        if component:
            pieces = parts_of(
                parts_of(raw, segment.marks.repetition)[0], segment.marks.component
            )
            raw = pieces[component - 1] if component <= len(pieces) else ""
        found.append(raw if raw in known else "")
    return tuple(found)


def found_at(guide: Guide, before: Part, name: str, codes: tuple[str, ...]) -> Step | None:
    """Where a segment of that name, with the codes that matter (guide.codes), goes that follows another."""
    at = guide.codes.get(name, {})
    for place in (_ahead, _again, _anywhere):
        for item in place(before):
            first = item if isinstance(item, Part) else item.first
            if first.fits(name, codes, at):
                return _found(item, place is _anywhere)
    return None


def _found(item: Part | LoopPart, stray: bool) -> Step:
    if isinstance(item, Part):
        return item, item.loop.depth, (), stray
    assert item.loop is not None
    return item.first, item.loop.depth, (item,), stray


def _ahead(before: Part) -> Iterator[Part | LoopPart]:
    """What may properly follow, nearest first."""
    item: Part | LoopPart = before
    loop: LoopPart | None = before.loop
    while loop is not None:
        if item.repeat != 1:
            yield item
        yield from _beside(item, loop)
        yield from loop.items[item.order + 1 :]
        item, loop = loop, loop.loop


def _beside(item: Part | LoopPart, loop: LoopPart) -> Iterator[Part | LoopPart]:
    """
    What stands before it in the map and has its name: where a guide lists a segment of the standard several times, by its
    codes, all of these have one position, and no order among them (X12.59; TR3 2.2.1).
    """
    for order in range(item.order - 1, -1, -1):
        before = loop.items[order]
        if type(before) is not type(item) or _begins(before) != _begins(item):
            return
        if order or loop.loop is None:
            yield before


def _begins(item: Part | LoopPart) -> str:
    return item.name if isinstance(item, Part) else item.first.name


def _again(before: Part) -> Iterator[Part | LoopPart]:
    """What may stand once only, and is there."""
    item: Part | LoopPart = before
    loop: LoopPart | None = before.loop
    while loop is not None:
        begins = isinstance(item, Part) and item.order == 0 and loop.loop is not None
        if item.repeat == 1 and not begins:
            yield item
        item, loop = loop, loop.loop


def _anywhere(before: Part) -> Iterator[Part | LoopPart]:
    """What stands too late."""
    loop: LoopPart | None = before.loop
    while loop is not None:
        yield from loop.items[1:] if loop.loop is not None else loop.items
        loop = loop.loop
