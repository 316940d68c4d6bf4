"""Comparisons, as closures over a scope. Nothing equals nothing, and is neither more nor less than anything."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from engine.formats import NULL, Scope
from engine.mapping import needs, operators
from engine.mapping.language import Run, Term, Wrong, refuse
from engine.mapping.values import WHOLE, Moment, Unreadable, kind_of

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_HINTS = {"number": "| decimal", "moment": "| datetime"}


def comparison(sign: str, left: Term, right: Term, offset: int) -> Term:
    """`==` and its kin. With nothing all are false but `!=` and `not in`, the opposites of `==` and `in`."""
    operators.single(left, f"'{sign}'")
    if sign in ("in", "not in"):
        run = _membership(left, right)
        if sign == "not in":
            return operators.combined(
                lambda scope: not run(scope), "truth", offset, [left, right]
            )
        return _needing(operators.combined(run, "truth", offset, [left, right]), left, right)
    operators.single(right, f"'{sign}'")
    _comparable(left, right)
    if sign in ("==", "!="):
        run = _equal(left, right) if sign == "==" else _unequal(left, right)
        term = operators.combined(run, "truth", offset, [left, right])
        return _needing(term, left, right) if sign == "==" else term
    if "truth" in (left.kind, right.kind):
        raise Wrong(offset, "true and false have no order")
    run = _ordered(_ORDER[sign], left, right)
    return _needing(operators.combined(run, "truth", offset, [left, right]), left, right)


def _needing(term: Term, left: Term, right: Term) -> Term:
    """What is false of nothing needs both its sides."""
    term.needs = needs.all_of(
        operators.value_needs(each) for each in (left, right) if not each.many
    )
    return term


def _comparable(left: Term, right: Term) -> None:
    kinds = (left.kind, right.kind)
    for term in (left, right):
        if term.constant and term.value() == "":
            raise Wrong(
                term.offset,
                "an empty field is nothing, and nothing equals nothing",
                "not exists(...)",
            )
    if "any" in kinds or kinds[0] == kinds[1]:
        return
    other = next((kind for kind in kinds if kind != "text"), "")
    wrong = left if left.kind == "text" else right
    write = _HINTS.get(other, "")
    if wrong.constant and other == "number":
        write = "the number without quotes, or compare with text"
    raise Wrong(wrong.offset, f"a {kinds[0]} is compared with a {kinds[1]}", write)


def _equal(left: Term, right: Term) -> Run:
    first, second = left.run, right.run
    if right.constant and (value := right.value()) is not None:
        if left.equals is not None and type(value) is str and (quick := left.equals(value)):
            return quick
        if type(value) in _KINDS_APART and left.kind == "any":
            kind = type(value)
            return lambda scope: type(found := first(scope)) is kind and found == value
        return lambda scope: first(scope) == value

    def run(scope: Scope) -> bool:
        value = first(scope)
        return value is not None and _same(value, second(scope))

    return run


def _unequal(left: Term, right: Term) -> Run:
    first, second = left.run, right.run
    if right.constant and (value := right.value()) is not None:
        if left.equals is not None and type(value) is str and (quick := left.equals(value)):
            return lambda scope: not quick(scope)
        if type(value) in _KINDS_APART and left.kind == "any":
            kind = type(value)
            return lambda scope: type(found := first(scope)) is not kind or found != value
        return lambda scope: first(scope) != value

    def run(scope: Scope) -> bool:
        value = first(scope)
        return value is None or not _same(value, second(scope))

    return run


def _same(a: Any, b: Any) -> bool:
    """Equal, and of one kind: true is not 1."""
    return a is b or (type(a) is not bool and type(b) is not bool and bool(a == b))


def _ordered(compare: Callable[[Any, Any], bool], left: Term, right: Term) -> Run:
    first, second = left.run, right.run
    paths = (*left.paths, *right.paths)

    def run(scope: Scope) -> bool:
        a, b = first(scope), second(scope)
        if a is None or b is None or a is NULL or b is NULL:
            return False
        if type(a) is not type(b) or type(a) not in _SORTABLE:
            refuse("bad_value", f"a {kind_of(a)} is compared with a {kind_of(b)}", paths)
        return compare(a, b)

    if left.said is not None and right.constant and type(limit := right.value()) is Decimal:
        return _quick(compare, left.said, limit, run)
    return run


def _quick(
    compare: Callable[[Any, Any], bool],
    said: tuple[Run, Callable[[str], Decimal]],
    limit: Decimal,
    run: Run,
) -> Run:
    """The same for the number that a text says; `run` tells what is wrong with one that says none."""
    small, (text, number_of) = WHOLE.get, said
    whole = int(limit) if limit == limit.to_integral_value() else limit

    def quick(scope: Scope) -> bool:
        found = text(scope)
        number = small(found)
        if number is not None:
            return compare(number, whole)
        if type(found) is str:
            try:
                return compare(number_of(found), limit)
            except Unreadable:
                pass
        return run(scope)  # type: ignore[no-any-return]

    return quick


_SORTABLE = (Decimal, str, Moment)
#: Python takes True for 1; a value of which nothing is known at load is told apart by its kind.
_KINDS_APART = (Decimal, bool)


def _among(value: Any, values: Sequence[Any]) -> bool:
    """Whether one of them is the value."""
    return value is not None and any(_same(value, each) for each in values)


def _membership(left: Term, right: Term) -> Run:
    first, second, paths = left.run, right.run, right.paths
    if not right.many and right.kind not in ("any", "list"):
        raise Wrong(
            right.offset,
            "behind 'in' stands a list",
            'in ["AA", "CA"], or contains(text, "part")',
        )
    if right.many:
        _comparable(left, right)
    if right.constant and isinstance(right.value(), list | tuple):
        values = tuple(right.value())
        if left.kind == "text":
            there = frozenset(values)
            return lambda scope: first(scope) in there
        if left.kind != "any":
            return lambda scope: first(scope) in values
        return lambda scope: _among(first(scope), values)

    def run(scope: Scope) -> bool:
        value, among = first(scope), second(scope)
        if value is None or among is None or among is NULL:
            return False
        if not isinstance(among, list | tuple):
            refuse("bad_value", f"behind 'in' stands a {kind_of(among)}, not a list", paths)
        return _among(value, among)

    return run
