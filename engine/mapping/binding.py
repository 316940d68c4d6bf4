"""Functions bound to their arguments: closures that evaluate them, pass nothing through and name the path in errors."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn
from zoneinfo import ZoneInfo

import re2

from engine.formats import NULL, Scope
from engine.formats.json.reading import leaf
from engine.mapping import facts, operators
from engine.mapping.functions import codes, strftime
from engine.mapping.language import Language, Run, Term, Wrong, constant, refuse
from engine.mapping.signatures import Parameter, Signature
from engine.mapping.values import Missed, Moment, Unreadable, kind_of

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

Fail = Callable[[Unreadable], NoReturn]


def bound(
    signature: Signature, given: Arguments, language: Language, offset: int, text: str
) -> Term:
    """The call as a term; Wrong where an argument is of the wrong kind."""
    parameters = signature.parameters
    pairs = list(_paired(parameters, given, language))
    terms = [term for _, term in pairs]
    fail = _failing(text, tuple(path for term in terms for path in term.paths))
    otherwise = given.named.get("otherwise")
    if pairs and len(pairs) > 1 and any(parameter.kind == "each" for parameter, _ in pairs):
        run = _each(signature, pairs[0][1], pairs[1][1], fail)
    else:
        run = _plain(signature.run, pairs, fail)
    if otherwise is not None:
        run = _otherwise(run, signature.run, pairs, otherwise.run)
        terms.append(otherwise)
    kind = terms[0].kind if signature.gives == "same" else signature.gives
    if otherwise is not None and otherwise.kind != kind:
        kind = "any"
    term = operators.combined(run, kind, offset, terms, signature.many)
    if signature.gives == "same" and signature.many:
        term.nodes, term.shape, term.group = run, terms[0].shape, terms[0].group
    return term


def _paired(parameters: tuple[Parameter, ...], given: Arguments, language: Language) -> Any:
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
        return _guarded(term, kind)
    raise Wrong(
        term.offset,
        f"'{parameter.name}' is a {kind}, this is a {term.kind}",
        _HINTS.get((term.kind, kind), ""),
    )


def _list(parameter: Parameter, term: Term) -> Term:
    if term.many:
        if term.kind == "group" and term.nodes is not None:
            things = term.nodes
            return Term(run=things, kind="group", offset=term.offset, many=True, paths=term.paths, nodes=things, shape=term.shape)  # fmt: skip
        return term
    if term.kind not in ("any", "list"):
        raise Wrong(
            term.offset, f"'{parameter.name}' is a list, this is one value", "(*) or [*]"
        )
    return _guarded(term, "list")


def _guarded(term: Term, kind: str) -> Term:
    """The term, where its kind is known only when it runs."""
    run, types, paths = term.run, _TYPES[kind], term.paths

    def checked(scope: Scope) -> Any:
        value = run(scope)
        if value is None or value is NULL or isinstance(value, types):
            return value
        refuse("bad_value", f"a {kind} is needed, this is a {kind_of(value)}", paths)

    return Term(run=checked, kind=kind, offset=term.offset, constant=term.constant, paths=paths, nodes=term.nodes, shape=term.shape, lets=term.lets)  # fmt: skip


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
        number = whole(Scope(None, None))
        return constant(number, "number", term.offset)
    return Term(run=whole, kind="number", offset=term.offset, paths=paths, lets=term.lets)


def _failing(text: str, paths: tuple[str, ...]) -> Fail:
    def fail(why: Unreadable) -> NoReturn:
        code = "unmapped_code" if isinstance(why, Missed) else "bad_value"
        refuse(code, f"{why.why}, in '{text}'", paths)

    return fail


def _plain(
    function: Callable[..., Any], pairs: list[tuple[Parameter, Term]], fail: Fail
) -> Run:
    """A function of values; the quick way where only the first is not constant."""
    named = {parameter.name: term for parameter, term in pairs if parameter.named}
    places = [term for parameter, term in pairs if not parameter.named]
    if places and all(term.constant for term in [*places[1:], *named.values()]):
        rest = [term.value() for term in places[1:]]
        if None not in rest and not pairs[0][0].nothing:
            fixed = {name: term.value() for name, term in named.items()}
            return _first(function, places[0].run, rest, fixed, fail)
    runs = tuple(term.run for term in places)
    takes = tuple(parameter.nothing for parameter, _ in pairs if not parameter.named)
    keys = tuple((name, term.run) for name, term in named.items())

    def run(scope: Scope) -> Any:
        values = [each(scope) for each in runs]
        for value, nothing in zip(values, takes, strict=True):
            if (value is None or value is NULL) and not nothing:
                return value
        try:
            return function(*values, **{name: each(scope) for name, each in keys})
        except Unreadable as why:
            fail(why)

    return run


def _first(
    function: Callable[..., Any], value: Run, rest: list[Any], named: dict[str, Any], fail: Fail
) -> Run:
    if named:
        function = partial(function, **named)
    if not rest:

        def one(scope: Scope) -> Any:
            found = value(scope)
            if found is None or found is NULL:
                return found
            try:
                return function(found)
            except Unreadable as why:
                fail(why)

        return one

    def more(scope: Scope) -> Any:
        found = value(scope)
        if found is None or found is NULL:
            return found
        try:
            return function(found, *rest)
        except Unreadable as why:
            fail(why)

    return more


def _each(signature: Signature, things: Term, by: Term, fail: Fail) -> Run:
    """A function of a list and of what is said about each item."""
    nodes = things.nodes or things.run
    record = things.shape is None or things.shape.format in ("json", "canonical")
    say, function = by.run, signature.run

    def run(scope: Scope) -> Any:
        found = nodes(scope)
        if found is None or found is NULL:
            return None
        said = [say(scope.child(thing, at)) for at, thing in enumerate(found, 1)]
        values = [leaf(thing) for thing in found] if record else list(found)
        try:
            return function(values, said)
        except Unreadable as why:
            fail(why)

    return run


def _otherwise(
    run: Run, function: Callable[..., Any], pairs: list[tuple[Parameter, Term]], other: Run
) -> Run:
    """The call, with another value in place of an error of the conversion itself (not of its arguments)."""

    class Caught(Exception):
        pass

    def fail(why: Unreadable) -> NoReturn:
        raise Caught

    inner = _plain(function, pairs, fail)

    def caught(scope: Scope) -> Any:
        try:
            return inner(scope)
        except Caught:
            return other(scope)

    return caught


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


_PREPARED: dict[str, Callable[[str, int], Any]] = {
    "pattern": _pattern,
    "zone": _zone,
    "form": _form,
}


def translation(language: Language, given: Arguments, offset: int) -> Term:
    """`value | table("sex", from="ours", to="theirs")`; a `??` behind it catches a miss."""
    value, *rest = given.positional
    operators.single(value, "a table")
    if value.kind not in ("text", "any"):
        raise Wrong(value.offset, f"a table translates text, this is a {value.kind}", '"{...}"')
    said = {"name": given.named.get("name", rest[0] if rest else None)}
    said |= {key: given.named.get(key) for key in ("from", "to")}
    fixed: dict[str, str] = {}
    for key, term in said.items():
        if term is not None and (not term.constant or not isinstance(term.value(), str)):
            raise Wrong(term.offset, f"'{key}' is a text that is known at load")
        fixed[key] = term.value() if term is not None else ""
    place = said["name"].offset if said["name"] is not None else offset
    found = language.tables.codes(fixed["name"], fixed["from"], fixed["to"], place)
    text = f'table("{fixed["name"]}")'
    fail = _failing(text, value.paths)
    if value.kind == "any":
        value = _guarded(value, "text")
    other = given.named.get("otherwise")
    run = _translated(value.run, found, fail, other.run if other is not None else None)
    terms = [value] if other is None else [value, other]
    term = operators.combined(run, "text", offset, terms)
    term.constant = False
    if other is None:
        term.soft = _translated(value.run, found, fail, lambda scope: None)
    return term


def _translated(value: Run, found: dict[str, str], fail: Fail, other: Run | None) -> Run:
    def run(scope: Scope) -> Any:
        code = value(scope)
        if code is None or code is NULL:
            return code
        try:
            return codes.table(code, found)
        except Missed as why:
            if other is None:
                fail(why)
            return other(scope)

    return run
