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
        return [*self._supply(partners, said), *self._claims(partners, said)]

    def _supply(
        self, partners: Mapping[str, Mapping[str, Any]], said: Mapping[tuple[str, str], Any]
    ) -> Iterator[Station]:
        took, sent = partners["supplier"]["took"], partners["supplier"]["sent"]
        erp, inventory = partners["erp"]["paths"], partners["inventory"]["paths"]
        yield _station("orders posted by the ERP", self._hospital.orders, "orders")
        yield _station("orders at inventory", inventory.get("/orders"), "orders")
        yield _station("850 at the supplier", took.get("850"), "orders")
        confirmed = said.get(("purchase_orders", "supplier"), {})
        yield _station("confirmed by 997", confirmed.get("accepted"), "orders")
        yield _station("855 of the supplier", sent.get("855"), "orders")
        yield _station("order answers at the ERP", erp.get("/orders/answers"), "orders")
        yield _station("856 of the supplier", sent.get("856"), "shipments")
        yield _station("shipments at the ERP", erp.get("/orders/shipments"), "shipments")
        yield _station("shipments at inventory", inventory.get("/shipments"), "shipments")
        yield _station("810 of the supplier", sent.get("810"), "invoices")
        yield _station("invoices at the ERP", erp.get("/invoices"), "invoices")
        theirs = sum(sent.get(kind, 0) for kind in ("855", "856", "810"))
        yield _station("sets of the supplier", theirs, "their sets")
        yield _station("accepted by our 997", took.get("997 A"), "their sets")

    def _claims(
        self, partners: Mapping[str, Mapping[str, Any]], said: Mapping[tuple[str, str], Any]
    ) -> Iterator[Station]:
        took, sent = partners["payer"]["took"], partners["payer"]["sent"]
        erp, billing = partners["erp"]["paths"], partners["billing"]["paths"]
        yield _station("patients charged", self._hospital.patients, "claims")
        yield _station("837 at the payer", took.get("837"), "claims")
        yield _station("acknowledged by 999", sent.get("999"), "claims")
        yield _station("277CA at billing", billing.get("/claims/answers"), "claims")
        outcomes = [
            outcome
            for (channel, _), one in said.items()
            if channel == "charges_to_claims"
            for outcome in one.items()
        ]
        rejected = sum(count for outcome, count in outcomes if outcome == "rejected")
        accepted = sum(count for outcome, count in outcomes if outcome == "accepted")
        away = took.get("turned_away", 0)
        yield _station("claims turned away by the payer", away, "rejections")
        yield _station("claims rejected here", rejected, "rejections")
        decided = took.get("paid", 0) + took.get("denied", 0)
        yield _station("claims decided by the payer", decided, "decisions")
        yield _station("claims confirmed here", accepted, "decisions")
        yield _station("decisions at billing", billing.get("/remittances"), "decisions")
        yield _station("835 of the payer", sent.get("835"), "payments")
        yield _station("payments at the ERP", erp.get("/payments"), "payments")


def _station(says: str, count: int | None, of: str) -> Station:
    return Station(says=says, count=count or 0, of=of)


def uneven(stations: list[Station]) -> list[str]:
    """What does not come out even, in words."""
    wrong = []
    for of in dict.fromkeys(one.of for one in stations):
        alike = [one for one in stations if one.of == of]
        if len({one.count for one in alike}) > 1:
            wrong.append(", ".join(f"{one.says} {one.count}" for one in alike))
    return wrong


def summary(stations: list[Station]) -> list[str]:
    """
    A line for each thing that is counted.

    >>> summary([Station(says="850 sent", count=2), Station(says="997 came", count=2)])
    ['orders: 850 sent 2 = 997 came 2']
    """
    return [
        f"{of}: " + " = ".join(f"{one.says} {one.count}" for one in stations if one.of == of)
        for of in dict.fromkeys(one.of for one in stations)
    ]


def news(before: list[Station], now: list[Station]) -> list[str]:
    """
    What has moved since, a line for each station.

    >>> news([Station(says="850 sent", count=2)], [Station(says="850 sent", count=5)])
    ['850 sent: 3 more, 5 in all']
    """
    known = {one.says: one.count for one in before}
    return [
        f"{one.says}: {one.count - known.get(one.says, 0)} more, {one.count} in all"
        for one in now
        if one.count > known.get(one.says, 0)
    ]
