"""A procedure that is planned: who, what, when, where, and what it will need."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from engine.canonical import Code, Entity, Moment, Protected, Provider
from engine.canonical.item import ItemReference
from engine.canonical.location import LocationReference
from engine.canonical.patient import PatientReference
from engine.canonical.patient_account import PatientAccountReference

VERSION = 1


class ScheduledProcedure(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One procedure of the appointment."""

    procedure: Protected[Code]
    """What is to be done."""
    starts_at: Protected[Moment | None] = None
    """When it begins, where it is not the appointment's beginning."""
    minutes: Decimal | None = None
    """How long it takes."""


class ScheduledStaff(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Somebody who takes part."""

    role: str | None = None
    """As what: the sender's code for surgeon, anaesthetist, nurse."""
    person: Provider
    """Who."""


class ScheduledSupply(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Something that will be needed."""

    item: ItemReference
    """What."""
    quantity: Decimal | None = None
    """How many."""
    unit: str | None = None
    """The unit that is counted."""


class ProcedureSchedule(Entity, frozen=True, kw_only=True, tag=f"ProcedureSchedule/{VERSION}"):
    """An appointment for a procedure, as the last event about it left it."""

    number: str
    """The number of the appointment: the filler's, or the placer's where it has none."""
    event: Literal[
        "booked", "rescheduled", "changed", "cancelled", "discontinued", "deleted", "missed"
    ]
    """What happened to it."""
    recorded_at: Moment
    """When the source recorded that."""
    reason: Protected[Code | None] = None
    """Why it is made, or why it was changed."""
    kind: Code | None = None
    """What sort of appointment it is."""
    starts_at: Protected[Moment | None] = None
    """When it begins."""
    ends_at: Protected[Moment | None] = None
    """When it ends."""
    minutes: Decimal | None = None
    """How long it takes."""
    patient: PatientReference | None = None
    """Who it is for."""
    patient_account: PatientAccountReference | None = None
    """The account it is charged to."""
    encounter: Protected[str | None] = None
    """The visit number."""
    location: LocationReference | None = None
    """Where it takes place."""
    procedures: tuple[ScheduledProcedure, ...] = ()
    """What is to be done."""
    staff: tuple[ScheduledStaff, ...] = ()
    """Who takes part."""
    supplies: tuple[ScheduledSupply, ...] = ()
    """What will be needed, where the source says so."""
    diagnoses: Protected[tuple[Code, ...]] = ()
    """Why."""
