"""`if(condition, a, b)` and `exists(path)`."""

from __future__ import annotations

from collections.abc import Callable

from engine.formats import NULL, Scope
from engine.mapping import needs, operators
from engine.mapping.forms import Call
from engine.mapping.language import Language, Term


def exists(call: Call, language: Language) -> Term:
    """Whether something is there; null is something where it is not nothing, an empty list is not."""
    (term,) = call.exactly(1)
    run = term.nodes if term.kind == "group" and term.nodes is not None else term.run
    absent = None if language.nulls else NULL

    def said(scope: Scope) -> bool:
        value = run(scope)
        return value is not None and value is not absent

    def there(scope: Scope) -> bool:
        value = run(scope)
        return (
            value is not None
            and value is not absent
            and (value is NULL or not isinstance(value, list | tuple) or bool(value))
        )

    asked: Callable[[Scope], bool] = there
    if term.kind in ("text", "number", "moment") and not term.many:
        leaf = term.quicker()
        asked = said if leaf is None else leaf.there(absent)
    found = operators.combined(asked, "truth", call.start, [term])
    found.needs, found.decided = operators.value_needs(term), True
    return found


def choose(call: Call) -> Term:
    """One of two values; the other one is not evaluated."""
    asked, *terms = call.exactly(3)
    condition = operators.truth(asked)
    for term in terms:
        if term.kind == "group":
            operators.single(term, "'if'")
    yes, no = terms[0].run, terms[1].run
    kinds = {term.kind for term in terms if not (term.constant and term.value() is None)}
    kind = kinds.pop() if len(kinds) == 1 else "any"
    if terms[0].many != terms[1].many and len(kinds) == 2:
        raise call.wrong("'if' gives a list in one case and one value in the other")
    type_ = operators.one_type(terms)
    term = operators.combined(
        lambda scope: yes(scope) if condition(scope) else no(scope),
        kind,
        call.start,
        [asked, *terms],
        terms[0].many or terms[1].many,
    )
    term.type = type_
    first = asked.needs if asked.needs is not None else operators.value_needs(terms[0])
    term.needs = needs.any_of([first, operators.value_needs(terms[1])])
    return term
