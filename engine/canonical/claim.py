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
        "other_operating",
        "supervising",
        "assistant",
        "pay_to",
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


class Drug(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """The drug behind a line, by its national drug code."""

    code: Protected[str]
    """National drug code, eleven digits."""
    system: str | None = None
    """The system of the code: `http://hl7.org/fhir/sid/ndc`."""
    quantity: Decimal
    """How much of it, in its own unit."""
    unit: Literal["UN", "ML", "GR", "F2", "ME"]
    """That unit (X12 element 355): units, millilitres, grams, international units, milligrams."""


class Tooth(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A tooth that was treated."""

    code: Protected[str]
    """Its number in the universal national tooth system."""
    system: str | None = None
    """The system of the number."""
    surfaces: Protected[tuple[str, ...]] = ()
    """Which of its surfaces: `B` buccal, `D` distal, `M` mesial, `O` occlusal."""


class Performed(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """An operation during a stay, on institutional claims."""

    procedure: Protected[Code]
    """What was done, the principal procedure first: ICD-10-PCS."""
    on: Protected[Moment]
    """The day."""


class Occurrence(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Something that happened on a day, by a code of the uniform bill (UB-04)."""

    code: str
    """Occurrence code, or occurrence span code where there is a last day."""
    system: str | None = None
    """The system of the code: occurrence codes of the uniform bill."""
    on: Protected[Moment]
    """The day, or the first."""
    to: Protected[Moment | None] = None
    """The last day of a span."""


class BillValue(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A value that the uniform bill (UB-04) asks for."""

    code: str
    """Value code."""
    system: str | None = None
    """The system of the code: value codes of the uniform bill."""
    amount: Decimal
    """An amount, or a number: the code says which."""


class Stay(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What an institutional claim says of the stay (UB-04 code sets)."""

    admitted_at: Protected[Moment | None] = None
    """When the patient was admitted."""
    discharged_at: Protected[str | None] = None
    """Hour and minute of the discharge: `1130`."""
    admission_type: str | None = None
    """Priority of the admission: 1 emergency, 2 urgent, 3 elective, 4 newborn, 5 trauma."""
    admission_source: str | None = None
    """Where the patient came from."""
    discharge_status: str | None = None
    """Where the patient went: 01 home, 20 died, 30 still there."""
    admitting_diagnosis: Protected[Code | None] = None
    """Why the patient was admitted."""
    reasons: Protected[tuple[Code, ...]] = ()
    """Why the patient came, of an outpatient."""
    external_causes: Protected[tuple[Code, ...]] = ()
    """What brought the injury about."""
    drg: str | None = None
    """Diagnosis related group."""
    procedures: tuple[Performed, ...] = ()
    """What was done."""
    conditions: tuple[str, ...] = ()
    """Condition codes."""
    occurrences: tuple[Occurrence, ...] = ()
    """What happened, and when."""
    values: tuple[BillValue, ...] = ()
    """What the bill has to say in numbers."""
    present_on_admission: Protected[tuple[str, ...]] = ()
    """Of each of the claim's diagnoses, in their order, whether it was there before: `Y`, `N`, `U`, `W`, `1`."""


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
    """What was done or supplied: HCPCS, CPT or CDT; a line that has none says its revenue code here too."""
    modifiers: tuple[str, ...] = ()
    """Up to four modifiers of the procedure."""
    revenue_code: str | None = None
    """Revenue code, on institutional claims."""
    units: Decimal
    """How many."""
    unit: Literal["UN", "MJ", "DA"] | None = None
    """What is counted (X12 element 355): units, minutes, days; empty means units."""
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
    drug: Drug | None = None
    """The drug, where it is one."""
    teeth: tuple[Tooth, ...] = ()
    """The teeth, on dental claims."""
    oral_areas: Protected[tuple[str, ...]] = ()
    """The areas of the mouth, on dental claims: `10` the upper right quadrant."""


class Claim(Entity, frozen=True, kw_only=True, tag=f"Claim/{VERSION}"):
    """A claim for one patient and one stay or visit."""

    number: str
    """The number that comes back in the remittance (CLM01)."""
    kind: Literal["professional", "institutional", "dental"]
    """What sort of claim it is."""
    frequency: Literal[
        "original",
        "interim_first",
        "interim",
        "interim_last",
        "late_charges",
        "replacement",
        "void",
    ] = "original"
    """Whether it stands for itself, for a part of a stay, adds late charges, or stands in place of an earlier one (X12 element 1325)."""
    written_on: Moment | None = None
    """The day on which it was written."""
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
    rank: int | None = None
    """Which of the patient's payers this is: 1 pays first; empty means the first."""
    group: str | None = None
    """Number of the insured person's group or policy."""
    filing: str | None = None
    """What sort of payer it is (X12 element 1032): `CI` commercial, `MB` Medicare B, `MC` Medicaid; empty means commercial."""
    stay: Stay | None = None
    """What an institutional claim says of the stay."""
    lines: tuple[ServiceLine, ...]
    """What is charged."""
