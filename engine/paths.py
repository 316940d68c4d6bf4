"""Paths as the expression language meets them: what a format gives it, and what a path can see while it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec


class Scope(msgspec.Struct, eq=False, gc=False):
    """
    What an expression can see while it runs. Formats read it, the mapping language makes it.

    Made once per message and once per item of an `each` or a filter; expressions never change it. A struct, since it is made in a
    third of the time that a class takes.
    """

    node: Any
    """The message, or the group at hand: where an absolute path is looked up first."""
    context: Any
    """What planning was given: now, tables, facts (engine/message.py: Facts)."""
    item: Any = None
    """The thing at hand: what a leading dot and `it` read."""
    index: int = 0
    """Its position from 1."""
    outer: Scope | None = None
    """The scope around this one; None at the message."""
    values: list[Any] | None = None
    """The slots of `let`, by number; shared with the scopes inside."""

    def __repr__(self) -> str:
        """Nothing of what it holds: messages are nobody's business."""
        return "Scope"

    def child(self, item: Any, index: int, node: Any = None) -> Scope:
        """The scope of one item; `node` where the item is a group of its own."""
        return Scope(
            self.node if node is None else node, self.context, item, index, self, self.values
        )


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What is known at load about the thing an expression reads, so that wrong paths fail at load."""

    format: str
    """The format's name: `hl7v2`, `json`, `canonical`."""
    kind: str = "message"
    """What the thing at hand is, in the format's own terms: `message`, `group`, `segment`, `repetition`, `record`."""
    name: str = ""
    """Its name where it has one: `FT1`."""
    type: Any = None
    """Its type where there is one: a canonical entity's struct class."""
    outer: Shape | None = None
    """The shape around it."""


#: Compiles the condition that starts at an offset of the text and ends before the closing bracket:
#: (text, offset, shape of the candidate) -> (predicate over a scope, offset of the bracket).
CompileCondition = Callable[[str, int, Shape], tuple[Callable[[Scope], bool], int]]


#: Digits of a number in a path; no message has more of anything.
DIGITS = 6


class PathProblem(Exception):
    """A path that cannot be: offset in the text, what is wrong, what to write."""

    def __init__(
        self, offset: int, problem: str, write: str = "", certain: bool = False
    ) -> None:
        self.offset, self.problem, self.write = offset, problem, write
        self.certain = certain
        """Whether it can be nothing else, also where it looks like a mere word."""
        super().__init__(problem)


class Leaf(msgspec.Struct, frozen=True):
    """Other ways to ask for one text, each in one call, where a value is mostly letters and digits; never another answer."""

    read: Callable[[Scope], Any]
    """What they stand for: its value."""
    changed: Callable[[Callable[[str], Any]], Callable[[Scope], Any]]
    """Its value, of which a text is changed by a function that leaves letters and digits as they are."""
    there: Callable[[Any], Callable[[Scope], bool]]
    """Whether it is something, and not this value, which counts as nothing."""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A path found in an expression, compiled."""

    text: str
    """The path as written."""
    end: int
    """Offset behind its last character."""
    read: Callable[[Scope], Any]
    """Its value: text, NULL, None (nothing), a number or truth where the format has them, a list where `many`, or an Element."""
    many: bool = False
    """Whether it names several things: `read` gives a list, `each` may walk it."""
    nodes: Callable[[Scope], Sequence[Any]] | None = None
    """The things themselves, for `each` and for copying field to field; None where the path names a value only."""
    shape: Shape | None = None
    """The shape of each of those things."""
    group: bool = False
    """Whether each of those things becomes the node of its scope (`each: FT1`)."""
    kind: str = "text"
    """Static type of its value, or of each of its values: text, number, truth, moment (as ISO 8601 text), record, any."""
    equals: Callable[[str], Callable[[Scope], bool] | None] | None = None
    """A quicker way to ask whether its value is a text that is known at load, where there is one; never another answer."""
    leaf: Leaf | None = None
    """Quicker ways to ask for it, where there are some."""


class Target(Protocol):
    """A path that is written to."""

    text: str

    def set(self, document: Any, scope: Scope, value: Any) -> None:
        """
        Write the value (text, NULL, None = empty, or nodes of the same format copied as they are)
        into a document being edited. A filter that finds nothing changes nothing.
        """

    def remove(self, document: Any, scope: Scope) -> None:
        """Take away what the path names; nothing there is no error."""


class Paths(Protocol):
    """A format's paths, as the expression language meets them."""

    def match(
        self, text: str, at: int, shape: Shape, condition: CompileCondition
    ) -> Match | None:
        """The path that starts at the offset, or None where none does. PathProblem when it is one but wrong."""

    def target(self, text: str, shape: Shape, condition: CompileCondition) -> Target:
        """The whole text as a place to write to; PathProblem when it is none."""
