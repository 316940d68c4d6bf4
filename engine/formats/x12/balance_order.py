"""Orders and invoices: counts and hash totals (CTT), and the total of an invoice (TDS)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from engine.edi.document import Segment
from engine.formats.x12.totals import Off, Totals, Unreadable, amount

_CENT, _ZERO = Decimal("0.01"), Decimal(0)
#: Which quantities CTT02 adds up, by transaction set.
_HASHED = {
    "810": ("IT1", 2),
    "850": ("PO1", 2),
    "855": ("PO1", 2),
    "856": ("SN1", 2),
    "860": ("POC", 3),
    "865": ("POC", 3),
}
#: Most digits of a hash total (element 347).
_DIGITS = 10
#: How many units a price is for (element 639).
_PRICED = {"HP": Decimal(100), "TP": Decimal(1000), "HT": Decimal(100)}
#: Handling of an allowance (element 331) that is not part of the invoice: billed back, by check, paid by the vendor, to be issued,
#: for information.
_ASIDE = frozenset(["01", "03", "05", "09", "15"])
#: A tax that is in the price already, or only told (element 662).
_TOLD = frozenset(["I", "O"])

COUNT = "the number of lines is not that of the set"
HASH = "the hash total is not that of the quantities"
INVOICE = "the total is not the sum of lines, allowances, charges and taxes"


def line_count(totals: Totals) -> Iterator[Off]:
    """What the map says an element counts: CTT01 the lines."""
    guide = totals.guide
    for place, counted in guide.head.counts.items() if guide is not None else ():
        element = int(place[-2:])
        for total in totals.segments(place[:-2]):
            said = total.element(element).strip()
            if said.isdigit() and int(said) != sum(1 for _ in totals.segments(counted)):
                yield Off(total, element, COUNT)


def hash_total(totals: Totals) -> Iterator[Off]:
    """
    CTT02 adds up the quantities without regard to decimal points and signs, its leftmost digits cut off (element 347); most
    senders add up the quantities themselves, which is as good.
    """
    name, element = _HASHED[totals.document.segments[totals.set.start].element(1).strip()]
    total = totals.first("CTT")
    if total is None or not total.element(2):
        return
    quantities = [line.element(element) for line in totals.segments(name)]
    try:
        said = amount(total, 2)
        added = sum((amount(line, element, "0") for line in totals.segments(name)), Decimal(0))
    except Unreadable:
        return
    digits = sum(int("".join(filter(str.isdigit, text)) or "0") for text in quantities)
    if said not in (added, digits, digits % 10**_DIGITS):
        yield Off(total, 2, HASH)


def invoice(totals: Totals) -> Iterator[Off]:
    """
    TDS01 (two implied decimals) = IT102 x IT104 + SAC05 of charges - SAC05 of allowances + TXI02.

    What stands behind TDS sums up what stands in the lines, with some senders, and adds to it with others; tax stands in SAC or
    in TXI. The total is good if one of these readings gives it.
    """
    total = totals.first("TDS")
    if total is None:
        return
    try:
        said = amount(total, 1) / 100
        lines = [_extended(line) for line in totals.segments("IT1")]
        sacs = _readings(total, [(one, _allowance(one)) for one in totals.segments("SAC")])
        taxes = _readings(total, [(one, _tax(one)) for one in totals.segments("TXI")])
    except Unreadable:
        return
    exact, rounded = _cents(sum(lines, _ZERO)), sum(map(_cents, lines), _ZERO)
    besides = {sac + tax for sac in sacs for tax in (*taxes, _ZERO)}
    if said not in {goods + each for goods in (exact, rounded) for each in besides}:
        yield Off(total, 1, INVOICE)


def _readings(total: Segment, found: list[tuple[Segment, Decimal]]) -> set[Decimal]:
    """The sum of amounts in the lines, of those behind the total, and of both; nothing only where there are none."""
    before = [value for segment, value in found if segment.position < total.position]
    behind = [value for segment, value in found if segment.position > total.position]
    sums = [sum(each, _ZERO) for each in (before, behind) if each]
    return {*sums, sum(sums, _ZERO)}


def _cents(value: Decimal) -> Decimal:
    return value.quantize(_CENT, ROUND_HALF_UP)


def _extended(line: Segment) -> Decimal:
    return amount(line, 2) * amount(line, 4) / _PRICED.get(line.element(5), Decimal(1))


def _allowance(segment: Segment) -> Decimal:
    kind = segment.element(1)
    if kind not in ("A", "C") or segment.element(12) in _ASIDE:
        return _ZERO
    value = amount(segment, 5) / 100
    return value if kind == "C" else -value


def _tax(segment: Segment) -> Decimal:
    if segment.element(7) in _TOLD:
        return _ZERO
    return amount(segment, 2)
