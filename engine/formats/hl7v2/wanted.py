"""Filters of places that are built: `PID-3[.5 == "MR"].1` names the repetition that says MR, and makes it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.formats import PathProblem, Scope, Shape
from engine.formats.hl7v2.building import MARKS, Fields
from engine.formats.hl7v2.elements import inside, leaf
from engine.formats.hl7v2.writing import within

_EQUAL = re.compile(r'\s*((?:\.[1-9]\d{0,2})+)\s*==\s*"((?:[^"\\]|\\["\\])*)"\s*')
_AND = re.compile(r"and\b")


class Wanted:
    """What a repetition or a segment says: field, component and subcomponent (0 = none), and the text there."""

    __slots__ = ("values",)

    def __init__(self, values: Sequence[tuple[int, int, int, str]]) -> None:
        self.values = values

    def __call__(self, scope: Scope) -> bool:
        """Whether the repetition at hand says it."""
        return self.fits(scope.item.raw)

    def fits(self, raw: str) -> bool:
        """Whether a repetition says all of it."""
        return all(
            leaf(inside(raw, MARKS, component, subcomponent), MARKS) == text
            for _, component, subcomponent, text in self.values
        )

    def place(self, repetitions: list[str]) -> int:
        """The position of the repetition that says it; one is put behind the others where none does."""
        for at, raw in enumerate(repetitions):
            if self.fits(raw):
                return at
        made = ""
        for _, component, subcomponent, text in self.values:
            made = within(made, MARKS, component, subcomponent, text)
        repetitions.append(made)
        return len(repetitions) - 1

    def suits(self, fields: Fields) -> bool:
        """Whether a segment says all of it, in the first repetition of each field."""
        return all(
            field < len(fields) and _leaf(fields[field], component, subcomponent) == text
            for field, component, subcomponent, text in self.values
        )

    def fill(self, fields: Fields) -> Fields:
        """Let a segment say it."""
        for field, component, subcomponent, text in self.values:
            fields.extend([""] * (field + 1 - len(fields)))
            fields[field] = within(fields[field], MARKS, component, subcomponent, text)
        return fields


def _leaf(raw: str, component: int, subcomponent: int) -> object:
    first = raw.partition(MARKS.repetition)[0]
    return leaf(inside(first, MARKS, component, subcomponent), MARKS)


def wanted(text: str, at: int, shape: Shape) -> tuple[Wanted, int]:
    """The filter that starts there, and where its bracket ends it; PathProblem where a build could not make it true."""
    values: list[tuple[int, int, int, str]] = []
    deepest = 3 if shape.kind == "segment" else 2
    while True:
        found = _EQUAL.match(text, at)
        numbers = [int(one) for one in found[1].split(".")[1:]] if found else []
        if found is None or len(numbers) > deepest:
            problem = (
                "in a build a filter says what stands there: parts and texts, joined by 'and'"
            )
            write = '.3.1 == "8480-6"' if deepest == 3 else '.5 == "MR"'
            raise PathProblem(at, problem, write)
        numbers = numbers if deepest == 3 else [0, *numbers]
        field, component, subcomponent = [*numbers, 0, 0][:3]
        values.append((field, component, subcomponent, re.sub(r"\\(.)", r"\1", found[2])))
        at = found.end()
        if text.startswith("]", at):
            return Wanted(values), at
        if (more := _AND.match(text, at)) is None:
            raise PathProblem(at, "expected 'and' or ']'", "]")
        at = more.end()
