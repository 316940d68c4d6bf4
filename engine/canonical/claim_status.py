"""How far a payer has come with a claim: asked, and answered."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from engine.canonical import Code, Currency, Entity, Moment, Protected
from engine.canonical.claim import ClaimProvider, Insured
from engine.canonical.claim_acknowledgement import StatusInformation

VERSION = 1


class ServiceStatus(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """How far it is with one service."""

    line: str | None = None
    """Our own number of the line."""
    procedure: Protected[Code | None] = None
    """What was done."""
    charged: Decimal | None = None
    """What was charged."""
    paid: Decimal | None = None
    """What was paid."""
    units: Decimal | None = None
    """How many were charged."""
    served_on: Protected[Moment | None] = None
    """The day of service, or the first of several."""
    statuses: tuple[StatusInformation, ...] = ()
    """What is said."""


class ClaimStatus(Entity, frozen=True, kw_only=True, tag=f"ClaimStatus/{VERSION}"):
    """A question how far a claim is, or the answer."""

    number: Protected[str]
    """Our number for the claim."""
    kind: Literal["request", "answer"]
    """Whether it is asked or said."""
    status: (
        Literal["received", "pending", "paid", "denied", "rejected", "not_found", "unknown"]
        | None
    ) = None
    """How far it is, in one word; empty in a question."""
    trace: str | None = None
    """The number of the question."""
    asked_on: Moment | None = None
    """The day of the question or answer."""
    payer: str
    """The payer's identifier."""
    payer_name: str | None = None
    """The payer's name."""
    payer_number: str | None = None
    """The payer's number for the claim."""
    provider: ClaimProvider
    """Who asks."""
    subscriber: Insured
    """Who is insured."""
    patient: Insured | None = None
    """Who was cared for, where that is somebody else."""
    charged: Decimal | None = None
    """What was charged."""
    paid: Decimal | None = None
    """What was paid."""
    currency: Currency | None = None
    """Currency of all amounts."""
    decided_on: Moment | None = None
    """The day of the decision."""
    payment: str | None = None
    """The number of the cheque or transfer."""
    paid_on: Moment | None = None
    """The day of the payment."""
    served_from: Protected[Moment | None] = None
    """First day of service."""
    served_to: Protected[Moment | None] = None
    """Last day of service."""
    statuses: tuple[StatusInformation, ...] = ()
    """What is said of it."""
    services: tuple[ServiceStatus, ...] = ()
    """What is said of its services."""
