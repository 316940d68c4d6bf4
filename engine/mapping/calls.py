"""Calls of functions: their arguments are read and checked at load, so that a wrong call is a placed mistake."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.formats import NULL, Scope, Shape
from engine.formats.json.types import FieldType
from engine.mapping import binding, facts, operators
from engine.mapping.functions import FORMS, LATER, signed
from engine.mapping.language import Term, Wrong, later, suggestion
from engine.mapping.signatures import Signature

if TYPE_CHECKING:
    from engine.mapping.parser import Parser

_NAMED = re.compile(r"([A-Za-z_]\w*)\s*=(?!=)", re.ASCII)


class Arguments:
    """What a call was given."""

    def __init__(self, piped: Term | None) -> None:
        self.positional: list[Term] = [piped] if piped is not None else []
        self.named: dict[str, Term] = {}


def known(name: str) -> bool:
    """Whether there is such a function, in this release or a later one."""
    return name in FORMS or name in LATER or name in signed()


def is_later(name: str) -> bool:
    """Whether it is a function of a later release."""
    return name in LATER


def names() -> list[str]:
    """All functions of this release."""
    return [*FORMS, *signed()]


def call(parser: Parser, name: str, start: int, piped: Term | None) -> Term:
    """The call of a function; the parser stands behind its name."""
    if name in LATER:
        raise Wrong(start, later(name))
    if name in FORMS:
        return _form(parser, name, start, piped)
    signature = signed().get(name)
    if signature is None:
        raise Wrong(start, f"there is no function '{name}'{suggestion(name, names())}")
    given = _read(parser, signature, piped)
    _fits(signature, given, start)
    offset = piped.offset if piped is not None else start
    text = parser.text[offset : parser.at]
    if name == "table":
        term = binding.translation(parser.language, given, offset)
    else:
        term = binding.bound(signature, given, parser.language, offset, text)
    return term


def _read(parser: Parser, signature: Signature, piped: Term | None) -> Arguments:
    given = Arguments(piped)
    at = parser.at
    if parser.skip() != "(":
        parser.at = at
        return given
    parser.at += 1
    while parser.skip() != ")":
        if parser.text[parser.at - 1] != "(" and (
            given.named or len(given.positional) > (piped is not None)
        ):
            parser.expect(",", "between the arguments")
            parser.skip()
        named = _NAMED.match(parser.text, parser.at)
        if named:
            start, parser.at = parser.at, named.end()
            if named.group(1) in given.named:
                raise Wrong(start, f"'{named.group(1)}' is given twice")
            given.named[named.group(1)] = parser.expression()
        elif given.named:
            raise Wrong(parser.at, "arguments with a name come last")
        else:
            given.positional.append(_positional(parser, signature, given))
    parser.at += 1
    return given


def _positional(parser: Parser, signature: Signature, given: Arguments) -> Term:
    position = len(given.positional)
    parameters = signature.parameters
    if position and position < len(parameters) and parameters[position].kind == "each":
        return _per_item(parser, given.positional[0])
    return parser.expression()


def _per_item(parser: Parser, things: Term) -> Term:
    """An argument in which each item of the list is the thing at hand."""
    if things.shape is not None and things.shape.format not in ("json", "canonical"):
        shape = things.shape
    else:
        type_ = things.shape.type if things.shape else FieldType(kind=things.kind, form="any")
        shape = Shape(format="json", kind="candidate", type=type_, outer=parser.shape)
    inner = parser.inside(shape, parser.at)
    term = inner.expression()
    parser.at, parser.parts = inner.at, inner.parts
    return term


def _fits(signature: Signature, given: Arguments, start: int) -> None:
    """Wrong where arguments are missing, too many, or have names that are not known."""
    parameters = signature.parameters
    places = [parameter for parameter in parameters if not parameter.named]
    if len(given.positional) > len(places) and not any(each.variadic for each in places):
        raise Wrong(
            start, f"'{signature.name}' takes {len(places)} values, {len(given.positional)} are given",
            signature.shown(),
        )  # fmt: skip
    filled = {parameter.name for parameter in places[: len(given.positional)]}
    named = [parameter.name for parameter in parameters if not parameter.variadic]
    named += ["otherwise"] if signature.otherwise else []
    named += ["from", "to"] if signature.name == "table" else []
    for name, term in given.named.items():
        if name not in named:
            raise Wrong(
                term.offset,
                f"'{signature.name}' has no '{name}='{suggestion(name, named)}",
                signature.shown(),
            )
        if name in filled:
            raise Wrong(term.offset, f"'{name}' is given twice", signature.shown())
    for parameter in parameters:
        if (
            parameter.required
            and parameter.name not in filled
            and parameter.name not in given.named
        ):
            raise Wrong(
                start, f"'{signature.name}' needs '{parameter.name}'", signature.shown()
            )


def _form(parser: Parser, name: str, start: int, piped: Term | None) -> Term:
    """`if`, `exists` and `now`, which are not functions of values."""
    terms = [piped] if piped is not None else []
    at = parser.at
    if parser.skip() == "(":
        parser.at += 1
        while parser.skip() != ")":
            if parser.text[parser.at - 1] != "(":
                parser.expect(",", "between the arguments")
            terms.append(parser.expression())
        parser.at += 1
    else:
        parser.at = at
    wanted = {"if": 3, "exists": 1, "now": 0}[name]
    if len(terms) != wanted:
        raise Wrong(
            start, f"'{name}' takes {wanted} values, {len(terms)} are given", FORMS[name][0]
        )
    if name == "now":
        return facts.now(parser.language.zone, start)
    return _exists(terms[0], start) if name == "exists" else _if(terms, start)


def _exists(term: Term, start: int) -> Term:
    run = term.nodes if term.kind == "group" and term.nodes is not None else term.run

    def there(scope: Scope) -> bool:
        value = run(scope)
        return value is not None and (
            value is NULL or not isinstance(value, list | tuple) or bool(value)
        )

    return operators.combined(there, "truth", start, [term])


def _if(terms: list[Term], start: int) -> Term:
    condition = operators.truth(terms[0])
    for term in terms[1:]:
        if term.kind == "group":
            operators.single(term, "'if'")
    yes, no = terms[1].run, terms[2].run
    kinds = {term.kind for term in terms[1:] if not (term.constant and term.value() is None)}
    kind = kinds.pop() if len(kinds) == 1 else "any"
    if terms[1].many != terms[2].many and len(kinds) == 2:
        raise Wrong(start, "'if' gives a list in one case and one value in the other")
    return operators.combined(
        lambda scope: yes(scope) if condition(scope) else no(scope),
        kind,
        start,
        terms,
        terms[1].many or terms[2].many,
    )
