"""Somebody we buy from."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.canonical import Address, Currency, Entity, Moment

VERSION = 1


class SupplierIdentifier(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A number under which somebody else knows the supplier."""

    value: str
    """The number."""
    system: str
    """Who gave it: `duns`, `gln`, `hin`, `lei`, or the name of a trading network."""


class SupplierContact(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A person or desk at the supplier."""

    role: Literal["orders", "sales", "service", "accounts", "recalls"]
    """What to ask there."""
    name: str | None = None
    """Name."""
    phone: str | None = None
    """Telephone."""
    email: str | None = None
    """Electronic mail."""


class SupplierSite(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A place of the supplier, for what it is used."""

    code: str
    """The site's code."""
    system: str | None = None
    """Who gave the code."""
    purposes: tuple[Literal["order", "remit", "ship", "return"], ...] = ()
    """Orders go there, payments go there, goods come from there, goods go back there."""
    address: Address | None = None
    """Where it is."""


class Supplier(Entity, frozen=True, kw_only=True, tag=f"Supplier/{VERSION}"):
    """A supplier of the supplier master."""

    number: str
    """The buyer's number for it."""
    name: str
    """The name it trades under."""
    legal_name: str | None = None
    """The name it is registered under."""
    status: Literal["pending", "active", "blocked", "inactive", "merged"] = "active"
    """Whether it may be ordered from: `pending` waits for approval; `merged` is another one now."""
    replaced_by: str | None = None
    """The number of the supplier it was merged into."""
    tax_id: str | None = None
    """Its tax number."""
    identifiers: tuple[SupplierIdentifier, ...] = ()
    """Numbers that others know it by."""
    category: Literal["distributor", "manufacturer", "service", "other"] | None = None
    """What sort of supplier it is."""
    currency: Currency | None = None
    """The currency it invoices in."""
    payment_terms: str | None = None
    """When it is paid, by the code of the terms."""
    sites: tuple[SupplierSite, ...] = ()
    """Its places."""
    contacts: tuple[SupplierContact, ...] = ()
    """Whom to ask."""
    effective_from: Moment | None = None
    """When this description of it begins to hold."""
