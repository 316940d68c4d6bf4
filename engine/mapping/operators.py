"""Truth, arithmetic, lists and what stands in for nothing, as closures over a scope."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, DecimalException
from typing import Any

from engine.formats import NULL, Scope
from engine.mapping import kept, needs
from engine.mapping.language import Needs, Run, Term, Wrong, refuse
from engine.mapping.values import ARITHMETIC, kind_of
from engine.records.types import FieldType

_ARITHMETIC: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": ARITHMETIC.add,
    "-": ARITHMETIC.subtract,
    "*": ARITHMETIC.multiply,
    "/": ARITHMETIC.divide,
}


def combined(
    run: Run, kind: str, offset: int, terms: Sequence[Term], many: bool = False
) -> Term:
    """A term made of others."""
    return Term(
        run=run,
        kind=kind,
        offset=offset,
        many=many,
        constant=all(term.constant for term in terms),
        paths=tuple(dict.fromkeys(path for term in terms for path in term.paths)),
        lets=any(term.lets for term in terms),
        reads=kept.all_of(term.reads for term in terms),
    )


def value_needs(term: Term) -> Needs:
    """What a value needs to be one; a constant that is nothing never is, and false is a value."""
    if term.constant:
        return frozenset() if term.value() is None else None
    return None if term.kind == "truth" else term.needs


def single(term: Term, where: str) -> None:
    """Wrong where the term is a list or a group and one value is needed."""
    if term.kind == "group":
        raise Wrong(
            term.offset, f"this names a whole segment or group, and {where} needs a value"
        )
    if term.many:
        raise Wrong(term.offset, f"this is a list, and {where} needs one value", "first(...)")


def truth(term: Term) -> Callable[[Scope], bool]:
    """The term as a condition; Wrong where it can never be true or false."""
    single(term, "a condition")
    if term.kind == "truth":
        return term.run
    if term.kind != "any":
        raise Wrong(
            term.offset, f"a condition is true or false, this is a {term.kind}", "exists(...)"
        )
    run, paths = term.run, term.paths

    def checked(scope: Scope) -> bool:
        value = run(scope)
        if value is True:
            return True
        if value is None or value is False or value is NULL:
            return False
        refuse("bad_value", f"a condition is true or false, this is a {kind_of(value)}", paths)

    return checked


def chain(word: str, terms: Sequence[Term]) -> Term:
    """`a or b or c`, `a and b and c`; what comes after the decision is not evaluated."""
    conditions = [truth(term) for term in terms]
    run = _decided(conditions, _EITHER if word == "or" else _ALL)
    term = combined(run, "truth", terms[0].offset, terms)
    said = [each.needs for each in terms]
    term.needs = needs.any_of(said) if word == "or" else needs.all_of(said)
    term.decided = all(each.decided for each in terms)
    return term


def _decided(
    conditions: Sequence[Run], ways: tuple[Callable[..., Run], Callable[..., Run]]
) -> Run:
    """Two by two or three at once, from left to right; so deep only as halving takes."""
    of_two, of_three = ways
    if len(conditions) == 1:
        return conditions[0]
    if len(conditions) == 3:
        return of_three(*conditions)
    half = len(conditions) // 2
    return of_two(_decided(conditions[:half], ways), _decided(conditions[half:], ways))


_EITHER = (
    lambda a, b: lambda scope: a(scope) or b(scope),
    lambda a, b, c: lambda scope: a(scope) or b(scope) or c(scope),
)
_ALL = (
    lambda a, b: lambda scope: a(scope) and b(scope),
    lambda a, b, c: lambda scope: a(scope) and b(scope) and c(scope),
)


def negation(term: Term, offset: int) -> Term:
    """`not a`: also true where a is nothing."""
    condition = truth(term)
    found = combined(lambda scope: not condition(scope), "truth", offset, [term])
    found.decided = True
    return found


def first_there(terms: Sequence[Term], nulls: bool = True) -> Term:
    """`a ?? b`: the first that is not nothing; right behind a table it catches a miss as well. `nulls`: whether null is something."""
    runs = tuple(term.soft or term.run for term in terms[:-1])
    last = terms[-1].run
    absent = None if nulls else NULL
    if len(runs) == 1:
        (only,) = runs

        def run(scope: Scope) -> Any:
            value = only(scope)
            return last(scope) if value is None or value is absent else value
    else:

        def run(scope: Scope) -> Any:
            for each in runs:
                value = each(scope)
                if value is not None and value is not absent:
                    return value
            return last(scope)

    term = combined(run, _one_kind(terms), terms[0].offset, terms, terms[0].many)
    term.needs = needs.any_of(value_needs(each) for each in terms)
    term.type = one_type(terms)
    if soft := terms[-1].soft:
        term.soft = _softened(runs, soft)
    return term


def one_type(terms: Sequence[Term]) -> FieldType | None:
    """The type of the records that stand in for each other, where it is one and it is known; nothing has none."""
    types = [term.type for term in terms if not (term.constant and term.value() is None)]
    return types[0] if types and all(type_ == types[0] for type_ in types) else None


def _one_kind(terms: Sequence[Term]) -> str:
    """The kind of values that stand in for each other; Wrong where they are of two."""
    kinds = {term.kind for term in terms}
    if "group" in kinds:
        single(next(term for term in terms if term.kind == "group"), "'??'")
    there = [term for term in terms if not (term.constant and term.value() in (None, NULL))]
    if len({term.many for term in there}) > 1:
        raise Wrong(terms[1].offset, "one side of '??' is a list and the other is one value")
    known = {term.kind for term in there}
    if len(known) > 1 and "any" not in known:
        said = " ?? ".join(term.kind for term in terms)
        raise Wrong(
            terms[0].offset,
            f"the values are of two kinds ({said}); a pipe belongs to the value on its left only",
            "(a ?? b) | decimal" if "number" in known else "(a ?? b) | datetime",
        )
    return known.pop() if len(known) == 1 else "any"


def _softened(runs: Sequence[Run], last: Run) -> Run:
    def run(scope: Scope) -> Any:
        for each in (*runs, last):
            if (value := each(scope)) is not None:
                return value
        return None

    return run


def arithmetic(sign: str, left: Term, right: Term, offset: int) -> Term:
    """`+ - * /` of numbers; with nothing the result is nothing."""
    for term in (left, right):
        single(term, f"'{sign}'")
        if term.kind == "text" and sign == "+":
            raise Wrong(offset, "'+' adds numbers; text is put together with holes", '"{a}{b}"')
        if term.kind not in ("number", "any"):
            raise Wrong(
                term.offset, f"'{sign}' takes numbers, this is a {term.kind}", "| decimal"
            )
    compute, first, second = _ARITHMETIC[sign], left.run, right.run
    paths = (*left.paths, *right.paths)

    def run(scope: Scope) -> Any:
        a, b = first(scope), second(scope)
        if a is None or b is None or a is NULL or b is NULL:
            return None
        if type(a) is not Decimal or type(b) is not Decimal:
            refuse("bad_value", f"'{sign}' of a {kind_of(a)} and a {kind_of(b)}", paths)
        try:
            return compute(a, b)
        except DecimalException:
            refuse(
                "bad_value", f"'{sign}' has no result here (too large, or divided by 0)", paths
            )

    return combined(run, "number", offset, [left, right])


def listing(items: Sequence[Term], offset: int) -> Term:
    """`[a, b]`: a list; what is nothing is left out."""
    for item in items:
        single(item, "a list")
    kinds = {item.kind for item in items}
    if len(kinds) > 1 and "any" not in kinds:
        raise Wrong(
            offset, f"the values of a list are of one kind, here: {', '.join(sorted(kinds))}"
        )
    kind = kinds.pop() if len(kinds) == 1 else "any"
    runs = tuple(item.run for item in items)
    if all(item.constant for item in items):
        values = tuple(value for item in items if (value := item.value()) is not None)
        return Term(
            run=lambda scope: values,
            kind=kind,
            offset=offset,
            constant=True,
            many=True,
            reads=frozenset(),
        )

    def run(scope: Scope) -> list[Any]:
        return [value for each in runs if (value := each(scope)) is not None]

    term = combined(run, kind, offset, items, many=True)
    term.needs = needs.any_of(value_needs(item) for item in items)
    term.type = one_type(items)
    return term
