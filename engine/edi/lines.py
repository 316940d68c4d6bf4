"""Segments being built, before they are put in order."""

from __future__ import annotations

from engine.edi.maps import Part

Leaf = tuple[int, int]
"""Element and component (0 = the whole element)."""


class Line:
    """One segment being built."""

    __slots__ = ("name", "part", "values")

    def __init__(self, part: Part | None, name: str) -> None:
        self.part, self.name = part, name
        self.values: dict[Leaf, list[str]] = {}
        """What is in it: the repetitions of each element or component."""

    def text(self, element: int, component: int = 0) -> str:
        """What stands there, first repetition; empty where nothing does."""
        found = self.values.get((element, component))
        return found[0] if found else ""

    def last(self) -> int:
        """Its last element that has something."""
        return max((element for element, _ in self.values), default=0)


def line_of(
    seen: list[Line],
    lines: list[Line],
    part: Part | None,
    name: str,
    said: tuple[tuple[Leaf, str], ...],
    number: int,
) -> Line:
    """The segment of that number among those seen that have these codes; made, behind all lines, where it is not there yet."""
    found = [
        one
        for one in seen
        if one.name == name
        and one.part is part
        and all(one.text(*leaf) == text for leaf, text in said)
    ]
    while len(found) < number:
        made = Line(part, name)
        made.values = {leaf: [text] for leaf, text in said}
        if part is not None and part.test is not None and len(part.test[2]) == 1:
            made.values.setdefault(part.test[:2], list(part.test[2]))
        lines.append(made)
        if seen is not lines:
            seen.append(made)
        found.append(made)
    return found[number - 1]
