"""Values into the fields of canonical entities: which kinds fit is decided at load, what they hold when they come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from decimal import Decimal
from typing import Any

import msgspec

from engine.formats import NULL, Scope
from engine.mapping import resource_values
from engine.mapping.choices import NOTHING_HOLDS
from engine.mapping.language import Run, Term, Wrong, refuse
from engine.mapping.values import DAY, HOUR, Moment, Unreadable, kind_of
from engine.records.types import FieldType

Change = Callable[[Any], Any]

_HINTS = {
    ("text", "number"): "| decimal",
    ("text", "moment"): "| datetime",
    ("text", "truth"): '== "Y"',
    ("number", "text"): '"{...}"',
    ("moment", "text"): '| format("%Y%m%d")',
}


def convert(term: Term, wanted: FieldType) -> Term:
    """The term as a field of that type takes it; Wrong where it can never fit."""
    if term.kind == "group":
        word = term.paths[0] if term.paths else "this"
        raise Wrong(
            term.offset,
            f"{word} names a whole segment here, not a value; did you mean the text?",
            f'"{word}"',
        )
    if wanted.kind == "any":
        return _anything(term)
    if wanted.kind == "list":
        return _list(term, wanted)
    if wanted.form == "reference" and term.kind == "text" and not term.many:
        return _changed(term, _through(term.run, resource_values.pointing, term.paths))
    if term.many:
        raise Wrong(
            term.offset, f"this is a list, the field takes one {wanted.kind}", "first(...)"
        )
    if term.kind not in ("any", wanted.kind):
        write = _hint(term, wanted)
        raise Wrong(term.offset, f"the field is a {wanted.kind}, this is a {term.kind}", write)
    if (
        term.constant
        and term.kind == "text"
        and wanted.choices
        and term.value() not in wanted.choices
    ):
        said = ", ".join(str(choice) for choice in wanted.choices)
        raise Wrong(term.offset, f"the field takes one of: {said}")
    if wanted.form == "fhir_text" and term.kind == "text" and not wanted.choices:
        return _changed(term, _finished(term, resource_values.text))
    if wanted.form == "fhir_code" and term.kind == "text" and not wanted.choices:
        return _changed(term, _finished(term, resource_values.code))
    change = change_to(wanted, checked=term.kind == "any")
    return term if change is None else _changed(term, _pointing(term, change, wanted))


def _anything(term: Term) -> Term:
    """Anything but bytes, which JSON has no word for: how they are written is for the mapping to say."""
    if term.kind == "bytes":
        raise Wrong(term.offset, "JSON has no bytes", "| base64")
    if term.kind != "any" or term.nodes is not None or term.constant:
        return term

    def check(value: Any) -> Any:
        if isinstance(value, bytes):
            raise Unreadable("JSON has no bytes; `| base64` makes a text of them")
        return value

    return _changed(term, _through(term.run, check, term.paths))


def _hint(term: Term, wanted: FieldType) -> str:
    if wanted.form == "fhir_date" and term.kind == "text":
        return "| date"
    if wanted.kind == "text" and term.kind in ("number", "moment"):
        return '"{...}"' if term.kind == "number" else _HINTS[("moment", "text")]
    return _HINTS.get((term.kind, wanted.kind), "")


def _changed(term: Term, run: Run) -> Term:
    return msgspec.structs.replace(term, run=run, nodes=None)


def _through(run: Run, change: Change, paths: tuple[str, ...]) -> Run:
    def changed(scope: Scope) -> Any:
        found = run(scope)
        if found is None or found is NULL or found is NOTHING_HOLDS:
            return found
        try:
            return change(found)
        except Unreadable as why:
            refuse("bad_value", why.why, paths)

    return changed


def _pointing(term: Term, change: Change, wanted: FieldType) -> Run:
    """The same value, changed; of a Reference the quick way for a resource of a type that can stand there, as nearly all are."""
    if wanted.form != "reference":
        return _through(term.run, change, term.paths)
    run, slow = term.run, _through(lambda found: found, change, term.paths)
    targets = frozenset(wanted.choices) - {"Resource"}

    def pointing(scope: Scope) -> Any:
        found = run(scope)
        if found is None or (type(found) is dict and found.get("resourceType") in targets):
            return found
        return slow(found)

    return pointing


def _finished(term: Term, change: Callable[[str], str | None]) -> Run:
    """A text as FHIR wants texts or codes; what has letters and digits alone is one already."""
    if term.tidy:
        return term.run
    if (leaf := term.quicker()) is not None:
        return leaf.changed(change)
    run = term.run

    def finished(scope: Scope) -> Any:
        found = run(scope)
        return change(found) if type(found) is str else found

    return finished


def _list(term: Term, wanted: FieldType) -> Term:
    assert wanted.item is not None
    if wanted.wraps and not term.many and term.kind not in ("any", "list"):
        one = convert(term, wanted.item).run
        return _changed(term, lambda scope: _wrapped(one(scope)))
    if not term.many and term.kind not in ("any", "list"):
        raise Wrong(
            term.offset, f"the field is a list, this is one {term.kind}", "[...] in a >- block"
        )
    inner = wanted.item
    if term.many and "any" not in (term.kind, inner.kind) and term.kind != inner.kind:
        raise Wrong(
            term.offset, f"the field is a list of {inner.kind}, this is one of {term.kind}"
        )
    change = change_to(inner, checked=term.kind == "any" or not term.many)
    if wanted.wraps:
        return _changed(term, _through(term.run, _several(change), term.paths))
    keep = tuple if wanted.form == "tuple" else list

    def all_of(found: Any) -> Any:
        if not isinstance(found, list | tuple):
            raise Unreadable(f"a list is needed, this is a {kind_of(found)}")
        return keep(found if change is None else [change(each) for each in found]) or None

    return _changed(term, _through(term.run, all_of, term.paths))


def _several(change: Change | None) -> Change:
    """A list of FHIR: of all that is something, or of one value alone."""

    def all_of(found: Any) -> Any:
        made = []
        for each in found if isinstance(found, list | tuple) else (found,):
            value = each if change is None or each is NULL else change(each)
            if value is not None and value is not NULL:
                made.append(value)
        return made or None

    return all_of


def _wrapped(found: Any) -> Any:
    return found if found is None or found is NULL or found is NOTHING_HOLDS else [found]


def change_to(wanted: FieldType, checked: bool) -> Change | None:
    """What makes a value of the field's form; None where it fits as it is. `checked`: its kind is not known at load."""
    if (written := resource_values.change(wanted)) is not None:
        return written
    make = _FORMS.get(wanted.form)
    if wanted.form == "int":
        make = _int(wanted)
    if wanted.form == "enum":
        make = _enum(wanted)
    if wanted.form == "struct":
        make = _struct(wanted)
    if wanted.kind == "moment":
        make = _MOMENTS[wanted.form]
    elif wanted.form == "str":
        make = _text(wanted)
    if not checked or wanted.kind in ("any", "record"):
        return make
    kind = wanted.kind

    def check(value: Any) -> Any:
        if kind_of(value) != kind:
            raise Unreadable(f"the field is a {kind}, this is a {kind_of(value)}")
        return value if make is None else make(value)

    return check


