"""Something that is bought, stocked, used and charged for."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from engine.canonical import Code, Currency, Entity, Moment

VERSION = 1


class ItemReference(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """An item, as other entities name it."""

    code: str
    """The item's code at the source."""
    system: str | None = None
    """The code system of the item's code."""
    description: str | None = None
    """What it is, in words."""
    erp_code: str | None = None
    """The number under which purchasing and finance know it."""
    lot: str | None = None
    """Lot or batch number."""
    serial: str | None = None
    """Serial number."""
    device_identifier: str | None = None
    """The device identifier of its UDI (a GTIN or HIBCC code)."""
    expires_on: Moment | None = None
    """Last day on which it may be used."""


class Packaging(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A unit in which the item comes, and how many stock units it holds."""

    unit: str
    """The unit: `BX`, `CS`."""
    holds: Decimal
    """How many of the item's stock unit are in it."""
    contains: Decimal | None = None
    """How many of the next smaller unit are in it: a case of 10 boxes of 100 contains 10 and holds 1000."""
    of: str | None = None
    """That next smaller unit."""
    device_identifier: str | None = None
    """The device identifier printed on it."""
    purposes: tuple[Literal["order", "issue", "charge"], ...] = ()
    """What it is used for: to order, to take out of the store, to charge."""


class ItemIdentifier(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A number under which somebody knows the item, in one of its units."""

    kind: Literal["gtin", "hibc", "ndc", "upc", "catalogue", "vendor", "erp", "other"]
    """Whose number it is: GS1's, HIBCC's, the national drug code, the maker's, a supplier's, that of purchasing."""
    value: str
    """The number."""
    unit: str | None = None
    """The unit that has this number, where it is not the stock unit."""
    supplier: str | None = None
    """The supplier who knows the item by it."""


class Item(Entity, frozen=True, kw_only=True, tag=f"Item/{VERSION}"):
    """An item of the item master."""

    code: str
    """The item's code."""
    system: str | None = None
    """The code system of the item's code."""
    description: str
    """What it is, in words."""
    status: Literal["active", "inactive"] = "active"
    """Whether it may be ordered and used."""
    category: Code | None = None
    """The group of goods it belongs to."""
    manufacturer: str | None = None
    """Who makes it."""
    catalogue_number: str | None = None
    """The maker's number for it."""
    stock_unit: str
    """The unit in which it is counted."""
    identifiers: tuple[ItemIdentifier, ...] = ()
    """The numbers it is known by."""
    packagings: tuple[Packaging, ...] = ()
    """The other units it comes in."""
    supplier: str | None = None
    """The supplier it is ordered from first."""
    price: Decimal | None = None
    """Price of one stock unit."""
    currency: Currency | None = None
    """Currency of the price."""
    is_implant: bool = False
    """Whether it stays in the patient."""
    is_latex_free: bool | None = None
    """Whether it is free of latex, where it is known."""
    is_tracked: bool = False
    """Whether lot or serial number have to be recorded."""
    charge_code: Code | None = None
    """The code under which it is charged."""
    effective_from: Moment | None = None
    """When this description of it begins to hold."""
