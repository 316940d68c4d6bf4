"""What a payer paid for claims, what it did not, and why."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from engine.canonical import Code, Currency, Entity, Moment, PersonName, Protected

VERSION = 1


class Adjustment(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A difference between what was charged and what was paid."""

    group: Literal["CO", "CR", "OA", "PI", "PR"]
    """Who bears it (X12 element 1033): contract, correction, other, payer, patient."""
    reason: str
    """Claim adjustment reason code (CARC)."""
    amount: Decimal
    """How much; negative gives back."""
    units: Decimal | None = None
    """How many units fewer."""


class PaidService(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One service as it was paid."""

    procedure: Protected[Code]
    """What was paid for."""
    modifiers: tuple[str, ...] = ()
    """Its modifiers."""
    charged: Decimal
    """What was charged."""
    paid: Decimal
    """What was paid."""
    units: Decimal | None = None
    """How many were paid for."""
    served_on: Protected[Moment | None] = None
    """The day of service."""
    adjustments: tuple[Adjustment, ...] = ()
    """What was not paid, and why."""
    remarks: tuple[str, ...] = ()
    """Remark codes (RARC)."""
    line: str | None = None
    """Our own number of the line, where the payer gives it back."""


class PaidClaim(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One claim as it was decided."""

    number: Protected[str]
    """Our number for it (CLP01)."""
    status: str
    """How it was decided (X12 element 1029): 1 paid as primary, 4 denied, 22 a reversal, ..."""
    charged: Decimal
    """What was charged."""
    paid: Decimal
    """What was paid; negative in a reversal."""
    patient_owes: Decimal | None = None
    """What the patient owes."""
    payer_number: str | None = None
    """The payer's number for it."""
    patient: PersonName | None = None
    """The patient."""
    member_id: Protected[str | None] = None
    """The number under which the payer knows the patient."""
    frequency: str | None = None
    """Which claim it decides (X12 element 1325): 1 the original, 7 its replacement, 8 its withdrawal."""
    received_on: Moment | None = None
    """The day on which the payer got it."""
    served_from: Protected[Moment | None] = None
    """First day of service."""
    served_to: Protected[Moment | None] = None
    """Last day of service."""
    adjustments: tuple[Adjustment, ...] = ()
    """What was not paid of the claim as a whole, and why."""
    remarks: tuple[str, ...] = ()
    """Remark codes (RARC)."""
    services: tuple[PaidService, ...] = ()
    """Its services."""


class ProviderAdjustment(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Something that changes the payment and belongs to no claim (PLB)."""

    provider: str
    """The provider's identifier."""
    period_ends_on: Moment | None = None
    """End of the provider's fiscal period."""
    reason: str
    """Why (X12 element 426): `WO` recovers an overpayment, `FB` is a balance brought forward, `L6` interest."""
    reference: Protected[str | None] = None
    """What it refers to: a claim, an earlier payment."""
    amount: Decimal
    """How much less is paid; negative is more."""


class Remittance(Entity, frozen=True, kw_only=True, tag=f"Remittance/{VERSION}"):
    """One payment of a payer, or what one file says of it."""

    payment: str
    """Number of the cheque or of the transfer (TRN02)."""
    method: str
    """How it is paid (X12 element 591): `ACH`, `CHK`, `NON` nothing."""
    paid_on: Moment
    """The day it counts for."""
    amount: Decimal
    """The whole payment: what the claims are paid, less the provider's adjustments."""
    currency: Currency | None = None
    """Currency of all amounts."""
    payer: str
    """The payer's identifier."""
    payer_name: str | None = None
    """The payer's name."""
    payee: str
    """The identifier of who is paid."""
    payee_name: str | None = None
    """The name of who is paid."""
    claims: tuple[PaidClaim, ...] = ()
    """The claims it is for."""
    provider_adjustments: tuple[ProviderAdjustment, ...] = ()
    """What changes the payment and belongs to no claim."""
