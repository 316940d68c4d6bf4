"""
The mapping packs that are shipped: each makes of its sample what stands beside it in samples/expected.

`samples/conversions.yaml` says which; a file of several products is expected as a list.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from engine import canonical, formats
from engine.errors import MessageError
from engine.formats import Reading
from tests.packs.conversion import ROOT, converted  # type: ignore[import-not-found]

SAMPLES = ROOT / "samples"


class Conversion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of samples/conversions.yaml."""

    mapping: str
    of: str
    gives: str


@cache
def conversions() -> list[Conversion]:
    text = (SAMPLES / "conversions.yaml").read_text("utf-8")
    return msgspec.convert(yaml.load(text, yaml.CSafeLoader), list[Conversion])


def records(raw: bytes) -> list[Any]:
    """One record or a list of them; numbers with their digits."""
    found = json.loads(raw, parse_float=Decimal)
    return found if isinstance(found, list) else [found]


@pytest.mark.parametrize(
    "case", conversions(), ids=lambda case: f"{case.mapping}-{Path(case.of).name}"
)
def test_a_pack_makes_of_its_sample_what_stands_beside_it(case: Conversion) -> None:
    made = converted(case.mapping, (SAMPLES / case.of).read_bytes())
    expected = (SAMPLES / case.gives).read_bytes()
    if not case.gives.endswith(".json"):
        assert b"".join(made) == expected
        return
    assert [json.loads(each, parse_float=Decimal) for each in made] == records(expected)


def test_every_mapping_has_a_sample_or_a_channel() -> None:
    shown = {case.mapping for case in conversions()}
    text = "\n".join(
        path.read_text("utf-8")
        for folder in ("channels", "mappings")
        for path in (ROOT / folder).glob("*.yaml")
    )
    named = re.findall(r"(?:use|then|render|transform): [\[{ ]*(?=((?:\S+, )*\S+))", text)
    used = {name for each in named for name in re.findall(r"(?:^|, )(\w+)", each)}
    for path in (ROOT / "mappings").glob("*.yaml"):
        assert path.stem in shown | used, f"nothing shows what {path.stem} does"


#: Out of an entity and in again: what a mapping writes, the one that reads it understands, and nothing is lost.
BACK = {
    "purchase_order_to_x12_850": "x12_850_to_purchase_order",
    "purchase_order_acknowledgement_to_x12_855": "x12_855_to_purchase_order_acknowledgement",
    "ship_notice_to_x12_856": "x12_856_to_ship_notice",
    "invoice_to_x12_810": "x12_810_to_invoice",
    "purchase_order_to_x12_860": "x12_860_to_purchase_order",
    "contract_price_to_x12_832": "x12_832_to_contract_price",
    "stock_level_to_x12_846": "x12_846_to_stock_level",
    "claim_to_x12_837p": "x12_837p_to_claim",
    "claim_to_x12_837i": "x12_837i_to_claim",
    "claim_to_x12_837d": "x12_837d_to_claim",
    "coverage_to_x12_834": "x12_834_to_coverage",
    "payment_to_x12_820": "x12_820_to_payment",
    "eligibility_request_to_x12_270": "x12_270_to_eligibility_request",
    "goods_receipt_to_erp_receipt": "erp_receipt_to_goods_receipt",
    "invoice_to_erp_invoice": "erp_invoice_to_invoice",
    "journal_entry_to_erp_journal": "erp_journal_to_journal_entry",
}


ROUND = [one for one in conversions() if one.mapping in BACK and one.of.startswith("expected/")]


@pytest.mark.parametrize("case", ROUND, ids=str)
def test_what_is_written_is_read_again(case: Conversion) -> None:
    raw = (SAMPLES / case.of).read_bytes()
    for before, written in zip(records(raw), converted(case.mapping, raw), strict=True):
        (after,) = map(json.loads, converted(BACK[case.mapping], written))
        name = after["entity"].partition("/")[0]
        assert _told(after, name) == _told(before, name)


def _told(entity: dict[str, Any], name: str) -> canonical.Entity:
    """What an entity says, but for the number that its source gave it."""
    return canonical.decode(name, json.dumps({**entity, "source_id": ""}, default=str).encode())


