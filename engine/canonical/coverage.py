"""Insurance: who is covered, by whom, from when to when."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.canonical import Code, Entity, Moment, Protected
from engine.canonical.claim import Insured

VERSION = 1


class Benefit(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A part of what is covered, with days of its own."""

    kind: str
    """What sort of insurance (X12 element 1205): `HLT` health, `DEN` dental, `VIS` vision."""
    plan: str | None = None
    """The plan's name or number."""
    covers: str | None = None
    """Whom it covers (X12 element 1207): `EMP` the employee, `FAM` the family."""
    action: Literal["new", "changed", "ended", "reinstated", "audit"] = "new"
    """What happens to it."""
    effective_from: Protected[Moment | None] = None
    """First day."""
    effective_to: Protected[Moment | None] = None
    """Last day."""


class Coverage(Entity, frozen=True, kw_only=True, tag=f"Coverage/{VERSION}"):
    """One person's cover by one payer."""

    action: Literal["new", "changed", "ended", "reinstated", "audit"] = "new"
    """What happens to it."""
    reason: str | None = None
    """Why (X12 element 1203)."""
    payer: str
    """The payer's identifier."""
    payer_name: str | None = None
    """The payer's name."""
    sponsor: str | None = None
    """Who pays for the insurance: the employer's identifier."""
    sponsor_name: str | None = None
    """Its name."""
    group: str | None = None
    """The group's or policy's number."""
    rank: int | None = None
    """1 pays first."""
    plan: Code | None = None
    """The plan, where there is one."""
    member: Insured
    """Who is covered."""
    subscriber_id: Protected[str | None] = None
    """The number of the insured person whom the member belongs to."""
    relationship: str | None = None
    """What the member is to the insured person (X12 element 1069): `18` the same, `01` spouse, `19` child."""
    effective_from: Protected[Moment | None] = None
    """First day of the cover."""
    effective_to: Protected[Moment | None] = None
    """Last day of the cover."""
    benefits: tuple[Benefit, ...] = ()
    """What is covered."""
