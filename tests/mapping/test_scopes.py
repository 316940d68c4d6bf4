"""What a name reads: groups in each other, records in each other, an entity beside its message."""

from __future__ import annotations

from typing import Any

import pytest

from engine import canonical
from engine.errors import MessageError
from engine.formats import Reading, Scope, Shape, load
from engine.mapping import steps
from engine.message import Context, Facts, Inbound

ORDERS = b"""{"number": 7, "rate": 2, "lines": [
 {"code": "A", "rate": 3, "parts": [{"n": 1, "code": "x"}, {"n": 2}]},
 {"code": "B", "parts": [{"n": 5, "code": "B"}]}]}"""


def test_records_are_looked_up_from_the_inside_out(make: Any, facts: Any) -> None:
    mapping = make(
        """
from: json
to: json
fields:
  lines:
    each: lines
    let: {own: .code}
    fields:
      code: code
      rate: rate
      at: index
      doubled: sum(parts, .n * rate)
      same: count(parts, .code == own)
      parts:
        each: parts
        when: n > 1
        fields: {n: n, code: code, order: number, of: own, at: index}
"""
    )
    document = load("json").parse(ORDERS, Reading())
    assert mapping.apply(document, facts)[0].payload == (
        b'{"lines":[{"code":"A","rate":3,"at":1,"doubled":9,"same":0,"parts":[{"n":2,"code":"A","order":7,"of":"A","at":2}]},'
        b'{"code":"B","rate":2,"at":2,"doubled":10,"same":1,"parts":[{"n":5,"code":"B","order":7,"of":"B","at":1}]}]}'
    )


def test_each_at_the_top_of_a_json_mapping_makes_one_document_each(
    make: Any, facts: Any
) -> None:
    mapping = make(
        "from: json\nto: json\neach: lines\nfields: {code: code, no: number, item: .code}\n"
    )
    document = load("json").parse(ORDERS, Reading())
    made = [product.payload for product in mapping.apply(document, facts)]
    assert made == [b'{"code":"A","no":7,"item":"A"}', b'{"code":"B","no":7,"item":"B"}']


def test_hl7_is_looked_up_in_the_group_first(make: Any, facts: Any) -> None:
    raw = (
        b"MSH|^~\\&|LAB|MERCY|||20261121103000||ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||7\r"
        b"OBR|1|||GLU\rOBX|1|NM|2345-7||5.5\rNTE|1||first\rOBR|2|||HGB\rOBX|1|NM|718-7||140\rOBX|2|NM|4544-3||0.4\r"
    )
    mapping = make(
        """
from: hl7v2
to: json
each: OBR
fields:
  order: OBR-4.1
  patient: PID-3.1
  results:
    each: OBX
    fields: {code: OBX-3.1, also: .3.1, value: OBX-5 | decimal, order: OBR-4.1}
"""
    )
    made = [
        product.payload for product in mapping.apply(load("hl7v2").parse(raw, Reading()), facts)
    ]
    assert made == [
        b'{"order":"GLU","patient":"7","results":[{"code":"2345-7","also":"2345-7","value":5.5,"order":"GLU"}]}',
        b'{"order":"HGB","patient":"7","results":[{"code":"718-7","also":"718-7","value":140,"order":"HGB"},'
        b'{"code":"4544-3","also":"4544-3","value":0.4,"order":"HGB"}]}',
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("source_id", "S1"),
        ("item.code", "B7"),
        ("quantity > 1", True),
        ("MSH-10", "MSG00042"),
        ("exists(item.lot)", False),
        ("PID-3[.1 == patient_account.mrn].5", "MR"),
        ("diagnoses[.code == MSH-9.1].system", "urn:x"),
        ('count(diagnoses, .code == "DFT" and MSH-9.1 == .code and item.code == "B7")', 1),
        ("mrn", "from let"),
        ("index", 4),
    ],
)
def test_at_a_destination_the_entity_comes_first_then_lets_then_the_message(
    hl7: Any, text: str, value: Any
) -> None:
    import msgspec

    entity = canonical.load("ChargeEvent")
    charge = msgspec.convert(
        {
            "entity": "ChargeEvent/1", "source_id": "S1", "patient_account": {"number": "9", "mrn": "100234"}, "status": "charge",
            "occurred_at": "2026-11-21", "item": {"code": "B7"}, "quantity": "2", "diagnoses": [{"code": "DFT", "system": "urn:x"}],
        },
        entity,
        strict=False,
    )  # fmt: skip
    hl7.language.inner = (
        Shape(format="canonical", kind="record", name="ChargeEvent", type=entity),
    )
    hl7.language.lets["mrn"] = 0
    found = hl7.compile(text)
    assert found is not None, hl7.mistakes.found
    outer = Scope(hl7.node, None, values=["from let"])
    assert found.run(outer.child(charge, 4)) == value


def test_a_runaway_rule_is_ended(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "MOST", 1000)
    mapping = make("from: json\nto: json\neach: a[*]\nfields:\n  n: count(a, it == 1)\n")
    document = load("json").parse(b'{"a": [' + b",".join([b"1"] * 100) + b"]}", Reading())
    facts = Facts(inbound=Inbound(raw=b"", received_at=0.0), context=Context(now=0.0))
    with pytest.raises(MessageError) as caught:
        mapping.apply(document, facts)
    assert caught.value.code == "too_large"
    roomy = Facts(inbound=Inbound(raw=b" " * 4000, received_at=0.0), context=Context(now=0.0))
    assert len(mapping.apply(document, roomy)) == 100


def test_an_answer_is_read_by_status_and_header(json: Any) -> None:
    read = json(b'{"id": "CHG-1"}')
    read.language.reply = True
    facts = Facts(
        inbound=Inbound(
            raw=b"", received_at=0.0, facts={"status": "201", "X-Request-Id": "r7"}
        ),
        context=Context(now=0.0),
    )
    scope = Scope(read.node, facts)
    assert read.compile('status in ["200", "201"]').run(scope) is True
    assert read.compile('header("x-request-id")').run(scope) == "r7"
    assert read.compile("id").run(scope) == "CHG-1"
