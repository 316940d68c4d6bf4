"""Fields of what a call or a bracketed expression gives."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine import canonical
from engine.errors import MessageError
from engine.formats import Scope, Shape
from tests.mapping.conftest import Said  # type: ignore[import-not-found]

RAW = b"""{"number": 7, "lines": [{"q": 2, "code": "A", "parts": [{"n": 1}, {"n": 5}], "Unit Price": 1.50},
 {"q": 9, "code": "B", "parts": []}], "text": "x"}"""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("first(lines).code", "A"),
        ("last(lines).code", "B"),
        ("max(lines, .q).code", "B"),
        ('first(lines)["Unit Price"] * 2', Decimal(3)),
        ("(lines[1]).code", "B"),
        ("(lines[5] ?? lines[0]).code", "A"),
        ("sum(first(lines).parts, .n)", Decimal(6)),
        ("first(first(lines).parts).n", Decimal(1)),
        ("lines | last().code", "B"),
        ("first(lines).nothing_there", None),
        ('first(lines, .code == "C").q', None),
        ('nth(lines, 2).q + first(lines).q', Decimal(11)),
    ],
)  # fmt: skip
def test_a_field_of_a_record(json: Any, text: str, value: Any) -> None:
    assert json(RAW)(text) == value


def test_a_field_of_what_is_no_record_is_an_error_for_the_message(json: Any) -> None:
    with pytest.raises(MessageError, match="'code' is asked of a text") as error:
        json(RAW)("(text).code")
    assert error.value.path == "text"


def test_fields_of_entities_are_checked(home: Path) -> None:
    entity = canonical.load("ChargeEvent")
    charge = msgspec.convert(
        {
            "entity": "ChargeEvent/1", "source_id": "S1", "patient_account": {"number": "9"}, "status": "charge",
            "occurred_at": "2026-11-21", "item": {"code": "B7"}, "quantity": "2", "diagnoses": [{"code": "I10", "system": "x"}],
        },
        entity,
        strict=False,
    )  # fmt: skip
    shape = Shape(format="canonical", kind="record", name="ChargeEvent", type=entity)
    said = Said(home, "json", charge, shape)
    assert said("first(diagnoses).code") == "I10"
    assert said("(item).code") == "B7"
    assert said('first(diagnoses).code == "I10"') is True
    mistake = said.wrong("first(diagnoses).cod")
    assert mistake.problem.startswith("the record has no field 'cod'; did you mean 'code'?")
    assert mistake.column == 18
    assert "no field 'cod'" in said.wrong("(item).cod").problem
    found = said.compile("(patient_account).number")
    assert found is not None
    assert found.kind == "text"
    assert found.run(Scope(charge, said.facts)) == "9"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("upper(PID-8).x", "'x' is asked of a text, which has no fields"),
        ("(PID-3(*)).x", "'x' is asked of a list"),
        ("(FT1-10 | decimal).as_tuple", "'as_tuple' is asked of a number, which has no fields"),
        ("now().at", "'at' is asked of a moment, which has no fields"),
        ("first(FT1[*]).x", "'x' is asked of a group, which has no fields"),
    ],
)
def test_a_field_of_a_value_is_a_mistake(hl7: Any, text: str, wrong: str) -> None:
    assert wrong in hl7.wrong(text).problem


def test_a_name_of_a_record_has_its_fields(make: Any, message: Any, facts: Any) -> None:
    text = """
from: ChargeEvent
to: json
let:
  account: patient_account
  first: diagnoses[0]
fields:
  mrn: account.mrn
  code: first.code | upper
  system: first.system
"""
    charge = canonical.decode(
        "ChargeEvent",
        b'{"entity":"ChargeEvent/1","source_id":"1","patient_account":{"number":"A","mrn":"7"},"status":"charge",'
        b'"occurred_at":"2026-01-01","item":{"code":"X"},"quantity":"1","diagnoses":[{"code":"m16"}]}',
    )
    (product,) = make(text).apply(charge, facts)
    assert product.payload == b'{"mrn":"7","code":"M16"}'


@pytest.mark.parametrize(
    ("let", "field", "says"),
    [
        ("patient_account", "known.mrm", "the record has no field 'mrm'; did you mean 'mrn'?"),
        ("source_id", "known.mrn", "'mrn' is asked of a text, which has no fields"),
        ("diagnoses", "known.code", "'code' is asked of a list"),
    ],
)
def test_a_name_without_that_field(mistakes_of: Any, let: str, field: str, says: str) -> None:
    text = f"from: ChargeEvent\nto: json\nlet: {{known: {let}}}\nfields: {{a: {field}}}\n"
    assert [each.split(" ", 1)[1] for each in mistakes_of(text)] == [says]
