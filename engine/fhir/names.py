"""
Which elements stand together: whether a resource or an element has what it must have, and nothing that excludes another, told by
the names of its elements alone. Values are another matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from engine.fhir import definitions
from engine.fhir.definitions import Element, Type

#: So many sets of names are remembered of each type.
_MOST = 2000
#: Those that need their `system` where they have a `code` (FHIR R4, 2.24.0.8: qty-3).
QUANTITIES = frozenset({"Quantity", "Age", "Count", "Distance", "Duration"})
#: Types that ask for more than elements that must be there.
_ASKING = QUANTITIES | {"Extension", "Attachment"}


class Names(dict[tuple[str, ...], bool]):
    """
    Whether a thing of a type with these names is right for certain, as far as names tell; worked out once for each.

    >>> names = of("Coverage")
    >>> names["resourceType", "status", "beneficiary", "payor"], names["resourceType", "status", "payor"]
    (True, False)
    """

    def __init__(self, type_: Type) -> None:
        super().__init__()
        self._type = type_

    def __missing__(self, names: tuple[str, ...]) -> bool:
        if len(self) >= _MOST:
            self.clear()
        found = self[names] = _are_right(self._type, frozenset(names))
        return found


@cache
def of(type_name: str) -> Names:
    """What is known of a type; LookupError where R4 has none of that name."""
    return Names(definitions.of(type_name))


@cache
def tell(type_name: str) -> bool:
    """Whether things of a type can be wrong by what stands together in them, but for an `id`."""
    type_ = definitions.of(type_name)
    every = type_.elements.values()
    return type_name in _ASKING or any(each.least or each.choice for each in every)


@cache
def inside(type_name: str) -> tuple[tuple[str, Names], ...]:
    """
    The elements of a resource that are defined in place and of which there is one at most, where they can be wrong: several makers may
    make parts of one, so that only the whole resource shows it.

    >>> [name for name, _ in inside("MessageHeader")]
    ['source', 'response']
    """
    type_ = definitions.of(type_name)
    return tuple(
        (each.name, of(each.type)) for each in type_.elements.values() if is_inside(each, type_)
    )


def is_inside(element: Element, owner: Type) -> bool:
    """Whether an element is one of these."""
    in_place = owner.kind == "resource" and "." in element.type and element.most == 1
    return in_place and tell(element.type)


def _are_right(type_: Type, names: frozenset[str]) -> bool:
    given = names - {"resourceType"}
    if type_.kind == "resource":
        if "contained" in given or "resourceType" not in names:
            return False
    elif not given or "id" in given or given != names:
        return False
    return (
        all(_is_known(type_, name, given) for name in given)
        and all(_is_there(forms, given) for forms in _required(type_))
        and not any(len(forms & given) > 1 for forms in _choices(type_.name))
        and _suit(type_.name, given)
    )


def _is_known(type_: Type, name: str, given: frozenset[str]) -> bool:
    """Whether there is such an element; beside one that repeats its extensions stand only where it is itself."""
    element = type_.elements.get(name.removeprefix("_"))
    if element is None or name[0] != "_":
        return element is not None
    return definitions.is_primitive(element) and (element.most == 1 or element.name in given)


def _suit(type_name: str, given: frozenset[str]) -> bool:
    if type_name == "Extension":
        return len(given) == 2
    if type_name in QUANTITIES and "code" in given:
        return "system" in given
    return type_name != "Attachment" or not {"data", "size"} <= given


def _is_there(forms: list[Element], given: frozenset[str]) -> bool:
    """Whether one of these is there, or an extension in its place."""
    return any(
        each.name in given
        or (not each.choice and may_be_absent(each) and f"_{each.name}" in given)
        for each in forms
    )


def may_be_absent(element: Element) -> bool:
    """Whether an extension may stand for the value, saying why there is none (FHIR R4, 2.6.2)."""
    return element.most == 1 and definitions.is_primitive(element) and element.name != "url"


@cache
def _choices(type_name: str) -> tuple[frozenset[str], ...]:
    found: dict[str, set[str]] = {}
    for each in definitions.of(type_name).elements.values():
        if each.choice:
            found.setdefault(each.choice, set()).add(each.name)
    return tuple(map(frozenset, found.values()))


def _required(type_: Type) -> Iterable[list[Element]]:
    """The elements that must be there; of a choice all its forms, of which one must be."""
    found: dict[str, list[Element]] = {}
    for each in type_.elements.values():
        if each.least:
            found.setdefault(each.choice or each.name, []).append(each)
    return found.values()
