"""
The first leaf of a component, read in one go: what nearly all paths name, and what every message is asked dozens of times.

The same few lines stand in several readers: one call in place of two or three for each value is a tenth of a conversion
(docs/decisions/0023-hl7-to-fhir-cost.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

from engine.formats import Scope
from engine.formats.hl7v2.document import Segment
from engine.formats.hl7v2.elements import inside, leaf, meant, part, parts_of
from engine.formats.hl7v2.marks import Marks
from engine.paths import Leaf

#: What a text becomes; letters and digits stay as they are.
Change = Callable[[str], Any]
#: What is written, with its marks, to a value.
_Finish = Callable[[str, Marks], Any]
#: Readers that are shared by all paths that say the same: what many rules read stays near at hand.
_SHARED = 8192


@lru_cache(_SHARED)
def in_message(name: str, number: int, component: int) -> Callable[[Scope], Any]:
    """
    The first leaf of a component of a field of the first such segment: what nearly all paths are. A channel
    runs dozens of these for every message.
    """
    rest = _of_field(component)

    def read(scope: Scope) -> Any:
        found = scope.node.index.get(name)
        if found is None:
            return None
        segment = found[0]
        fields = segment.cut or segment.split()
        if len(fields) <= number:
            return None
        raw = fields[number]
        if raw.isalnum():  # no delimiter is
            return raw if component == 1 else None
        return rest(raw, segment.marks) if raw else None

    return read


def equals_in_message(name: str, number: int, text: str) -> Callable[[Scope], bool] | None:
    """Whether the first leaf of such a field is this text of letters and digits; what `when` asks most."""
    if not text.isalnum():
        return None
    size = len(text)

    def equals(scope: Scope) -> bool:
        found = scope.node.index.get(name)
        if found is None:
            return False
        segment = found[0]
        fields = segment.cut or segment.split()
        if len(fields) <= number:
            return False
        raw: str = fields[number]
        if raw == text:
            return True
        marks = segment.marks
        if raw[:size] == text:
            if raw[size] == marks.component:
                return True
        elif marks.escape_mark not in raw:
            return False
        return bool(leaf(raw, marks) == text)

    return equals


@lru_cache(_SHARED)
def in_group(
    name: str, number: int, component: int, change: Change | None = None
) -> Callable[[Scope], Any]:
    """The same, as it is seen from a group, with what `change` makes of a text."""
    rest = _changed(_of_field(component), change)

    def read(scope: Scope) -> Any:
        node = scope.node
        found = node.seen.get(name)
        if found is None:
            found = node.find(name)
        if not found:
            return None
        segment = found[0]
        fields = segment.cut or segment.split()
        if len(fields) <= number:
            return None
        raw = fields[number]
        if raw.isalnum():
            return raw if component == 1 else None
        return rest(raw, segment.marks) if raw else None

    return read


@lru_cache(_SHARED)
def there_in_group(
    name: str, number: int, component: int, absent: Any
) -> Callable[[Scope], bool]:
    """Whether that is something, and not this value."""
    rest = _of_field(component)

    def there(scope: Scope) -> bool:
        node = scope.node
        found = node.seen.get(name)
        if found is None:
            found = node.find(name)
        if not found:
            return False
        segment = found[0]
        fields = segment.cut or segment.split()
        if len(fields) <= number:
            return False
        raw = fields[number]
        if raw.isalnum():
            return component == 1
        value = rest(raw, segment.marks) if raw else None
        return value is not None and value is not absent

    return there


def leaf_in_group(name: str, number: int, component: int) -> Leaf:
    """The ways to ask for it."""
    where = name, number, component
    return Leaf(in_group(*where), partial(in_group, *where), partial(there_in_group, *where))


@lru_cache(_SHARED)
def _of_field(component: int) -> _Finish:
    """What a component of the first repetition of a field says first."""
    if component == 1:
        return leaf

    def read(raw: str, marks: Marks) -> Any:
        if marks.repetition in raw:
            raw = raw[: raw.index(marks.repetition)]
        parts = raw.split(marks.component, component)
        if len(parts) < component:
            return None
        raw = parts[component - 1]
        if raw.isalnum():
            return raw
        if marks.subcomponent in raw:
            raw = raw[: raw.index(marks.subcomponent)]
        return meant(raw, marks)

    return read


def _changed(read: _Finish, change: Change | None) -> _Finish:
    """The same, with what is made of a text."""
    if change is None:
        return read

    def changed(raw: str, marks: Marks) -> Any:
        found = read(raw, marks)
        return change(found) if type(found) is str else found

    return changed


class Candidate:
    """A repetition of which a filter asks whether it fits; the lighter sibling of Element."""

    __slots__ = ("cut", "marks", "raw")

    level = "repetition"

    def __init__(self, raw: str, marks: Marks) -> None:
        self.raw, self.marks = raw, marks
        self.cut: list[str] | None = None

    def take_apart(self) -> list[str]:
        """Its components."""
        self.cut = parts = parts_of(self.raw, self.marks, "repetition")
        return parts

    def value(self) -> Any:
        """Text, NULL, or None for nothing."""
        return leaf(self.raw, self.marks)


def filtered(
    find: Callable[[Scope], Sequence[Segment]],
    number: int,
    component: int,
    subcomponent: int,
    where: Callable[[Scope], bool],
) -> Callable[[Scope], Any]:
    """The value of the first repetition that fits: `PID-3[.5 == "MR"].1`."""

    def read(scope: Scope) -> Any:
        for segment in find(scope):
            fields = segment.cut or segment.split()
            raw = fields[number] if number < len(fields) else ""
            marks = segment.marks
            for at, one in enumerate(raw.split(marks.repetition) if raw else (), 1):
                if where(scope.child(Candidate(one, marks), at)):
                    return leaf(inside(one, marks, component, subcomponent), marks)
        return None

    return read


@lru_cache(_SHARED)
def in_item(
    component: int, subcomponent: int, change: Change | None = None
) -> Callable[[Scope], Any]:
    """
    The first leaf of a part of the field, repetition or component at hand, which is taken apart once for all that is read of it;
    with what `change` makes of a text.
    """
    first, second = component or subcomponent, subcomponent if component else 0
    rest = _changed(_of_part(second), change)

    def read(scope: Scope) -> Any:
        item = scope.item
        parts = item.cut or item.take_apart()
        if len(parts) < first:
            return None
        raw = parts[first - 1]
        if raw.isalnum():
            return raw if second < 2 else None
        return rest(raw, item.marks) if raw else None

    return read


@lru_cache(_SHARED)
def there_in_item(component: int, subcomponent: int, absent: Any) -> Callable[[Scope], bool]:
    """Whether that is something, and not this value."""
    first, second = component or subcomponent, subcomponent if component else 0
    rest = _of_part(second)

    def there(scope: Scope) -> bool:
        item = scope.item
        parts = item.cut or item.take_apart()
        if len(parts) < first:
            return False
        raw = parts[first - 1]
        if raw.isalnum():
            return second < 2
        value = rest(raw, item.marks) if raw else None
        return value is not None and value is not absent

    return there


def leaf_in_item(component: int, subcomponent: int) -> Leaf:
    """The ways to ask for it."""
    where = component, subcomponent
    return Leaf(in_item(*where), partial(in_item, *where), partial(there_in_item, *where))


@lru_cache(_SHARED)
def _of_part(number: int) -> _Finish:
    """What one of the subcomponents of a component says; of 0 the first."""
    if number > 1:
        return lambda raw, marks: meant(part(raw, marks.subcomponent, number), marks)

    def first(raw: str, marks: Marks) -> Any:
        if marks.subcomponent in raw:
            raw = raw[: raw.index(marks.subcomponent)]
        return meant(raw, marks)

    return first


def equals_in_item(component: int, text: str) -> Callable[[Scope], bool] | None:
    """Whether the first leaf of a component of the repetition at hand is this text of letters and digits."""
    if not text.isalnum():
        return None

    def equals(scope: Scope) -> bool:
        item = scope.item
        raw, marks = item.raw, item.marks
        parts = raw.split(marks.component, component)
        if len(parts) < component:
            return False
        if parts[component - 1] == text:
            return True
        return bool(leaf(inside(raw, marks, component, 0), marks) == text)

    return equals
