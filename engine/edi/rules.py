"""
What a standard or a guide asks of the elements of a segment, beyond names, types and lengths: read once from the maps, checked
often.

Where a rule comes from: the notes of the base standard (`P0304`, X12.22) stand at a segment (`dictionary.Description.rules`),
those of a guide at a place in its set (`maps.Part.rules`). Who checks calls `broken(rules, segment)` for both.

A guide's rules are written behind an item of a map, in this order, all but the name as needed:

    NM1! 2 .1=41 !!!??-?!! .2(1|2) .8(46) .9(npi)

`NM1!` must be there, at most twice, and stands here where its first element is 41. `!!!??-?!!` says for each element whether it
must have a value (`!`), may have one (`?`), or may not (`-`, and all behind the last). `.8(46)` are the codes that an element may
have, `.5-2(B)` those of a component, `.5/!!-` says of the components what the marks say of the elements, `.3..7(A|B)` says it of
several. In small letters it is a form: `npi`, `zip`, `zip9`, `date`. A note as the standard writes it may follow too: `P0304`,
`N0809=XX`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from engine.edi.document import Segment, parts_of
from engine.edi.forms import is_npi, is_zip, wrong_moment

Broken = tuple[str, int, int, int]
"""Code of IK403, element, component (0 = the whole), repetition (from 1; 0 where there is one)."""

_TOKEN = re.compile(
    r"(?P<usage>[!?-]+)|\.(?P<element>\d+)(?:\.\.(?P<last>\d+))?(?:-(?P<component>\d+))?"
    r"(?:\((?P<codes>[^)]+)\)|/(?P<parts>[!?-]+))"
)
_NOTE = re.compile(r"([PRECLDNZ])((?:\d\d)+)(?:=(\S+))?")
#: Letters of the notes of the standard (X12.6 3.8.3), and ours: D date by its format code, N national provider number, Z postal code.
_KINDS = {
    "P": "paired",
    "R": "one_of",
    "E": "exclusive",
    "C": "conditional",
    "L": "list",
    "D": "moment",
    "N": "npi",
    "Z": "zip",
}
#: The code of IK403 that each kind yields; `moment` yields 8 or 9 by itself.
CODES = {
    "required": "1",
    "paired": "2",
    "one_of": "2",
    "conditional": "2",
    "list": "2",
    "exclusive": "10",
    "codes": "7",
    "unused": "I10",
    "end": "I10",
    "npi": "I12",
    "zip": "I12",
    "zip9": "I12",
    "moment": "8",
    "date": "8",
}


class Rule(msgspec.Struct, frozen=True):
    """One rule. Cheap to look through: `places` are what `values[place]` is asked for, the name of the segment being `values[0]`."""

    kind: str
    places: tuple[int, ...]
    """Elements; components where `inside` is given."""
    inside: int = 0
    """The composite it is about; 0 = the segment itself."""
    codes: frozenset[str] = frozenset()

    @property
    def code(self) -> str:
        """IK403."""
        return CODES[self.kind]


def item_rules(text: str) -> tuple[Rule, ...]:
    """
    The rules behind an item of a map.

    >>> [(rule.kind, rule.places) for rule in item_rules("!!-? .4(A|B)")]
    [('required', (1, 2)), ('unused', (3,)), ('end', (4,)), ('codes', (4,))]
    """
    made: list[Rule] = []
    for token in text.split():
        found = _TOKEN.fullmatch(token)
        if found is None:
            made += note_rules(token)
            continue
        first, component = int(found["element"] or 0), int(found["component"] or 0)
        for element in range(first, int(found["last"] or first) + 1):
            if found["codes"]:
                inside, place = (element, component) if component else (0, element)
                made.append(_allowed(found["codes"], place, inside))
            else:
                made += _usage(found["usage"] or found["parts"], element)
    return tuple(made)


def says_usage(text: str) -> bool:
    """Whether the rules behind an item say which elements it has."""
    return any(token.strip("!?-") == "" for token in text.split())


def _allowed(text: str, place: int, inside: int) -> Rule:
    if text.islower():
        return Rule(text, (place,), inside)
    return Rule("codes", (place,), inside, frozenset(text.split("|")))


def _usage(marks: str, inside: int) -> Iterator[Rule]:
    for mark, kind in (("!", "required"), ("-", "unused")):
        if places := tuple(at for at, each in enumerate(marks, 1) if each == mark):
            yield Rule(kind, places, inside)
    yield Rule("end", (len(marks),), inside)


def note_rules(text: str, inside: int = 0) -> tuple[Rule, ...]:
    """
    The rules of the base standard, as it writes them: P paired, R at least one, E at most one, C if the first then all, L if the
    first then one of the others. `N0809=XX` besides: a provider's number where the qualifier is XX.
    """
    made = []
    for token in text.split():
        found = _NOTE.fullmatch(token)
        assert found is not None, token
        places = tuple(int(found[2][at : at + 2]) for at in range(0, len(found[2]), 2))
        codes = frozenset((found[3] or "").split("|")) - {""}
        made.append(Rule(_KINDS[found[1]], places, inside, codes))
    return tuple(made)


def broken(rules: Sequence[Rule], segment: Segment) -> Iterator[Broken]:
    """Where a segment breaks rules, rule by rule."""
    values = segment.elements
    for rule in rules:
        if not rule.inside:
            mark = segment.marks.repetition
            for place, code in _TESTS[rule.kind](rule, values, mark):
                yield code, place, 0, 0
        elif rule.inside < len(values) and values[rule.inside]:
            yield from _inside(rule, values[rule.inside], segment)


def _inside(rule: Rule, raw: str, segment: Segment) -> Iterator[Broken]:
    repetitions = parts_of(raw, segment.marks.repetition)
    for at, one in enumerate(repetitions, 1):
        values = ["", *parts_of(one, segment.marks.component)]
        for place, code in _TESTS[rule.kind](rule, values, segment.marks.repetition):
            yield code, rule.inside, place, at if len(repetitions) > 1 else 0


_NONE: tuple[tuple[int, str], ...] = ()
Told = Sequence[tuple[int, str]]
"""The place that is wrong, and the code that says how."""


def _value(values: list[str], place: int) -> str:
    return values[place] if place < len(values) else ""


def _required(rule: Rule, values: list[str], mark: str) -> Told:
    size = len(values)
    if size > rule.places[-1] and all([values[place] for place in rule.places]):
        return _NONE
    return [(place, "1") for place in rule.places if place >= size or not values[place]]


def _unused(rule: Rule, values: list[str], mark: str) -> Told:
    size = len(values)
    return [(place, "I10") for place in rule.places if place < size and values[place]]


def _end(rule: Rule, values: list[str], mark: str) -> Told:
    last = rule.places[0]
    if len(values) <= last + 1:
        return _NONE
    return [(at, "I10") for at in range(last + 1, len(values)) if values[at]]


def _codes(rule: Rule, values: list[str], mark: str) -> Told:
    place = rule.places[0]
    value = values[place] if place < len(values) else ""
    if not value or value in rule.codes:
        return _NONE
    if mark in value and all(one in rule.codes for one in value.split(mark)):
        return _NONE
    return ((place, "7"),)


def _paired(rule: Rule, values: list[str], mark: str) -> Told:
    there = [place for place in rule.places if _value(values, place)]
    if not there or len(there) == len(rule.places):
        return _NONE
    return [(place, "2") for place in rule.places if place not in there]


def _one_of(rule: Rule, values: list[str], mark: str) -> Told:
    if any(_value(values, place) for place in rule.places):
        return _NONE
    return ((rule.places[0], "2"),)


def _exclusive(rule: Rule, values: list[str], mark: str) -> Told:
    there = [place for place in rule.places if _value(values, place)]
    return [(place, "10") for place in there[1:]]


def _conditional(rule: Rule, values: list[str], mark: str) -> Told:
    if not _value(values, rule.places[0]):
        return _NONE
    return [(place, "2") for place in rule.places[1:] if not _value(values, place)]


def _list(rule: Rule, values: list[str], mark: str) -> Told:
    if not _value(values, rule.places[0]):
        return _NONE
    if any(_value(values, place) for place in rule.places[1:]):
        return _NONE
    return ((rule.places[1], "2"),)


def _moment(rule: Rule, values: list[str], mark: str) -> Told:
    form, place = _value(values, rule.places[0]), rule.places[1]
    value = _value(values, place)
    if not form or not value or not (code := wrong_moment(value, form)):
        return _NONE
    return ((place, code),)


def _date(rule: Rule, values: list[str], mark: str) -> Told:
    value = _value(values, rule.places[0])
    return ((rule.places[0], "8"),) if value and wrong_moment(value, "D8") else _NONE


def _npi(rule: Rule, values: list[str], mark: str) -> Told:
    if rule.codes and _value(values, rule.places[0]) not in rule.codes:
        return _NONE
    value = _value(values, rule.places[-1])
    return ((rule.places[-1], "I12"),) if value and not is_npi(value) else _NONE


def _zip(rule: Rule, values: list[str], mark: str) -> Told:
    """Of an address without country, or in the US: the second place is the country."""
    value, country = _value(values, rule.places[0]), ""
    if len(rule.places) > 1:
        country = _value(values, rule.places[1])
    if not value or country not in ("", "US", "USA"):
        return _NONE
    good = is_zip(value) if rule.kind == "zip" else len(value) == 9 and is_zip(value)
    return _NONE if good else ((rule.places[0], "I12"),)


_TESTS: dict[str, Callable[[Rule, list[str], str], Told]] = {
    "required": _required,
    "unused": _unused,
    "end": _end,
    "codes": _codes,
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
