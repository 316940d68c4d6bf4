"""Values as the formats write them: what becomes of numbers, moments and truths, and what is copied as it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from engine.formats import NULL, Scope
from engine.mapping.choices import NOTHING_HOLDS
from engine.mapping.functions import strftime
from engine.mapping.language import Run, Term, Wrong, refuse
from engine.mapping.values import SECOND, Moment, Unreadable, offset, text_of


def hl7v2(term: Term) -> Term:
    """A value as a field of HL7 takes it: a path and nothing else copies what stands there, as it is."""
    nodes = term.nodes
    if nodes is not None and term.shape is not None and term.shape.format == "hl7v2":
        return msgspec.structs.replace(term, run=lambda scope: nodes(scope) or None)
    _single_kind(term)
    return term if term.kind == "text" and not term.many else _through(term, hl7_text)


def x12(term: Term) -> Term:
    """See _element."""
    return _element(term, "x12")


def edifact(term: Term) -> Term:
    """See _element."""
    return _element(term, "edifact")


def _element(term: Term, name: str) -> Term:
    """
    A value as an element of an interchange takes it, one of the same format copied as it is; how a date or a truth is
    written a mapping says.
    """
    nodes = term.nodes
    if nodes is not None and term.shape is not None and term.shape.format == name:
        return msgspec.structs.replace(term, run=lambda scope: nodes(scope) or None)
    _single_kind(term)
    if term.kind == "moment":
        raise Wrong(term.offset, "an element takes a text: say how the date is written", '| format("%Y%m%d")')  # fmt: skip
    if term.kind == "truth":
        raise Wrong(
            term.offset, "an element takes a text, this is a truth", 'if(..., "Y", "N")'
        )
    return _through(term, _element_text)


def column(term: Term) -> Term:
    """A value that has a text: what a column of a file takes."""
    if term.kind == "group" or term.many or term.kind in ("record", "bytes", "list"):
        raise Wrong(term.offset, "a column takes one value that has a text", "first(...)")
    if term.kind != "any":
        return term
    return msgspec.structs.replace(_through(term, text_of), kind="text")


def whole(term: Term) -> Term:
    """One value that is sent as it is: bytes, or what has a text."""
    if term.kind == "group":
        _single_kind(term)
    if term.many or term.kind in ("record", "list"):
        word = "several values" if term.many else f"a {term.kind}"
        raise Wrong(term.offset, f"one value is sent as it is, bytes or a text; this is {word}", "first(...)")  # fmt: skip
    return _through(term, _whole)


def _whole(found: Any) -> Any:
    return found if isinstance(found, bytes) else text_of(found) or None


def xml(term: Term) -> Term:
    """A value as XML takes it: moments as ISO 8601 and truths as `true` and `false` (XSD part 2, 3.2)."""
    _single_kind(term)
    return term if term.kind == "text" and not term.many else _through(term, _xml_text)


def _xml_text(found: Any) -> Any:
    if found is None or found is NULL or found is NOTHING_HOLDS:
        return found
    return text_of(found) or None


def fhir(term: Term) -> Term:
    """A value as an element of FHIR takes it: moments as texts, what has a JSON of its own as it is."""
    return term if term.kind in ("text", "number", "truth") else _through(term, _fhir_value)


def _fhir_value(found: Any) -> Any:
    return str(found) if isinstance(found, Moment) else found


def cell(term: Term) -> Term:
    """A value as the text of a column; nothing is nothing."""
    return _through(column(term), _xml_text)


FINISH: dict[str, Callable[[Term], Term]] = {
    "delimited": cell,
    "fixed": cell,
    "xml": xml,
    "hl7v2": hl7v2,
    "x12": x12,
    "edifact": edifact,
}
"""By format: what a value becomes on its way into a message."""


def _single_kind(term: Term) -> None:
    """Wrong where the value has no text."""
    if term.kind == "group":
        word = term.paths[0] if term.paths else "this"
        raise Wrong(term.offset, f"{word} names a whole segment or group, not a value")
    if term.kind in ("record", "list"):
        raise Wrong(
            term.offset, f"a field takes one value, this is a {term.kind}", "first(...)"
        )
    if term.kind == "bytes":
        raise Wrong(term.offset, "bytes have no text of their own", "| base64")


def _through(term: Term, write: Callable[[Any], Any]) -> Term:
    run, paths = term.run, term.paths

    def text(scope: Scope) -> Any:
        found = run(scope)
        try:
            if isinstance(found, list | tuple):
                return [said for each in found if (said := write(each)) is not None] or None
            return write(found)
        except Unreadable as why:
            refuse("bad_value", why.why, paths)

    made: Run = text
    return msgspec.structs.replace(term, run=made)


def _element_text(found: Any) -> Any:
    """Interchanges have no word for 'delete': null is nothing."""
    if found is None or found is NULL or found is NOTHING_HOLDS:
        return None
    if isinstance(found, Moment):
        raise Unreadable("an element takes a text: a format says how the date is written")
    if found is True or found is False:
        raise Unreadable("an element takes a text, this is a truth")
    return text_of(found) or None


def hl7_text(found: Any) -> Any:
    """
    A value as HL7 writes it: moments as DTM (v2.5.1 ch. 2.A.22), truths as Y and N (table 0136).

    >>> hl7_text(True), hl7_text("ERP")
    ('Y', 'ERP')
    """
    if found is None or found is NULL or found is NOTHING_HOLDS or isinstance(found, str):
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
