"""A payer's answer: whether and how somebody is covered."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from engine.canonical import Code, Currency, Entity, Moment, Protected
from engine.canonical.claim import ClaimProvider, Insured

VERSION = 1


class BenefitAnswer(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One thing that is said of the cover."""

    kind: str
    """What is said (X12 element 1390): `1` active, `6` inactive, `A` co-insurance, `B` co-payment, `C` deductible."""
    covers: str | None = None
    """Whom it covers (X12 element 1207)."""
    types: tuple[str, ...] = ()
    """The sorts of service it is about (X12 element 1365)."""
    plan: str | None = None
    """The plan, in words."""
    period: str | None = None
    """For which time (X12 element 615): `23` a calendar year, `29` what is left, `27` a visit."""
    amount: Decimal | None = None
    """An amount."""
    share: Decimal | None = None
    """A share, 0.2 is a fifth."""
    quantity: Decimal | None = None
    """How many."""
    unit: str | None = None
    """What is counted (X12 element 673): `VS` visits, `DY` days."""
    in_network: Literal["yes", "no", "both", "unknown"] | None = None
    """Whether it holds for providers with a contract."""
    needs_authorization: Literal["yes", "no", "unknown"] | None = None
    """Whether it has to be authorised before."""
    messages: tuple[str, ...] = ()
    """What people should read."""


class RefusedQuestion(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Why a question was not answered."""

    about: Literal["payer", "provider", "subscriber", "patient", "service"]
    """What of the question was wrong."""
    reason: str
    """Why (X12 element 901): `75` not found, `42` cannot answer now."""
    next: str | None = None
    """What to do (X12 element 889): `C` correct and ask again, `N` do not ask again."""


class EligibilityResponse(
    Entity, frozen=True, kw_only=True, tag=f"EligibilityResponse/{VERSION}"
):
    """What a payer says about somebody's cover."""

    number: Protected[str | None] = None
    """The number of the question."""
    answered_at: Moment | None = None
    """When it was answered."""
    status: Literal["active", "inactive", "unknown", "refused"]
    """Whether the person is covered; `refused` where the question was not answered."""
    payer: str
    """The payer's identifier."""
    payer_name: str | None = None
    """The payer's name."""
    provider: ClaimProvider | None = None
    """Who asked."""
    subscriber: Insured | None = None
    """Who is insured, as the payer knows the person."""
    patient: Insured | None = None
    """Who is to be cared for, where that is somebody else."""
    relationship: str | None = None
    """What the patient is to the insured person (X12 element 1069)."""
    group: str | None = None
    """The group's or policy's number."""
    plan: Code | None = None
    """The plan."""
    effective_from: Protected[Moment | None] = None
    """First day of the cover."""
    effective_to: Protected[Moment | None] = None
    """Last day of the cover."""
    currency: Currency | None = None
    """Currency of all amounts."""
    benefits: tuple[BenefitAnswer, ...] = ()
    """What is covered, and what the patient has to pay."""
    refusals: tuple[RefusedQuestion, ...] = ()
    """Why it was not answered."""
