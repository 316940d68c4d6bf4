"""How much of an item there is somewhere."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from engine.canonical import Entity, Moment
from engine.canonical.purchase_order import OrderedItem

VERSION = 1


class Stock(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A quantity, and what it is."""

    kind: Literal[
        "on_hand", "available", "reserved", "on_order", "in_transit", "backordered", "blocked"
    ]
    """In the store, free to be promised, promised, ordered, on its way, awaited, or not to be used."""
    quantity: Decimal
    """How many."""
    lot: str | None = None
    """Lot or batch number."""
    expires_on: Moment | None = None
    """Last day on which they may be used."""
    due_on: Moment | None = None
    """When those arrive that are not there yet."""


class StockLevel(Entity, frozen=True, kw_only=True, tag=f"StockLevel/{VERSION}"):
    """The stock of one item in one place at one moment."""

    counted_at: Moment
    """The moment it is true of."""
    location: str | None = None
    """The store, or the supplier's warehouse."""
    supplier: str | None = None
    """Whose stock it is, where it is a supplier's."""
    item: OrderedItem
    """The item."""
    unit: str
    """The unit of all quantities."""
    stocks: tuple[Stock, ...]
    """The quantities."""
    reorder_at: Decimal | None = None
    """The quantity at which more is ordered."""
    fill_to: Decimal | None = None
    """The quantity up to which is ordered."""