def test_what_is_written_for_partners_holds_to_its_guide() -> None:
    """Each X12 file that the packs write: the levels of validation that its format has."""
    x12 = formats.load("x12")
    validate = getattr(x12, "validate", None)
    if validate is None:
        pytest.skip("the format does not validate")
    for case in conversions():
        if case.mapping.partition("_to_x12_")[1] and not case.gives.endswith(".json"):
            for written in converted(case.mapping, (SAMPLES / case.of).read_bytes()):
                validate(x12.parse(written, Reading()), "syntax")


# -- the shapes of the ERPs -------------------------------------------------------------------------------------

VENDORS = ("sap", "oracle", "dynamics", "netsuite")
DOCUMENTS = {
    "purchase_order": ("order", ["number", "ordered_on", "currency", "parties.0.id"]),
    "goods_receipt": ("receipt", ["number", "order", "supplier", "ship_notice"]),
    "invoice": ("invoice", ["number", "invoiced_on", "due_on", "total", "currency", "order"]),
    "journal_entry": ("journal", ["number", "posted_on", "ledger", "currency"]),
}
LINES = {
    "purchase_order": ["number", "quantity", "unit", "price", "item.buyer_number"],
    "goods_receipt": ["order_line", "quantity", "unit", "lot", "item.buyer_number", "store"],
    "invoice": ["order_line", "quantity", "unit", "price", "amount"],
    "journal_entry": ["side", "account", "amount", "cost_centre"],
}


def at(record: Any, path: str) -> Any:
    """A value by its path, numbers as numbers, so that 96.0 is 96.00."""
    for step in path.split("."):
        record = record[int(step)] if isinstance(record, list) else record.get(step, {})
    said = str(record)[:10] if path.endswith("_on") else record
    try:
        return (
            Decimal(said)
            if isinstance(said, str) and path.rsplit(".", maxsplit=1)[-1] != "number"
            else said
        )
    except ArithmeticError:
        return said


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("vendor", VENDORS)
def test_an_erp_gets_and_gives_what_a_document_says(vendor: str, document: str) -> None:
    """Out to the ERP's shape and in again: numbers, days, parties, quantities, prices and amounts are the same."""
    short, whole = DOCUMENTS[document]
    raw = (SAMPLES / f"json/plain_{short}.json").read_bytes()
    (before,) = records(raw)
    (written,) = converted(f"{document}_to_{vendor}", raw)
    if (vendor, document) == (
        "sap",
        "journal_entry",
    ):  # two services, one to write and one to read
        (after,) = records((SAMPLES / "expected/sap_journal_in.json").read_bytes())
        before = {**before, "number": after["number"]}
    elif (vendor, document) == ("oracle", "purchase_order"):  # the day is given by the ERP
        sent = {**json.loads(written), "CreationDate": before["ordered_on"]}
        (after,) = map(
            json.loads, converted("oracle_to_purchase_order", json.dumps(sent).encode())
        )
    else:
        (after,) = map(json.loads, converted(f"{vendor}_to_{document}", written))
    assert [at(after, path) for path in whole] == [at(before, path) for path in whole]
    lost = {("sap", "invoice"): {"item.buyer_number"}}.get((vendor, document), set())
    for mine, theirs in zip(before["lines"], after["lines"], strict=True):
        for path in set(LINES[document]) - lost:
            assert at(theirs, path) == at(mine, path), path


def test_an_erp_that_takes_rows_gets_each_line_once() -> None:
    """Odoo and Tryton: the document's own columns stand in its first row only."""
    raw = (SAMPLES / "json/plain_order.json").read_bytes()
    (odoo,) = map(json.loads, converted("purchase_order_to_odoo", raw))
    assert len({len(row) for row in odoo["data"]} | {len(odoo["fields"])}) == 1
    first = odoo["fields"].index("name")
    assert [row[first] for row in odoo["data"]] == ["4500009001", ""]
    (tryton,) = converted("purchase_order_to_tryton", raw)
    (call,) = map(json.loads, converted("tryton_call", tryton))
    names, rows = call["params"]
    amounts = [
        Decimal(row[names.index("lines/quantity")])
        * Decimal(row[names.index("lines/unit_price")])
        for row in rows
    ]
    assert sum(amounts) == Decimal("1028.00")


