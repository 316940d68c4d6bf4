"""What a name means: a literal, `it`, `index`, `meta`, a name of `let`, a path of the entity or the message at hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from types import ModuleType
from typing import TYPE_CHECKING, Any

import msgspec

from engine.formats import NULL, Match, PathProblem, Scope, Shape
from engine.formats.json import paths as records
from engine.mapping import calls, facts, fields, kept, needs, simple_paths, steps, unknown
from engine.mapping.functions.time import iso
from engine.mapping.language import Expression, Run, Term, Wrong, constant, of_slot, refuse
from engine.mapping.values import Unreadable
from engine.records.paths import RecordPaths
from engine.records.reading import leaf
from engine.records.types import ANY, FieldType

if TYPE_CHECKING:
    from engine.mapping.parser import Parser

_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
#: A name, and fields of its record: no brackets.
_FIELDS = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?![\w\[])", re.ASCII)
_LITERALS: dict[str, tuple[Any, str]] = {
    "true": (True, "truth"),
    "false": (False, "truth"),
    "null": (NULL, "any"),
    "nothing": (None, "any"),
}
#: Formats whose paths are those of records: what an `each` walks there is a value as well.
RECORDS = ("json", "canonical", "fhir")


def name(parser: Parser) -> Term:
    """The value that starts with a name, a dot or a bracket; Wrong where nothing of that name is known."""
    start = parser.at
    if parser.text.startswith((".", "["), start):
        return _path(parser) or unknown.no_path(parser, start)
    found = _WORD.match(parser.text, start)
    if found is None:
        raise parser.unexpected()
    word, end = found.group(), found.end()
    following = parser.text[end : end + 1]
    if following == "(" and word == "header" and parser.language.reply:
        parser.at = end
        return facts.header(parser, start)
    # `calls` of a format's paths: words that are written like functions and are paths of it
    if following == "(" and word in getattr(parser.language.format.paths, "calls", ()):
        return _path(parser) or unknown.unknown(parser, word, start, end)
    if following == "(" and calls.known(word):
        parser.at = end
        return calls.call(parser, word, start, None)
    if following not in ("(", "-", ":") and (term := _word(parser, word, start, end)):
        return term
    try:
        found_path = None if following == "(" and word.islower() else _path(parser)
    except PathProblem as problem:
        if problem.certain or following in ("(", "-", "[", ".", ":", "/"):
            raise
        found_path = None
    return found_path or unknown.unknown(parser, word, start, end)


def numbered(parser: Parser) -> Term | None:
    """A path that begins with a digit, in a format that has such (`2300/CLM01`); None where a number stands."""
    if not getattr(parser.language.format.paths, "numbered", False):
        return None
    return _path(parser)


def _word(parser: Parser, word: str, start: int, end: int) -> Term | None:
    language = parser.language
    if word in _LITERALS:
        parser.at = end
        return constant(*_LITERALS[word], start)
    if (made := _special(parser, word, start, end)) is not None:
        return made
    if language.inner and (term := _inner(parser, start)):
        return term
    if word in language.lets:
        parser.at = end
        return _let(parser, word, start)
    return None


def _special(parser: Parser, word: str, start: int, end: int) -> Term | None:
    if word == "it":
        return _it(parser, start, end)
    if word == "index":
        parser.at, parser.language.tables.facts = end, True
        _inside(parser, start, "index")
        return Term(run=lambda scope: Decimal(scope.index), kind="number", offset=start)
    if (
        word == "meta"
        and parser.text.startswith(".", end)
        and not facts.own_meta(parser, end + 1)
    ):
        parser.at, parser.language.tables.facts = end + 1, True
        return facts.meta(parser, start)
    if word == "status" and parser.language.reply:
        parser.at = end
        return facts.status(start)
    return None


def _inside(parser: Parser, start: int, word: str) -> None:
    shape = parser.shape
    part = shape.outer is not None or (shape.format, shape.kind) == ("fhir", "record")
    if not part and not parser.language.inner:
        raise Wrong(
            start, f"'{word}' is known inside an each, a filter or a list function only"
        )


def _it(parser: Parser, start: int, end: int) -> Term:
    _inside(parser, start, "it")
    shape = parser.shape
    parser.at = end
    if shape.format in RECORDS or (parser.language.inner and not parser.level):
        kind = getattr(shape.type, "kind", "any")
        term = Term(run=lambda scope: leaf(scope.item), kind=kind, offset=start, paths=("it",))
        if shape.format in ("fhir", "canonical") and kind in ("record", "any"):
            term.nodes, term.shape = lambda scope: (scope.item,), shape
        if isinstance(shape.type, FieldType) and shape.type.form == "resource":
            term.type = shape.type
        return term
    row = shape.kind == "candidate" and shape.format in ("delimited", "fixed")
    if row or shape.kind in ("segment", "group", "message"):
        return Term(run=lambda scope: scope.item, kind="group", offset=start, paths=("it",))
    return Term(
        run=lambda scope: scope.item.value(),
        kind="text",
        offset=start,
        paths=("it",),
        nodes=lambda scope: (scope.item,),
        shape=shape,
        reads=frozenset((".",)) if shape.format == "hl7v2" else None,
    )


def _let(parser: Parser, word: str, start: int) -> Term:
    slot = parser.language.lets[word]
    known = parser.language.known.get(word)
    term = Term(
        run=of_slot(slot),
        slot=slot,
        offset=start,
        kind=known.kind if known else "any",
        many=known.many if known else False,
        paths=known.paths if known else (word,),
        lets=True,
        names=known.names if known else None,
        type=known.type if known else None,
        reads=kept.named(known.reads, parser.level) if known else None,
    )
    found = _behind(parser, known, term, word, start) or fields.behind(parser, term)
    if found is term and known is not None and parser.shape.format == "fhir":
        fields.things(term, parser.shape)
    return found


def _behind(
    parser: Parser, known: Expression | None, term: Term, word: str, start: int
) -> Term | None:
    """A path that goes on behind a name of `let`, where paths are those of records: `patient.name[0].family`."""
    paths, shape = parser.language.format.paths, parser.shape
    if known is None or known.names is not None or not isinstance(paths, RecordPaths):
        return None
    if not known.many and known.kind not in ("record", "any"):
        return None
    if parser.shape.format != "fhir" and _FIELDS.match(parser.text, start):
        return None
    type_ = known.type or ANY
    if known.many:
        type_ = FieldType(kind="list", form="list", item=type_)
    end = start + len(word)
    match = paths.behind(parser.text, start, end, term.run, type_, shape, parser.condition)
    if match is None:
        return None
    found = _found(parser, match, start)
    found.lets, found.reads = True, None
    found.paths = tuple(f"{path}{match.text[len(word) :]}" for path in term.paths)
    return found


def _inner(parser: Parser, start: int) -> Term | None:
    """A path of the entity at a destination, which is `Scope.item` there; of an item of its lists before that."""
    shape = parser.shape
    if parser.level and shape.format == "canonical" and shape.kind == "entity":
        own = records.match(parser.text, start, shape, parser.condition)
        if own is not None:
            return _found(parser, own, start)
    for entity in reversed(parser.language.inner):
        shape = msgspec.structs.replace(entity, kind="entity")
        level, parser.level = parser.level, 0
        match = records.match(parser.text, start, shape, parser.condition)
        parser.level = level
        if match is not None:
            return _found(parser, _lifted(match, level), start)
    return None


def _lifted(match: Match, level: int) -> Match:
    """The same path, read from so many scopes further in."""
    if not level:
        return match

    def lift(read: Callable[[Scope], Any]) -> Callable[[Scope], Any]:
        def run(scope: Scope) -> Any:
            for _ in range(level):
                assert scope.outer is not None
                scope = scope.outer
            return read(scope)

        return run

    nodes = lift(match.nodes) if match.nodes else None
    return msgspec.structs.replace(match, read=lift(match.read), nodes=nodes)


def _path(parser: Parser) -> Term | None:
    start = parser.at
    language, shape = parser.language, parser.shape
    paths = language.format.paths
    if shape.format in RECORDS and language.shape.format not in RECORDS:
        if parser.text.startswith(".", start):
            paths = records
        else:
            shape = language.shape
    match, parser.asked = None, []
    if shape.format == "hl7v2" and isinstance(language.format, ModuleType):
        match = simple_paths.match(parser.text, start, shape, paths)
    if match is None:
        match = paths.match(parser.text, start, shape, parser.condition)
    return _found(parser, match, start, shape) if match is not None else None


def _found(parser: Parser, match: Match, start: int, shape: Shape | None = None) -> Term:
    parser.at = match.end
    kind = match.kind
    read: Run = match.read
    nodes = match.nodes
    if match.many:
        read = steps.each_counted(read)
        nodes = steps.each_counted(nodes) if nodes is not None else None
    if kind == "moment":
        read = _moments(read, match)
    if match.group and match.shape and match.shape.format not in RECORDS:
        kind = "group"
    return Term(
        run=read,
        offset=start,
        kind=kind,
        many=match.many,
        paths=(match.text,),
        nodes=nodes,
        shape=match.shape,
        group=match.group,
        type=_type(match),
        equals=match.equals,
        leaf=match.leaf,
        needs=needs.of_path(match.text, shape) if shape is not None else None,
        lets=any(asked.lets for asked in parser.asked),
        reads=kept.of_path(match.text, shape, parser.asked) if shape else None,
    )


def _type(match: Match) -> FieldType | None:
    """The type of a record that a path names, where it is known."""
    shape = match.shape
    if shape is None or match.kind != "record" or (match.many and shape.format != "fhir"):
        return None
    return shape.type if isinstance(shape.type, FieldType) else None


def _moments(read: Run, match: Match) -> Run:
    """Moments of canonical entities are ISO 8601 texts, or datetimes and dates of Python."""

    paths = (match.text,)

    def one(value: Any) -> Any:
        if value is None:
            return None
        try:
            return iso(value)
        except Unreadable as why:
            refuse("bad_value", why.why, paths)

    if match.many:
        return lambda scope: [one(value) for value in read(scope)]
    return lambda scope: one(read(scope))
