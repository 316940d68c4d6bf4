"""What holds for every entity, and for what each of them is for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from engine import canonical
from engine.errors import MessageError
from engine.reference.docstrings import classes_in, docstrings

FOLDER = Path(canonical.__file__).parent
ENTITIES = canonical.names()

#: Vendors and products of the field, and the shapes of table and column names.
VENDORS = re.compile(
    r"epic|cerner|oracle|sap|peoplesoft|lawson|infor|meditech|mckesson|workday|allscripts|athena"
    r"|nextgen|omnicell|pyxis|tecsys|ghx|premier|vizient|matnr|lifnr|kostl|werks|gl_?code|tbl|_id\d"
    r"|\d|__"
)
#: Words that only their system gives a meaning to.
NEEDS = {"quantity": "unit", "price": "currency", "amount": "currency", "code": "system"}

SMALLEST: dict[str, dict[str, object]] = {
    "Account": {"source_id": "1", "code": "6100", "name": "Supplies", "kind": "expense"},
    "Authorization": {
        "source_id": "1",
        "number": "R1",
        "status": "requested",
        "kind": "services",
        "payer": "PAYER1",
        "subscriber": {"name": {"family": "Testcase"}},
    },
    "ClaimAcknowledgement": {
        "source_id": "1",
        "number": "C1",
        "status": "accepted",
        "payer": "PAYER1",
        "statuses": [{"category": "A2", "reason": "20"}],
    },
    "ClaimStatus": {
        "source_id": "1",
        "number": "C1",
        "kind": "request",
        "payer": "PAYER1",
        "provider": {"role": "billing"},
        "subscriber": {"name": {"family": "Testcase"}},
    },
    "Contract": {
        "source_id": "1",
        "number": "K1",
        "supplier": "V200",
        "effective_from": "2026-01-01",
    },
    "ContractPrice": {
        "source_id": "1",
        "item": {"vendor_number": "GLV-7"},
        "unit": "BX",
        "price": "9.05",
        "currency": "USD",
        "effective_from": "2026-01-01",
    },
    "CostCentre": {"source_id": "1", "code": "4100", "name": "Operating room"},
    "Coverage": {
        "source_id": "1",
        "payer": "PAYER1",
        "member": {"name": {"family": "Testcase"}},
    },
    "EligibilityRequest": {
        "source_id": "1",
        "number": "Q1",
        "asked_at": "2026-03-02T10:15",
        "payer": "PAYER1",
        "provider": {"role": "billing"},
        "subscriber": {"name": {"family": "Testcase"}},
    },
    "EligibilityResponse": {"source_id": "1", "status": "active", "payer": "PAYER1"},
    "GoodsReceipt": {"source_id": "1", "number": "G1", "received_at": "2026-03-06T08:00"},
    "JournalEntry": {
        "source_id": "1",
        "number": "J1",
        "posted_on": "2026-03-16",
        "currency": "USD",
        "lines": [
            {"number": 1, "side": "debit", "account": "1010", "amount": "12.50"},
            {"number": 2, "side": "credit", "account": "1200", "amount": "12.5"},
        ],
    },
    "Patient": {"source_id": "1", "mrn": "123"},
    "Payment": {
        "source_id": "1",
        "number": "T1",
        "direction": "incoming",
        "method": "transfer",
        "paid_on": "2026-03-16",
        "amount": "12.50",
        "currency": "USD",
        "payer": "PAYER1",
        "payee": "1234567893",
    },
    "ProcedureSchedule": {
        "source_id": "1",
        "number": "S1",
        "event": "booked",
        "recorded_at": "2026-03-01T09:00",
    },
    "PurchaseOrderAcknowledgement": {"source_id": "1", "order": "P1", "status": "accepted"},
    "Requisition": {"source_id": "1", "number": "R1", "requested_at": "2026-03-02T10:15"},
    "StockLevel": {
        "source_id": "1",
        "counted_at": "2026-03-02",
        "item": {"vendor_number": "GLV-7"},
        "unit": "BX",
        "stocks": [{"kind": "available", "quantity": "40"}],
    },
    "Supplier": {"source_id": "1", "number": "V200", "name": "Sample Medical Supply"},
    "ChargeEvent": {
        "source_id": "1",
        "patient_account": {"number": "A1"},
        "status": "charge",
        "occurred_at": "2026-11-21T10:31:04-06:00",
        "item": {"code": "IMP-1"},
        "quantity": "2.50",
    },
    "CostPosting": {
        "source_id": "1",
        "kind": "usage",
        "posted_on": "2026-11",
        "cost_centre": "4100",
        "item": {"code": "IMP-1"},
        "quantity": "1",
        "unit": "EA",
    },
    "Encounter": {
        "source_id": "1",
        "number": "V1",
        "patient_account": {"number": "A1"},
        "status": "finished",
    },
    "InventoryMovement": {
        "source_id": "1",
        "kind": "usage",
        "occurred_at": "2026-11-21",
        "item": {"code": "IMP-1"},
        "quantity": "1",
        "unit": "EA",
    },
    "Claim": {
        "source_id": "1",
        "number": "C1",
        "kind": "professional",
        "patient_account": {"number": "A1"},
        "amount": "120.00",
        "payer": "PAYER1",
        "subscriber": {"name": {"family": "Testcase"}},
        "providers": [{"role": "billing", "npi": "1234567893"}],
        "lines": [
            {
                "number": 1,
                "procedure": {"code": "99213"},
                "units": "1",
                "amount": "120.00",
                "served_on": "2026-03-02",
            }
        ],
    },
    "Invoice": {
        "source_id": "1",
        "number": "I1",
        "invoiced_on": "2026-03-02",
        "total": "120.50",
    },
    "PurchaseOrder": {"source_id": "1", "number": "P1", "ordered_on": "2026-03-02"},
    "Remittance": {
        "source_id": "1",
        "payment": "T1",
        "method": "ACH",
        "paid_on": "2026-03-02",
        "amount": "0",
        "payer": "PAYER1",
        "payee": "1234567893",
    },
    "ShipNotice": {"source_id": "1", "number": "S1"},
    "Item": {"source_id": "1", "code": "IMP-1", "description": "Plate", "stock_unit": "EA"},
    "Location": {"source_id": "1", "code": "OR1", "name": "Theatre 1", "kind": "room"},
    "PatientAccount": {
        "source_id": "1",
        "event": "admitted",
        "recorded_at": "2026-11-21T10:31",
        "mrn": "123",
    },
}


def test_the_folder_is_the_registry() -> None:
    assert len(ENTITIES) >= 7
    for name in ENTITIES:
        assert canonical.load(name).__name__ == name
    with pytest.raises(LookupError):
        canonical.load("Nobody")


@pytest.mark.parametrize("name", ENTITIES)
def test_every_field_has_its_docstring(name: str) -> None:
    for struct in classes_in(canonical.load(name)):
        assert set(struct.__struct_fields__) == set(docstrings(struct)), struct.__name__
        assert struct.__doc__


@pytest.mark.parametrize("name", ENTITIES)
def test_every_value_is_frozen_and_takes_its_fields_by_name_only(name: str) -> None:
    for struct in classes_in(canonical.load(name)):
        config = struct.__struct_config__
        assert config.frozen
        assert config.forbid_unknown_fields
        with pytest.raises(TypeError):
            struct("by position")


def _words(name: str) -> Iterator[str]:
    for struct in classes_in(canonical.load(name)):
        yield from struct.__struct_fields__


@pytest.mark.parametrize("name", ENTITIES)
def test_names_are_those_of_the_business(name: str) -> None:
    """No vendor, table or column name; whole words in snake case."""
    for word in _words(name):
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", word), word
        assert not VENDORS.search(word), f"{name}.{word}"


def test_a_vendor_name_would_be_found() -> None:
    assert all(VENDORS.search(word) for word in ("sap_matnr", "epic_csn", "gl_code", "attr1"))


@pytest.mark.parametrize("name", ENTITIES)
def test_what_needs_a_unit_a_currency_or_a_system_has_it(name: str) -> None:
    for struct in classes_in(canonical.load(name)):
        for field, beside in NEEDS.items():
            if field in struct.__struct_fields__:
                assert _has(name, struct, beside), f"{struct.__name__}.{field}"


def _has(name: str, struct: type[msgspec.Struct], beside: str) -> bool:
    """Whether the unit, currency or system stands beside the value, or in what holds it."""
    if beside in struct.__struct_fields__:
        return True
    holders = [
        holder
        for holder in classes_in(canonical.load(name))
        if holder is not struct
        and any(struct.__name__ in str(field.type) for field in msgspec.structs.fields(holder))
    ]
    return any(_has(name, holder, beside) for holder in holders)


@pytest.mark.parametrize("name", ENTITIES)
def test_money_and_quantities_are_decimal(name: str) -> None:
    for struct in classes_in(canonical.load(name)):
        for field in msgspec.structs.fields(struct):
            assert "float" not in str(field.type), f"{struct.__name__}.{field.name}"


@pytest.mark.parametrize("name", ENTITIES)
def test_the_smallest_one_survives_a_round_trip(name: str) -> None:
    entity = msgspec.convert(SMALLEST[name], canonical.load(name))
    raw = canonical.encode(entity)
    assert canonical.decode(name, raw) == entity
    version = canonical.module(name).VERSION
    assert msgspec.json.decode(raw)["entity"] == f"{name}/{version}"


@pytest.mark.parametrize("name", ENTITIES)
def test_its_example_holds_to_it(name: str) -> None:
    found = json.loads(canonical.example(name))
    entity = canonical.decode(name, json.dumps(found).encode())
    assert json.loads(canonical.encode(entity)) == found
    assert len(found) > len(SMALLEST[name])


@pytest.mark.parametrize("name", ENTITIES)
def test_each_field_of_the_smallest_one_is_needed(name: str) -> None:
    for field in SMALLEST[name]:
        less = {key: value for key, value in SMALLEST[name].items() if key != field}
        with pytest.raises(msgspec.ValidationError, match="missing required field"):
            msgspec.convert(less, canonical.load(name))


def test_trailing_zeros_and_offsets_are_kept() -> None:
    entity = msgspec.convert(SMALLEST["ChargeEvent"], canonical.load("ChargeEvent"))
    assert b'"quantity":"2.50"' in canonical.encode(entity)
    assert b'"2026-11-21T10:31:04-06:00"' in canonical.encode(entity)
    numbers = canonical.encode(entity).replace(b'"2.50"', b"2.50")
    assert str(canonical.decode("ChargeEvent", numbers).quantity) == "2.50"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "moment",
    ["2026", "2026-11", "2026-11-21", "2026-11-21T10Z", "2026-11-21T10:31:04.123-06:00"],
)
def test_a_moment_keeps_the_precision_it_came_with(moment: str) -> None:
    spec = {**SMALLEST["InventoryMovement"], "occurred_at": moment}
    entity = msgspec.convert(spec, canonical.load("InventoryMovement"))
    assert f'"occurred_at":"{moment}"'.encode() in canonical.encode(entity)


@pytest.mark.parametrize(
    "moment", ["20261121", "2026-11-21 10:31", "21.11.2026", "2026-1-1", ""]
)
def test_what_is_no_moment_is_refused(moment: str) -> None:
    spec = {**SMALLEST["InventoryMovement"], "occurred_at": moment}
    with pytest.raises(msgspec.ValidationError, match="occurred_at"):
        msgspec.convert(spec, canonical.load("InventoryMovement"))


def test_an_extension_belongs_to_a_facility_and_survives() -> None:
    spec = {**SMALLEST["Item"], "extension": {"north": {"shelf": "B4"}}}
    item = msgspec.convert(spec, canonical.load("Item"))
    assert canonical.decode("Item", canonical.encode(item)).extension == {
        "north": {"shelf": "B4"}
    }
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**SMALLEST["Item"], "shelf": "B4"}, canonical.load("Item"))


def test_an_extension_outside_the_namespace_of_a_facility_is_refused() -> None:
    """R20: nothing without a facility's name, and on an entity of one facility nothing of another."""
    for wrong in ({"shelf": "B4"}, {"north": "B4"}, {"north": {"shelf": {"row": "B"}}}):
        with pytest.raises(msgspec.ValidationError, match="extension"):
            msgspec.convert({**SMALLEST["Item"], "extension": wrong}, canonical.load("Item"))
    own = {**SMALLEST["Item"], "facility": "south", "extension": {"south": {"shelf": "B4"}}}
    item = msgspec.convert(own, canonical.load("Item"))
    assert canonical.decode("Item", canonical.encode(item)) == item
    foreign = {**own, "extension": {"south": {"shelf": "B4"}, "north": {"shelf": "C1"}}}
    with pytest.raises(msgspec.ValidationError, match="no extension of another"):
        msgspec.convert(foreign, canonical.load("Item"))


