"""
FHIR and X12 through the canonical model (R17): what one mapping writes the other reads, and money stays what it was.

Each resource that is made is valid, or the mapping refuses (engine/mapping/resource_making.py); here: that nothing is lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine import canonical
from engine.errors import MessageError
from tests.packs.conversion import ROOT, converted

SAMPLES = ROOT / "samples"
FIXTURES = ROOT / "../shared/fixtures"
EXAMPLES = ROOT / "engine/canonical/examples"

#: Entity, the way out, the way back, samples beside the entity's example, and what has no place on the way.
WAYS = [
    ("Claim", "claim_to_fhir_claim", "fhir_claim_to_claim", ["claims_837", "stays_837", "teeth_837"], []),
    ("EligibilityRequest", "eligibility_request_to_fhir", "fhir_to_eligibility_request", ["cover_questions_270"], []),
    ("EligibilityResponse", "eligibility_response_to_fhir", "fhir_to_eligibility_response", ["cover_271", "cover_dependent_271"], []),
    ("ClaimStatus", "claim_status_to_fhir", "fhir_to_claim_status", ["claim_answers", "claim_answers_of_dependents", "claim_question_of_dependent_276"], []),
    ("Authorization", "authorization_to_fhir", "fhir_to_authorization", ["authorized_278", "authorization_request_of_dependent_278"], []),
    ("Requisition", "requisition_to_fhir_supply_request", "fhir_supply_request_to_requisition", ["oms_o05_requisition"], ["correlation_id", "facility", "lines[*].deliver_to"]),
    ("ShipNotice", "ship_notice_to_fhir_supply_delivery", "fhir_supply_delivery_to_ship_notice", ["shipment_856"], ["parties[*].role"]),
    ("GoodsReceipt", "goods_receipt_to_fhir_supply_delivery", "fhir_supply_delivery_to_goods_receipt", ["goods_receipt"], ["facility"]),
    ("InventoryMovement", "inventory_movement_to_fhir_supply_delivery", "fhir_supply_delivery_to_inventory_movement", ["activity_movements_852"], ["correlation_id", "facility"]),
    ("Invoice", "invoice_to_fhir_invoice", "fhir_invoice_to_invoice", ["invoice_810"], ["lines[*].amount"]),
    ("ChargeEvent", "charge_event_to_fhir_charge_item", "fhir_charge_item_to_charge_event", [], ["correlation_id", "extension"]),
    ("Supplier", "supplier_to_fhir_organization", "fhir_organization_to_supplier", ["flat_suppliers"], []),
    ("Item", "item_to_fhir_device_definition", "fhir_device_definition_to_item", ["flat_items"], ["facility"]),
]  # fmt: skip


def records(path: Path) -> list[dict[str, Any]]:
    found: Any = json.loads(path.read_text("utf-8"))
    return found if isinstance(found, list) else [found]


def entity(name: str, record: dict[str, Any]) -> dict[str, Any]:
    """What an entity says, defaults too, but for its source's number."""
    made = canonical.decode(name, json.dumps({**record, "source_id": ""}).encode())
    found: dict[str, Any] = _plain(made)
    return found


def _plain(value: Any) -> Any:
    if hasattr(value, "__struct_fields__"):
        return {each: _plain(getattr(value, each)) for each in value.__struct_fields__}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, str) and "T" in value:
        return value.replace(":00Z", "Z") if value.count(":") == 2 else value
    return value


def without(record: Any, path: str) -> None:
    """Take a field out; `lines[*].amount` out of each line."""
    first, _, rest = path.partition(".")
    name = first.removesuffix("[*]")
    if rest:
        for each in record[name]:
            without(each, rest)
    else:
        record.pop(name)


CASES = [
    (*way[:3], path, way[4])
    for way in WAYS
    for path in (
        EXAMPLES / f"{way[0]}.json",
        *(SAMPLES / f"expected/{each}.json" for each in way[3]),
    )
]


