"""The closures behind the paths of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine.paths import Scope
from engine.rows.table import Column, Row

Begin = Callable[[Scope], Row]
#: Chooses among the rows of one type that belong to one row.
Choose = Callable[[Sequence[Row], Scope], Sequence[Row]]
Nodes = Callable[[Scope], Sequence[Row]]


def item(scope: Scope) -> Row:
    """The row that a leading dot reads."""
    row: Row = scope.item
    return row


def node(hops: int) -> Begin:
    """The row, or the file, of the scope so many steps out."""

    def near(scope: Scope) -> Row:
        row: Row = scope.node
        return row

    if not hops:
        return near

    def far(scope: Scope) -> Row:
        for _ in range(hops):
            assert scope.outer is not None
            scope = scope.outer
        return near(scope)

    return far


def every(rows: Sequence[Row], scope: Scope) -> Sequence[Row]:
    """`[*]`."""
    return rows


def nth(at: int) -> Choose:
    """`[0]`."""
    return lambda rows, scope: rows[at : at + 1]


def matching(holds: Callable[[Scope], bool], everything: bool) -> Choose:
    """`[condition]`: the first that holds, or all."""

    def choose(rows: Sequence[Row], scope: Scope) -> Sequence[Row]:
        found = []
        for index, row in enumerate(rows, 1):
            if holds(scope.child(row, index)) is True:
                if not everything:
                    return (row,)
                found.append(row)
        return found

    return choose


def nodes(begin: Begin, steps: tuple[tuple[str, Choose], ...]) -> Nodes:
    """The rows that a path names."""

    def run(scope: Scope) -> Sequence[Row]:
        rows: Sequence[Row] = (begin(scope),)
        for name, choose in steps:
            if len(rows) == 1:
                rows = choose(rows[0].rows(name), scope)
            else:
                rows = [inner for row in rows for inner in choose(row.rows(name), scope)]
        return rows

    return run


def first(found: Nodes) -> Callable[[Scope], Row | None]:
    """The first of them, or nothing."""
    return lambda scope: next(iter(found(scope)), None)


def plain(begin: Begin, column: Column) -> Callable[[Scope], Any]:
    """A column of the row at hand."""
    at, value = column.at, column.value
    if column.convert is None:
        return lambda scope: begin(scope).values[at] or None
    return lambda scope: value(begin(scope))


def values(found: Nodes, column: Column, many: bool) -> Callable[[Scope], Any]:
    """A column of the rows that a path names; of several a list without what is nothing."""
    value = column.value
    if not many:

        def one(scope: Scope) -> Any:
            return next((value(row) for row in found(scope)), None)

        return one

    def listed(scope: Scope) -> list[Any]:
        return [read for row in found(scope) if (read := value(row)) is not None]

    return listed