# -- money ------------------------------------------------------------------------------------------------------


def remittance(text: str = "") -> bytes:
    return (text or (SAMPLES / "expected/remittance_835.json").read_text("utf-8")).encode()


BOOKED = ("remittance_to_journal_entry", "remittance_to_payment")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"amount": "7195"', '"amount": "7196"', "unbalanced"),
        ('"charged": "10151"', '"charged": "10152"', "unbalanced_claim"),
        ('"amount": "586"', '"amount": "587"', "unbalanced_claim"),
    ],
)
def test_a_remittance_that_does_not_balance_is_booked_by_nobody(
    old: str, new: str, reason: str
) -> None:
    """R54, with the reason and without an amount."""
    text = remittance().decode()
    assert old in text
    for name in BOOKED:
        with pytest.raises(MessageError) as caught:
            converted(name, remittance(text.replace(old, new, 1)))
        assert caught.value.code == reason
        assert new.split('"')[3] not in str(caught.value)


def test_a_service_that_does_not_explain_its_difference_is_booked_by_nobody() -> None:
    """What is wrong in one service and right in the whole claim is found all the same."""
    (found,) = records(remittance())
    one, two = found["claims"][0]["services"]
    one["adjustments"][0]["amount"], two["adjustments"][0]["amount"] = "587", "1449"
    for name in BOOKED:
        with pytest.raises(MessageError) as caught:
            converted(name, json.dumps(found).encode())
        assert caught.value.code == "unbalanced_service"


def test_a_journal_of_every_reason_that_a_payer_gives_balances() -> None:
    """Each adjustment that belongs to no claim, both ways: debits are credits, and no reason is dropped."""
    rows = (
        (ROOT / "mappings/tables/x12_provider_adjustment.csv").read_text("utf-8").splitlines()
    )
    codes = [row.partition(",")[0] for row in rows[1:]]
    (found,) = records(remittance())
    found["provider_adjustments"] = [
        {"provider": "1", "reason": code, "amount": str((-1) ** at * (at + 1))}
        for at, code in enumerate(codes)
    ]
    taken = sum(Decimal(one["amount"]) for one in found["provider_adjustments"])
    found["amount"] = str(sum(Decimal(claim["paid"]) for claim in found["claims"]) - taken)
    (entry,) = map(
        json.loads, converted("remittance_to_journal_entry", json.dumps(found).encode())
    )
    sides = {"debit": Decimal(), "credit": Decimal()}
    for line in entry["lines"]:
        sides[line["side"]] += Decimal(line["amount"])
    assert sides["debit"] == sides["credit"]
    own = {
        "bank",
        "receivable",
        "contractual",
        "contractual_receivable",
        "patient",
        "patient_receivable",
    }
    signed = sum(
        Decimal(line["amount"]) * (1 if line["side"] == "debit" else -1)
        for line in entry["lines"]
        if line["text"] not in own
    )
    assert signed == taken


def test_a_reason_that_no_table_has_is_refused_by_name() -> None:
    text = remittance().decode().replace('"reason": "WO"', '"reason": "Q9"')
    with pytest.raises(MessageError) as caught:
        converted("remittance_to_journal_entry", text.encode())
    assert caught.value.code == "unmapped_code"
    assert "x12_provider_adjustment" in str(caught.value)
    assert "Q9" not in str(caught.value)


def test_what_the_patient_owes_is_told_once() -> None:
    """R48: CAS PR of claims and services, once, and the same in billing and in the books; a reversal takes back."""
    (found,) = records(remittance())
    told = [json.loads(one) for one in converted("remittance_to_billing", remittance())]
    groups = [
        Decimal(one["amount"])
        for claim in found["claims"]
        for holder in (claim, *claim.get("services", []))
        for one in holder.get("adjustments", [])
        if one["group"] == "PR"
    ]
    assert sum(Decimal(str(one["patient"]["owes"])) for one in told) == sum(groups) == 580
    (entry,) = map(json.loads, converted("remittance_to_journal_entry", remittance()))
    assert [line["amount"] for line in entry["lines"] if line["text"] == "patient"] == ["580"]


