"""Calls of functions: their arguments are read and checked at load, so that a wrong call is a placed mistake."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from engine.formats import Shape
from engine.mapping import binding, facts, fields, kept
from engine.mapping.forms import Call, choice, lookup, memory, sequence
from engine.mapping.functions import FORMS, LATER, signed
from engine.mapping.language import Language, Term, Wrong, later, suggestion
from engine.mapping.signatures import Parameter, Signature
from engine.records.types import FieldType

if TYPE_CHECKING:
    from engine.mapping.parser import Parser

_NAMED = re.compile(r"([A-Za-z_]\w*)\s*=(?!=)", re.ASCII)


#: Functions whose results several mappings want of one message: times, which take longest to read.
_SHARED = frozenset({"datetime", "date"})


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
    """The call of a function, and the fields that are read of what it gives; the parser stands behind its name."""
    term = _call(parser, name, start, piped)
    return fields.behind(parser, term) if parser.text[parser.at - 1] == ")" else term


def _call(parser: Parser, name: str, start: int, piped: Term | None) -> Term:
    if name in LATER:
        raise Wrong(start, later(name))
    if name in FORMS:
        return _form(parser, name, start, piped)
    signature = signed().get(name)
    if signature is None:
        raise Wrong(start, f"there is no function '{name}'{suggestion(name, names())}")
    given = _read(parser, signature.parameters, piped)
    _fits(signature, given, start)
    offset = piped.offset if piped is not None else start
    text = parser.text[offset : parser.at]
    if name == "table":
        term = binding.translation(parser.language, given, offset)
    else:
        term = binding.bound(signature, given, parser.language, offset, text)
        if name in _SHARED:
            term.run = kept.shared(text, term, parser.language)
    return term


def _read(parser: Parser, parameters: tuple[Parameter, ...], piped: Term | None) -> Arguments:
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
            given.positional.append(_positional(parser, parameters, given))
    parser.at += 1
    return given


def _positional(parser: Parser, parameters: tuple[Parameter, ...], given: Arguments) -> Term:
    position = len(given.positional)
    if position and position < len(parameters) and parameters[position].kind == "each":
        return _per_item(parser, given.positional[0])
    return parser.expression()


def _per_item(parser: Parser, things: Term) -> Term:
    """An argument in which each item of the list is the thing at hand."""
    if things.shape is not None:
        shape = things.shape
        if shape.format in ("json", "canonical", "fhir"):
            shape = msgspec.structs.replace(shape, kind="entity")
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
    """What is not a function of values: engine/mapping/forms/."""
    if name in ("qualified", "repeated"):
        raise Wrong(start, f"'{name}' reads elements of X12, and this is none")
    given = _read(parser, (), piped)
    call_ = Call(name, given, start, piped)
    language = parser.language
    if name == "now":
        call_.exactly(0)
        language.tables.facts = True
        return facts.now(language.zone, start)
    if name in ("if", "exists"):
        return choice.exists(call_, language) if name == "exists" else choice.choose(call_)
    return _ASKED[name](call_, language)


_ASKED: dict[str, Callable[[Call, Language], Term]] = {
    "lookup": lookup.lookup,
    "sequence": sequence.sequence,
    "recall": memory.recall,
    "changed": memory.changed,
}