def _journal(*lines: tuple[str, str]) -> dict[str, object]:
    made = [
        {"number": at, "side": side, "account": "1010", "amount": amount}
        for at, (side, amount) in enumerate(lines, 1)
    ]
    return {**SMALLEST["JournalEntry"], "lines": made}


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        ((("debit", "10.00"), ("credit", "9.99")), "debits are not credits"),
        ((("debit", "0"),), "at least two lines"),
        ((), "at least two lines"),
        ((("debit", "-1"), ("credit", "-1")), "never negative"),
    ],
)
def test_a_journal_entry_that_does_not_balance_is_refused(
    lines: tuple[tuple[str, str], ...], rule: str
) -> None:
    """R54: refused when it is read, and when a mapping makes it, without an amount in the message."""
    with pytest.raises(msgspec.ValidationError, match=rule) as caught:
        msgspec.convert(_journal(*lines), canonical.load("JournalEntry"))
    assert not re.search(r"\d", str(caught.value))
    balanced = msgspec.convert(
        _journal(("debit", "10"), ("credit", "4.50"), ("credit", "5.50")),
        canonical.load("JournalEntry"),
    )
    parts = [
        msgspec.convert(line, type(balanced.lines[0]), strict=False)  # type: ignore[attr-defined]
        for line in _journal(*lines)["lines"]  # type: ignore[attr-defined]
    ]
    with pytest.raises(MessageError, match=rule):
        msgspec.structs.replace(balanced, lines=tuple(parts))


