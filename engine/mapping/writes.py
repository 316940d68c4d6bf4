"""Values written to places of a message: `PID-3[.5 == "MR"].4: "GENHOSP"`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from engine.errors import MessageError
from engine.formats import Scope, Target
from engine.mapping import grammar, layouts, records, trace, written
from engine.mapping.choices import value
from engine.mapping.language import Language, Term, Traced, Wrong
from engine.mapping.rules import FieldError, Rule
from engine.placed import Node, Record, Scalar


class Write(msgspec.Struct, frozen=True):
    """One place, and what is written there."""

    target: Target
    rule: Rule

    def run(self, document: Any, scope: Scope, place: Scope) -> Any:
        """Write the value that the scope gives to the place as the other scope sees it; gives the value."""
        rule = self.rule
        try:
            found = rule.term.run(scope)
            if found is not layouts.UNCHANGED:
                self.target.set(document, place, found)
        except MessageError as error:
            raise FieldError(error, rule.name) from None
        return found

    def told(self, found: Any, prefix: str) -> Traced:
        """What was written, for people."""
        rule = self.rule
        return Traced(
            field=(prefix.removesuffix(".") if rule.name[:1] == "." else prefix) + rule.name,
            value=trace.shown(found),
            line=rule.line,
            rule=rule.text,
            paths=rule.term.paths,
        )


def writes(node: Node, language: Language) -> Iterator[Write]:
    """`set:`, compiled; what has mistakes is left out."""
    parser, known = layouts.conditions(language), grammar.of(language)
    if not isinstance(node, Record) or not node.entries:
        language.mistakes.add(node, "'set' names places and values", 'set: {MSH-12: "2.3"}')
        return
    for place, each in node.entries.items():
        key = Scalar(text=place, style="plain", place=node.keys[place])
        target = layouts.target(key, language, parser)
        if target is not None and known.is_whole(place):
            problem = "a whole segment is not written to, its fields are"
            language.mistakes.add(key, problem, f"{place}{known.part}")
            target = None
        term = value(each, language, _FINISH[grammar.format_of(language)])
        if target is not None and term is not None:
            text, at = records.shown(each), each.place.line
            yield Write(target, Rule(name=place, node=each, term=term, text=text, line=at))


def _field(term: Term) -> Term:
    if term.many and term.nodes is None:
        raise Wrong(term.offset, "a field takes one value", "first(...)")
    return written.hl7v2(term)


def _x12(term: Term) -> Term:
    return written.x12(_one(term))


def _edifact(term: Term) -> Term:
    return written.edifact(_one(term))


def _one(term: Term) -> Term:
    if term.many:
        raise Wrong(term.offset, "an element takes one value", "first(...)")
    return term


def _xml(term: Term) -> Term:
    return written.xml(_one(term))


_FINISH = {"fhir": written.fhir, "xml": _xml, "hl7v2": _field, "x12": _x12, "edifact": _edifact}
