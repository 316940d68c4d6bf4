"""Payments of other people's test data, against the tables that their authors made of them."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine import mapping
from engine.formats import Reading, x12
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "../shared/fixtures/edi-835-parser/tests"

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="../shared/fixtures is absent")


def services(name: str) -> list[tuple[Any, Any, Any]]:
    """Payment, claim and service, one after the other."""
    loaded = mapping.load("x12_835_to_remittance", ROOT, Mistakes())
    assert loaded is not None
    raw = (FOLDER / f"test_edi_835_files/{name}.txt").read_bytes()
    facts = Facts(inbound=Inbound(raw=raw, received_at=0.0), context=Context(now=0.0))
    made: list[Any] = [one.entity for one in loaded.apply(x12.parse(raw, Reading()), facts)]
    return [
        (one, claim, service)
        for one in made
        for claim in one.claims
        for service in claim.services
    ]


@pytest.mark.parametrize("name", ["emedny_sample", "united_healthcare_legacy_sample"])
def test_every_service_is_what_the_table_says(name: str) -> None:
    with (FOLDER / f"output/{name}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = services(name)
    assert len(found) == len(rows)
    for row, (payment, claim, service) in zip(rows, found, strict=True):
        assert (row["marker"], row["payer"]) == (claim.number, payment.payer_name)
        assert row["code"] == service.procedure.code
        assert row["modifier"] == (service.modifiers[0] if service.modifiers else "")
        assert Decimal(row["charge_amount"]) == service.charged
        assert Decimal(row["paid_amount"]) == service.paid
        first = service.adjustments[0] if service.adjustments else None
        said = (row["adj_0_group"], row["adj_0_code"])
        assert said == ((first.group, first.reason) if first else ("", ""))
