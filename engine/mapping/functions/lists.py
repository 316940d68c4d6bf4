"""Functions of lists. With `by`, each item is seen as the thing at hand: `sum(lines[*], .quantity * .price)`."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator
from decimal import Decimal, DecimalException
from typing import Any

from engine.mapping.signatures import Each, Same, Whole
from engine.mapping.values import ARITHMETIC, Moment, Unreadable, kind_of

#: Most comparisons of values that have no other way to be told apart: moments, lists, records.
COMPARED = 2_000_000


def first(values: list[Any], by: Each = None) -> Same:
    """
    The first of a list; with a condition, the first for which it holds.

    >>> first(["a", "b"])
    'a'
    """
    return next(_where(values, by), None)


def last(values: list[Any], by: Each = None) -> Same:
    """
    The last of a list; with a condition, the last for which it holds.

    >>> last(["a", "b"])
    'b'
    """
    found = list(_where(values, by))
    return found[-1] if found else None


def nth(values: list[Any], position: Whole) -> Same:
    """
    The one at a position, from 1; nothing where the list is shorter.

    >>> nth(["a", "b"], 2)
    'b'
    """
    return values[position - 1] if 0 < position <= len(values) else None


def sort(values: list[Any], by: Each = None) -> list[Same]:
    """
    The list in order; equal ones stay as they stood, those whose key is nothing come last.

    >>> sort(["b", "a"])
    ['a', 'b']
    """
    keys = values if by is None else by
    _alike(keys)
    pairs = [pair for pair in zip(keys, values, strict=True) if pair[0] is not None]
    rest = [value for key, value in zip(keys, values, strict=True) if key is None]
    return [value for _, value in builtins.sorted(pairs, key=lambda pair: pair[0])] + rest


def unique(values: list[Any], by: Each = None) -> list[Same]:
    """
    The list without repetitions, in the order of first appearance.

    >>> unique(["a", "b", "a"])
    ['a', 'b']
    """
    keys = values if by is None else by
    seen: list[Any] = []
    found = []
    quick: set[Any] = set()
    compared = 0
    for key, value in zip(keys, values, strict=True):
        if isinstance(key, str | Decimal):
            if key in quick:
                continue
            quick.add(key)
        else:
            compared += len(seen)
            if compared > COMPARED:
                raise Unreadable(
                    "there are too many different ones, and they are neither texts nor numbers"
                )
            if key in seen:
                continue
            seen.append(key)
        found.append(value)
    return found


def count(values: list[Any], by: Each = None) -> Decimal:
    """
    How many there are; with a condition, for how many it holds.

    >>> count(["a", "b"])
    Decimal('2')
    """
    return Decimal(builtins.sum(1 for _ in _where(values, by)))


def sum(values: list[Any], by: Each = None) -> Decimal:
    """
    The sum of a list of numbers, or of what `by` says of each; an empty list gives 0.

    >>> sum([Decimal("1.50"), Decimal("2")])
    Decimal('3.50')
    """
    total = Decimal(0)
    for number in values if by is None else by:
        if number is None:
            continue
        if type(number) is not Decimal:
            raise Unreadable(f"the sum of a {kind_of(number)} is asked for; numbers are needed")
        try:
            total = ARITHMETIC.add(total, number)
        except DecimalException:
            raise Unreadable("the sum is too large") from None
    return total


def min(values: list[Any], by: Each = None) -> Same:
    """
    The smallest of a list, or the one for which `by` is smallest.

    >>> min([Decimal(3), Decimal(1)])
    Decimal('1')
    """
    return next(iter(sort(values, by)), None)


def max(values: list[Any], by: Each = None) -> Same:
    """
    The largest of a list, or the one for which `by` is largest.

    >>> max([Decimal(3), Decimal(1)])
    Decimal('3')
    """
    keys = values if by is None else by
    there = [(k, v) for k, v in zip(keys, values, strict=True) if k is not None]
    found = sort([value for _, value in there], [key for key, _ in there])
    return found[-1] if found else None


def any(values: list[Any], by: Each = None) -> bool:
    """
    Whether the condition holds for at least one.

    >>> any([False, True])
    True
    """
    return True in _truths(values if by is None else by)


def all(values: list[Any], by: Each = None) -> bool:
    """
    Whether the condition holds for every one; it does for an empty list.

    >>> all([True, False])
    False
    """
    return builtins.all(each is True for each in _truths(values if by is None else by))


def _truths(values: Iterable[Any]) -> list[Any]:
    found = list(values)
    for value in found:
        if value is not None and type(value) is not bool:
            raise Unreadable("a condition is true or false")
    return found


def _where(values: list[Any], by: list[Any] | None) -> Iterator[Any]:
    if by is None:
        return iter(values)
    conditions = _truths(by)
    return (value for value, holds in zip(values, conditions, strict=True) if holds is True)


def _alike(values: Iterable[Any]) -> None:
    """Only values of one kind have an order."""
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) > 1 or not kinds <= {str, Decimal, Moment}:
        raise Unreadable("only texts, numbers or moments, all of one kind, have an order")
