"""The arguments of a call, checked at load: of the right kind, or prepared where they are known then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import re2

from engine.formats import NULL, Scope
from engine.mapping import facts, operators
from engine.mapping.functions import strftime
from engine.mapping.language import NOWHERE, Language, Run, Term, Wrong, constant, refuse
from engine.mapping.signatures import PRECISIONS, Parameter
from engine.mapping.values import Moment, kind_of
from engine.records.reading import leaf

if TYPE_CHECKING:
    from engine.mapping.calls import Arguments

_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "number": (Decimal,),
    "truth": (bool,),
    "moment": (Moment,),
    "bytes": (bytes,),
    "list": (list, tuple),
}
_HINTS = {
    ("text", "number"): "| decimal",
    ("text", "moment"): "| datetime",
    ("number", "text"): '"{...}"',
    ("moment", "text"): '| format("%Y%m%d")',
}
_REGEX = re2.Options()
_REGEX.log_errors = False
_REGEX.max_mem = 1 << 20


def paired(
    parameters: tuple[Parameter, ...], given: Arguments, language: Language
) -> Iterator[tuple[Parameter, Term]]:
    """Each parameter with its term, in the order in which the function takes them; checked."""
    places = [parameter for parameter in parameters if not parameter.named]
    for at, term in enumerate(given.positional):
        parameter = places[min(at, len(places) - 1)]
        yield parameter, _checked(parameter, term)
    for parameter in parameters:
        if parameter.name in given.named:
            yield parameter, _checked(parameter, given.named[parameter.name])
        elif parameter.kind == "zone":
            yield parameter, constant(ZoneInfo(language.zone), "any", 0)
        elif parameter.kind == "now" and len(given.positional) <= parameters.index(parameter):
            language.tables.facts = True
            yield parameter, facts.now(language.zone, 0)


def _checked(parameter: Parameter, term: Term) -> Term:
    """The term as the parameter takes it."""
    kind = parameter.kind
    if kind == "list":
        return _list(parameter, term)
    if kind != "each":
        operators.single(term, f"'{parameter.name}'")
    if kind in _PREPARED:
        if not term.constant or not isinstance(term.value(), str):
            raise Wrong(term.offset, f"'{parameter.name}' is a text that is known at load")
        value = _PREPARED[kind](term.value(), term.offset)
        return constant(value, "any", term.offset)
    if kind == "whole":
        return _whole(parameter, term)
    if kind == "now":
        kind = "moment"
    if kind in ("any", "same", "each") or term.kind == kind:
        return term
    if term.kind == "any":
        return guarded(term, kind)
    raise Wrong(
        term.offset,
        f"'{parameter.name}' is a {kind}, this is a {term.kind}",
        _HINTS.get((term.kind, kind), ""),
    )


def _list(parameter: Parameter, term: Term) -> Term:
    if term.many:
        if term.kind == "group" and term.nodes is not None:
            things = term.nodes
            return Term(run=things, kind="group", offset=term.offset, many=True, paths=term.paths, nodes=things, shape=term.shape, group=term.group, lets=term.lets)  # fmt: skip
        return term
    if term.kind not in ("any", "list"):
        raise Wrong(
            term.offset, f"'{parameter.name}' is a list, this is one value", "(*) or [*]"
        )
    found = guarded(term, "list")
    found.run = _leaves(found.run)
    return found


def _leaves(read: Run) -> Run:
    """A list of a record of which nothing is known: its items as expressions know values."""

    def run(scope: Scope) -> Any:
        value = read(scope)
        if value is None or value is NULL:
            return value
        return [said for each in value if (said := leaf(each)) is not None]

    return run


def guarded(term: Term, kind: str) -> Term:
    """The term, where its kind is known only when it runs."""
    run, types, paths = term.run, _TYPES[kind], term.paths

    def checked(scope: Scope) -> Any:
        value = run(scope)
        if value is None or value is NULL or isinstance(value, types):
            return value
        refuse("bad_value", f"a {kind} is needed, this is a {kind_of(value)}", paths)

    return Term(run=checked, kind=kind, offset=term.offset, constant=term.constant, paths=paths, nodes=term.nodes, shape=term.shape, lets=term.lets, reads=term.reads)  # fmt: skip


def _whole(parameter: Parameter, term: Term) -> Term:
    if term.kind not in ("number", "any"):
        raise Wrong(
            term.offset,
            f"'{parameter.name}' is a whole number, this is a {term.kind}",
            "| integer",
        )
    run, paths = term.run, term.paths

    def whole(scope: Scope) -> int | None:
        value = run(scope)
        if value is None or value is NULL:
            return None
        if (
            type(value) is not Decimal
            or value != value.to_integral_value()
            or abs(value) > 10**9
        ):
            refuse("bad_value", "a whole number is needed", paths)
        return int(value)

    if term.constant:
        number = whole(NOWHERE)
        return constant(number, "number", term.offset)
    return Term(
        run=whole,
        kind="number",
        offset=term.offset,
        paths=paths,
        lets=term.lets,
        reads=term.reads,
    )


def _pattern(text: str, offset: int) -> Any:
    try:
        return re2.compile(text, _REGEX)
    except re2.error as error:
        why = error.args[0] if error.args else b""
        said = why.decode() if isinstance(why, bytes) else str(why)
        raise Wrong(offset, f"not a regular expression: {said}") from None


def _zone(text: str, offset: int) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (LookupError, ValueError, OSError):
        raise Wrong(offset, "there is no such time zone", '"America/Chicago"') from None


def _form(text: str, offset: int) -> str:
    if problem := strftime.problem(text):
        raise Wrong(offset, problem)
    return text


def _least(text: str, offset: int) -> str:
    if text not in PRECISIONS:
        raise Wrong(offset, f"'least' is one of {', '.join(PRECISIONS)}", 'least="hour"')
    return text


def _reason(text: str, offset: int) -> str:
    if re2.fullmatch("[a-z][a-z0-9_]*", text) is None:
        problem = "a reason is one word of small letters, digits and _"
        raise Wrong(offset, problem, '"closed_cost_centre"')
    return text


def _words(text: str, offset: int) -> str:
    return text


_PREPARED: dict[str, Callable[[str, int], Any]] = {
    "least": _least,
    "reason": _reason,
    "words": _words,
    "pattern": _pattern,
    "zone": _zone,
    "form": _form,
}
