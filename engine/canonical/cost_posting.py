"""A cost that finance books. Says nothing about a patient."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from engine.canonical import Currency, Entity, Moment
from engine.canonical.item import ItemReference

VERSION = 1


class CostPosting(Entity, frozen=True, kw_only=True, tag=f"CostPosting/{VERSION}"):
    """One amount on one cost centre."""

    kind: Literal["usage", "return", "adjustment"]
    """Why it is booked; a return takes a usage back."""
    posted_on: Moment
    """The day it counts for."""
    cost_centre: str
    """The cost centre that bears it."""
    account: str | None = None
    """The account of the chart of accounts."""
    item: ItemReference
    """What it was spent on."""
    quantity: Decimal
    """How many units; positive, the kind says in which direction."""
    unit: str
    """The unit that is counted."""
    amount: Decimal | None = None
    """The amount, where the source values it; otherwise finance does."""
    currency: Currency | None = None
    """Currency of the amount."""
    document: str | None = None
    """The document it belongs to."""
