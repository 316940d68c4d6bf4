"""What holds for every entity, and for what each of them is for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from engine import canonical
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


def test_what_is_protected_is_known_at_every_depth() -> None:
    charge = canonical.protected(canonical.load("ChargeEvent"))
    assert {"patient_account.mrn", "patient_account.number", "diagnoses", "extension"} <= charge
    account = canonical.protected(canonical.load("PatientAccount"))
    assert {"name.family", "born_on", "coverage.member_id", "sex"} <= account


@pytest.mark.parametrize("name", ["InventoryMovement", "CostPosting", "Item", "Location"])
def test_goods_and_costs_say_nothing_about_a_patient(name: str) -> None:
    assert canonical.protected(canonical.load(name)) == {"extension"}


def test_decimals_are_exact() -> None:
    spec = {**SMALLEST["ChargeEvent"], "price": Decimal("0.10")}
    assert msgspec.convert(spec, canonical.load("ChargeEvent")).price == Decimal("0.10")  # type: ignore[attr-defined]
