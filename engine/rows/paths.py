"""
Paths of rows: `quantity`, `["Invoice No"]`, `rows[*]`, `rows[0].unit`, `rows[.unit == "CS"].quantity`, `H.batch`.

A name is looked up in the row at hand, then in the rows around it, then in the file, whose columns are those of its
first record. Positions count from 0. A filter gives the first row, followed by `(*)` all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.hints import meant
from engine.paths import CompileCondition, Match, PathProblem, Shape, Target
from engine.rows import reading
from engine.rows.table import Column, Level

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_KEY = re.compile(r'\[\s*"((?:[^"\\]|\\.)*)"\s*\]')
_AT = re.compile(r"\[\s*(\d{1,9})\s*\]")
_EACH = re.compile(r"\[\s*\*\s*\]")
_ALL = re.compile(r"\(\s*\*\s*\)")


class RowPaths:
    """The paths of files of rows."""

    def match(
        self, text: str, at: int, shape: Shape, condition: CompileCondition
    ) -> Match | None:
        """The path that starts here; None where the name is not known (`known` says which are)."""
        dot = text.startswith(".", at)
        name = _name(text, at + dot)
        if name is None:
            return None
        said, end, quoted = name
        group = text.startswith("[", end) and not _KEY.match(text, end)
        if dot:
            here = level_of(shape)
            if here is None or shape.kind == "message":
                return None
            found = Walk(text, shape, condition, here, reading.item)
        else:
            begun = _outwards(shape, said, quoted, group)
            if begun is None:
                if quoted and level_of(_outermost(shape)) is not None:
                    raise PathProblem(at, _unknown(said, known(shape), "the layout"))
                return None
            level, hops = begun
            found = Walk(text, shape, condition, level, reading.node(hops))
        found.take(said, at + dot, end, quoted)
        return found.match(at)

    def target(self, text: str, shape: Shape, condition: CompileCondition) -> Target:
        """Rows are built, not edited."""
        raise PathProblem(0, "a file of rows is not edited in place", "to: delimited/LAYOUT")

    def names(self, shape: Shape) -> list[str]:
        """The names that a path may begin with, for what might have been meant."""
        return known(shape)


def level_of(shape: Shape) -> Level | None:
    """What is known of the thing at hand: of a file by its layout; None where nothing is."""
    found = shape.type if isinstance(shape.type, Level) else getattr(shape.type, "level", None)
    return found if isinstance(found, Level) else None


def known(shape: Shape) -> list[str]:
    """The names that a path may begin with."""
    found: dict[str, None] = {}
    at: Shape | None = shape
    while at is not None:
        if (level := level_of(at)) is not None:
            found.update(dict.fromkeys((*level.columns, *level.groups)))
        at = at.outer
    return list(found)


def _outermost(shape: Shape) -> Shape:
    while shape.outer is not None:
        shape = shape.outer
    return shape


def _outwards(shape: Shape, name: str, quoted: bool, group: bool) -> tuple[Level, int] | None:
    """The nearest level that has the name, and how many scopes further out it is."""
    at: Shape | None = shape
    hops = 0
    while at is not None:
        level = None if at.kind == "candidate" else level_of(at)
        if level is not None and (
            name in level.groups if group and not quoted else _has(level, name, quoted)
        ):
            return level, hops
        at, hops = at.outer, hops + 1
    return _outwards(shape, name, quoted, False) if group else None


def _has(level: Level, name: str, quoted: bool) -> bool:
    return name in level.columns or (not quoted and name in level.groups)


def _name(text: str, at: int) -> tuple[str, int, bool] | None:
    """The name that starts here, the offset behind it, and whether it stands in `["..."]`."""
    if key := _KEY.match(text, at):
        return re.sub(r"\\(.)", r"\1", key.group(1)), key.end(), True
    name = _NAME.match(text, at)
    return (name.group(), name.end(), False) if name else None


class Walk:
    """Reads the steps of one path and builds its reader."""

    def __init__(
        self,
        text: str,
        shape: Shape,
        condition: CompileCondition,
        level: Level,
        begin: reading.Begin,
    ) -> None:
        self.text, self.shape, self.condition = text, shape, condition
        self.level, self.begin = level, begin
        self.steps: list[tuple[str, reading.Choose]] = []
        self.column: Column | None = None
        self.many = False
        self.at = 0

    def take(self, name: str, start: int, end: int, quoted: bool) -> None:
        """One more name: a column, which ends the path, or rows."""
        self.at = end
        level, text = self.level, self.text
        bracket = text.startswith("[", end) and not _KEY.match(text, end)
        if name in level.groups and not quoted and (bracket or name not in level.columns):
            self.rows(name, start)
        elif name in level.columns:
            self.column = level.columns[name]
            if bracket or self.further():
                raise PathProblem(end, f"'{name}' is a column and holds one value")
        else:
            names = [*level.columns, *level.groups]
            raise PathProblem(start, _unknown(name, names, f"a row of '{level.name}'"))

    def further(self) -> bool:
        """Whether another name follows."""
        here = self.text.startswith(".", self.at)
        return _name(self.text, self.at + here) is not None and (
            here or self.text.startswith("[", self.at)
        )

    def rows(self, name: str, start: int) -> None:
        """Rows of a type: all of them, one of them, or those that a filter finds."""
        self.level = self.level.groups[name]
        self.steps.append((name, self.chosen(name, start)))
        if self.further():
            here = self.at + self.text.startswith(".", self.at)
            following = _name(self.text, here)
            assert following is not None
            self.take(following[0], here, following[1], following[2])

    def chosen(self, name: str, start: int) -> reading.Choose:
        """What the brackets behind rows say."""
        text = self.text
        if (every := _EACH.match(text, self.at)) is not None:
            self.at, self.many = every.end(), True
            return reading.every
        if (position := _AT.match(text, self.at)) is not None:
            self.at = position.end()
            return reading.nth(int(position[1]))
        if text.startswith("[", self.at) and not _KEY.match(text, self.at):
            return self.filter(self.level)
        if self.level.single:
            return reading.nth(0)
        if self.further():
            write = f"{name}[*], or {name}[0]"
            raise PathProblem(
                start, f"there may be several '{name}'; brackets say which", write
            )
        self.many = True
        return reading.every

    def filter(self, level: Level) -> reading.Choose:
        """`[.unit == "CS"]`: the first row for which it holds; followed by `(*)` all."""
        shape = Shape(
            format=self.shape.format,
            kind="candidate",
            name=level.name,
            type=level,
            outer=self.shape,
        )
        holds, self.at = self.condition(self.text, self.at + 1, shape)
        if not self.text.startswith("]", self.at):
            raise PathProblem(self.at, "expected ']' behind the condition")
        self.at += 1
        everything = _ALL.match(self.text, self.at)
        if everything:
            self.at, self.many = everything.end(), True
        return reading.matching(holds, everything is not None)

    def match(self, start: int) -> Match:
        """The path as a whole."""
        nodes = reading.nodes(self.begin, tuple(self.steps))
        text, many, column = self.text[start : self.at], self.many, self.column
        if column is not None:
            read = (
                reading.values(nodes, column, many)
                if self.steps
                else reading.plain(self.begin, column)
            )
            return Match(text=text, end=self.at, read=read, many=many, kind=column.kind)
        shape = Shape(
            format=self.shape.format,
            kind="group",
            name=self.level.name,
            type=self.level,
            outer=self.shape,
        )
        return Match(
            text=text,
            end=self.at,
            read=nodes if many else reading.first(nodes),
            many=many,
            nodes=nodes,
            shape=shape,
            group=True,
            kind="record",
        )


def _unknown(name: str, names: Sequence[str], where: str) -> str:
    return f"{where} has no column '{name}'{meant(name, names)}"
