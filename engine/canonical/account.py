"""A line of the chart of accounts."""

from __future__ import annotations

from typing import Literal

from engine.canonical import Currency, Entity, Moment

VERSION = 1


class Account(Entity, frozen=True, kw_only=True, tag=f"Account/{VERSION}"):
    """An account of the general ledger."""

    code: str
    """Its code."""
    system: str | None = None
    """The chart of accounts it stands in."""
    name: str
    """What it is called."""
    kind: Literal["asset", "liability", "equity", "revenue", "expense"]
    """Which side of the books it is on."""
    part_of: str | None = None
    """Code of the account that sums it up."""
    takes_postings: bool = True
    """Whether it may be posted to; one that only sums up others may not."""
    needs_cost_centre: bool = False
    """Whether a posting must name a cost centre."""
    currency: Currency | None = None
    """The only currency it is kept in, where there is one."""
    status: Literal["open", "closed"] = "open"
    """Whether it may be posted to at present."""
    effective_from: Moment | None = None
    """First day on which it may be posted to."""
    effective_to: Moment | None = None
    """Last day on which it may be posted to."""