@pytest.mark.parametrize(
    ("name", "out", "back", "path", "lost"), CASES, ids=[f"{c[0]}-{c[3].stem}" for c in CASES]
)
def test_what_is_said_in_fhir_is_read_again(
    name: str, out: str, back: str, path: Path, lost: list[str]
) -> None:
    for record in records(path):
        (bundle,) = converted(out, json.dumps(record).encode())
        assert_whole(json.loads(bundle))
        (after,) = (entity(name, json.loads(each)) for each in converted(back, bundle))
        before = entity(name, record)
        if name == "Claim":
            after["written_on"] = before["written_on"]
        if name == "Authorization":
            without(before, "providers[*].role")
            without(after, "providers[*].role")
            after["asked_at"] = before["asked_at"]
        for each in lost:
            without(before, each)
            without(after, each)
        assert after == before


def assert_whole(bundle: dict[str, Any]) -> None:
    """Each Reference in a Bundle points at one of its entries; in a collection the Claim or its answer stands first."""
    there = {entry["fullUrl"] for entry in bundle["entry"]}
    found = set(references(bundle))
    assert {each for each in found if each.startswith("urn:uuid:")} <= there
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    for kind in ("ClaimResponse", "Claim"):
        if kind in kinds:
            assert kinds[0] == kind
            break


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            if name == "reference" and isinstance(each, str):
                yield each
            else:
                yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def test_money_keeps_its_digits_and_an_entity_its_id() -> None:
    """120.50 leaves as 120.50; the same claim again is the same resources, so that a repeat updates."""
    (claim, *_) = records(SAMPLES / "expected/claims_837.json")
    claim["lines"][0]["amount"], claim["amount"] = "120.50", "360.50"
    (raw,) = converted("claim_to_fhir_claim", json.dumps(claim).encode())
    assert b'"net":{"value":120.50,' in raw and b'"total":{"value":360.50,' in raw
    (again,) = converted("claim_to_fhir_claim", json.dumps(claim).encode())
    assert [each["fullUrl"] for each in json.loads(raw)["entry"]] == [
        each["fullUrl"] for each in json.loads(again)["entry"]
    ]
    (read,) = converted("fhir_claim_to_claim", raw)
    assert json.loads(read)["lines"][0]["amount"] == "120.50"


# -- 837 through FHIR ---------------------------------------------------------------------------------------------


def claim_files() -> list[tuple[str, Path]]:
    own = [("p", "claims"), ("i", "stays"), ("d", "teeth")]
    found = [(kind, SAMPLES / f"x12/{name}.837") for kind, name in own]
    guides = {b"005010X222": "p", b"005010X223": "i", b"005010X224": "d"}
    for folder in ("lfh-x12", "pyx12"):
        for path in sorted((FIXTURES / folder).rglob("*")):
            raw = path.read_bytes() if path.is_file() and path.suffix != ".py" else b""
            if raw.startswith(b"ISA") and raw[3:4] + b"837" + raw[3:4] in raw:
                found += [(kind, path) for guide, kind in guides.items() if guide in raw]
    return found


@pytest.mark.parametrize(("kind", "path"), claim_files(), ids=lambda each: Path(each).name)
def test_an_837_through_fhir_is_the_same_837(kind: str, path: Path) -> None:
    """837, Claim, FHIR, Claim, 837: the same amounts, codes and identifiers, byte for byte (a place that each line repeats is said once)."""
    try:
        claims = converted(f"x12_837{kind}_to_claim", path.read_bytes())
        written = [converted(f"claim_to_x12_837{kind}", said_once(each)) for each in claims]
    except MessageError:
        pytest.skip("its sender breaks the guide")
    for claim, expected in zip(claims, written, strict=True):
        (bundle,) = converted("claim_to_fhir_claim", claim)
        assert_whole(json.loads(bundle))
        (back,) = converted("fhir_claim_to_claim", bundle)
        assert converted(f"claim_to_x12_837{kind}", back) == expected


def said_once(claim: bytes) -> bytes:
    record = json.loads(claim)
    for line in record["lines"]:
        if line.get("place_of_service") == record.get("place_of_service"):
            line.pop("place_of_service", None)
    return json.dumps(record).encode()


# -- questions and answers ----------------------------------------------------------------------------------------

