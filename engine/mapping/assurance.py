"""
Which values of a mapping to FHIR are right for certain.

What a mapping makes fits its elements for the most part by the way in which it is made: a text is a text without control
characters, a code of a short list one of them, a date a date. The rest is told at load (a constant), looked at when it is made (an address), or
doubted (a record that an expression gives). Where nothing of a message was doubted, its resources need no look at their values
(engine/fhir/sealing.py); most of the time that a check takes is the way of all of it through the processor's caches.

What is kept (kept.py) was not doubted: what is doubted is made anew each time.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from engine.fhir import bindings, names, narrative, pointing, primitives
from engine.fhir.definitions import Element, Type
from engine.fhir.doubts import DOUBTS
from engine.formats import NULL, Scope
from engine.mapping import resource_types
from engine.mapping.choices import NOTHING_HOLDS
from engine.mapping.language import NOWHERE, Run, Term
from engine.records.types import FieldType

Right = Callable[[Any], bool]

#: Texts that `resource_values` makes so that they are right, but for what the whole text of a resource tells.
_TEXTS = frozenset({"string", "markdown", "code"})
#: Times are doubted where they are written (resource_values.py).
_TIMES = frozenset({"date", "dateTime", "instant"})


def assured(term: Term, wanted: FieldType, element: Element | None) -> Term:
    """
    A value as it is written in an element, or as one of several, doubted where it may be wrong. `element` is None for what is none: a
    whole resource.
    """
    right = _never if element is None else _right(term, wanted, element)
    if right is None:
        return term
    if term.constant:
        found = term.value()
        if _is_nothing(found) or right(found):
            return term
    # what is doubted is not known once for all, though it be the same each time
    run = _looked_at(term.run, right)
    return msgspec.structs.replace(term, run=run, nodes=None, constant=False)


def beside(runs: dict[str, Run], fixed: dict[str, Any], type_: FieldType) -> None:
    """
    Of elements that repeat and have extensions beside them (FHIR R4, 2.6.2.3): doubt what is not one of each, from the same record. `runs`
    make its elements, `fixed` are those that are made once.
    """
    for name in [name for name in runs if name[:1] == "_"]:
        element = resource_types.element(type_, name)
        if element is None or element.most == 1:
            continue
        for each in (name, name[1:]):
            if each in runs:
                fixed.pop(each, None)
                runs[each] = _looked_at(runs[each], _is_alone if name[1:] in runs else _never)


def _is_alone(found: Any) -> bool:
    return isinstance(found, list) and len(found) == 1


def once(run: Run) -> Any:
    """What is made once for all messages; None where that is doubted, and so is to be made each time."""
    before = DOUBTS.count
    found = run(NOWHERE)
    return found if DOUBTS.count == before else None


def bound(run: Run, element: Element, owner: Type) -> Run:
    """
    What makes an element, in whatever way, doubted where it breaks what is asked of it beyond the types of its parts: what must stand
    in it and what not together, a required binding, an absolute address, a Quantity without comparator.
    """
    right = _bound(element, owner)
    return run if right is None else _looked_at(run, right)


def _bound(element: Element, owner: Type) -> Right | None:
    if owner.kind != "resource" and (element.name == "id" or element.type == "Narrative"):
        return _never
    if element.type in ("Resource", "DomainResource"):
        return _never
    if owner.name == "Coding" and element.name == "system":
        return lambda found: isinstance(found, str) and bindings.is_absolute(found)
    if owner.name == "Reference" and element.name == "reference":
        return pointing.is_quick
    every = [
        one for one in (_stands_together(element, owner), _is_bound(element, owner)) if one
    ]
    if not every:
        return None

    def right(found: Any) -> bool:
        return all(
            one(each)
            for each in (found if isinstance(found, list) else [found])
            for one in every
        )

    return right


def _stands_together(element: Element, owner: Type) -> Right | None:
    later = element.type == "Reference" or names.is_inside(element, owner)
    if later or not names.tell(element.type):
        return None
    known = names.of(element.type)
    return lambda each: isinstance(each, dict) and known[tuple(each)]


def _is_bound(element: Element, owner: Type) -> Right | None:
    asked = (
        (element.codes and element.type in ("Coding", "CodeableConcept"))
        or element.profile == "SimpleQuantity"
        or (element.type == "Extension" and owner.name != "Extension")
    )
    if not asked:
        return None
    return lambda each: next(bindings.element(each, element, owner, ""), None) is None


def _looked_at(run: Run, right: Right) -> Run:
    def looked_at(scope: Scope) -> Any:
        found = run(scope)
        if not _is_nothing(found) and not right(found):
            DOUBTS.add()
        return found

    return looked_at


def _is_nothing(found: Any) -> bool:
    return found is None or found is NULL or found is NOTHING_HOLDS


def _never(value: Any) -> bool:
    return False


def _right(term: Term, wanted: FieldType, element: Element) -> Right | None:
    """What tells whether a value is right; None where it is, whatever comes."""
    if element.type == "Reference":
        return _reference(term)
    if not resource_types.is_primitive(element.type):
        return _never
    one = _value(term, element)
    if one is None or wanted.kind != "list":
        return one
    right = one
    return lambda found: isinstance(found, list) and all(map(right, found))


def _reference(term: Term) -> Right | None:
    """A name of `resources` stands for what was made here; a resource of the message that is read does not."""
    if term.type is not None and term.type.form == "resource":
        return None
    known = pointing.is_quick if term.kind == "text" and not term.many else _never
    return lambda found: isinstance(found, dict) and known(found.get("reference"))


def _value(term: Term, element: Element) -> Right | None:
    type_ = element.type
    if type_ in _TIMES or (type_ == "id" and term.tidy):
        return None
    if type_ in _TEXTS:
        codes = element.codes
        return codes.__contains__ if len(codes) > resource_types.MOST_CODES else None
    if type_ == "xhtml":
        return narrative.is_said
    if type_ == "decimal":
        return lambda found: (
            type(found) is int or (isinstance(found, Decimal) and found.is_finite())
        )
    return lambda found: not primitives.wrong(type_, found)
