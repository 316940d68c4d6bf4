"""Claims: the charge of a claim is that of its lines (837, 005010X222 1.4.4)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from engine.edi.document import Segment
from engine.edi.loop import Loop
from engine.formats.x12.totals import Off, Totals, Unreadable, amount

#: Where the charge of a line stands.
_CHARGES = {"SV1": 2, "SV2": 3, "SV3": 2}

CHARGES = "the claim's charge is not the sum of its lines"


def claims(totals: Totals) -> Iterator[Off]:
    """CLM02 = SV102, SV203 or SV302 of its lines."""
    for claim in totals.loops("2300"):
        lines = [line for loop in claim.children if (line := _line(totals, loop)) is not None]
        try:
            charges = [amount(line, _CHARGES[line.name]) for line in lines]
            if charges and amount(claim.segment, 2) != sum(charges, Decimal(0)):
                yield Off(claim.segment, 2, CHARGES)
        except Unreadable:
            continue


def _line(totals: Totals, loop: Loop) -> Segment | None:
    if loop.name != "2400":
        return None
    return next((one for name in _CHARGES for one in totals.own(loop, name)), None)
