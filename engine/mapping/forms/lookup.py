"""`lookup("cdm", "charge_code", facility=facility, code=FT1-7.1, at=FT1-4)`: data in the store (engine/mapping/lookups.py)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from engine.formats import NULL, Scope
from engine.mapping import arguments, operators
from engine.mapping.forms import Call, facts_of
from engine.mapping.functions import time
from engine.mapping.language import Language, Run, Term, Wrong, refuse, suggestion
from engine.mapping.lookups import TAKEN, Definition
from engine.mapping.values import DAY, Moment, Unreadable
from engine.message import Facts

Paths = tuple[str, ...]


def lookup(call: Call, language: Language) -> Term:
    """
    The column of the one row that has these keys, in the version of the table that is in use.

    A key that is nothing gives nothing. A miss is MessageError `unmapped_code` with the table and the paths of the
    keys; `otherwise=` gives another value, and so does a `??` right behind. A table without data is no miss.
    """
    call.in_brackets()
    name, column = _first_two(call)
    definition = language.tables.lookup(name, call.given.positional[0].offset)
    if definition is None:
        return Term(run=lambda scope: None, kind="text", offset=call.start)
    _known(definition, column, call)
    keys = [_key(term) for term in _keys(definition, call)]
    at = _at(definition, call, language)
    paths = tuple(dict.fromkeys(path for term in keys for path in term.paths))
    other = call.given.named.get("otherwise")
    ask = _ask(definition, column, keys, at, paths)
    miss = _missing(definition, at is not None, paths)
    run = _answer(ask, other.run if other is not None else miss)
    terms = [*keys, *([] if other is None else [other])]
    kind = "text" if other is None or other.kind == "text" else "any"
    found = operators.combined(run, kind, call.start, terms)
    found.constant, found.reads = False, None
    if other is None:
        found.soft = _answer(ask, lambda scope: None)
    return found


# -- at load ----------------------------------------------------------------------------------------------------


def _first_two(call: Call) -> tuple[str, str]:
    terms = call.given.positional
    if len(terms) < 2:
        raise call.wrong(
            "'lookup' takes the table, the column to give, and every key by its name"
        )
    if len(terms) > 2:
        raise call.wrong("the keys of a lookup are given by their names", terms[2].offset)
    return call.fixed(terms[0], "the table"), call.fixed(terms[1], "the column")


def _known(definition: Definition, column: str, call: Call) -> None:
    columns = definition.columns
    if column in columns:
        return
    offset = call.given.positional[1].offset
    if column in definition.keys:
        raise Wrong(
            offset,
            f"'{column}' is a key of the lookup table '{definition.name}'; a column is asked for",
            f'"{columns[0]}"',
        )
    near = suggestion(column, columns) or f"; it has {', '.join(columns)}"
    raise Wrong(offset, f"the lookup table '{definition.name}' has no column '{column}'{near}")


def _keys(definition: Definition, call: Call) -> list[Term]:
    """The terms of all keys, in the table's order."""
    given = call.given.named
    write = _written(definition, call)
    for name, term in given.items():
        if name not in definition.keys and name not in TAKEN:
            near = suggestion(name, definition.keys)
            known = near or f"; its keys are {', '.join(definition.keys)}"
            problem = f"the lookup table '{definition.name}' has no key '{name}'{known}"
            raise Wrong(term.offset, problem, write)
    for key in definition.keys:
        if key not in given:
            problem = f"the lookup table '{definition.name}' is asked by all its keys; '{key}' is not given"
            raise Wrong(call.start, problem, write)
    return [given[key] for key in definition.keys]


def _written(definition: Definition, call: Call) -> str:
    column = call.given.positional[1].value()
    keys = ", ".join(f"{key}=..." for key in definition.keys)
    dated = ", at=..." if definition.effective else ""
    return f'lookup("{definition.name}", "{column}", {keys}{dated})'


def _key(term: Term) -> Term:
    operators.single(term, "a key")
    if term.kind not in ("text", "any"):
        problem = f"a table is asked with text, this is a {term.kind}"
        raise Wrong(term.offset, problem, '"{...}"')
    return arguments.guarded(term, "text") if term.kind == "any" else term


def _at(definition: Definition, call: Call, language: Language) -> Run | None:
    """Reads the day that counts; None where the table has no dates."""
    term = call.given.named.get("at")
    zone = language.zone
    if definition.effective is None:
        if term is not None:
            problem = f"the lookup table '{definition.name}' has no dates ('effective'), so it takes no 'at='"
            raise Wrong(term.offset, problem)
        return None
    if term is None:
        return lambda scope: _day_of_planning(facts_of(scope).context.now, zone)
    operators.single(term, "'at='")
    if term.kind not in ("text", "moment", "any"):
        raise Wrong(term.offset, f"'at=' is a date, this is a {term.kind}", "| date")
    read, paths, where = term.run, term.paths, f"'at=' of the lookup table '{definition.name}'"

    def day(scope: Scope) -> Any:
        value = read(scope)
        if value is None or value is NULL:
            return value
        try:
            return day_of(value)
        except Unreadable as why:
            refuse("bad_value", f"{why.why}, in {where}", paths)

    return day


