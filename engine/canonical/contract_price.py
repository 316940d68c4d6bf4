"""The price of an item, from a day to a day."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from engine.canonical import Currency, Entity, Moment
from engine.canonical.purchase_order import OrderedItem

VERSION = 1


class PriceBreak(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A price that holds from a quantity on."""

    from_quantity: Decimal
    """The least quantity, in the price's unit."""
    price: Decimal
    """Price of one unit."""


class ContractPrice(Entity, frozen=True, kw_only=True, tag=f"ContractPrice/{VERSION}"):
    """What one unit of an item costs, under which contract and when."""

    contract: str | None = None
    """The contract's number; empty for a price of the supplier's catalogue."""
    supplier: str | None = None
    """The supplier's number."""
    status: Literal["new", "changed", "withdrawn"] = "new"
    """What happens to the price."""
    item: OrderedItem
    """What it is for."""
    unit: str
    """The unit that has this price."""
    price: Decimal
    """Price of one unit."""
    currency: Currency
    """Its currency."""
    breaks: tuple[PriceBreak, ...] = ()
    """Lower prices for larger quantities."""
    effective_from: Moment
    """First day."""
    effective_to: Moment | None = None
    """Last day; empty where it is open."""
