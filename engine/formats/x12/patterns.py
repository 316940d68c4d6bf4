"""
What a good segment looks like, as one regular expression: presence, lengths, types and codes at once.

A segment that matches is good, as far as patterns can tell; one that does not is looked at element by element (elements.py,
engine/edi/rules.py), which alone says what is wrong with it, if anything is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from engine.edi.dictionary import Description, Element, Slot
from engine.edi.marks import ABSENT, Marks
from engine.edi.rules import Rule

#: Kinds of rules that the pattern holds; the others are asked besides.
_HELD = frozenset(["required", "unused", "end", "codes"])
_MONTH_DAY = r"(?:(?:0[1-9]|1[0-2])(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])(?:29|30)|(?:0[13578]|1[02])31)"
_MINUTE = r"(?:[01][0-9]|2[0-3])[0-5][0-9]"
_TIME = rf"{_MINUTE}(?:[0-5][0-9])?"


def others(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules that a pattern does not hold."""
    return tuple(rule for rule in rules if rule.kind not in _HELD)


def pattern(
    described: Description, rules: Sequence[Rule], version: str, marks: Marks
) -> re.Pattern[str] | None:
    """The pattern of a segment in a version; None where one of its elements cannot be told by a pattern."""
    maker = _Maker(version, marks)
    try:
        slots = [
            maker.slot(number, slot, rules) for number, slot in enumerate(described.slots, 1)
        ]
    except _UntoldError:
        return None
    bar = re.escape(marks.element)
    return re.compile(re.escape(described.name) + _chain(_used(slots, rules, 0), bar))


class _UntoldError(Exception):
    """No pattern tells whether a value is good."""


Item = tuple[str, bool]
"""The pattern of a value, empty where there may be none, and whether it must be there."""


def _used(slots: list[Item], rules: Sequence[Rule], inside: int) -> list[Item]:
    """The elements of a segment, or the components of a composite, as the rules have them."""
    found = list(slots)
    for rule in rules:
        if rule.inside != inside:
            continue
        if rule.kind == "end":
            del found[rule.places[0] :]
        for place in rule.places:
            if place <= len(found) and rule.kind in ("required", "unused"):
                told = found[place - 1][0]
                found[place - 1] = (told, True) if rule.kind == "required" else ("", False)
    return found


def _chain(items: list[Item], bar: str) -> str:
    """Values behind separators; those at the end need not be written."""
    text, needed = "", False
    for told, must in reversed(items):
        needed = needed or must
        value = told if must or not told else f"(?:{told})?"
        text = f"{bar}{value}{text}" if needed else f"(?:{bar}{value}{text})?"
    return text


class _Maker:
    """Patterns of values in one version, between the delimiters of one interchange."""

    def __init__(self, version: str, marks: Marks) -> None:
        self.version, self.marks = version, marks
        self.text = f"[^{re.escape(marks.inner())}\\x00-\\x1f]"

    def slot(self, number: int, slot: Slot, rules: Sequence[Rule]) -> Item:
        """An element, or a composite, with its repetitions."""
        codes = _codes(rules, number, 0)
        if slot.parts:
            one = self.composite(number, slot, rules)
        else:
            assert slot.element is not None
            one = self.value(slot.element, codes)
        if slot.repeat > 1 and self.marks.repetition is not ABSENT:
            again = re.escape(self.marks.repetition)
            one = f"(?:{one})(?:{again}(?:{one})){{0,{slot.repeat - 1}}}"
        return f"(?:{one})", slot.required

    def composite(self, number: int, slot: Slot, rules: Sequence[Rule]) -> str:
        """The components of a composite that is there."""
        items: list[Item] = []
        for place, part in enumerate(slot.parts, 1):
            assert part.element is not None
            told = self.value(part.element, _codes(rules, place, number))
            items.append((told, part.required))
        (told, must), *rest = _used(items, rules, number)
        first = told if must or not told else f"(?:{told})?"
        if self.marks.component is ABSENT:
            return first
        return first + _chain(rest, re.escape(self.marks.component))

    def value(self, element: Element, codes: frozenset[str] | None) -> str:
        """A value of the element's type and length; of the codes alone where there are any."""
        least, most = element.least, element.longest(self.version)
        if codes is not None:
            fitting = [re.escape(code) for code in sorted(codes) if least <= len(code) <= most]
            return f"(?:{'|'.join(fitting)})"
        if element.type in ("AN", "ID"):
            return f"{self.text}{{{least},{most}}}"
        if element.type in ("N0", "N2"):
            return f"-?[0-9]{{{least},{most}}}"
        if element.type == "R":
            return _decimal(least, most)
        return _moment(element)


def _decimal(least: int, most: int) -> str:
    """Sign and decimal point are not counted (X12.6 3.5.1.3)."""
    return (
        f"(?:-?(?:[0-9]{{{least},{most}}}(?![0-9.])|"
        f"(?=[0-9.]{{{least + 1},{most + 1}}}(?![0-9.]))[0-9]*\\.[0-9]+))"
    )


def _moment(element: Element) -> str:
    if element.type == "DT":
        return _date(element)
    if element.type == "TM" and element.least == 4:
        return f"(?:{_TIME})" if element.most >= 6 else f"(?:{_MINUTE})"
    raise _UntoldError


def _date(element: Element) -> str:
    """Days that are surely right; 29 February is looked at."""
    if element.most >= 8:
        return f"(?:(?:19|20)[0-9]{{2}}{_MONTH_DAY})"
    return f"(?:[0-9]{{2}}{_MONTH_DAY})"


def _codes(rules: Sequence[Rule], place: int, inside: int) -> frozenset[str] | None:
    """The codes that all rules allow at a place; None where none says any."""
    found: frozenset[str] | None = None
    for rule in rules:
        if rule.kind == "codes" and rule.inside == inside and rule.places[0] == place:
            found = rule.codes if found is None else found & rule.codes
    return found
