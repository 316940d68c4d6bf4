"""One stay or visit of a patient."""

from __future__ import annotations

from typing import Literal

from engine.canonical import Code, Entity, Moment, Protected, Provider
from engine.canonical.location import LocationReference
from engine.canonical.patient_account import PatientAccountReference

VERSION = 1


class Encounter(Entity, frozen=True, kw_only=True, tag=f"Encounter/{VERSION}"):
    """A stay or visit: when, where, why and with whom."""

    number: Protected[str]
    """The visit number."""
    patient_account: PatientAccountReference
    """The account it is charged to."""
    status: Literal["planned", "in_progress", "finished", "cancelled"]
    """How far it has come."""
    patient_class: Code | None = None
    """Inpatient, outpatient, emergency."""
    service: Code | None = None
    """The hospital service in charge."""
    location: LocationReference | None = None
    """Where it takes place."""
    attending: Provider | None = None
    """Who is in charge of the care."""
    reason: Protected[Code | None] = None
    """Why the patient came."""
    started_at: Protected[Moment | None] = None
    """When it began."""
    ended_at: Protected[Moment | None] = None
    """When it ended."""
