"""
Messages built by their standard: `to: x12/005010/850`, `to: hl7v2/2.5.1/MFN_M16`.

    set      places and values of the message as a whole, or of the group at hand.
    groups   the groups inside, by the standard's names: one of each, or with `each` one for each thing.
    pairs    qualifiers and values, from an element on.
    use      another mapping that fills the group.

Order, counts, numbers and trailers come from the standard (engine/formats: Structure), never from the mapping. What is
nothing is not written, and a group in which nothing is written is not made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from engine.formats import CompileCondition, PathProblem, Place, Scope, Structure
from engine.mapping import composed, records, trace, uses, written
from engine.mapping.choices import BUILDS, only, value
from engine.mapping.filling import Content, Filling, Growing, fill
from engine.mapping.language import Language, Product, Run, Term, Wrong
from engine.mapping.outputs import Make, bounded
from engine.mapping.rules import Block, Rule, Slots, block
from engine.mapping.segments import listed
from engine.mapping.uses import Filled
from engine.placed import Node, Record, Scalar

#: What a group may say besides what it writes.
_GROUP = ("each", "let", "when", *BUILDS, "use", "of")
_WRITE = "set: {BEG03: number}"


class Builder:
    """Compiles what a mapping says of one structure and the groups inside it."""

    def __init__(self, slots: Slots, condition: CompileCondition) -> None:
        self.slots, self.condition = slots, condition

    def content(
        self, record: Record, group: Filled, language: Language, made: Block
    ) -> Content:
        """`set`, `pairs` and `groups` of a record; the block is told what to trace."""
        found = Content()
        if (node := record.entries.get("set")) is not None:
            found.sets = list(self._sets(node, group, language, made))
        if (node := record.entries.get("pairs")) is not None:
            found.pairs = list(self._pairs(node, group, language, made))
        if (node := record.entries.get("groups")) is not None:
            found.groups = list(self._groups(node, group, language, made))
        return found

    def _sets(
        self, node: Node, group: Filled, language: Language, made: Block
    ) -> Iterator[tuple[Place, str, Run]]:
        if not isinstance(node, Record) or not node.entries:
            language.mistakes.add(node, "'set' names places and values", _WRITE)
            return
        for text, each in node.entries.items():
            key = Scalar(text=text, style="plain", place=node.keys[text])
            place = self._place(key, group.structure, language)
            if hasattr(place, "inside") and composed.is_composed(each):
                rule = composed.rule(text, each, place, group, language, self)
            else:
                rule = _valued(key, each, place, group, language)
            if place is not None and rule is not None:
                made.rules.append(rule)
                yield place, text, rule.term.run

    def _place(self, key: Scalar, structure: Structure, language: Language) -> Place | None:
        try:
            return structure.place(key.text, self.condition)
        except PathProblem as problem:
            language.mistakes.add(key, problem.problem, problem.write, problem.offset)
        except Wrong as wrong:
            language.mistakes.add(key, wrong.problem, wrong.write, wrong.offset)
        return None

    def _pairs(
        self, node: Node, group: Filled, language: Language, made: Block
    ) -> Iterator[tuple[str, Callable[[Any, Any], None], list[tuple[str, Run]]]]:
        write = "pairs: {from: PO106, of: {VN: item.vendor_number}}"
        for record in listed(node):
            if not isinstance(record, Record):
                problem = "'pairs' says from where on, and which qualifiers have which values"
                language.mistakes.add(record, problem, write)
                continue
            only(record, ("from", "of"), language.mistakes)
            first, of = record.entries.get("from"), record.entries.get("of")
            if not isinstance(first, Scalar) or not first.text:
                problem = "'pairs' says from which element on they stand"
                language.mistakes.add(first or record, problem, "from: PO106")
            if not isinstance(of, Record) or not of.entries:
                problem = "'pairs' says which qualifiers have which values"
                language.mistakes.add(of or record, problem, "of: {VN: item.vendor_number}")
            elif isinstance(first, Scalar) and first.text:
                yield from self._paired(first, of, group, language, made)

    def _paired(
        self, first: Scalar, of: Record, group: Filled, language: Language, made: Block
    ) -> Iterator[tuple[str, Callable[[Any, Any], None], list[tuple[str, Run]]]]:
        try:
            writer = group.structure.pairs(first.text)
        except PathProblem as problem:
            language.mistakes.add(first, problem.problem, problem.write, problem.offset)
            return
        found: list[tuple[str, Run]] = []
        for qualifier, each in of.entries.items():
            term = value(each, language, written.FINISH[group.format_name])
            if term is not None and term.many:
                language.mistakes.add(each, "a pair has one value", "first(...)")
            elif term is not None:
                made.rules.append(_rule(f"{first.text} {qualifier}", each, term))
                found.append((qualifier, term.run))
        yield first.text, writer, found

    def _groups(
        self, node: Node, group: Filled, language: Language, made: Block
    ) -> Iterator[Filling]:
        write = "groups: {N1: {each: parties, set: {N101: role}}}"
        if not isinstance(node, Record) or not node.entries:
            language.mistakes.add(node, "'groups' names groups and what stands in them", write)
            return
        for name, each in node.entries.items():
            try:
                structure = group.structure.group(name)
            except LookupError as error:
                problem = str(error.args[0]) if error.args else f"there is no group '{name}'"
                language.mistakes.add(node.keys[name], problem)
                continue
            path = getattr(structure, "common", "") or f"{group.path}/{name}"
            inside = Filled(format_name=group.format_name, path=path, structure=structure)
            for record in listed(each):
                if not isinstance(record, Record):
                    language.mistakes.add(record, f"'{name}' says what stands in it", write)
                elif (filling := self._filling(name, record, inside, language)) is not None:
                    made.rules.append(_nested(name, record, filling.block))
                    yield filling

    def _filling(
        self, name: str, record: Record, group: Filled, language: Language
    ) -> Filling | None:
        if "holds" in record.entries:
            problem = (
                "'holds' says which segments belong to a group that is read; here one is built"
            )
            language.mistakes.add(record.keys["holds"], problem)
            return None
        only(record, _GROUP, language.mistakes)
        made, inner = block(record, language, self.slots)
        made.counts_from = 1
        content = self.content(record, group, inner, made)
        if "use" in record.entries:
            content.used = self.used(record, group, inner, made).used
        elif not record.entries.keys() & set(BUILDS):
            said = ", ".join((*BUILDS, "use"))
            language.mistakes.add(record, f"a group has one of {said}", _WRITE)
        key = getattr(group.structure, "way", name)
        return Filling(name=name, key=key, block=made, content=content)

    def used(self, record: Record, group: Filled, inner: Language, made: Block) -> Content:
        """What the mapping that `use` names writes into a group, or into a value; nothing where there is none."""
        found = Content()
        if (node := record.entries.get("use")) is not None:
            used = self.slots.uses.find(node, group)
            things, _, _ = uses.handed(record, made, inner, used)
            if used is not None and things is not None:
                inside, one = uses.entering(used, self.slots), uses.first_of(things)
                found.used = [(used, one, inside)]
                made.told.append(trace.telling(used.block, used.file, one, inside))
        return found


def _valued(
    key: Scalar, node: Node, place: Place | None, group: Filled, language: Language
) -> Rule | None:
    """A place and the value that is written there; None where mistakes were noted."""
    term = value(node, language, written.FINISH[group.format_name])
    if place is None or term is None or not _suits(place, term, key, language):
        return None
    return _rule(key.text, node, term)


def _suits(place: Place, term: Term, key: Scalar, language: Language) -> bool:
    """Whether a whole segment goes to a whole segment, and a value to a place that takes one."""
    of_hl7 = term.shape is not None and term.shape.format == "hl7v2"
    whole, segment = getattr(place, "whole", False), of_hl7 and term.group
    if whole and not segment:
        problem = "a whole segment is copied from a segment of HL7; else its fields are set"
        language.mistakes.add(key, problem, f"{key.text}-1")
    elif segment and not whole:
        problem = f"{term.paths[0]} names a whole segment, not a value"
        language.mistakes.add(key, problem, f"{key.text}: {term.paths[0]}-1")
    return bool(whole) == segment


def _rule(name: str, node: Node, term: Term) -> Rule:
    return Rule(name=name, node=node, term=term, text=records.shown(node), line=node.place.line)


def _nested(name: str, node: Record, made: Block) -> Rule:
    term = Term(run=lambda scope: None, offset=0)
    text, line = records.shown(node), node.place.line
    return Rule(name=name, node=node, term=term, text=text, line=line, nested=made)


def built(group: Filled, content: Content) -> Make:
    """The maker of messages of a structure."""

    def product(scope: Scope) -> Product:
        whole = group.structure.new(scope.context)
        fill(content, Growing(None, "", whole), scope)
        payload = whole.render()
        bounded(payload)
        document = whole.document()
        kind = document.kind() or group.path
        return Product(of=group.format_name, payload=payload, shows=kind, node=document)

    return product