def _text(wanted: FieldType) -> Change | None:
    if wanted.choices:
        choices = frozenset(wanted.choices)

        def choose(value: Any) -> Any:
            if value not in choices:
                raise Unreadable(f"it is none of: {', '.join(map(str, wanted.choices))}")
            return value

        return choose
    pattern, shortest, longest = wanted.pattern, wanted.shortest, wanted.longest
    if pattern is None and not shortest and longest == 2**31:
        return None

    def check(value: Any) -> Any:
        if pattern is not None and pattern.search(value) is None:
            raise Unreadable(f"it does not have the form {pattern.pattern}")
        if not shortest <= len(value) <= longest:
            raise Unreadable(f"it has {shortest} to {longest} characters")
        return value

    return check


def _int(wanted: FieldType) -> Change:
    def whole(value: Any) -> int:
        if value != value.to_integral_value():
            raise Unreadable("a whole number is needed")
        number = int(value)
        if not wanted.least <= number <= wanted.most:
            raise Unreadable("the number is out of the field's bounds")
        if wanted.choices and number not in wanted.choices:
            raise Unreadable("it is none of the values of the field")
        return number

    return whole


def _enum(wanted: FieldType) -> Change:
    def member(value: Any) -> Any:
        try:
            return wanted.enum(int(value) if isinstance(value, Decimal) else value)
        except ValueError:
            raise Unreadable(f"it is none of: {', '.join(map(str, wanted.choices))}") from None

    return member


def _struct(wanted: FieldType) -> Change:
    def same(value: Any) -> Any:
        if not isinstance(value, wanted.struct):
            raise Unreadable(f"the field is a {wanted.struct.__name__}")
        return value

    return same


def _time(value: Moment) -> Any:
    if value.precision < HOUR:
        raise Unreadable("a time is needed, and only the date is known")
    return value.at.astimezone(UTC) if value.at.tzinfo is None else value.at


def _day(value: Moment) -> Any:
    if value.precision != DAY:
        raise Unreadable("a date is needed, and this is not one; `| date` makes one of a time")
    return value.at.date()


_MOMENTS: dict[str, Change] = {"str": str, "datetime": _time, "date": _day}
_FORMS: dict[str, Change] = {"float": float}
