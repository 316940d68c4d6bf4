"""The account that a patient's stay is charged to, as the last event about it left it."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.canonical import Code, Entity, Moment, PersonName, Protected, Provider
from engine.canonical.location import LocationReference

VERSION = 1


class PatientAccountReference(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A patient's account, as other entities name it."""

    number: Protected[str]
    """The account number."""
    mrn: Protected[str | None] = None
    """The patient's medical record number."""
    assigner: str | None = None
    """Who gave the medical record number."""


class AccountCoverage(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A plan that pays for the stay."""

    rank: int
    """1 pays first."""
    plan: Code | None = None
    """The plan."""
    payer: str | None = None
    """The payer's identifier."""
    member_id: Protected[str | None] = None
    """The number under which the payer knows the patient."""


class PatientAccount(Entity, frozen=True, kw_only=True, tag=f"PatientAccount/{VERSION}"):
    """A patient's account: who, where, in which state, and who pays."""

    event: Literal["admitted", "registered", "updated", "discharged", "cancelled", "merged"]
    """What happened to it."""
    recorded_at: Moment
    """When the source recorded that."""
    number: Protected[str | None] = None
    """The account number; a merge of patients may name none."""
    mrn: Protected[str]
    """The patient's medical record number; after a merge the one that stays."""
    assigner: str | None = None
    """Who gave the medical record number."""
    merged_mrn: Protected[str | None] = None
    """The medical record number that ended in a merge."""
    merged_number: Protected[str | None] = None
    """The account number that ended in a merge."""
    name: PersonName | None = None
    """The patient's name."""
    born_on: Protected[Moment | None] = None
    """The patient's date of birth, as exactly as it is known."""
    sex: Protected[Code | None] = None
    """Administrative sex."""
    patient_class: Code | None = None
    """Inpatient, outpatient, emergency."""
    location: LocationReference | None = None
    """Where the patient is."""
    attending: Provider | None = None
    """Who is in charge of the care."""
    admitted_at: Protected[Moment | None] = None
    """When the stay began."""
    discharged_at: Protected[Moment | None] = None
    """When the stay ended."""
    coverage: tuple[AccountCoverage, ...] = ()
    """Who pays, in order."""
