"""
Where in what a mapping makes a resource may stand in place of a Reference: known at load, so that nothing else is looked through
when resources are lifted out (engine/fhir/lifting.py).
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.fhir.lifting import ANYWHERE, HERE, Places
from engine.mapping.rules import Rule
from engine.records.types import FieldType

_RECORDS = frozenset({"record", "any"})


def of_value(wanted: FieldType) -> Places:
    """In the value of an expression: anywhere where it may be a record, nowhere in texts, numbers and times."""
    item = wanted.item if wanted.kind == "list" and wanted.item is not None else wanted
    return ANYWHERE if item.kind in _RECORDS else {}


def of_rules(rules: Iterable[Rule]) -> Places:
    """In a record of these fields."""
    found: Places = {}
    for rule in rules:
        inner = rule.places
        if inner == {}:
            continue
        for part in reversed(rule.name.split(".")):
            inner = {part: inner}
        found = both(found, inner)
    return found


def pointed_at(places: Places) -> Places:
    """In what a used mapping makes where a Reference belongs: a resource that stands in its place, or the Reference itself."""
    return ANYWHERE if places is True else {**places, HERE: places}


def both(one: Places, other: Places) -> Places:
    """In what two makers make together."""
    if one is ANYWHERE or other is ANYWHERE:
        return ANYWHERE
    assert isinstance(one, dict) and isinstance(other, dict)
    return {
        name: both(one[name], other[name])
        if name in one and name in other
        else {**one, **other}[name]
        for name in {**one, **other}
    }
