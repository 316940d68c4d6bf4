"""What is posted to the general ledger."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from engine.canonical import Currency, Entity, Inconsistent, Moment

VERSION = 1


class JournalLine(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """An amount on one side of an account."""

    number: int
    """The line's number, from 1."""
    side: Literal["debit", "credit"]
    """The side of the account."""
    account: str
    """The account of the chart of accounts."""
    amount: Decimal
    """The amount, never negative: what is taken back stands on the other side."""
    cost_centre: str | None = None
    """The cost centre."""
    department: str | None = None
    """The department."""
    document: str | None = None
    """What this line is for."""
    text: str | None = None
    """What people should read."""


class JournalEntry(Entity, frozen=True, kw_only=True, tag=f"JournalEntry/{VERSION}"):
    """A journal entry: debits equal credits, or it is none."""

    number: str
    """Its number."""
    posted_on: Moment
    """The day it counts for."""
    kind: Literal["standard", "reversal", "accrual", "adjustment"] = "standard"
    """What sort of entry it is."""
    reverses: str | None = None
    """The number of the entry that it takes back."""
    ledger: str | None = None
    """The ledger or company."""
    currency: Currency
    """Currency of all amounts."""
    document: str | None = None
    """What it is for: a payment, an invoice, a receipt."""
    text: str | None = None
    """What people should read."""
    lines: tuple[JournalLine, ...]
    """The postings, two at least."""

    def __post_init__(self) -> None:
        """Raises Inconsistent where a line is negative, there are fewer than two, or debits are not credits."""
        super().__post_init__()
        if len(self.lines) < 2:
            raise Inconsistent("unbalanced", "a journal entry has at least two lines", "lines")
        if any(line.amount < 0 for line in self.lines):
            rule = "an amount is never negative; what is taken back stands on the other side"
            raise Inconsistent("negative_amount", rule, "lines")
        if self.side("debit") != self.side("credit"):
            raise Inconsistent("unbalanced", "debits are not credits", "lines")

    def side(self, side: Literal["debit", "credit"]) -> Decimal:
        """The sum of one side."""
        return sum((line.amount for line in self.lines if line.side == side), Decimal())
