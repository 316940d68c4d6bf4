"""Functions bound to their arguments: closures that evaluate them, pass nothing through and name the path in errors."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from engine.formats import NULL, Scope
from engine.mapping import arguments, identities, kept, needs, operators, steps
from engine.mapping.functions import codes, numbers
from engine.mapping.language import Language, Run, Term, Wrong, of_slot, refuse
from engine.mapping.signatures import Parameter, Signature
from engine.mapping.values import Missed, Unmet, Unreadable
from engine.records.reading import leaf
from engine.records.types import FieldType

if TYPE_CHECKING:
    from engine.mapping.calls import Arguments

Fail = Callable[[Unreadable], NoReturn]
#: Functions that read a number from a text.
_NUMBERS = (numbers.decimal, numbers.integer)


def bound(
    signature: Signature, given: Arguments, language: Language, offset: int, text: str
) -> Term:
    """The call as a term; Wrong where an argument is of the wrong kind."""
    parameters = signature.parameters
    pairs = list(arguments.paired(parameters, given, language))
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
    kind = signature.gives
    if kind == "same":
        kind = "any" if terms[0].kind == "list" else terms[0].kind
    if otherwise is not None and otherwise.kind != kind:
        kind = "any"
    term = operators.combined(run, kind, offset, terms, signature.many)
    if any(parameter.kind == "each" for parameter, _ in pairs):
        term.reads = (
            kept.walked(pairs[0][1].reads, pairs[1][1].reads, pairs[0][1].shape)
            if len(pairs) == 2
            else None
        )
    term.needs = needs.all_of(
        operators.value_needs(each)
        for parameter, each in pairs
        if not parameter.nothing
        and not parameter.named
        and parameter.kind != "each"
        and not each.many
    )
    term.tidy = signature.run is codes.stable_id
    if signature.run in _NUMBERS and terms[0].kind == "text" and len(terms) == 1:
        term.said = terms[0].run, signature.run
    if signature.gives == "same" and not signature.many:
        term.type = _item(terms[0])
        term.shape = terms[0].shape if kind == "group" else None
    elif signature.gives == "same" and not _texts(terms[0]):
        term.nodes, term.shape, term.group = run, terms[0].shape, terms[0].group
    return term


def _texts(things: Term) -> bool:
    """Whether the items are the texts of fields, and no longer the fields themselves."""
    return (
        things.kind == "text"
        and things.shape is not None
        and things.shape.format in ("hl7v2", "x12")
    )


def _item(things: Term) -> FieldType | None:
    """The type of the items of a list, where they are records of a known type."""
    type_ = things.shape.type if things.shape is not None and things.kind == "record" else None
    return type_ if isinstance(type_, FieldType) else things.type


def _failing(text: str, paths: tuple[str, ...]) -> Fail:
    def fail(why: Unreadable) -> NoReturn:
        if isinstance(why, Unmet):
            refuse(why.reason, why.why, paths)
        code = "unmapped_code" if isinstance(why, Missed) else "bad_value"
        refuse(code, f"{why.why}, in '{text}'", paths)

    return fail


def _plain(
    function: Callable[..., Any], pairs: list[tuple[Parameter, Term]], fail: Fail
) -> Run:
    """A function of values; the quick way where only the first is not constant."""
    named = {parameter.name: term for parameter, term in pairs if parameter.named}
    places = [term for parameter, term in pairs if not parameter.named]
    if function is codes.stable_id and not named:
        return _identified(places, fail)
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


def _identified(places: list[Term], fail: Fail) -> Run:
    """An identifier made of values; what is constant before them is written once."""
    begin = ""
    while places and places[0].constant and (said := identities.sized(places[0].value())):
        begin, places = begin + said, places[1:]
    runs = tuple(term.run for term in places)

    def of(parts: list[Any]) -> Any:
        for part in parts:
            if part is None or part is NULL:
                return part
        try:
            return identities.identified(begin, parts)
        except Unreadable as why:
            fail(why)

    slots = [
        term.slot for term in places if term.slot is not None and term.run is of_slot(term.slot)
    ]
    if len(slots) == len(places):
        return lambda scope: of([scope.values[slot] for slot in slots])  # type: ignore[index]
    return lambda scope: of([each(scope) for each in runs])


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
    record = things.shape is None or things.shape.format in ("json", "canonical", "fhir")
    say, function = by.run, signature.run
    groups = things.group and not record

    def run(scope: Scope) -> Any:
        found = nodes(scope)
        if found is None or found is NULL:
            return None
        steps.take(scope, len(found))
        said = [
            say(scope.child(thing, at, thing if groups else None))
            for at, thing in enumerate(found, 1)
        ]
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
        value = arguments.guarded(value, "text")
    other = given.named.get("otherwise")
    run = _translated(value.run, found, fail, other.run if other is not None else None)
    terms = [value] if other is None else [value, other]
    term = operators.combined(run, "text", offset, terms)
    term.constant, term.needs = False, operators.value_needs(value)
    if other is None:
        term.soft = _translated(value.run, found, fail, lambda scope: None)
    return term


def _translated(value: Run, found: dict[str, str], fail: Fail, other: Run | None) -> Run:
    def run(scope: Scope) -> Any:
        code = value(scope)
        if code is None or code is NULL:
            return code
        said = found.get(code)
        if said is not None:
            return said or None
        if other is not None:
            return other(scope)
        try:
            return codes.table(code, found)
        except Missed as why:
            fail(why)

    return run
