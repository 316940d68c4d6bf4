"""What a supplier says to an order."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from engine.canonical import Currency, Entity, Moment, Party
from engine.canonical.purchase_order import OrderedItem

VERSION = 1


class LineAnswer(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What will happen with a line, or with a part of its quantity."""

    status: Literal[
        "accepted", "changed", "backordered", "substituted", "rejected", "on_hold", "deleted"
    ]
    """What will happen."""
    reason: str | None = None
    """The supplier's code for it (X12 element 668): `IQ` is accepted with another quantity, `R2` rejected as unknown."""
    quantity: Decimal
    """How many of the line it is about."""
    unit: str
    """The unit that is counted."""
    due_on: Moment | None = None
    """When they will be sent, or arrive."""
    substitute: OrderedItem | None = None
    """What comes in place of what was ordered."""


class AnsweredLine(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One line of the order, and the answers to it."""

    number: str
    """The order's line."""
    item: OrderedItem
    """What was ordered."""
    quantity: Decimal
    """How many were ordered, as the supplier understood it."""
    unit: str
    """The unit that was ordered."""
    price: Decimal | None = None
    """The supplier's price of one unit."""
    answers: tuple[LineAnswer, ...] = ()
    """What will happen; several where a part is backordered."""


class PurchaseOrderAcknowledgement(
    Entity, frozen=True, kw_only=True, tag=f"PurchaseOrderAcknowledgement/{VERSION}"
):
    """A supplier's answer to an order, line by line."""

    order: str
    """The buyer's number of the order."""
    number: str | None = None
    """The supplier's number for the order."""
    status: Literal["accepted", "changed", "rejected", "received"]
    """What it says to the whole: accepted as it is, with changes, not at all; or only that it came."""
    ordered_on: Moment | None = None
    """The day of the order."""
    acknowledged_on: Moment | None = None
    """The day of the answer."""
    currency: Currency | None = None
    """Currency of all prices."""
    parties: tuple[Party, ...] = ()
    """Who buys and who sells."""
    lines: tuple[AnsweredLine, ...] = ()
    """What it says to the lines."""
    notes: tuple[str, ...] = ()
    """What people should read."""
