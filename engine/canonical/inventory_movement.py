"""Goods went in, out or elsewhere. Says nothing about a patient."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from engine.canonical import Code, Entity, Moment
from engine.canonical.item import ItemReference
from engine.canonical.location import LocationReference

VERSION = 1


class InventoryMovement(Entity, frozen=True, kw_only=True, tag=f"InventoryMovement/{VERSION}"):
    """A movement of one item."""

    kind: Literal["usage", "return", "receipt", "transfer", "adjustment"]
    """What sort of movement it is."""
    occurred_at: Moment
    """When the goods moved."""
    item: ItemReference
    """What moved."""
    quantity: Decimal
    """How many units; positive, the kind says in which direction."""
    unit: str
    """The unit that is counted."""
    from_location: LocationReference | None = None
    """Where it was."""
    to_location: LocationReference | None = None
    """Where it is now; nothing when it was used up."""
    reason: Code | None = None
    """Why it moved."""
    document: str | None = None
    """Purchase order, receipt or count that it belongs to."""
