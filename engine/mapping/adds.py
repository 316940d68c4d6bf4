"""`add:` of an edit: new segments, each in its place and in its group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.errors import MessageError
from engine.formats import Scope
from engine.mapping import grammar
from engine.mapping.choices import only
from engine.mapping.language import Language
from engine.mapping.rules import Block, Slots, block
from engine.mapping.segments import records_of, segment
from engine.mapping.walks import Step, Told, walked
from engine.mapping.writes import Write, writes
from engine.placed import Node, Record


def added(node: Node, language: Language, slots: Slots) -> Iterator[Step]:
    """The rules of `add`, compiled."""
    known = grammar.of(language)
    for record in records_of(node, "add", known.add, language):
        only(
            record,
            ("segment", "after", "before", "each", "let", "when", "set"),
            language.mistakes,
        )
        said, write = record.entries.get("segment", record), f"segment: {known.segment}"
        name = segment(said, language, write, known.stays)
        after, before = _place(record, "after", language), _place(record, "before", language)
        if after and before:
            language.mistakes.add(record.keys["before"], "'after' or 'before', not both")
        rules, inner = block(record, language, slots)
        if "set" not in record.entries:
            problem = "a segment that is added has values"
            write = f"set: {{{name or known.segment}{known.part}: ...}}"
            language.mistakes.add(record, problem, write)
        elif name:
            found = list(_own(record.entries["set"], name, inner))
            if "each" not in record.entries or rules.each is not None:
                yield _adding(rules, found, name, after, before)


def _place(record: Record, key: str, language: Language) -> str:
    """The segment behind or before which it stands; empty where none is said."""
    node, known = record.entries.get(key), grammar.of(language)
    if node is None:
        return ""
    but = frozenset([known.first]) if key == "before" else frozenset[str]()
    return segment(node, language, f"{key}: {known.place_of}", but) or ""


def _own(node: Node, name: str, language: Language) -> Iterator[Write]:
    """Those that write to the new segment; the others are mistakes."""
    known = grammar.of(language)
    for write in writes(node, language):
        assert isinstance(node, Record)
        place = write.rule.name
        at, found = node.keys[place], known.place.fullmatch(place)
        if "[" in place:
            problem = "a new segment is empty: there is nothing to look for in it"
            language.mistakes.add(at, problem, f"{name}{known.part}")
        elif found is None or found["name"] != name or "/" in place:
            problem = f"'{place}' is no place of the {name} that is added"
            rest = found["part"] if found is not None else known.part[:-1] + place.lstrip(".")
            language.mistakes.add(at, problem, f"{name}{rest}")
        else:
            yield write


def _adding(rules: Block, found: list[Write], name: str, after: str, before: str) -> Step:
    def step(copy: Any, scope: Scope, told: Told) -> None:
        made = []
        for at, inner in walked(rules, copy, scope):
            new = copy.new(name)
            place = Scope(new, scope.context)
            try:
                for write in found:
                    value = write.run(copy, inner, place)
                    if told is not None:
                        number = f"[{at}]" if rules.each is not None else ""
                        told.append(write.told(value, f"{name}{number}."))
            except MessageError as error:
                raise rules.located(error, at) from None
            if new.line.touched:
                made.append((new, inner))
        copy.place(made, after, before)

    return step
