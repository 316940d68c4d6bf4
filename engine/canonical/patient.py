"""A patient, as everybody who has to know one refers to them."""

from __future__ import annotations

import msgspec

from engine.canonical import Address, Code, Entity, Moment, PersonName, Protected

VERSION = 1


class PatientIdentifier(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A number under which somebody knows the patient."""

    value: Protected[str]
    """The number."""
    kind: str | None = None
    """What sort of number it is (HL7 table 0203): `MR` medical record, `SS` social security, `DL` driver's licence."""
    assigner: str | None = None
    """Who gave it."""


class PatientReference(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A patient, as other entities name one."""

    mrn: Protected[str | None] = None
    """The medical record number."""
    assigner: str | None = None
    """Who gave the medical record number."""
    name: PersonName | None = None
    """The patient's name."""
    born_on: Protected[Moment | None] = None
    """Date of birth, as exactly as it is known."""
    sex: Protected[Code | None] = None
    """Administrative sex."""


class Patient(Entity, frozen=True, kw_only=True, tag=f"Patient/{VERSION}"):
    """Who a patient is: the numbers, the person, and how to reach them."""

    mrn: Protected[str]
    """The medical record number."""
    assigner: str | None = None
    """Who gave the medical record number."""
    identifiers: tuple[PatientIdentifier, ...] = ()
    """All numbers, the medical record number too."""
    name: PersonName | None = None
    """The name."""
    aliases: tuple[PersonName, ...] = ()
    """Other names."""
    born_on: Protected[Moment | None] = None
    """Date of birth, as exactly as it is known."""
    died_on: Protected[Moment | None] = None
    """Date of death."""
    sex: Protected[Code | None] = None
    """Administrative sex."""
    addresses: Protected[tuple[Address, ...]] = ()
    """Where the patient lives."""
    phones: Protected[tuple[str, ...]] = ()
    """Telephone numbers."""
    emails: Protected[tuple[str, ...]] = ()
    """Electronic mail."""
    language: Protected[Code | None] = None
    """The language to speak with the patient."""
    replaced_by: Protected[str | None] = None
    """The medical record number that stays, where two were merged."""
