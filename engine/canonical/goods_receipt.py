"""What arrived."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from engine.canonical import Entity, Moment
from engine.canonical.purchase_order import OrderedItem

VERSION = 1


class ReceivedLine(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One thing that arrived."""

    number: str
    """The receipt's line."""
    order_line: str | None = None
    """The order's line; empty for what nobody ordered."""
    item: OrderedItem
    """What arrived."""
    quantity: Decimal
    """How many; in a return, how many go back."""
    unit: str
    """The unit that is counted."""
    condition: Literal["good", "damaged", "expired", "wrong_item"] = "good"
    """In which state it came."""
    lot: str | None = None
    """Lot or batch number."""
    serial: str | None = None
    """Serial number."""
    expires_on: Moment | None = None
    """Last day on which it may be used."""
    store: str | None = None
    """The store it was put in."""
    is_last: bool = False
    """Whether nothing more of this line is awaited."""


class GoodsReceipt(Entity, frozen=True, kw_only=True, tag=f"GoodsReceipt/{VERSION}"):
    """A receipt of goods for an order, or their return."""

    number: str
    """Its number."""
    kind: Literal["receipt", "return", "reversal"] = "receipt"
    """Goods came, went back to the supplier, or the receipt was booked by mistake."""
    reverses: str | None = None
    """The receipt that a return or reversal takes back."""
    received_at: Moment
    """When they came."""
    order: str | None = None
    """The buyer's number of the order."""
    ship_notice: str | None = None
    """The supplier's number of the shipment."""
    supplier: str | None = None
    """The supplier's number."""
    location: str | None = None
    """The location that took them in."""
    received_by: str | None = None
    """Who took them in."""
    lines: tuple[ReceivedLine, ...] = ()
    """What arrived."""
