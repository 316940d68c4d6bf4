"""`to: fhir/...`: resources and their parts made of fields, as the standard wants them; and Bundles of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.errors import MessageError
from engine.fhir import bundles, checking, lifting, sealing
from engine.fhir.bundles import Assembled
from engine.fhir.doubts import DOUBTS
from engine.findings import refuse
from engine.formats import NULL, Scope, Shape
from engine.formats.fhir.document import Written
from engine.mapping import outputs
from engine.mapping.frames import Bare, Part, Way
from engine.mapping.language import Product, Run
from engine.mapping.needs import choosing
from engine.mapping.resource_types import is_resource, name_of
from engine.mapping.rules import FieldError
from engine.records.types import FieldType

#: What a resource is without content.
_BARE = frozenset({"resourceType", "id"})


def element(
    type_: FieldType,
    fixed: Mapping[str, Any],
    parts: Sequence[Part],
    top: bool,
    shape: Shape,
    laid: bool = False,
) -> Run:
    """
    Makes a record of an element, a datatype or a resource; nothing where no field has a value.

    `laid`: it is laid over another one, so that the address of an extension is something too. `fixed` are fields that are always the same. `top`: a resource is made even so. An extension without a value is none (FHIR R4, 2.4.1: ext-1). `null` leaves a field out.
    """
    begin = {"resourceType": name_of(type_)} if is_resource(type_) else {}
    kept = top and bool(begin)
    empty = len(begin) + (not laid and "url" in fixed and name_of(type_) == "Extension")
    begin |= {name: value for name, value in fixed.items() if value is not NULL}
    kept, least = kept or len(begin) > empty, len(begin)
    bare = Bare(begin=begin, least=least, stays=kept, shape=shape)
    needs = [part.needs for part in parts]
    chosen = choosing(parts, needs, shape, lambda there, few: Way(bare, there, few))
    only = Way(bare, None, parts)

    def make(scope: Scope) -> dict[str, Any] | None:
        way = only if chosen is None else chosen(scope)
        framed = way.framed
        if framed is not None:
            return framed(scope)
        made: dict[str, Any] = begin.copy()
        name = ""
        try:  # as in `filled`: a call more for each element is 2 to 3 % of a conversion
            for name, run in way.runs:
                found = run(scope)
                if found is not None and found is not NULL:
                    made[name] = found
        except MessageError as error:
            raise FieldError(error, name) from None
        if way.left:
            way.watch(scope)
        return made if kept or len(made) > least else None

    return make


def resource(to: str, make: Run, places: lifting.Places) -> Callable[[Scope], Product]:
    """`to: fhir/Patient`: a resource that travels alone; others that stood in it are contained."""

    def product(scope: Scope) -> Product:
        return _sent(Assembled(bundles.contained(make(scope), places)), shows=to)

    return product


def bundle(
    make: Run, into: Callable[[Scope, list[tuple[dict[str, Any], lifting.Places]]], None]
) -> Callable[[Scope], Product]:
    """`to: fhir/Bundle`."""

    def product(scope: Scope) -> Product:
        entries: list[tuple[dict[str, Any], lifting.Places]] = []
        doubts = DOUBTS.count
        into(scope, entries)
        made = bundles.assembled(make(scope), entries)
        return _sent(made._replace(assured=DOUBTS.count == doubts), shows="fhir/Bundle")

    return product


def _sent(assembled: Assembled, *, shows: str) -> Product:
    """The resource as bytes; MessageError `invalid` where it breaks a rule of the standard: nothing wrong leaves the house."""
    is_bundle = assembled.head["resourceType"] == "Bundle"
    payload = sealing.sealed(assembled) if is_bundle else None
    if payload is None:
        made = assembled.resource
        if not checking.valid(made):
            refuse(checking.findings(made))
        payload = outputs.encoded(made)
    outputs.bounded(payload)
    return Product(of="fhir", payload=payload, shows=shows, node=Written(payload))


def over(below: Run, above: Run) -> Run:
    """What two makers make, one laid over the other."""

    def make(scope: Scope) -> Any:
        first, second = below(scope), above(scope)
        if first is None or second is None:
            return second if first is None else first
        return lifting.laid_over(first, second)

    return make


def upon(below: Run, above: Run) -> Run:
    """What one maker makes with another laid over it; nothing where the first makes nothing."""

    def make(scope: Scope) -> Any:
        first = below(scope)
        if first is None:
            return None
        second = above(scope)
        return first if second is None else lifting.laid_over(first, second)

    return make


def pointed_at(below: Run, beside: Run) -> Run:
    """
    A resource that stands where a Reference belongs, and what stands in that Reference beside what it points at; of what is a Reference
    already, that Reference with it.
    """

    def make(scope: Scope) -> Any:
        found = below(scope)
        said = beside(scope) if found is not None else None
        if said is None:
            return found
        if "resourceType" not in found:
            return lifting.laid_over(found, said)
        return {**found, lifting.BESIDE: said}

    return make


def substantial(make: Run) -> Run:
    """A resource that stands where a Reference belongs; nothing where it says nothing."""

    def run(scope: Scope) -> Any:
        found = make(scope)
        return None if found is None or found.keys() <= _BARE else found

    return run


def one_behind_the_other(
    runs: tuple[Run, ...],
    fixed: bool = False,
    chosen: Callable[[Scope], Sequence[Run]] | None = None,
) -> Run:
    """What several makers make, as one list; of entities as a tuple. `chosen`: those of them that may make something."""

    def make(scope: Scope) -> Any:
        made: list[Any] = []
        for run in runs if chosen is None else chosen(scope):
            found = run(scope)
            if found is not None:
                made += found if isinstance(found, list | tuple) else [found]
        return (tuple(made) if fixed else made) or None

    return make
