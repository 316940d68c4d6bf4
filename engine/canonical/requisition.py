"""What a department asks for."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from engine.canonical import Currency, Entity, Moment, Protected, Provider
from engine.canonical.item import ItemReference
from engine.canonical.location import LocationReference
from engine.canonical.patient_account import PatientAccountReference

VERSION = 1


class RequisitionLine(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One thing that is asked for."""

    number: str
    """The line's number, or the asker's number for it."""
    action: Literal["new", "changed", "cancelled"] = "new"
    """What happens to the line."""
    item: ItemReference
    """What is asked for."""
    quantity: Decimal
    """How many."""
    unit: str | None = None
    """The unit that is counted."""
    due_at: Moment | None = None
    """When it is wanted."""
    price: Decimal | None = None
    """Expected price of one unit."""
    deliver_to: LocationReference | None = None
    """Who gets it, where it is not the requisition's place."""
    notes: tuple[str, ...] = ()
    """What people should read."""


class Requisition(Entity, frozen=True, kw_only=True, tag=f"Requisition/{VERSION}"):
    """A request for supplies: out of the stock, or to be bought."""

    number: str
    """Its number."""
    status: Literal["new", "changed", "cancelled", "approved", "rejected"] = "new"
    """What happens to it."""
    purpose: Literal["stock", "patient", "procedure", "non_stock"] = "stock"
    """What it is for: to fill up a store, for one patient, for a procedure, or a thing that is not kept."""
    priority: Literal["routine", "urgent", "immediate"] = "routine"
    """How fast it must go."""
    requested_at: Moment
    """When it was asked."""
    requested_by: Provider | None = None
    """Who asks."""
    approved_by: Provider | None = None
    """Who approved it."""
    deliver_to: LocationReference | None = None
    """Who gets it."""
    from_store: str | None = None
    """The store it should come out of."""
    cost_centre: str | None = None
    """The cost centre that bears the cost."""
    patient_account: PatientAccountReference | None = None
    """The account, where it is for a patient."""
    encounter: Protected[str | None] = None
    """The visit number, where it is for a patient."""
    currency: Currency | None = None
    """Currency of the expected prices."""
    lines: tuple[RequisitionLine, ...] = ()
    """What is asked for."""
    notes: tuple[str, ...] = ()
    """What people should read."""