# -- for a message ----------------------------------------------------------------------------------------------


def day_of(value: Any) -> str:
    """
    The day that a text (HL7 or ISO 8601) or a moment names, by its own clock.

    Raises Unreadable where it names none.

    >>> day_of("20261121103000"), day_of("2026-11-21T23:30-06:00")
    ('2026-11-21', '2026-11-21')
    """
    if type(value) is str and value.isdigit() and value.isascii():
        if len(value) == 8:
            return _plain_day(value)
        if len(value) in (12, 14):
            return _timed_day(value)
    found = value if type(value) is Moment else time.datetime(value)
    if found.precision < DAY:
        raise Unreadable("the day of the date is not known")
    return found.at.date().isoformat()


@lru_cache(1024)
def _plain_day(value: str) -> str:
    return time.date(value).at.date().isoformat()


def _timed_day(value: str) -> str:
    """Of a time in HL7's form, whatever its zone says of it."""
    try:
        datetime.fromisoformat(f"{value[:8]}T{value[8:]}")
    except ValueError:
        raise Unreadable("there is no such date or time") from None
    return f"{value[:4]}-{value[4:6]}-{value[6:8]}"


@lru_cache(64)
def _day_of_planning(now: float, zone: str) -> str:
    return datetime.fromtimestamp(now, ZoneInfo(zone)).date().isoformat()


def _ask(
    definition: Definition, column: str, keys: list[Term], at: Run | None, paths: Paths
) -> Run:
    """The cell of the row with these keys (empty text = an empty cell), None for a miss, NOTHING where a key is nothing."""
    name, runs = definition.name, tuple(term.run for term in keys)
    places: dict[Paths, int] = {}

    def ask(scope: Scope) -> Any:
        facts: Facts = scope.context
        tables = facts.notes.tables
        values = tuple([run(scope) for run in runs])
        if None in values or NULL in values:
            return NOTHING
        day = None
        if at is not None and ((day := at(scope)) is None or day is NULL):
            return NOTHING
        lookups = facts.context.lookups
        if name not in tables or lookups is None:
            tables[name] = _version(facts, definition, paths)
            lookups = facts.context.lookups
        names = lookups.columns(name)  # type: ignore[union-attr]
        place = places.get(names)
        if place is None:
            place = places[names] = _place(facts, names, definition, column, paths)
        row = lookups.find(name, values, day)  # type: ignore[union-attr]
        return None if row is None else row[place]

    return ask


def _place(
    facts: Facts, names: Paths, definition: Definition, column: str, paths: Paths
) -> int:
    """
    Where the version in use has the column: it may have been imported for a declaration before or after this one.

    MessageError where it lacks the column, or has other keys.
    """
    keys = len(definition.keys)
    if names[:keys] != definition.keys or column not in names[keys:]:
        lacks = f"column '{column}'" if names[:keys] == definition.keys else "keys"
        rule = f"the data of the lookup table '{definition.name}' is without the {lacks} of its declaration"
        _unmapped(facts, definition, f"{rule}: import it again", paths)
    return names.index(column, keys) - keys


#: What a lookup gives that was asked with nothing.
NOTHING: Any = object()


def _version(facts: Facts, definition: Definition, paths: Paths) -> int:
    """The version that is in use; MessageError where the table has no data yet."""
    name, lookups = definition.name, facts.context.lookups
    version = lookups.version(name) if lookups is not None else 0
    if not version:
        _unmapped(facts, definition, f"the lookup table '{name}' has no data yet", paths)
    return version


def _unmapped(facts: Facts, definition: Definition, rule: str, paths: Paths) -> NoReturn:
    """The code is not to be had: whoever answers for the table is told, not who answers for the channel."""
    facts.notes.owner = definition.owner
    refuse("unmapped_code", rule, paths)


def _answer(ask: Run, miss: Run) -> Run:
    def run(scope: Scope) -> Any:
        cell = ask(scope)
        if cell is None:
            return miss(scope)
        return None if cell is NOTHING else cell or None

    return run


def _missing(definition: Definition, dated: bool, paths: Paths) -> Callable[[Scope], Any]:
    day, keys = " on that day" if dated else "", " and ".join(definition.keys)
    rule = f"the lookup table '{definition.name}' has no row for this {keys}{day}"

    def miss(scope: Scope) -> Any:
        _unmapped(scope.context, definition, rule, paths)

    return miss
