"""A question to a payer: is this person covered?"""

from __future__ import annotations

import msgspec

from engine.canonical import Code, Entity, Moment, Protected
from engine.canonical.claim import ClaimProvider, Insured
from engine.canonical.patient_account import PatientAccountReference

VERSION = 1


class AskedService(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What the question is about."""

    type: str | None = None
    """The sort of service (X12 element 1365): `30` the whole plan, `1` medical care, `47` hospital."""
    procedure: Protected[Code | None] = None
    """A procedure, where it is about one."""


class EligibilityRequest(
    Entity, frozen=True, kw_only=True, tag=f"EligibilityRequest/{VERSION}"
):
    """Whether and how somebody is covered on a day."""

    number: str
    """The number that comes back in the answer."""
    asked_at: Moment
    """When it was asked."""
    payer: str
    """The payer's identifier."""
    payer_name: str | None = None
    """The payer's name."""
    provider: ClaimProvider
    """Who asks."""
    subscriber: Insured
    """Who is insured."""
    patient: Insured | None = None
    """Who is to be cared for, where that is somebody else."""
    relationship: str | None = None
    """What the patient is to the insured person (X12 element 1069)."""
    patient_account: PatientAccountReference | None = None
    """The account it is for."""
    on: Protected[Moment | None] = None
    """The day it is about; empty means the day of the question."""
    services: tuple[AskedService, ...] = ()
    """What it is about."""
