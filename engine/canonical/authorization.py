"""A payer's leave for care that is to come: asked for, and answered."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from engine.canonical import Code, Entity, Moment, Protected
from engine.canonical.claim import ClaimProvider, Insured

VERSION = 1


class AuthorizedService(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One service that is asked for, and what was decided of it."""

    number: int
    """Its number, from 1."""
    procedure: Protected[Code | None] = None
    """What is to be done; empty for a stay."""
    modifiers: tuple[str, ...] = ()
    """Modifiers of the procedure."""
    quantity: Decimal | None = None
    """How many."""
    unit: str | None = None
    """What is counted: `UN` units, `DA` days, `VS` visits."""
    decision: (
        Literal["approved", "modified", "denied", "pended", "cancelled", "not_needed"] | None
    ) = None
    """What was decided; empty in a question."""
    reason: str | None = None
    """Why it was not approved (X12 element 901)."""
    authorization: str | None = None
    """The payer's number for this service, where it gives one."""
    served_from: Protected[Moment | None] = None
    """First day that it holds for."""
    served_to: Protected[Moment | None] = None
    """Last day that it holds for."""


class Authorization(Entity, frozen=True, kw_only=True, tag=f"Authorization/{VERSION}"):
    """A request for authorisation, or the answer to it."""

    number: str
    """The asker's number for it."""
    status: Literal[
        "requested",
        "approved",
        "modified",
        "denied",
        "pended",
        "cancelled",
        "not_needed",
        "refused",
    ]
    """A question, or what was decided; `refused` where the question could not be read."""
    reason: str | None = None
    """Why it was not approved (X12 element 901)."""
    authorization: str | None = None
    """The payer's number, which claims have to name."""
    kind: Literal["admission", "services", "referral"]
    """What is asked for."""
    action: Literal["new", "changed", "extended", "cancelled", "appealed"] = "new"
    """What happens to the request."""
    asked_at: Moment | None = None
    """When it was asked, or answered."""
    urgency: str | None = None
    """How urgent it is (X12 element 1338): `03` emergency, `U` urgent."""
    payer: str
    """The payer's identifier."""
    payer_name: str | None = None
    """The payer's name."""
    subscriber: Insured
    """Who is insured."""
    patient: Insured | None = None
    """Who is to be cared for, where that is somebody else."""
    relationship: str | None = None
    """What the patient is to the insured person (X12 element 1069)."""
    providers: tuple[ClaimProvider, ...] = ()
    """Who asks, and who is to give the care."""
    diagnoses: Protected[tuple[Code, ...]] = ()
    """Why, the principal diagnosis first."""
    place_of_service: str | None = None
    """Where, by the code of place or type of bill."""
    served_from: Protected[Moment | None] = None
    """First day that is asked for, or that it holds for."""
    served_to: Protected[Moment | None] = None
    """Last day that is asked for, or that it holds for."""
    services: tuple[AuthorizedService, ...] = ()
    """What is asked for."""
    messages: tuple[str, ...] = ()
    """What people should read."""