ROLES = [
    ("eligibility_response_to_x12_271", "x12_271_to_eligibility_response", "expected/cover_271.json"),
    ("eligibility_response_to_x12_271", "x12_271_to_eligibility_response_of_dependent", "expected/cover_dependent_271.json"),
    ("claim_status_to_x12_277", "x12_277_to_claim_status", "expected/claim_answers.json"),
    ("claim_status_to_x12_277", "x12_277_to_claim_status_of_dependent", "expected/claim_answers_of_dependents.json"),
    ("claim_status_to_x12_276", "x12_276_to_claim_status", "expected/claim_question_276.json"),
    ("claim_status_to_x12_276", "x12_276_to_claim_status_of_dependent", "expected/claim_question_of_dependent_276.json"),
    ("authorization_to_x12_278", "x12_278_to_authorization", "expected/authorized_278.json"),
    ("authorization_to_x12_278", "x12_278_to_authorization", "expected/authorization_request_of_dependent_278.json"),
]  # fmt: skip


@pytest.mark.parametrize(("out", "back", "of"), ROLES)
def test_what_a_payer_or_a_provider_writes_the_other_reads(
    out: str, back: str, of: str
) -> None:
    for record in records(SAMPLES / of):
        name = record["entity"].partition("/")[0]
        (written,) = converted(out, json.dumps(record).encode())
        (after,) = (entity(name, json.loads(each)) for each in converted(back, written))
        before = entity(name, record)
        for each in (before, after):
            each["asked_at"] = None  # BHT04 of a 278 is the day on which it is written
        assert after == before


def test_a_refused_question_travels_both_ways() -> None:
    record = {
        "source_id": "R1", "number": "Q-9", "status": "refused", "payer": "PLAN01", "answered_at": "2026-03-02",
        "provider": {"role": "billing", "npi": "1234567893", "organisation": "GENERAL HOSPITAL"},
        "subscriber": {"member_id": "W1", "name": {"family": "Testcase"}},
        "refusals": [{"about": "subscriber", "reason": "75", "next": "C"}],
    }  # fmt: skip
    raw = json.dumps(record).encode()
    for out, back in (
        ("eligibility_response_to_x12_271", "x12_271_to_eligibility_response"),
        ("eligibility_response_to_fhir", "fhir_to_eligibility_response"),
    ):
        (after,) = map(json.loads, converted(back, converted(out, raw)[0]))
        assert (after["status"], after["refusals"]) == ("refused", record["refusals"])


# -- payments -----------------------------------------------------------------------------------------------------


def remittances() -> list[Path]:
    found = [SAMPLES / "x12/remittance.835", SAMPLES / "x12/remittance_part1.835"]
    folders = (FIXTURES / "lfh-x12", FIXTURES / "edi-835-parser", FIXTURES / "pyx12")
    for path in (each for folder in folders for each in sorted(folder.rglob("*"))):
        raw = path.read_bytes() if path.is_file() and path.suffix != ".py" else b""
        if raw.startswith(b"ISA") and b"005010X221" in raw:
            found.append(path)
    return found


def amounts(adjudications: list[dict[str, Any]]) -> tuple[Decimal, Decimal, Decimal]:
    """What was charged, what was paid, and what is not paid, of adjudications or totals."""
    sums = {"submitted": Decimal(), "benefit": Decimal(), "CAS": Decimal()}
    for each in adjudications:
        if "amount" in each:
            (coding,) = each["category"]["coding"]
            code = coding["code"] if "adjudication" in coding["system"] else "CAS"
            if code in sums and code != "memberliability":
                sums[code] += Decimal(str(each["amount"]["value"]))
    return sums["submitted"], sums["benefit"], sums["CAS"]


@pytest.mark.parametrize("path", remittances(), ids=lambda each: each.name)
def test_an_835_says_the_same_in_fhir(path: Path) -> None:
    """CLP, CAS, SVC and PLB: each claim and each service as charged, paid and adjusted; all of them and PLB make the payment."""
    try:
        found = converted("x12_835_to_remittance", path.read_bytes())
    except MessageError:
        pytest.skip("its sender breaks the guide")
    for remittance in found:
        record = json.loads(remittance)
        (raw,) = converted("remittance_to_fhir_explanation_of_benefit", remittance)
        bundle = json.loads(raw, parse_float=Decimal)
        assert_whole(bundle)
        made = [
            entry["resource"]
            for entry in bundle["entry"]
            if entry["resource"]["resourceType"] == "ExplanationOfBenefit"
        ]
        for claim, explanation in zip(record["claims"], made, strict=True):
            assert_same(claim, explanation)
        assert_reconciled(record, remittance, {each["id"] for each in made})


