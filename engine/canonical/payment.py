"""Money that was paid or came in."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from engine.canonical import Currency, Entity, Moment, Protected

VERSION = 1


class PaidDocument(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What a part of a payment is for."""

    kind: Literal["claim", "invoice", "credit", "adjustment", "unallocated"]
    """A claim, an invoice or a credit; something that belongs to none; or not known yet."""
    number: Protected[str | None] = None
    """Its number."""
    reason: str | None = None
    """Why, of an adjustment: `WO` recovers an overpayment, `FB` is a balance forwarded, `L6` interest (X12 element 426)."""
    amount: Decimal
    """How much of the payment; negative where it lessens it."""
    discount: Decimal | None = None
    """What was taken off for paying early."""


class Payment(Entity, frozen=True, kw_only=True, tag=f"Payment/{VERSION}"):
    """A payment, and what it is for."""

    number: str
    """The number of the cheque or of the transfer."""
    direction: Literal["incoming", "outgoing"]
    """Whether it comes in or goes out."""
    method: Literal["transfer", "cheque", "card", "wire", "none", "other"]
    """How it is paid; `none` where nothing is."""
    status: Literal["announced", "released", "cleared", "cancelled", "returned"] = "announced"
    """How far it has come."""
    paid_on: Moment
    """The day it counts for."""
    amount: Decimal
    """The whole of it: the sum of what it is for."""
    currency: Currency
    """Its currency."""
    payer: str
    """The identifier of who pays."""
    payer_name: str | None = None
    """The name of who pays."""
    payee: str
    """The identifier of who is paid."""
    payee_name: str | None = None
    """The name of who is paid."""
    account: str | None = None
    """The account of the chart of accounts that the bank's movements are posted to."""
    documents: tuple[PaidDocument, ...] = ()
    """What it is for."""
