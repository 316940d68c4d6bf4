"""What was agreed with a supplier."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from engine.canonical import Currency, Entity, Moment

VERSION = 1


class ContractTier(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A step of the agreement: who buys that much gets its prices."""

    code: str
    """The tier's code."""
    system: str | None = None
    """Who gave the code."""
    from_amount: Decimal | None = None
    """Purchases from which it holds, in the contract's currency."""


class Contract(Entity, frozen=True, kw_only=True, tag=f"Contract/{VERSION}"):
    """A contract with a supplier; its prices are entities of their own."""

    number: str
    """Its number."""
    supplier: str
    """The supplier's number."""
    name: str | None = None
    """What people call it."""
    kind: Literal["local", "group", "national", "consignment", "service"] = "local"
    """Who made it: the hospital itself, its group, a purchasing organisation; or what it is for."""
    status: Literal["draft", "active", "expired", "cancelled"] = "active"
    """Whether its prices hold."""
    effective_from: Moment
    """First day."""
    effective_to: Moment | None = None
    """Last day; empty where it is open."""
    currency: Currency | None = None
    """Currency of its prices."""
    tier: ContractTier | None = None
    """The tier that we are on."""
    facilities: tuple[str, ...] = ()
    """The facilities that may buy on it; empty means all."""
    payment_terms: str | None = None
    """When is paid, by the code of the terms."""
