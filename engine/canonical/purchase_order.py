"""Goods or services ordered from a supplier."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from engine.canonical import Currency, Entity, Moment, Party

VERSION = 1


class OrderedItem(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What is ordered, by the numbers that those who deal with it know it by."""

    buyer_number: str | None = None
    """The buyer's number."""
    vendor_number: str | None = None
    """The supplier's number."""
    manufacturer_number: str | None = None
    """The maker's catalogue number."""
    device_identifier: str | None = None
    """The GTIN, or the device identifier of its UDI."""
    description: str | None = None
    """What it is, in words."""


class Delivery(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A part of a line's quantity, wanted or promised at a date."""

    quantity: Decimal
    """How many, in the line's unit."""
    on: Moment
    """The day."""
    ship_to: str | None = None
    """The location that gets it, where it is not the order's."""


class Allowance(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Something taken off or put on: a discount, freight, a restocking fee."""

    kind: Literal["allowance", "charge"]
    """Whether it is taken off or put on; the amount is positive in both."""
    reason: str | None = None
    """What it is for, by its code: `D240` is freight (X12 element 1300)."""
    description: str | None = None
    """What it is for, in words."""
    amount: Decimal | None = None
    """The amount."""
    percent: Decimal | None = None
    """The share, where it is one: 5 is five per cent."""


class OrderLine(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One line of an order."""

    number: str
    """The line's number."""
    action: Literal["new", "changed", "cancelled", "unchanged"] = "new"
    """What happens to the line, in a change of the order."""
    item: OrderedItem
    """What is ordered."""
    quantity: Decimal
    """How many."""
    unit: str
    """The unit that is ordered: `EA`, `BX`, `CS`."""
    price: Decimal | None = None
    """Price of one unit."""
    due_on: Moment | None = None
    """When it is wanted."""
    deliveries: tuple[Delivery, ...] = ()
    """The quantity spread over dates, where it is."""
    allowances: tuple[Allowance, ...] = ()
    """What is taken off or put on, for this line."""
    cost_centre: str | None = None
    """The cost centre that bears the cost."""
    requisition: str | None = None
    """The requisition it comes from."""


class PurchaseOrder(Entity, frozen=True, kw_only=True, tag=f"PurchaseOrder/{VERSION}"):
    """An order, as the buyer placed or changed it."""

    number: str
    """The buyer's number for it."""
    status: Literal["new", "changed", "cancelled", "confirmed"] = "new"
    """What happens to it."""
    kind: Literal["standard", "blanket", "release", "consignment", "emergency"] = "standard"
    """What sort of order it is."""
    ordered_on: Moment
    """The day it was placed."""
    due_on: Moment | None = None
    """When everything is wanted, where the lines say nothing else."""
    contract: str | None = None
    """The contract whose prices hold."""
    currency: Currency | None = None
    """Currency of all prices and amounts."""
    parties: tuple[Party, ...] = ()
    """Who buys, sells, gets and pays."""
    lines: tuple[OrderLine, ...] = ()
    """What is ordered."""
    allowances: tuple[Allowance, ...] = ()
    """What is taken off or put on, for the whole order."""
    notes: tuple[str, ...] = ()
    """What people should read."""
