"""Values written to places of a message: `PID-3[.5 == "MR"].4: "GENHOSP"`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from engine.errors import MessageError
from engine.formats import NULL, Scope, Target
from engine.mapping import layouts, records, trace
from engine.mapping.functions import strftime
from engine.mapping.language import Language, Term, Traced, Wrong, refuse
from engine.mapping.rules import FieldError, Rule, value
from engine.mapping.values import SECOND, Moment, Unreadable, offset, text_of
from engine.placed import Node, Record, Scalar

_FIELD = re.compile(r"\w{3}(\[.*\])?(\(.*\))?-\d")


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
            field=prefix + rule.name,
            value=trace.shown(found),
            line=rule.line,
            rule=rule.text,
            paths=rule.term.paths,
        )


def writes(node: Node, language: Language) -> Iterator[Write]:
    """`set:`, compiled; what has mistakes is left out."""
    parser = layouts.conditions(language)
    if not isinstance(node, Record) or not node.entries:
        language.mistakes.add(node, "'set' names places and values", 'set: {MSH-12: "2.3"}')
        return
    for place, each in node.entries.items():
        key = Scalar(text=place, style="plain", place=node.keys[place])
        target = layouts.target(key, language, parser)
        if target is not None and _is_segment(place):
            problem = "a whole segment is not written to, its fields are"
            language.mistakes.add(key, problem, f"{place}-1")
            target = None
        term = value(each, language, _field)
        if target is not None and term is not None:
            text, at = records.shown(each), each.place.line
            yield Write(target, Rule(name=place, node=each, term=term, text=text, line=at))


def _is_segment(place: str) -> bool:
    return not place.startswith(".") and _FIELD.match(place) is None


def _field(term: Term) -> Term:
    """A value as a field of HL7 takes it: a path and nothing else copies what stands there, as it is."""
    nodes, run, paths = term.nodes, term.run, term.paths
    if nodes is not None and term.shape is not None and term.shape.format == "hl7v2":
        return msgspec.structs.replace(term, run=lambda scope: nodes(scope) or None)
    if term.kind == "group" or term.many or term.kind in ("record", "list", "bytes"):
        raise Wrong(term.offset, "a field takes one value", "first(...)")

    def text(scope: Scope) -> Any:
        try:
            return hl7_text(run(scope))
        except Unreadable as why:
            refuse("bad_value", why.why, paths)

    return term if term.kind == "text" else msgspec.structs.replace(term, run=text)


def hl7_text(found: Any) -> Any:
    """
    A value as HL7 writes it: moments as DTM (v2.5.1 ch. 2.A.22), truths as Y and N (table 0136).

    >>> hl7_text(True), hl7_text("ERP")
    ('Y', 'ERP')
    """
    if found is None or found is NULL or found is layouts.UNCHANGED or isinstance(found, str):
        return found
    if found is True or found is False:
        return "Y" if found else "N"
    if not isinstance(found, Moment):
        return text_of(found)
    said = strftime.write(found, "%Y%m%d%H%M%S"[: 2 * min(found.precision, SECOND)])
    if found.precision > SECOND:
        digits = min(found.precision - SECOND, 4)
        said += "." + f"{found.at.microsecond:06d}"[:digits]
    return said + offset(found.at, "", "+0000") if found.precision > 3 else said