def test_a_payment_is_what_its_documents_and_adjustments_make() -> None:
    claims = [{"kind": "claim", "number": "A", "amount": "20"}]
    recovered = [{"reason": "WO", "amount": "-7.50"}]
    parts = {"documents": claims, "adjustments": recovered}
    assert msgspec.convert({**SMALLEST["Payment"], **parts}, canonical.load("Payment"))
    wrong = {**SMALLEST["Payment"], **parts, "amount": "20.00"}
    with pytest.raises(msgspec.ValidationError, match="do not make the amount"):
        msgspec.convert(wrong, canonical.load("Payment"))


def test_what_is_protected_is_known_at_every_depth() -> None:
    charge = canonical.protected(canonical.load("ChargeEvent"))
    assert {"patient_account.mrn", "patient_account.number", "diagnoses", "extension"} <= charge
    account = canonical.protected(canonical.load("PatientAccount"))
    assert {"name.family", "born_on", "coverage.member_id", "sex"} <= account


@pytest.mark.parametrize(
    "name",
    [
        "Account", "Contract", "ContractPrice", "CostCentre", "CostPosting", "GoodsReceipt", "InventoryMovement",
        "Invoice", "Item", "JournalEntry", "Location", "PurchaseOrder", "PurchaseOrderAcknowledgement", "ShipNotice",
        "StockLevel", "Supplier",
    ],
)  # fmt: skip
def test_goods_and_costs_say_nothing_about_a_patient(name: str) -> None:
    assert canonical.protected(canonical.load(name)) == {"extension"}


def test_decimals_are_exact() -> None:
    spec = {**SMALLEST["ChargeEvent"], "price": Decimal("0.10")}
    assert msgspec.convert(spec, canonical.load("ChargeEvent")).price == Decimal("0.10")  # type: ignore[attr-defined]
