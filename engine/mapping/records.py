"""Fields into records: dicts for JSON, structs for canonical entities; dotted names build what lies between."""

from __future__ import annotations

import re
from typing import Any

from engine.errors import MessageError
from engine.formats import NULL, Scope
from engine.formats.json.types import ANY, FieldType, fields
from engine.mapping import conversion, uses
from engine.mapping.choices import only, value, without_marker
from engine.mapping.language import Language, Run, Term, suggestion
from engine.mapping.rules import Block, FieldError, Rule, Slots, block
from engine.placed import Node, Place, Record, Scalar

_PART = re.compile(r'\["((?:[^"\\]|\\.)+)"\]|([^.\[\]]+)')

Parts = tuple[tuple[str, Run], ...]


class Branch:
    """A record being laid out: its fields and the records inside it."""

    def __init__(self, type_: FieldType, place: Place, path: str = "") -> None:
        self.type, self.place, self.path = type_, place, path
        self.order: dict[str, None] = {}
        """Its names, in the order in which they are first written."""
        self.runs: dict[str, Run] = {}
        self.paths: dict[str, tuple[str, ...]] = {}
        self.inner: dict[str, Branch] = {}


def content(
    node: Node | None, at: Node, type_: FieldType, language: Language, slots: Slots
) -> tuple[Run, list[Rule]]:
    """`fields:` as a maker of records, and its rules for traces."""
    rules: list[Rule] = []
    root = Branch(type_, at.keys["fields"] if isinstance(at, Record) and node else at.place)
    if not isinstance(node, Record):
        language.mistakes.add(
            node or at, "'fields' names values", "fields: {source_id: MSH-10}"
        )
        return (lambda scope: None), rules
    for name, each in node.entries.items():
        place = node.keys[name]
        found = _landing(root, name, place, language)
        if found is None:
            continue
        branch, last, wanted = found
        if last in branch.runs or last in branch.inner:
            language.mistakes.add(place, f"'{name}' is said twice, as a whole or in parts")
            continue
        rule = _rule(name, each, wanted, language, slots)
        branch.order[last] = None
        branch.runs[last] = rule.term.run if rule else (lambda scope: None)
        branch.paths[last] = rule.term.paths if rule else ()
        if rule is not None:
            rules.append(rule)
    return _maker(root, language, top=True), rules


def _landing(
    root: Branch, name: str, place: Place, language: Language
) -> tuple[Branch, str, FieldType] | None:
    """The record in which a dotted name lands, its last part, and the type that is wanted there."""
    simple = name.isidentifier()
    parts = [name] if simple else [quoted or plain for quoted, plain in _PART.findall(name)]
    if not parts:
        language.mistakes.add(place, "this is no name of a field")
        return None
    branch = root
    for part in parts[:-1]:
        type_ = _field(branch, part, place, language)
        if type_ is None:
            return None
        if part in branch.runs:
            language.mistakes.add(place, f"'{part}' is said twice, as a whole or in parts")
            return None
        if type_.kind not in ("record", "any"):
            language.mistakes.add(place, f"'{part}' is a {type_.kind} and has no fields")
            return None
        if part not in branch.inner:
            path = f"{branch.path}.{part}".lstrip(".")
            branch.order[part] = None
            branch.inner[part] = Branch(type_, place, path)
        branch = branch.inner[part]
    type_ = _field(branch, parts[-1], place, language)
    return None if type_ is None else (branch, parts[-1], type_)


def _field(branch: Branch, name: str, place: Place, language: Language) -> FieldType | None:
    if branch.type.form == "dict":
        return branch.type.item or ANY
    if branch.type.form != "struct":
        return ANY
    known = fields(branch.type.struct)
    if name not in known:
        near = suggestion(name, list(known)) or f"; it has {', '.join(known)}"
        language.mistakes.add(
            place, f"{branch.type.struct.__name__} has no field '{name}'{near}"
        )
        return None
    return known[name].type


def _rule(
    name: str, node: Node, wanted: FieldType, language: Language, slots: Slots
) -> Rule | None:
    """One field: a value, or a nested list."""
    if isinstance(node, Record) and node.entries.keys() & {"each", "fields", "use"}:
        return _nested(name, node, wanted, language, slots)
    term = value(node, language, lambda term: conversion.convert(term, wanted))
    if term is None:
        return None
    if not isinstance(node, Scalar):
        term.run = without_marker(term.run)
    return Rule(name=name, node=node, term=term, text=shown(node), line=node.place.line)


