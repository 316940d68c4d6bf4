"""
Quick questions about rules between the elements of a segment: whether it may break one. What raises no doubt is good; what does
is judged by engine/edi/rules.py.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.edi.forms import is_npi, wrong_moment
from engine.edi.marks import ABSENT, Marks
from engine.edi.rules import Rule

Doubt = Callable[[list[str]], bool]
"""The name and the elements of a segment as written: whether the rule may be broken."""


def doubt(rule: Rule, marks: Marks) -> Doubt:
    """The question for one rule."""
    maker = _MAKERS.get(rule.kind)
    if maker is None:
        return lambda values: True
    asked = maker(rule)
    if not rule.inside:
        return asked
    inside, component, repetition = rule.inside, marks.component, marks.repetition

    def composite(values: list[str]) -> bool:
        raw = values[inside] if inside < len(values) else ""
        if not raw:
            return False
        if repetition is not ABSENT and repetition in raw:
            return any(asked(["", *one.split(component)]) for one in raw.split(repetition))
        return asked(["", raw] if component is ABSENT else ["", *raw.split(component)])

    return composite


def _paired(rule: Rule) -> Doubt:
    places, most = rule.places, len(rule.places)
    first, second = places[:2]

    def two(values: list[str]) -> bool:
        size = len(values)
        if size <= first and size <= second:
            return False
        return (size > first and values[first] != "") != (
            size > second and values[second] != ""
        )

    return two if most == 2 else lambda values: 0 < _there(places, values) < most


def _there(places: tuple[int, ...], values: list[str]) -> int:
    size = len(values)
    return sum(place < size and values[place] != "" for place in places)


def _one_of(rule: Rule) -> Doubt:
    return lambda values: not _there(rule.places, values)


def _exclusive(rule: Rule) -> Doubt:
    return lambda values: _there(rule.places, values) > 1


def _conditional(rule: Rule) -> Doubt:
    first, rest = rule.places[0], rule.places[1:]

    def asked(values: list[str]) -> bool:
        if len(values) <= first or not values[first]:
            return False
        return _there(rest, values) < len(rest)

    return asked


def _list(rule: Rule) -> Doubt:
    first, rest = rule.places[0], rule.places[1:]

    def asked(values: list[str]) -> bool:
        return len(values) > first and values[first] != "" and not _there(rest, values)

    return asked


def _moment(rule: Rule) -> Doubt:
    form, place = rule.places

    def asked(values: list[str]) -> bool:
        if len(values) <= place or len(values) <= form or not values[place]:
            return False
        return wrong_moment(values[place], values[form]) != ""

    return asked


def _date(rule: Rule) -> Doubt:
    place = rule.places[0]

    def asked(values: list[str]) -> bool:
        return (
            len(values) > place
            and values[place] != ""
            and wrong_moment(values[place], "D8") != ""
        )

    return asked


def _npi(rule: Rule) -> Doubt:
    first, place, codes = rule.places[0], rule.places[-1], rule.codes

    def asked(values: list[str]) -> bool:
        if len(values) <= place or not values[place]:
            return False
        return not (codes and values[first] not in codes) and not is_npi(values[place])

    return asked


def _zip(rule: Rule) -> Doubt:
    place = rule.places[0]

    def asked(values: list[str]) -> bool:
        value = values[place] if place < len(values) else ""
        return value != "" and not (value.isdigit() and len(value) == 9)

    return asked


_MAKERS: dict[str, Callable[[Rule], Doubt]] = {
    "paired": _paired,
    "one_of": _one_of,
    "exclusive": _exclusive,
    "conditional": _conditional,
    "list": _list,
    "moment": _moment,
    "date": _date,
    "npi": _npi,
    "zip": _zip,
    "zip9": _zip,
}