def assert_same(claim: dict[str, Any], explanation: dict[str, Any]) -> None:
    charged, paid, _ = amounts(explanation["total"])
    assert (charged, paid) == (Decimal(claim["charged"]), Decimal(claim["paid"]))
    every = adjusted(claim)
    told = amounts(explanation.get("adjudication", []))[2]
    for service, item in zip(
        claim.get("services", []), explanation.get("item", []), strict=True
    ):
        charged_, paid_, less = amounts(item["adjudication"])
        assert (charged_, paid_) == (Decimal(service["charged"]), Decimal(service["paid"]))
        assert less == adjusted(service)
        every += less
        told += less
    assert told == every


def adjusted(holder: dict[str, Any]) -> Decimal:
    return sum((Decimal(each["amount"]) for each in holder.get("adjustments", [])), Decimal())


def assert_reconciled(record: dict[str, Any], remittance: bytes, explained: set[str]) -> None:
    paid = sum((Decimal(each["paid"]) for each in record.get("claims", [])), Decimal())
    taken = (Decimal(each["amount"]) for each in record.get("provider_adjustments", []))
    if paid - sum(taken, Decimal()) != Decimal(record["amount"]):
        with pytest.raises(MessageError) as caught:
            converted("remittance_to_fhir_payment_reconciliation", remittance)
        assert caught.value.code == "unbalanced"
        return
    (raw,) = converted("remittance_to_fhir_payment_reconciliation", remittance)
    found = json.loads(raw, parse_float=Decimal)["entry"][-1]["resource"]
    details = [Decimal(str(each["amount"]["value"])) for each in found["detail"]]
    assert sum(details) == Decimal(str(found["paymentAmount"]["value"]))
    told = {each.partition("/")[2] for each in references(found) if each.startswith("Expl")}
    assert told == explained


# -- supply -------------------------------------------------------------------------------------------------------


def test_a_substitution_of_the_supplier_is_an_update_of_what_was_asked_for() -> None:
    """R53: the request is the same resource as the requisition's line where order and requisition have one number."""
    (raw, *none) = converted(
        "purchase_order_acknowledgement_to_fhir_supply_request",
        (SAMPLES / "expected/orders_answered_erp.json").read_bytes(),
    )
    assert not none
    (request,) = (
        entry["resource"]
        for entry in json.loads(raw)["entry"]
        if entry["resource"]["resourceType"] == "SupplyRequest"
    )
    codes = {each["system"]: each["code"] for each in request["itemCodeableConcept"]["coding"]}
    assert codes == {"urn:x12:235:VN": "SUT-20-S"}
    assert request["extension"][0]["valueCodeableConcept"]["text"] == "substituted"
    (shipment,) = (each for each in records(SAMPLES / "expected/shipment_856.json"))
    shipment["orders"][0]["items"][0] |= {
        "is_substitute": True,
        "replaces": {"buyer_number": "100000777"},
    }
    (sent,) = converted("ship_notice_to_fhir_supply_delivery", json.dumps(shipment).encode())
    (back,) = converted("fhir_supply_delivery_to_ship_notice", sent)
    item = json.loads(back)["orders"][0]["items"][0]
    assert (item["is_substitute"], item["replaces"]) == (True, {"buyer_number": "100000777"})


def test_a_resource_that_travels_alone_is_read_with_what_it_contains() -> None:
    (raw,) = converted(
        "eligibility_request_to_fhir",
        json.dumps(records(SAMPLES / "expected/cover_questions_270.json")[0]).encode(),
    )
    entries = [each["resource"] for each in json.loads(raw)["entry"]]
    question = next(
        each for each in entries if each["resourceType"] == "CoverageEligibilityRequest"
    )
    others = [each for each in entries if each is not question]
    text = json.dumps({**question, "contained": others}).replace("urn:uuid:", "#")
    (read,) = map(json.loads, converted("fhir_to_eligibility_request", text.encode()))
    (whole,) = map(json.loads, converted("fhir_to_eligibility_request", raw))
    assert {**read, "source_id": ""} == {**whole, "source_id": ""}
