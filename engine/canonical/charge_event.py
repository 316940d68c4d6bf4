"""Something was used or done for a patient, and is to be charged; or such a charge is taken back."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from engine.canonical import Code, Currency, Entity, Moment, Protected, Provider
from engine.canonical.item import ItemReference
from engine.canonical.location import LocationReference
from engine.canonical.patient_account import PatientAccountReference

VERSION = 1


class ChargeEvent(Entity, frozen=True, kw_only=True, tag=f"ChargeEvent/{VERSION}"):
    """A charge or a credit for one item or service."""

    patient_account: PatientAccountReference
    """The account that is charged."""
    status: Literal["charge", "credit"]
    """Whether it is charged or taken back; the quantity is positive in both."""
    occurred_at: Protected[Moment]
    """When it was used or done."""
    posted_on: Moment | None = None
    """The day on which the source wants it posted."""
    item: ItemReference
    """What was used."""
    quantity: Decimal
    """How many units."""
    unit: str | None = None
    """The unit that is counted."""
    price: Decimal | None = None
    """Price of one unit."""
    amount: Decimal | None = None
    """Price of all of them."""
    currency: Currency | None = None
    """Currency of price and amount."""
    charge_code: Code | None = None
    """The code under which it is billed."""
    procedures: Protected[tuple[Code, ...]] = ()
    """The procedures it was used for."""
    diagnoses: Protected[tuple[Code, ...]] = ()
    """The diagnoses it was used for."""
    department: str | None = None
    """The department that used it."""
    cost_centre: str | None = None
    """The cost centre that bears the cost."""
    location: LocationReference | None = None
    """Where it was used."""
    performed_by: Provider | None = None
    """Who used it."""
    ordered_by: Provider | None = None
    """Who ordered it."""
    encounter: Protected[str | None] = None
    """The visit number."""
