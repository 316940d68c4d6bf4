"""
Paths of records: `lines[0].item.code`, `identifier[.system == "urn:mrn"].value`, `lines[*].quantity`, `["@odata.etag"]`.

One syntax for JSON documents (dicts and lists, nothing known at load) and for canonical entities (structs, every name
checked at load). Positions count from 0. A filter gives the first match, followed by `(*)` all. Kinds of shape:

    message    a JSON document            read from Scope.node.value
    record     an entity, or the item of an `each`: names without a dot are looked up in it first
    entity     an entity beside the message, at a destination, or an item of a function's list: read from Scope.item
    candidate  what a filter looks at: only a leading dot reads it
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from engine.paths import DIGITS, CompileCondition, Match, PathProblem, Scope, Shape, Target
from engine.records import reading
from engine.records.types import ANY, FieldType, fields, missing, of

NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
KEY = re.compile(r'\[\s*"((?:[^"\\]|\\.)*)"\s*\]')
_AT = re.compile(r"\[\s*(\d+)\s*\]")
_EACH = re.compile(r"\[\s*\*\s*\]")
_ALL = re.compile(r"\(\s*\*\s*\)")


class RecordPaths:
    """The paths of JSON documents and of canonical entities; formats whose documents are records have paths like these."""

    def __init__(self, walk: type[Walk] | None = None) -> None:
        self._walk = walk or Walk

    def match(
        self, text: str, at: int, shape: Shape, condition: CompileCondition
    ) -> Match | None:
        """The path that starts here; None where the name is no field of a known entity."""
        dot = text.startswith(".", at)
        start = at + dot
        key = KEY.match(text, start)
        name = key or NAME.match(text, start)
        if name is None:
            return None
        said = unescaped(name.group(1)) if key else name.group()
        if dot:
            level: Level | None = _item(shape)
        else:
            level = _level(shape, said)
        if level is None:
            return None
        walk = self._walk(text, shape, condition, level)
        walk.field(said, start)
        walk.at = name.end()
        walk.steps()
        return walk.match(at)

    def behind(
        self,
        text: str,
        at: int,
        end: int,
        start: Callable[[Scope], Any],
        type_: FieldType,
        shape: Shape,
        condition: CompileCondition,
    ) -> Match | None:
        """The path that goes on at `end`, behind a value that has a name; None where none does. `at`: where the name stands."""
        walk = self._walk(text, shape, condition, Level(hops=0, kind="record", type=type_))
        walk.start, walk.at = start, end
        walk.steps()
        return walk.match(at) if walk.at > end else None

    def target(self, text: str, shape: Shape, condition: CompileCondition) -> Target:
        """JSON is built, not edited."""
        raise PathProblem(0, "editing JSON in place is not in this release")


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """Where a path begins: how many scopes further out, and what is read there."""

    hops: int
    kind: str
    type: FieldType
    rest: tuple[Level, ...] = ()
    """Where else to look, further out, when nothing is known of this one and it lacks the name."""


def names(shape: Shape) -> list[str]:
    """The names a path may begin with, where they are known."""
    found: list[str] = []
    at: Shape | None = shape
    while at is not None:
        known = isinstance(at.type, type | FieldType) and at.kind != "candidate"
        if known and (struct := type_of(at).struct) is not None:
            found += fields(struct)
        at = at.outer
    return found


def type_of(shape: Shape) -> FieldType:
    """The type of the thing at hand."""
    if isinstance(shape.type, FieldType):
        return shape.type
    return ANY if shape.type is None else of(shape.type)


def _level(shape: Shape, name: str) -> Level | None:
    """The nearest record that has the name; records of which nothing is known may have any."""
    open_: list[Level] = []
    at: Shape | None = shape
    hops = 0
    while at is not None:
        type_ = type_of(at)
        level = Level(hops=hops, kind=at.kind, type=type_)
        if at.kind != "candidate" and type_.struct and name in fields(type_.struct):
            open_.append(level)
            break
        if at.kind != "candidate" and type_.kind == "any":
            open_.append(level)
        at, hops = at.outer, hops + 1
    if not open_:
        return None
    first, *rest = open_
    return msgspec.structs.replace(first, rest=tuple(rest))


def _item(shape: Shape) -> Level | None:
    if shape.kind == "message" or (shape.kind == "record" and shape.outer is None):
        return None
    return Level(hops=0, kind="entity", type=type_of(shape))


class Walk:
    """Reads the steps behind the first name and builds the reader."""

    def __init__(
        self, text: str, shape: Shape, condition: CompileCondition, level: Level
    ) -> None:
        self.text, self.shape, self.condition, self.level = text, shape, condition, level
        self.type = level.type
        self.at = 0
        self.last = ""
        """The name that was read last."""
        self.start: Callable[[Scope], Any] | None = None
        """What it begins at, where that is no part of the scope."""
        self.names: list[str] = []
        """The plain names from the beginning, as long as nothing else comes between."""
        self.found: list[reading.Step] = []
        self.many = False

    def field(self, name: str, at: int) -> None:
        """One more name."""
        self.last = name
        if self.type.kind == "list":
            raise PathProblem(at, f"'{name}' is asked of a list", f"[0].{name}, or [*].{name}")
        if self.type.struct is not None:
            known = fields(self.type.struct)
            if name not in known:
                raise PathProblem(at, missing(name, self.type.struct))
            self.type = known[name].type
        elif self.type.form == "dict":
            self.type = self.type.item or ANY
        elif self.type.kind != "any":
            raise PathProblem(
                at, f"'{name}' is asked of a {self.type.kind}, which has no parts"
            )
        if self.found:
            self.found.append(reading.part_of(name))
        else:
            self.names.append(name)

    def steps(self) -> None:
        """Everything behind the first name."""
        text = self.text
        while self.at < len(text):
            if self.other():
                continue
            if text[self.at] == "." and (name := NAME.match(text, self.at + 1)):
                self.field(name.group(), self.at + 1)
                self.at = name.end()
            elif key := KEY.match(text, self.at):
                self.field(unescaped(key.group(1)), self.at)
                self.at = key.end()
            elif text[self.at] == "[":
                self.bracket()
            else:
                return

    def other(self) -> bool:
        """Reads a step that only the format at hand has; whether one stands here."""
        return False

    def single(self, at: int) -> PathProblem:
        """What is said of brackets behind what is no list."""
        return PathProblem(at, "brackets stand behind a list, this is none")

    def bracket(self) -> None:
        start = self.at
        if self.type.kind not in ("list", "any"):
            raise self.single(start)
        self.type = self.type.item or ANY
        if position := _AT.match(self.text, start):
            if len(position.group(1)) > DIGITS:
                wrong = f"a number in a path has at most {DIGITS} digits"
                raise PathProblem(start, wrong)
            self.at = position.end()
            self.found.append(reading.position(int(position.group(1))))
        elif every := _EACH.match(self.text, start):
            self.at = every.end()
            self.many = True
            self.found.append(reading.elements)
        else:
            self._filter(start)

    def _filter(self, start: int) -> None:
        shape = Shape(
            format=self.shape.format, kind="candidate", type=self.type, outer=self.shape
        )
        holds, self.at = self.condition(self.text, start + 1, shape)
        if not self.text.startswith("]", self.at):
            raise PathProblem(self.at, "expected ']' behind the condition")
        self.at += 1
        everything = _ALL.match(self.text, self.at)
        if everything:
            self.at, self.many = everything.end(), True
        self.found.append(reading.matching(holds, everything is not None))

    def match(self, start: int) -> Match:
        """The path as a whole."""
        plain = tuple(self.names)
        begin = self.begin()
        nodes = reading.nodes(begin, plain, tuple(self.found))
        type_, many = self.type, self.many
        listed = type_.kind == "list"
        item = (type_.item or ANY) if listed else type_
        return Match(
            text=self.text[start : self.at],
            end=self.at,
            read=self._reader(begin, nodes, many or listed),
            many=many or listed,
            nodes=reading.spread(nodes) if listed or type_.kind == "any" else nodes,
            shape=Shape(format=self.shape.format, kind="record", type=item, outer=self.shape),
            group=True,
            kind=item.kind,
        )

    def begin(self) -> Callable[[Scope], Any]:
        """What the first name is asked of."""
        if self.start is not None:
            return self.start
        levels = tuple(
            reading.begin(level.kind, level.hops) for level in (self.level, *self.level.rest)
        )
        return levels[0] if len(levels) == 1 else reading.first_with(self.names[0], levels)

    def _reader(self, begin: Any, nodes: Any, many: bool) -> Callable[[Scope], Any]:
        if many:
            return reading.listed(nodes)
        if self.found:
            return reading.first(nodes)
        return reading.plain(begin, tuple(self.names), self.level.type.form == "struct")


def unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
