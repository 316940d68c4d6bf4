"""What a payer is asked to pay for one patient's care."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from engine.canonical import Address, Code, Currency, Entity, Moment, PersonName, Protected
from engine.canonical.patient_account import PatientAccountReference

VERSION = 1


class ClaimProvider(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Who gave, ordered or bills the care."""

    role: Literal[
        "billing",
        "rendering",
        "referring",
        "service_facility",
        "attending",
        "operating",
        "supervising",
    ]
    """What it is in this claim."""
    npi: str | None = None
    """National provider identifier."""
    tax_id: str | None = None
    """Employer's identification number, of the billing provider."""
    organisation: str | None = None
    """Name of an organisation."""
    name: PersonName | None = None
    """Name of a person."""
    taxonomy: str | None = None
    """Specialty (provider taxonomy code)."""
    address: Address | None = None
    """Where it is."""
    phone: str | None = None
    """Where to call about the claim."""


class Insured(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Somebody in a claim: who is insured, or who was cared for."""

    member_id: Protected[str | None] = None
    """The number under which the payer knows the person."""
    name: PersonName
    """Name."""
    born_on: Protected[Moment | None] = None
    """Date of birth."""
    sex: Protected[Literal["female", "male", "unknown"] | None] = None
    """Administrative sex."""
    address: Protected[Address | None] = None
    """Where the person lives."""


class ServiceLine(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One service or supply on a claim."""

    number: int
    """The line's number, from 1."""
    source_ids: tuple[str, ...] = ()
    """The charges it was made of, by their source's numbers."""
    procedure: Protected[Code]
    """What was done or supplied: HCPCS or CPT."""
    modifiers: tuple[str, ...] = ()
    """Up to four modifiers of the procedure."""
    revenue_code: str | None = None
    """Revenue code, on institutional claims."""
    units: Decimal
    """How many."""
    amount: Decimal
    """What is charged for all of them."""
    served_on: Protected[Moment]
    """The day of service, or the first of several."""
    served_to: Protected[Moment | None] = None
    """The last day of service, where there are several."""
    diagnoses: tuple[int, ...] = ()
    """Which of the claim's diagnoses it was for, from 1."""
    place_of_service: str | None = None
    """Place of service, where it is not the claim's."""


class Claim(Entity, frozen=True, kw_only=True, tag=f"Claim/{VERSION}"):
    """A claim for one patient and one stay or visit."""

    number: str
    """The number that comes back in the remittance (CLM01)."""
    kind: Literal["professional", "institutional", "dental"]
    """What sort of claim it is."""
    frequency: Literal["original", "replacement", "void"] = "original"
    """Whether it stands for itself or in place of an earlier one."""
    replaces: str | None = None
    """The payer's number of the claim it replaces or voids."""
    patient_account: PatientAccountReference
    """The account that was charged."""
    place_of_service: str | None = None
    """Place of service, or type of bill without its last digit."""
    amount: Decimal
    """The sum of the lines."""
    currency: Currency | None = None
    """Currency of all amounts."""
    payer: str
    """The payer's identifier."""
    payer_name: str | None = None
    """The payer's name."""
    subscriber: Insured
    """Who is insured."""
    patient: Insured | None = None
    """Who was cared for, where that is somebody else."""
    relationship: str | None = None
    """What the patient is to the insured person (X12 element 1069); empty where they are the same."""
    providers: tuple[ClaimProvider, ...]
    """Who bills, and who gave the care."""
    diagnoses: Protected[tuple[Code, ...]] = ()
    """Diagnoses, the principal one first."""
    served_from: Protected[Moment | None] = None
    """First day of service."""
    served_to: Protected[Moment | None] = None
    """Last day of service."""
    authorization: str | None = None
    """The payer's prior authorization."""
    lines: tuple[ServiceLine, ...]
    """What is charged."""
