"""
Whether the totals of an interchange are those of what they add up: payments, claims, invoices, orders. And the check digits of
providers' numbers, which no guide asks for (its own examples break it), and every payer does.

Amounts are added as they are written, exactly, reversals and negative adjustments with their signs. What cannot be read as a
number, or is not there where a sum needs it, leaves its sum unchecked: that an element lacks or is none is what check.py says.
No fault holds an amount.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator

from engine.edi.document import Document
from engine.edi.forms import is_npi
from engine.edi.loop import Loop
from engine.edi.maps import Guide
from engine.formats.x12 import balance_claim, balance_order, balance_payment
from engine.formats.x12.faults import Fault
from engine.formats.x12.totals import Off, Totals

NUMBER = "the check digit of the provider's number is wrong"
#: Where the qualifier of a party's number stands.
_QUALIFIED = {"NM1": 8, "N1": 3}
_RULES: dict[str, tuple[Callable[[Totals], Iterator[Off]], ...]] = {
    "835": (balance_payment.remittance,),
    "820": (balance_payment.premiums,),
    "837": (balance_claim.claims,),
    "810": (balance_order.invoice, balance_order.hash_total),
    "850": (balance_order.hash_total,),
    "855": (balance_order.hash_total,),
    "856": (balance_order.hash_total,),
    "860": (balance_order.hash_total,),
    "865": (balance_order.hash_total,),
}


#: Loops, and segments that begin them, of which a set adds up several: payments, premiums, lines of claims, orders and invoices.
_ADDED = frozenset(
    [
        "2000",
        "LX",
        "2100",
        "CLP",
        "2110",
        "SVC",
        "2300A",
        "2300B",
        "RMR",
        "2400",
        "PO1",
        "POC",
        "IT1",
    ]
)


def parted_totals(by: str) -> str:
    """What is wrong with checking totals part by part where parts are split off by this loop; empty where nothing is."""
    if by not in _ADDED:
        return ""
    return f"a set's totals are of all its {by} together, and each part has one; the totals of every part would be wrong"


def balance(document: Document) -> Iterator[Fault]:
    """What does not add up, set by set, in the order of the interchange. Level `balance`, without a code of its own."""
    loops = document.loops
    groups = [segment.position for segment in document.index.get("GS", ())]
    before: dict[int, int] = {}
    for set_, guide in zip(loops.sets, loops.guides, strict=True):
        group = max(bisect_right(groups, set_.start) - 1, 0)
        number = before.get(group, 0)
        before[group] = number + 1
        if guide is not None:
            yield from _faults(document, set_, guide, group, number)


def _faults(
    document: Document, set_: Loop, guide: Guide, group: int, number: int
) -> Iterator[Fault]:
    totals = Totals(document, set_)
    rules = (*_RULES.get(guide.head.set, ()), balance_order.line_count, _providers)
    for rule in rules:
        for off in rule(totals):
            home = document.loops.home[off.segment.position]
            yield Fault(
                level="balance",
                code="",
                words=off.words,
                group=group,
                set=number,
                name=off.segment.name,
                position=off.segment.position - set_.start + 1,
                loop=str(home) if home is not None and home is not set_ else "",
                element=off.element,
            )


def _providers(totals: Totals) -> Iterator[Off]:
    """Where the qualifier XX says that a number is a national provider number."""
    for name, qualifier in _QUALIFIED.items():
        for segment in totals.segments(name):
            if segment.element(qualifier) == "XX" and not is_npi(
                segment.element(qualifier + 1)
            ):
                yield Off(segment, qualifier + 1, NUMBER)
