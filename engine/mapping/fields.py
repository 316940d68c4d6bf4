"""Fields of a record that a call or a bracketed expression gives: `recall("visit", ORC-4.1).class`, `first(lines[*])["Invoice No"]`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from engine.formats import NULL, Scope, Shape
from engine.mapping.functions.time import iso
from engine.mapping.language import Run, Term, Wrong, refuse, suggestion
from engine.mapping.values import Unreadable, kind_of
from engine.records import types
from engine.records.reading import leaf
from engine.records.types import ANY, FieldType
from engine.rows.table import Level

if TYPE_CHECKING:
    from engine.mapping.parser import Parser

_NAME = re.compile(r"\.([A-Za-z_]\w*)", re.ASCII)
_KEY = re.compile(r'\[\s*"([^"\\]*)"\s*\]')


def behind(parser: Parser, term: Term) -> Term:
    """The term, or the field of its record that is named right behind it; Wrong where it can have no such field."""
    while match := _NAME.match(parser.text, parser.at) or _KEY.match(parser.text, parser.at):
        name, at = match.group(1), match.start(1)
        parser.at = match.end()
        parser.count()
        level = term.shape.type if term.shape is not None and term.kind == "group" else None
        if isinstance(level, Level) and not term.many:
            term = _cell(term, level, name, at)
        else:
            term = _field(term, name, _checked(term, name, at))
    return term


def _cell(term: Term, level: Level, name: str, at: int) -> Term:
    """A column of a row of a file."""
    column = level.columns.get(name)
    if column is None:
        near = suggestion(name, list(level.columns)) or f"; it has {', '.join(level.columns)}"
        raise Wrong(at, f"a row of '{level.name}' has no column '{name}'{near}")
    row, value = term.run, column.value
    read = _moment if column.kind == "moment" else leaf

    def run(scope: Scope) -> Any:
        found = row(scope)
        return None if found is None else read(value(found))

    paths = (*term.paths, name)
    return Term(run=run, offset=term.offset, kind=column.kind, paths=paths, lets=term.lets)


def _checked(term: Term, name: str, at: int) -> FieldType:
    """The field's type; Wrong where the record is none, or is known not to have it."""
    if term.many:
        raise Wrong(at, f"'{name}' is asked of a list", "first(...)")
    if term.kind not in ("record", "any"):
        raise Wrong(at, f"'{name}' is asked of a {term.kind}, which has no fields")
    known = term.names
    type_ = term.type
    if known is None and type_ is not None and type_.struct is not None:
        known = tuple(types.fields(type_.struct))
    if known is not None and name not in known:
        near = suggestion(name, known) or f"; it has {', '.join(known)}"
        raise Wrong(at, f"the record has no field '{name}'{near}")
    if type_ is None or type_.struct is None:
        return types.ANY
    return types.fields(type_.struct)[name].type


def _field(term: Term, name: str, type_: FieldType) -> Term:
    listed = type_.kind == "list"
    item = (type_.item or types.ANY) if listed else type_
    one = _moment if item.kind == "moment" else leaf
    return Term(
        run=_reader(term.run, name, term.paths, one, listed),
        offset=term.offset,
        kind=item.kind,
        constant=term.constant,
        many=listed,
        paths=term.paths,
        lets=term.lets,
        type=None if listed else item,
    )


def _moment(value: Any) -> Any:
    return None if value is None else iso(value)


def _reader(
    record: Run, name: str, paths: tuple[str, ...], one: Callable[[Any], Any], listed: bool
) -> Run:
    def run(scope: Scope) -> Any:
        found = record(scope)
        if found is None or found is NULL:
            return None
        if isinstance(found, dict):
            value = found.get(name)
        elif isinstance(found, msgspec.Struct):
            value = getattr(found, name, None) if name in found.__struct_fields__ else None
        else:
            refuse("bad_value", f"'{name}' is asked of a {kind_of(found)}, which has no fields", paths)  # fmt: skip
        try:
            if listed and value is not None:
                return [said for each in value if (said := one(each)) is not None]
            return one(value)
        except Unreadable as why:
            refuse("bad_value", why.why, paths)

    return run


def things(term: Term, shape: Shape) -> None:
    """A name of `let` for resources or parts of them: what `each` walks and `of` hands over, by its type."""
    if term.kind not in ("record", "any"):
        return
    run, many = term.run, term.many
    term.nodes = lambda scope: (
        () if (found := run(scope)) is None else found if many else (found,)
    )
    term.shape = Shape(format="fhir", kind="record", type=term.type or ANY, outer=shape)
    term.group = True
