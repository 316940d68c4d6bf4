"""
What a rule needs: the fields or components of the thing at hand of which one must have something, or the rule gives nothing.

Known of a path, and of what passes nothing through: `PID-5.1`, `.4 | table("sex")`, `.1 ?? .2`, `exists(.3)`. Not known of what
says something about nothing: `not exists(.3)`, a constant, a text with holes. A mapping of a segment has a hundred rules, and
a segment has ten fields: those that need another field are not even asked. A negative number is a field or component that must
have parts of its own: `.2.3` is never there where the second component is one text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from engine.formats import Scope, Shape
from engine.formats.hl7v2 import presence
from engine.mapping.language import Needs

#: Different fillings of one segment or datatype that are remembered; a feed has some dozens.
_REMEMBERED = 1000
#: With fewer rules that might be left out, asking costs more than it saves.
_WORTH = 3

Part = TypeVar("Part")
Chosen = TypeVar("Chosen")


def of_path(text: str, shape: Shape) -> Needs:
    """What a path needs."""
    found = presence.position(text, shape) if shape.format == "hl7v2" else 0
    return frozenset((found,)) if found else None


def any_of(needs: Iterable[Needs]) -> Needs:
    """What several things need, of which one is enough; not known where that of one is not."""
    found: frozenset[int] = frozenset()
    for each in needs:
        if each is None:
            return None
        found |= each
    return found


def all_of(needs: Iterable[Needs]) -> Needs:
    """What several things need that are all wanted: what the choosiest of them does."""
    known = [each for each in needs if each is not None]
    return min(known, key=_often) if known else None


def _often(needs: frozenset[int]) -> tuple[int, int]:
    """Smaller for what is there less often: few places, and those that must have parts."""
    return len(needs), sum(each > 0 for each in needs)


def choosing(
    parts: Sequence[Part],
    needs: Sequence[Needs],
    shape: Shape,
    made: Callable[[bytes, Sequence[Part]], Chosen],
) -> Callable[[Scope], Chosen] | None:
    """
    Gives what is made, once for each filling, of the rules that may give something of the thing in a scope; None where asking is
    not worth it.
    """
    if sum(each is not None for each in needs) < _WORTH or shape.format != "hl7v2":
        return None
    present = presence.present(shape)
    if present is None:
        return None
    known: dict[bytes, Chosen] = {}
    both = tuple(zip(parts, needs, strict=True))

    def chosen(scope: Scope) -> Chosen:
        there = present(scope)
        found = known.get(there)
        if found is None:
            filled = presence.told(there)
            wanted = tuple(
                part for part, need in both if need is None or not need.isdisjoint(filled)
            )
            if len(known) >= _REMEMBERED:
                known.clear()
            known[there] = found = made(there, wanted)
        return found

    return chosen
