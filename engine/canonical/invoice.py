"""What a supplier wants to be paid for."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from engine.canonical import Currency, Entity, Moment, Party
from engine.canonical.purchase_order import Allowance, OrderedItem

VERSION = 1


class Tax(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A tax on an invoice or a line."""

    kind: str
    """Which tax: `LS` is state and local sales tax (X12 element 963)."""
    amount: Decimal
    """The amount."""
    percent: Decimal | None = None
    """The rate."""


class InvoiceLine(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One line of an invoice."""

    number: str | None = None
    """The line's number on the invoice."""
    order: str | None = None
    """The order it is for, where the invoice is for several."""
    order_line: str | None = None
    """The order's line."""
    item: OrderedItem
    """What is invoiced."""
    quantity: Decimal
    """How many."""
    unit: str
    """The unit that is invoiced."""
    price: Decimal
    """Price of one unit."""
    amount: Decimal | None = None
    """Quantity times price, where the supplier says it."""
    allowances: tuple[Allowance, ...] = ()
    """What is taken off or put on."""
    taxes: tuple[Tax, ...] = ()
    """Taxes on this line."""


class Invoice(Entity, frozen=True, kw_only=True, tag=f"Invoice/{VERSION}"):
    """An invoice, or a credit for one."""

    number: str
    """The supplier's number."""
    kind: Literal["invoice", "credit"] = "invoice"
    """Whether it is to be paid or to be paid back; amounts are positive in both."""
    invoiced_on: Moment
    """Its date."""
    due_on: Moment | None = None
    """When it is to be paid."""
    order: str | None = None
    """The buyer's number of the order."""
    parties: tuple[Party, ...] = ()
    """Who sells, buys, and is paid."""
    lines: tuple[InvoiceLine, ...] = ()
    """What is invoiced."""
    allowances: tuple[Allowance, ...] = ()
    """What is taken off or put on, for the whole invoice."""
    taxes: tuple[Tax, ...] = ()
    """Taxes on the whole invoice."""
    total: Decimal
    """What is to be paid."""
    discount_due_on: Moment | None = None
    """Until when the discount holds."""
    discount: Decimal | None = None
    """What is taken off when it is paid by then."""
    currency: Currency | None = None
    """Currency of all prices and amounts."""