def shown(node: Node) -> str:
    if isinstance(node, Scalar):
        return f'"{node.text}"' if node.style == "quoted" else node.text
    if isinstance(node, Record):
        each = node.entries.get("each")
        used = node.entries.get("use")
        said = f"use {used.text}" if isinstance(used, Scalar) else "fields"
        return f"each {each.text}" if isinstance(each, Scalar) else said
    return "the first that holds"


def _nested(
    name: str, node: Record, wanted: FieldType, language: Language, slots: Slots
) -> Rule | None:
    """A list of records (or of values), or one record with a condition of its own."""
    only(node, ("each", "let", "when", "fields", "value", "use", "of"), language.mistakes)
    listed = "each" in node.entries
    if listed and wanted.kind not in ("list", "any"):
        language.mistakes.add(node, f"'{name}' is a {wanted.kind}, not a list")
        return None
    item = (wanted.item or ANY) if listed else wanted
    if not listed and wanted.kind not in ("record", "any"):
        language.mistakes.add(node, f"'{name}' is a {wanted.kind}, it has no fields")
        return None
    made, inner = block(node, language, slots)
    if "value" in node.entries:
        rule = _rule("value", node.entries["value"], item, inner, slots)
        made.make = rule.term.run if rule else made.make
        made.rules = [rule] if rule else []
    elif "fields" in node.entries:
        made.make, made.rules = content(node.entries["fields"], node, item, inner, slots)
    elif "use" in node.entries:
        uses.making(node, made, inner, slots, item)
    else:
        problem = "a nested list has 'fields', one 'value', or a mapping that it uses"
        language.mistakes.add(node, problem, "fields: {code: .1}")
    paths = made.each.paths if made.each is not None else ()
    if not paths and isinstance(of := node.entries.get("of"), Scalar):
        paths = (of.text,)
    term = Term(
        run=_items(made, wanted) if listed else _one(made), offset=0, paths=paths, many=listed
    )
    return Rule(
        name=name, node=node, term=term, text=shown(node), line=node.place.line, nested=made
    )


def _items(made: Block, wanted: FieldType) -> Run:
    keep = tuple if wanted.form == "tuple" else list

    def run(scope: Scope) -> Any:
        return keep(made.items(scope)) or None

    return run


def _one(made: Block) -> Run:
    return lambda scope: next(iter(made.items(scope)), None)


def _maker(branch: Branch, language: Language, top: bool = False) -> Run:
    for name, inner in branch.inner.items():
        branch.runs[name] = _maker(inner, language)
        branch.paths[name] = tuple(path for paths in inner.paths.values() for path in paths)
    parts = tuple((name, branch.runs[name]) for name in branch.order)
    if branch.type.form == "struct":
        return _struct(branch, parts, language, top)
    return _dict(parts, top)


def _dict(parts: Parts, top: bool) -> Run:
    def make(scope: Scope) -> dict[str, Any] | None:
        made: dict[str, Any] = {}
        name = ""
        try:
            for name, run in parts:
                if (found := run(scope)) is not None:
                    made[name] = found
        except MessageError as error:
            raise FieldError(error, name) from None
        return made if made or top else None

    return make


def _struct(branch: Branch, parts: Parts, language: Language, top: bool) -> Run:
    struct, paths = branch.type.struct, branch.paths
    required = [name for name, field in fields(struct).items() if field.required]
    for name in required:
        if name not in paths:
            where = f" in '{branch.path}'" if branch.path else ""
            language.mistakes.add(
                branch.place, f"{struct.__name__} needs '{name}'{where}, and no rule gives it"
            )
    needed = frozenset(required)

    def make(scope: Scope) -> Any:
        made: dict[str, Any] = {}
        name = ""
        try:
            for name, run in parts:
                found = run(scope)
                if found is not None and found is not NULL:
                    made[name] = found
        except MessageError as error:
            raise FieldError(error, name) from None
        if not made and not top:
            return None
        if not needed <= made.keys():
            _missing(struct, next(each for each in required if each not in made), paths)
        return struct(**made)

    return make


def _missing(struct: Any, name: str, paths: dict[str, tuple[str, ...]]) -> None:
    error = MessageError("missing_field", f"{struct.__name__} needs it, and it is nothing", ", ".join(paths[name]))  # fmt: skip
    raise FieldError(error, name)
