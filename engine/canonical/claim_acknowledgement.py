"""Whether a claim was let in, before anybody decides about it."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from engine.canonical import Currency, Entity, Moment, PersonName, Protected

VERSION = 1


class StatusInformation(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What is said of a claim or a service, as the payer's codes say it."""

    category: str
    """Where it stands (X12 element 508): `A1` received, `A2` accepted, `A3` sent back, `F1` paid, `P1` pending."""
    reason: str
    """Why (X12 element 507)."""
    about: str | None = None
    """Whom it is about (X12 element 98): `85` the billing provider, `QC` the patient."""
    on: Moment | None = None
    """The day on which it became so."""
    action: Literal["accept", "reject"] | None = None
    """Whether it goes on or was sent back, where the payer says so."""
    text: str | None = None
    """What people should read."""


class AcknowledgedService(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What is said of one service."""

    line: str | None = None
    """Our own number of the line."""
    statuses: tuple[StatusInformation, ...]
    """What is said."""


class ClaimAcknowledgement(
    Entity, frozen=True, kw_only=True, tag=f"ClaimAcknowledgement/{VERSION}"
):
    """One claim as it was let in or sent back."""

    number: Protected[str]
    """Our number for the claim."""
    status: Literal["accepted", "rejected"]
    """Whether it goes on."""
    batch: str | None = None
    """Our number of the transmission it came in."""
    payer: str
    """The identifier of the payer or clearing house that says so."""
    payer_name: str | None = None
    """Its name."""
    payer_number: str | None = None
    """Its number for the claim."""
    received_on: Moment | None = None
    """The day on which it came."""
    patient: PersonName | None = None
    """The patient."""
    member_id: Protected[str | None] = None
    """The number under which the payer knows the patient."""
    amount: Decimal | None = None
    """What was charged."""
    currency: Currency | None = None
    """Currency of the amount."""
    served_from: Protected[Moment | None] = None
    """First day of service."""
    served_to: Protected[Moment | None] = None
    """Last day of service."""
    statuses: tuple[StatusInformation, ...]
    """What is said of it."""
    services: tuple[AcknowledgedService, ...] = ()
    """What is said of its services."""
