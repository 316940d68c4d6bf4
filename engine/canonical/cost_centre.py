"""A part of the organisation that costs are charged to."""

from __future__ import annotations

from typing import Literal

from engine.canonical import Entity, Moment

VERSION = 1


class CostCentre(Entity, frozen=True, kw_only=True, tag=f"CostCentre/{VERSION}"):
    """A cost centre: whose it is, and from when to when costs may be charged to it."""

    code: str
    """Its code."""
    system: str | None = None
    """Who gave the code."""
    name: str
    """What people call it."""
    status: Literal["open", "closed"] = "open"
    """Whether anything may still be charged to it."""
    part_of: str | None = None
    """Code of the cost centre or company above it."""
    department: str | None = None
    """The department whose costs they are."""
    account: str | None = None
    """The account of the chart of accounts that its costs are posted to, where nothing else is said."""
    responsible: str | None = None
    """Who answers for it."""
    effective_from: Moment | None = None
    """First day on which it may be charged."""
    effective_to: Moment | None = None
    """Last day on which it may be charged."""
