"""Payments: remittances (835, 005010X221 1.10.2) and premiums (820, 005010X218)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from engine.edi.loop import Loop
from engine.formats.x12.totals import ADJUSTED, Off, Totals, Unreadable, amount, sum_of

#: Elements of a PLB that hold amounts.
_PROVIDER = (4, 6, 8, 10, 12, 14)

PAYMENT = "the payment is not the sum of its claims less the provider adjustments"
CLAIM = "the claim's payment is not its charge less its adjustments"
SERVICES = "the claim's charge is not the sum of its services"
SERVICE = "the service's payment is not its charge less its adjustments"
LINE = "what is paid of the line is not what was billed and its adjustments"
PREMIUM = "the payment is not the sum of its lines and adjustments"


def remittance(totals: Totals) -> Iterator[Off]:
    """BPR02 = CLP04 - PLB; in a claim CLP04 = CLP03 - CAS; in a service SVC03 = SVC02 - CAS; CLP03 = SVC02."""
    claims = totals.loops("2100")
    if payment := totals.first("BPR"):
        try:
            paid = sum_of([claim.segment for claim in claims], [4])
            adjusted = sum_of(totals.segments("PLB"), _PROVIDER)
            if amount(payment, 2) != paid - adjusted:
                yield Off(payment, 2, PAYMENT)
        except Unreadable:
            pass
    for claim in claims:
        yield from _claim(totals, claim)


def _claim(totals: Totals, claim: Loop) -> Iterator[Off]:
    services = [child for child in claim.children if child.name == "2110"]
    for service in services:
        yield from _service(totals, service)
    clp = claim.segment
    try:
        charge, paid = amount(clp, 3), amount(clp, 4)
        adjusted = sum(
            (sum_of(totals.own(loop, "CAS"), ADJUSTED) for loop in (claim, *services)),
            Decimal(0),
        )
        if charge - adjusted != paid:
            yield Off(clp, 4, CLAIM)
        if services and sum_of([one.segment for one in services], [2]) != charge:
            yield Off(clp, 3, SERVICES)
    except Unreadable:
        return


def _service(totals: Totals, service: Loop) -> Iterator[Off]:
    svc = service.segment
    try:
        if amount(svc, 2) - sum_of(totals.own(service, "CAS"), ADJUSTED) != amount(svc, 3):
            yield Off(svc, 3, SERVICE)
    except Unreadable:
        return


def premiums(totals: Totals) -> Iterator[Off]:
    """
    BPR02 = RMR04 + ADX01. An ADX behind a line that says what was billed (RMR05) only explains the difference to what is paid:
    there RMR04 = RMR05 + ADX01. Those of earlier payments (2200A, 2200B) stand behind no line and always count.
    """
    yield from _premium_lines(totals)
    payment, lines = totals.first("BPR"), list(totals.segments("RMR"))
    if payment is None or not lines:
        return
    loops = totals.document.loops
    try:
        paid = sum((amount(line, 4) for line in lines), Decimal(0))
        for adjustment in totals.segments("ADX"):
            line = loops.of(adjustment).find("RMR")
            if not line or not line[0].element(5):
                paid += amount(adjustment, 1)
        if amount(payment, 2) != paid:
            yield Off(payment, 2, PREMIUM)
    except Unreadable:
        return


def _premium_lines(totals: Totals) -> Iterator[Off]:
    for loop in (*totals.loops("2300A"), *totals.loops("2300B")):
        line, explained = loop.segment, loop.within("ADX")
        try:
            if line.element(5) and explained:
                billed = amount(line, 5) + sum_of(explained, [1])
                if billed != amount(line, 4):
                    yield Off(line, 4, LINE)
        except Unreadable:
            continue
