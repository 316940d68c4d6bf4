"""One charge, two partners: a DFT^P03 as a ChargeItem of FHIR and as a line of an 837P, with the same amounts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from engine import canonical, formats, mapping
from engine.fhir import checking
from engine.formats import Reading
from engine.grouping import listed
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes
from tests.packs.conversion import (
    NOW,
    ROOT,
    converted,
    given_tables,
)

RAW = (ROOT / "samples/hl7v2/dft_p03_stem.hl7").read_bytes()


class Registered:
    """What an earlier ADT said of the account."""

    def recall(self, name: str, key: str) -> dict[str, Any] | None:
        assert (name, key) in (("registration", "ACC8100"), ("payer_claim", "ACC8100"))
        if name == "payer_claim":
            return None
        return {
            "class": "O", "payer": "60054", "payer_name": "SAMPLE HEALTH PLAN", "rank": "1", "filing": "CI",
            "member": "W200300400", "insured_is": "18", "insured_family": "Testcase", "insured_given": "Maria",
            "insured_born_on": "19610704", "insured_sex": "female", "street": "7 Example Road", "city": "Springfield",
            "region": "IL", "postal_code": "62701", "doctor": "1999999984", "doctor_family": "Probe", "doctor_given": "Carla",
        }  # fmt: skip


def claim_of(charges: list[canonical.Entity]) -> bytes:
    """The claim of what waited in a group, as canonical JSON."""
    mistakes = Mistakes()
    memories = {"registration", "payer_claim"}
    collected = mapping.load("charge_events_to_claim", ROOT, mistakes, memories=memories)
    assert collected is not None, mistakes.found
    group = listed(canonical.load("ChargeEvent"))(
        key="ACC8100",
        count=len(charges),
        opened_at=datetime(2026, 3, 2, tzinfo=UTC),
        members=tuple(charges),
    )
    context = Context(now=NOW, id=7, lookups=given_tables(), memory=Registered())
    (made,) = collected.apply(
        group, Facts(inbound=Inbound(raw=b"", received_at=NOW), context=context)
    )
    assert made.entity is not None
    return canonical.encode(made.entity)


def test_the_amounts_of_a_charge_are_the_same_in_fhir_and_in_x12() -> None:
    (bundle,) = converted("hl7v2_dft_to_fhir", RAW)
    made = json.loads(bundle, parse_float=Decimal)
    assert not list(checking.findings(msgspec.json.decode(bundle)))
    (item,) = (
        each["resource"]
        for each in made["entry"]
        if each["resource"]["resourceType"] == "ChargeItem"
    )
    assert str(item["priceOverride"]["value"]) == "9800.50"  # the digits that FT1-11 has
    each_costs = item["extension"][0]["extension"][1]["valueMoney"]["value"]
    assert (str(each_costs), item["quantity"]["value"]) == ("4900.25", 2)

    charges = [
        canonical.decode("ChargeEvent", each)
        for each in converted("dft_p03_to_charge_event", RAW)
    ]
    (interchange,) = converted("claim_to_x12_837p", claim_of(charges))
    document: Any = formats.load("x12").parse(interchange, Reading())
    lines = [each.elements for each in document.segments if each.name in ("CLM", "SV1")]
    claim, line = ({at: value for at, value in enumerate(each)} for each in lines)
    assert Decimal(claim[2]) == Decimal(line[2]) == item["priceOverride"]["value"]
    assert Decimal(line[4]) == item["quantity"]["value"]


def test_a_charge_that_comes_again_is_the_same_charge_item() -> None:
    (first,), (again,) = (converted("hl7v2_dft_to_fhir", RAW) for _ in range(2))
    assert first == again
    (corrected,) = converted(
        "hl7v2_dft_to_fhir", RAW.replace(b"|C0031|", b"|C0032|").replace(b"LOT88", b"LOT89")
    )
    ids = [
        {
            each["resource"]["id"]
            for each in json.loads(made)["entry"]
            if each["resource"]["resourceType"] == "ChargeItem"
        }
        for made in (first, corrected)
    ]
    assert ids[0] == ids[1]


def test_no_charge_is_lost_where_numbers_are_not_their_own() -> None:
    """A sender that gives one number to all charges of a message: each is told by its place."""
    raw = (ROOT / "samples/hl7v2/dft_p03_supplies.hl7").read_bytes()
    same = raw.replace(b"TX100432", b"TX100431").replace(b"TX100433", b"TX100431")
    (bundle,) = converted("hl7v2_dft_to_fhir", same)
    prices = [
        str(each["resource"]["priceOverride"]["value"])
        for each in json.loads(bundle, parse_float=Decimal)["entry"]
        if each["resource"]["resourceType"] == "ChargeItem"
    ]
    assert prices == ["1250.00", "12.60", "4.20"]


def test_the_charge_items_of_a_message_are_read_as_its_charges() -> None:
    """What was charged and what was taken back, in HL7 v2 and behind FHIR."""
    raw = (ROOT / "samples/hl7v2/dft_p03_supplies.hl7").read_bytes()
    (bundle,) = converted("hl7v2_dft_to_fhir", raw)
    there, back = (
        [
            (
                found["status"],
                found["quantity"],
                found["price"],
                found["amount"],
                found["currency"],
            )
            for found in map(json.loads, made)
        ]
        for made in (
            converted("dft_p03_to_charge_event", raw),
            converted("fhir_charge_item_to_charge_event", bundle),
        )
    )
    assert there == back
    assert [status for status, *_ in back] == ["charge", "charge", "credit"]
