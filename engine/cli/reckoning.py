"""What must come out even in the demo: every order and every claim, at each station of its way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from engine.cli.hospital import Hospital


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """One place on the way, and how many have come by."""

    says: str
    count: int
    of: str = "orders"
    """What is counted: stations that count the same must come out even."""


class Reckoning:
    """Counts at the hospital, in the store and at the simulated partners, by stations."""

    def __init__(self, hospital: Hospital, home: Path) -> None:
        self._hospital, self._home = hospital, home

    def stations(self, partners: Mapping[str, Mapping[str, Any]]) -> list[Station]:
        """All stations as they stand; `partners` is what the partners say of themselves."""
        from engine.cli.selection import open_archive

        found = open_archive(self._home).counts()
        said = {(one["channel"], one["destination"]): one["acknowledged"] for one in found}
        delivered = {one["channel"]: one["states"].get("delivered", 0) for one in found}
        return [
            *self._supply(partners, said),
            *self._claims(partners, said),
            *self._fhir(partners, delivered),
        ]

    def _supply(
        self, partners: Mapping[str, Mapping[str, Any]], said: Mapping[tuple[str, str], Any]
    ) -> Iterator[Station]:
        took, sent = partners["supplier"]["took"], partners["supplier"]["sent"]
        erp, inventory = partners["erp"]["paths"], partners["inventory"]["paths"]
        yield _station("posted by the ERP", self._hospital.orders, "orders")
        yield _station("at inventory", inventory.get("/orders"), "orders")
        yield _station("850 at the supplier", took.get("850"), "orders")
        confirmed = said.get(("purchase_orders", "supplier"), {})
        yield _station("confirmed by 997", confirmed.get("accepted"), "orders")
        yield _station("answered by 855", sent.get("855"), "orders")
        yield _station("answers at the ERP", erp.get("/orders/answers"), "orders")
        yield _station("orders in stock", took.get("shipping"), "shipments")
        yield _station("856 left by the supplier", sent.get("856"), "shipments")
        yield _station("at the ERP", erp.get("/orders/shipments"), "shipments")
        yield _station("at inventory", inventory.get("/shipments"), "shipments")
        yield _station("orders in stock", took.get("shipping"), "invoices")
        yield _station("810 left by the supplier", sent.get("810"), "invoices")
        yield _station("at the ERP", erp.get("/invoices"), "invoices")
        theirs = sum(sent.get(kind, 0) for kind in ("855", "856", "810"))
        yield _station("855, 856 and 810 left", theirs, "documents of the supplier")
        yield _station("accepted by our 997", took.get("997 A"), "documents of the supplier")

    def _claims(
        self, partners: Mapping[str, Mapping[str, Any]], said: Mapping[tuple[str, str], Any]
    ) -> Iterator[Station]:
        took, sent = partners["payer"]["took"], partners["payer"]["sent"]
        erp, billing = partners["erp"]["paths"], partners["billing"]["paths"]
        mine = [one for (channel, _), one in said.items() if channel == "charges_to_claims"]
        accepted = sum(one.get("accepted", 0) for one in mine)
        rejected = sum(one.get("claims rejected", 0) for one in mine)
        yield _station("patients charged", self._hospital.patients, "claims")
        yield _station("837 at the payer", took.get("837"), "claims")
        yield _station("acknowledged by 999", sent.get("999"), "claims")
        yield _station("confirmed here", accepted, "claims")
        yield _station("277CA at billing", billing.get("/claims/answers"), "claims")
        away = took.get("turned_away", 0)
        yield _station("not let in by the payer", away, "rejected claims")
        yield _station("known as rejected here", rejected, "rejected claims")
        decided = took.get("paid", 0) + took.get("denied", 0)
        yield _station("paid or denied by the payer", decided, "decided claims")
        yield _station("at billing", billing.get("/remittances"), "decided claims")
        yield _station("835 left by the payer", sent.get("835"), "payments")
        yield _station("at the ERP", erp.get("/payments"), "payments")

    def _fhir(
        self, partners: Mapping[str, Mapping[str, Any]], delivered: Mapping[str, int]
    ) -> Iterator[Station]:
        hospital = self._hospital
        if hospital.has("charges_to_fhir"):
            sent = (delivered.get(name, 0) for name in ("adt_to_fhir", "charges_to_fhir"))
            yield _station("delivered in FHIR", sum(sent), "transactions")
            took = partners["ehr"]["unique"]
            yield _station("transactions at the repository", took, "transactions")
        if hospital.has("patient_query"):
            took = partners["index"]["took"]
            yield _station("searches in FHIR answered", hospital.searches, "searches")
            yield _station("queries at the index", took.get("queries"), "searches")
        if hospital.has("coverage_questions"):
            took = partners["eligibility"]["took"]
            yield _station("questions in FHIR answered", hospital.questions, "cover")
            yield _station("270 at the payer", took.get("270"), "cover")
        if hospital.has("fhir_orders_to_lab"):
            yield _station("ordered in FHIR", hospital.tests, "tests")
            yield _station("OML at the laboratory", partners["lab"]["unique"], "tests")


def _station(says: str, count: int | None, of: str) -> Station:
    return Station(says=says, count=count or 0, of=of)


def uneven(stations: list[Station]) -> list[str]:
    """What does not come out even, in words."""
    wrong = []
    for of in dict.fromkeys(one.of for one in stations):
        alike = [one for one in stations if one.of == of]
        if len({one.count for one in alike}) > 1:
            wrong.append(f"{of}: " + ", ".join(f"{one.count} {one.says}" for one in alike))
    return wrong


def summary(stations: list[Station]) -> list[str]:
    """
    A line for each thing that is counted.

    >>> summary([Station(says="850s sent", count=2), Station(says="997s came", count=2)])
    ['orders: 2 850s sent = 2 997s came']
    """
    return [
        f"{of}: " + " = ".join(f"{one.count} {one.says}" for one in stations if one.of == of)
        for of in dict.fromkeys(one.of for one in stations)
    ]


def news(before: list[Station], now: list[Station]) -> list[str]:
    """
    What has moved since, a line for each station.

    >>> news([Station(says="850s sent", count=2)], [Station(says="850s sent", count=5)])
    ['orders: 5 850s sent (+3)']
    """
    known = {(one.of, one.says): one.count for one in before}
    moved = [(one, one.count - known.get((one.of, one.says), 0)) for one in now]
    return [f"{one.of}: {one.count} {one.says} (+{more})" for one, more in moved if more > 0]
