"""Money that was paid or came in."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from engine.canonical import Currency, Entity, Inconsistent, Moment, Protected

VERSION = 1


class PaidDocument(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What a part of a payment is for."""

    kind: Literal["claim", "invoice", "credit", "premium", "unallocated"]
    """A claim, an invoice, a credit or a premium; or not known yet."""
    number: Protected[str | None] = None
    """Its number."""
    amount: Decimal
    """How much of the payment; negative where it lessens it."""
    discount: Decimal | None = None
    """What was taken off for paying early."""


class PaymentAdjustment(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What changes a payment and belongs to none of its documents."""

    reason: str
    """Why (X12 element 426): `WO` recovers an overpayment, `FB` is a balance brought forward, `L6` interest."""
    reference: Protected[str | None] = None
    """What it refers to: a claim, an earlier payment."""
    amount: Decimal
    """How much it changes the payment; negative lessens it."""


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
    """The whole of it: its documents and its adjustments."""
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
    adjustments: tuple[PaymentAdjustment, ...] = ()
    """What changes it and belongs to no document."""

    def __post_init__(self) -> None:
        """Raises Inconsistent where documents and adjustments, where there are any, do not make the amount."""
        super().__post_init__()
        parts: list[PaidDocument | PaymentAdjustment] = [*self.documents, *self.adjustments]
        if parts and sum((part.amount for part in parts), Decimal()) != self.amount:
            rule = "documents and adjustments do not make the amount"
            raise Inconsistent("unbalanced", rule, "amount")
