"""
The grammar of paths: `po:Order/po:Line[*]/@id`, and inside an `each` or a filter `.po:Quantity`, `./po:Quantity`, `.@id`.

    path    = [ "." [ "/" ] ] step { "/" step }
    step    = name [ pick ] | "@" name           an attribute is the last step
    pick    = "[" number "]" | "[*]" | "[" condition "]" [ "(*)" ]

Without brackets a step means every child of that name, as in XPath: as a value the first of them, for `each` all of
them; `[*]` makes it a list. A filter gives the first that fits, with `(*)` all. Numbers count from 1.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from engine.markup.namespaces import NAME, of
from engine.paths import DIGITS, CompileCondition, PathProblem, Scope, Shape

FORMAT = "xml"

_NAME = re.compile(rf"(?:{NAME}:)?{NAME}")
_NUMBER = re.compile(r"\[\s*(\d+)\s*\]")
_EACH = re.compile(r"\[\s*\*\s*\]")
_ALL = re.compile(r"\(\s*\*\s*\)")


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step."""

    name: str
    """As written."""
    tag: str
    """As lxml knows it."""
    attribute: bool = False
    number: int = 0
    """The one of this number among its like; 0 = not said."""
    where: Callable[[Scope], bool] | None = None
    every: bool = True
    """Of those that fit a condition: whether all are meant."""

    @property
    def plain(self) -> bool:
        """Whether it means every child of its name."""
        return not self.number and self.where is None


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """A path, taken apart."""

    text: str
    end: int
    relative: bool
    """Whether it begins at the thing at hand."""
    steps: tuple[Step, ...]
    many: bool
    """Whether it says that it means several."""


def read_path(text: str, at: int, shape: Shape, condition: CompileCondition) -> Path | None:
    """The path that starts there; None where none does. PathProblem for what looks like one and cannot be."""
    relative = text.startswith(".", at)
    start = at + relative
    start += relative and text.startswith("/", start)
    if not _step_starts(text, start) or (not relative and text.startswith("@", at)):
        return None
    if relative and shape.kind == "message":
        problem = (
            "a path that begins with a dot reads the thing at hand, and there is none here"
        )
        raise PathProblem(at, problem, text[start:])
    walk = _Walk(text, start, shape, condition)
    while walk.step():
        pass
    return Path(
        text=text[at : walk.at],
        end=walk.at,
        relative=relative,
        steps=tuple(walk.steps),
        many=walk.many,
    )


def _step_starts(text: str, at: int) -> bool:
    return _NAME.match(text, at + text.startswith("@", at)) is not None


class _Walk:
    """Reads step by step."""

    def __init__(self, text: str, at: int, shape: Shape, condition: CompileCondition) -> None:
        self.text, self.at, self.shape, self.condition = text, at, shape, condition
        self.namespaces = of(root_of(shape).type)
        self.steps: list[Step] = []
        self.many = False

    def step(self) -> bool:
        """Read one; whether another follows."""
        attribute = self.text.startswith("@", self.at)
        self.at += attribute
        found = _NAME.match(self.text, self.at)
        if found is None:
            raise PathProblem(
                self.at, "the name of an element or attribute stands here", "po:Line"
            )
        tag = self.namespaces.tag(found[0], self.at, attribute)
        self.at = found.end()
        if self.text.startswith(":", self.at):
            raise PathProblem(
                self.at, "elements in one another stand behind a slash", "po:Order/po:Line"
            )
        name = f"@{found[0]}" if attribute else found[0]
        step = Step(name=name, tag=tag, attribute=attribute)
        self.steps.append(step if attribute else self._picked(step))
        follows = self.text.startswith("/", self.at) and _step_starts(self.text, self.at + 1)
        if attribute and follows:
            raise PathProblem(self.at, "an attribute has nothing inside it")
        self.at += follows
        return follows

    def _picked(self, step: Step) -> Step:
        text, at = self.text, self.at
        if not text.startswith("[", at):
            return step
        if number := _NUMBER.match(text, at):
            if len(number[1]) > DIGITS or not int(number[1]):
                raise PathProblem(
                    at, f"elements are counted from 1, with at most {DIGITS} digits", "[1]"
                )
            self.at = number.end()
            return msgspec.structs.replace(step, number=int(number[1]))
        if every := _EACH.match(text, at):
            self.at, self.many = every.end(), True
            return step
        kind = Shape(format=FORMAT, kind="candidate", name=step.tag, outer=self.shape)
        where, self.at = self.condition(text, at + 1, kind)
        if not text.startswith("]", self.at):
            raise PathProblem(self.at, "expected ']' behind the condition")
        self.at += 1
        everything = _ALL.match(text, self.at)
        if everything:
            self.at, self.many = everything.end(), True
        return msgspec.structs.replace(step, where=where, every=everything is not None)


def root_of(shape: Shape) -> Shape:
    """The shape of the message around a thing; it knows the prefixes."""
    while shape.outer is not None:
        shape = shape.outer
    return shape
