"""What a supplier has sent: shipment, orders, packages, items."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from engine.canonical import Entity, Moment, Party
from engine.canonical.purchase_order import OrderedItem

VERSION = 1


class ShippedItem(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One item of a shipment, in the package it is in."""

    line: str | None = None
    """The order's line that it is for."""
    item: OrderedItem
    """What was sent."""
    quantity: Decimal
    """How many."""
    unit: str
    """The unit that is counted."""
    lot: str | None = None
    """Lot or batch number."""
    serial: str | None = None
    """Serial number."""
    expires_on: Moment | None = None
    """Last day on which it may be used."""
    package: str | None = None
    """The package it is in: the SSCC on its label, or the supplier's number."""
    is_substitute: bool = False
    """Whether something else was sent than what the line ordered."""
    replaces: OrderedItem | None = None
    """What was ordered, where something else was sent in its place."""


class ShippedOrder(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One order that a shipment is for."""

    number: str
    """The buyer's number of the order."""
    ordered_on: Moment | None = None
    """The day it was placed."""
    items: tuple[ShippedItem, ...] = ()
    """What was sent of it."""


class ShipNotice(Entity, frozen=True, kw_only=True, tag=f"ShipNotice/{VERSION}"):
    """A shipment on its way."""

    number: str
    """The supplier's number for it."""
    shipped_at: Moment | None = None
    """When it left."""
    due_at: Moment | None = None
    """When it should arrive."""
    carrier: str | None = None
    """Who brings it: the carrier's code (SCAC), or its name."""
    tracking: tuple[str, ...] = ()
    """The carrier's numbers for it."""
    parties: tuple[Party, ...] = ()
    """Who sends and who gets it."""
    orders: tuple[ShippedOrder, ...] = ()
    """What it holds, by order."""
