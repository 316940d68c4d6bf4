"""
The canonical model: what every source is mapped to and every target is mapped from.

One entity per file; the folder is the registry: `to: ChargeEvent` in a mapping is `charge_event.py`. An entity's
`VERSION` is part of what it says it is (`"entity": "ChargeEvent/1"`); a change that a reader of the old version
could trip over needs a new version (tests/canonical/test_compatibility.py). Names are those of the business, never
of a vendor's tables. Money and quantities are Decimal and stand beside their currency or unit, a code beside its
system, a moment keeps the precision it came with.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, cast

import msgspec

from engine.errors import MessageError

T = TypeVar("T")

#: Protected health information: it identifies a patient, or says something about one who is identified.
Protected = Annotated[
    T, msgspec.Meta(extra={"protected": True}, extra_json_schema={"x-protected": True})
]

_TIME = r"T\d{2}(:\d{2}(:\d{2}(\.\d{1,6})?)?)?(Z|[+-]\d{2}:\d{2})?"

#: A date or time as ISO 8601 text, with exactly the precision and the offset it came with.
Moment = Annotated[
    str,
    msgspec.Meta(pattern=rf"^\d{{4}}(-\d{{2}}(-\d{{2}}({_TIME})?)?)?$", extra={"moment": True}),
]

#: A currency by its three letters (ISO 4217).
Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]


class Code(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A coded value; a code means nothing without the system it is from."""

    code: str
    """The code itself."""
    system: str | None = None
    """The code system: a URI, or the name that the sender gives it."""
    text: str | None = None
    """What it says, in words."""


class PersonName(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """The name of a person, in its parts."""

    family: Protected[str | None] = None
    """Family name."""
    given: Protected[str | None] = None
    """First given name."""
    middle: Protected[str | None] = None
    """Further given names or initials."""
    suffix: Protected[str | None] = None
    """`Jr`, `III`."""
    prefix: Protected[str | None] = None
    """`Dr`, `Ms`."""


class Provider(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Somebody who gives care."""

    id: str
    """The identifier that the sender knows the provider by."""
    system: str | None = None
    """Who gave that identifier."""
    family: str | None = None
    """Family name."""
    given: str | None = None
    """Given name."""


class Address(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Where somebody or something is, for the post."""

    lines: tuple[str, ...] = ()
    """Street and what goes before it, a line each."""
    city: str | None = None
    """City."""
    region: str | None = None
    """State or province, by its code."""
    postal_code: str | None = None
    """Postal code."""
    country: str | None = None
    """Country by its two letters (ISO 3166-1)."""


class Party(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """An organisation in a business document, and what it is there."""

    role: Literal[
        "buyer",
        "supplier",
        "ship_to",
        "bill_to",
        "ship_from",
        "remit_to",
        "manufacturer",
        "payer",
        "provider",
    ]
    """What it is in this document."""
    name: str | None = None
    """Its name."""
    id: str | None = None
    """Its identifier."""
    id_system: str | None = None
    """Who gave the identifier: `duns`, `gln`, `hin`, `npi`, `buyer`, `supplier`."""
    address: Address | None = None
    """Where it is."""


class Inconsistent(MessageError, ValueError):
    """The fields of an entity contradict each other. A ValueError as well: reading it from JSON is then a ValidationError."""


class Entity(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="entity",
):
    """What all entities have."""

    source_id: str
    """The source's own number for this very thing; with the source it is unique."""
    correlation_id: str | None = None
    """One id for everything that came of the same event in the source, in all systems."""
    facility: str | None = None
    """The facility it belongs to, by its code."""
    extension: Protected[dict[str, dict[str, str]]] = {}
    """What a facility adds of its own: the facility's name, then names and values. Protected, as nobody knows what it is."""

    def __post_init__(self) -> None:
        """Raises Inconsistent where an entity of one facility carries what another one adds."""
        if self.extension and self.facility and self.extension.keys() != {self.facility}:
            rule = "an entity of one facility carries no extension of another"
            raise Inconsistent("foreign_extension", rule, "extension")


@cache
def names() -> list[str]:
    """
    The entities there are.

    >>> "ChargeEvent" in names()
    True
    """
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted("".join(word.title() for word in name.split("_")) for name in modules)


@cache
def load(name: str) -> type[Entity]:
    """
    The entity a mapping names; LookupError where there is none of that name.

    >>> load("ChargeEvent").__name__
    'ChargeEvent'
    """
    if name not in names():
        raise LookupError(name)
    return cast(type[Entity], getattr(module(name), name))


def module(name: str) -> Any:
    """The module of an entity: `charge_event` for `ChargeEvent`."""
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return importlib.import_module(f"{__name__}.{words.lstrip('_')}")


def example(name: str) -> str:
    """One of them as JSON, filled in as it may come (`examples/NAME.json`); every name in it is made up."""
    return (Path(__file__).parent / f"examples/{name}.json").read_text("utf-8")


def encode(entity: Entity) -> bytes:
    """An entity as canonical JSON: fields in the order of the file, numbers as text so that 12.50 stays 12.50."""
    return _ENCODER.encode(entity)


def decode(name: str, raw: bytes) -> Entity:
    """Canonical JSON as an entity; msgspec.ValidationError where it does not hold to the schema."""
    return msgspec.json.decode(raw, type=load(name))


_ENCODER = msgspec.json.Encoder()


@cache
def protected(entity: type) -> frozenset[str]:
    """
    The fields that are protected health information, as paths; those of lists without a position.

    >>> sorted(protected(load("InventoryMovement")))
    ['extension']
    >>> "patient_account.mrn" in protected(load("ChargeEvent"))
    True
    """
    return frozenset(_protected(msgspec.inspect.type_info(entity), ""))


def _protected(type_: msgspec.inspect.Type, path: str) -> Iterator[str]:
    match type_:
        case msgspec.inspect.Metadata(extra={"protected": True}):
            yield path
        case msgspec.inspect.Metadata(type=inner):
            yield from _protected(inner, path)
        case msgspec.inspect.UnionType(types=types):
            for inner in types:
                yield from _protected(inner, path)
        case msgspec.inspect.VarTupleType(item_type=inner):
            yield from _protected(inner, path)
        case msgspec.inspect.StructType(fields=fields):
            for field in fields:
                yield from _protected(field.type, f"{path}.{field.name}".lstrip("."))
