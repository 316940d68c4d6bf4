"""`add:` of an edit: new segments, each in its place and in its group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.errors import MessageError
from engine.formats import Scope
from engine.mapping.choices import only
from engine.mapping.language import Language
from engine.mapping.rules import Block, Slots, block
from engine.mapping.segments import records_of, segment
from engine.mapping.walks import Step, Told, walked
from engine.mapping.writes import Write, writes
from engine.placed import Node, Record


def added(node: Node, language: Language, slots: Slots) -> Iterator[Step]:
    """The rules of `add`, compiled."""
    write = "- {segment: ZPV, after: PV1, set: {ZPV-1: PV1-19.1}}"
    for record in records_of(node, "add", write, language):
        only(
            record,
            ("segment", "after", "before", "each", "let", "when", "set"),
            language.mistakes,
        )
        name = segment(record.entries.get("segment", record), language, "segment: ZPV", "MSH")
        after, before = (
            segment(
                record.entries[key], language, f"{key}: PV1", "MSH" if key == "before" else ""
            )
            if key in record.entries
            else ""
            for key in ("after", "before")
        )
        if after and before:
            language.mistakes.add(record.keys["before"], "'after' or 'before', not both")
        rules, inner = block(record, language, slots)
        if "set" not in record.entries:
            problem = "a segment that is added has values"
            language.mistakes.add(record, problem, f"set: {{{name or 'ZPV'}-1: PV1-19.1}}")
        elif name:
            found = list(_own(record.entries["set"], name, inner))
            if "each" not in record.entries or rules.each is not None:
                yield _adding(rules, found, name, after or "", before or "")


def _own(node: Node, name: str, language: Language) -> Iterator[Write]:
    """Those that write to the new segment; the others are mistakes."""
    for write in writes(node, language):
        assert isinstance(node, Record)
        place = write.rule.name
        at, rest = node.keys[place], place.partition("-")[2]
        if "[" in place:
            problem = "a new segment is empty: there is nothing to look for in it"
            language.mistakes.add(at, problem, f"{name}-1")
        elif not place.startswith(f"{name}-"):
            problem = f"'{place}' is no place of the {name} that is added"
            language.mistakes.add(at, problem, f"{name}-{rest or place.lstrip('.')}")
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