def test_a_denial_is_work_with_its_codes_and_its_claim() -> None:
    """R49: CARC and RARC, and our number of the claim."""
    (work,) = map(json.loads, converted("remittance_to_denial", remittance()))
    assert work["claimNumber"] == "ACC8101"
    assert work["lines"][0]["reasons"] == [{"group": "CO", "reason": "29", "amount": 240}]
    assert work["lines"][0]["remarks"] == ["N211"]


def test_an_entry_that_does_not_balance_leaves_for_no_erp() -> None:
    text = (SAMPLES / "json/plain_journal.json").read_text("utf-8")
    wrong = text.replace(
        '"amount": "1250.00", "text": "Stock"', '"amount": "1249.00", "text": "Stock"'
    )
    assert wrong != text
    with pytest.raises(msgspec.ValidationError, match="debits are not credits"):
        converted("journal_entry_to_sap", wrong.encode())
    raw = (
        (SAMPLES / "expected/netsuite_journal.json")
        .read_bytes()
        .replace(b"1250.00", b"1249.00", 1)
    )
    with pytest.raises(MessageError) as caught:
        converted("netsuite_to_journal_entry", raw)
    assert caught.value.code == "unbalanced"


# -- master data ------------------------------------------------------------------------------------------------


def charge(**changes: Any) -> bytes:
    found = {
        "entity": "ChargeEvent/1", "source_id": "1", "status": "charge", "department": "OR",
        "patient_account": {"number": "ACC1"}, "occurred_at": "2026-03-02T10:00:00Z",
        "item": {"code": "CS-1", "device_identifier": "00614141007370"}, "quantity": "1", "unit": "CS",
    }  # fmt: skip
    return json.dumps({**found, **changes}).encode()


def test_a_charge_gets_what_the_master_data_say() -> None:
    """R21, R28, R29, R31: a case of 10 boxes of 100 by its GTIN, in the unit of the stock, at the price of the day."""
    (made,) = map(json.loads, converted("charge_event_enriched", charge()))
    assert (made["quantity"], made["unit"]) == ("1000", "EA")
    assert (made["price"], made["amount"], made["currency"]) == ("0.0905", "90.50", "USD")
    assert (made["facility"], made["cost_centre"]) == ("GENHOSP", "4100")
    assert made["item"]["erp_code"] == "100000070"
    (later,) = map(
        json.loads,
        converted("charge_event_enriched", charge(occurred_at="2026-07-01T08:00:00Z")),
    )
    assert later["amount"] == "92.00"
    (other,) = map(
        json.loads, converted("charge_event_enriched", charge(item={"code": "G-7"}, unit="BX"))
    )
    assert (other["item"]["erp_code"], other["quantity"]) == ("100000070", "100")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"unit": "PL"}, "no packaging leads"),  # R28: never 1
        ({"item": {"code": "HS-12"}, "unit": "CS"}, "packs are written"),
        ({"item": {"code": "NOPE-1"}}, "'item_master'"),
        ({"department": "DAY"}, "'department'"),  # R32: closed
        ({"department": "XYZ-9"}, "'department'"),  # R32: unknown
        (
            {"occurred_at": "2025-06-01T10:00:00Z"},
            "'contract_price'",
        ),  # R29: no price on that day
    ],
)
def test_what_the_master_data_do_not_have_is_refused_by_name(
    changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(MessageError) as caught:
        converted("charge_event_enriched", charge(**changes))
    assert says in str(caught.value)
    for hidden in ("NOPE-1", "XYZ-9", "ACC1"):
        assert hidden not in str(caught.value)


def test_a_file_of_items_keeps_its_packs() -> None:
    """R28: what one unit holds of the piece, from what it holds of the next."""
    made = converted("items_to_item", (SAMPLES / "flat/items.csv").read_bytes())
    glove, hip = map(json.loads, made)
    assert {one["unit"]: one["holds"] for one in glove["packagings"]} == {
        "BX": "100",
        "CS": "1000",
    }
    assert (glove["stock_unit"], hip.get("packagings", [])) == ("EA", [])
    assert {one["value"] for one in glove["identifiers"]} >= {
        "00614141007370",
        "00614141007318",
    }
