"""Mappings: entities, JSON, edited HL7, delimited lines; what they make and how they fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine import canonical
from engine.errors import MessageError
from engine.mapping import load
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes

CHARGES = """
from: hl7v2
to: ChargeEvent
each: FT1
when: FT1-6.1 in ["CG", "CR"]
let:
  mrn: PID-3[.5 == "MR"].1 ?? PID-3.1
fields:
  source_id: "{MSH-10}-{FT1-1}"
  patient_account.number: PID-18.1
  patient_account.mrn: mrn
  occurred_at: FT1-4 | datetime
  posted_on: FT1-5 | date
  quantity: FT1-10 | decimal(otherwise=1)
  price: FT1-11 | decimal
  item.code: FT1-7.1
  status:
    - when: FT1-6.1 == "CR"
      value: "credit"
    - value: "charge"
  diagnoses:
    each: FT1-19(*)
    when: exists(.1)
    fields:
      code: .1
      system: .3
"""


def test_one_entity_for_each_group(make: Any, message: Any, facts: Any) -> None:
    first, second = make(CHARGES).apply(message, facts)
    assert (first.of, first.shows) == ("ChargeEvent", "ChargeEvent")
    charge = first.entity
    assert isinstance(charge, canonical.load("ChargeEvent"))
    assert (charge.source_id, charge.status) == ("MSG00042-1", "charge")
    assert (charge.patient_account.number, charge.patient_account.mrn) == ("AC77", "100234")
    assert (charge.occurred_at, charge.posted_on) == ("2026-11-21T10:15:00-06:00", "2026-11-21")
    assert (str(charge.quantity), str(charge.price)) == ("12", "4200.00")
    assert [(each.code, each.system) for each in charge.diagnoses] == [
        ("I10.9", "I10"),
        ("Z96", "I10"),
    ]
    assert (second.entity.source_id, second.entity.status) == ("MSG00042-2", "credit")
    assert second.entity.quantity == 1
    assert second.entity.price is None
    assert second.entity.diagnoses == ()


def test_a_missing_field_is_named_with_the_path_that_was_read(
    make: Any, message: Any, facts: Any
) -> None:
    mapping = make(CHARGES.replace("item.code: FT1-7.1", "item.code: FT1-30"))
    with pytest.raises(MessageError) as caught:
        mapping.apply(message, facts)
    error = caught.value
    assert (error.code, error.path) == ("missing_field", "FT1-30 in FT1 number 1")
    assert "ItemReference needs it" in str(error) or "ChargeEvent needs it" in str(error)
    assert "made" in error.rule and "item" in error.rule


def test_an_error_names_mapping_field_path_and_item(
    make: Any, message: Any, facts: Any
) -> None:
    mapping = make(CHARGES.replace("decimal(otherwise=1)", "decimal"))
    with pytest.raises(MessageError) as caught:
        mapping.apply(message, facts)
    assert caught.value.path == "FT1-10 in FT1 number 2"
    assert "mapping made, quantity" in caught.value.rule


def test_when_that_reads_no_let_is_asked_before_the_lets(
    make: Any, message: Any, facts: Any
) -> None:
    text = (
        CHARGES.replace("let:", "let:\n  price: FT1-11 | decimal")
        .replace('["CG", "CR"]', '["CG"]')
        .replace("FT1-11 | decimal\n  item", "price\n  item")
    )
    assert len(make(text).apply(message, facts)) == 1
    late = text.replace('FT1-6.1 in ["CG"]', "price > 5")
    assert len(make(late).apply(message, facts)) == 1


def test_to_json(make: Any, message: Any, facts: Any) -> None:
    (product,) = make(
        """
from: hl7v2
to: json
let: {big: "{MSH-10}!"}
fields:
  id: big
  nothing: PID-2
  deleted: PV1-8
  who.family: PID-5.1
  who.born: PID-7 | date
  empty.inner: PID-2
  at: MSH-7 | datetime
  ids: PID-3(*).1
  urgent: true
  '["@odata.type"]': "x.y"
  charges:
    each: FT1
    let:
      code: FT1-7.1
    when: exists(code)
    fields:
      position: index
      code: code
      quantity: FT1-10 | decimal(otherwise=nothing)
      sender: MSH-3
      diagnoses:
        each: FT1-19(*)
        value: .1
"""
    ).apply(message, facts)
    assert product.payload == (
        b'{"id":"MSG00042!","deleted":null,"who":{"family":"TEST","born":"1980-01-02"},'
        b'"at":"2026-11-21T10:30:00-06:00","ids":["100234","999-11-2222"],"urgent":true,"@odata.type":"x.y",'
        b'"charges":[{"position":1,"code":"IMP-4471","quantity":12,"sender":"ADT1","diagnoses":["I10.9","Z96"]},'
        b'{"position":2,"code":"SUP-0099","sender":"ADT1"}]}'
    )
    assert (product.of, product.node.value["who"]["family"]) == ("json", "TEST")


def test_from_an_entity(make: Any, message: Any, facts: Any) -> None:
    charge = make(CHARGES).apply(message, facts)[0].entity
    (product,) = make(
        """
from: ChargeEvent
to: json
fields:
  number: patient_account.number
  price: price
  total: quantity * price
  day: occurred_at | format("%m/%d/%Y")
  codes: diagnoses[*].code
  first: diagnoses[.code == "Z96"].system
  many: count(diagnoses)
  diagnoses:
    each: diagnoses
    fields: {code: code, of: item.code, n: index}
"""
    ).apply(charge, facts)
    assert product.payload == (
        b'{"number":"AC77","price":4200.00,"total":50400.00,"day":"11/21/2026","codes":["I10.9","Z96"],"first":"I10",'
        b'"many":2,"diagnoses":[{"code":"I10.9","of":"IMP-4471","n":1},{"code":"Z96","of":"IMP-4471","n":2}]}'
    )


def test_editing_leaves_every_byte_that_no_rule_names(
    make: Any, message: Any, facts: Any
) -> None:
    (product,) = make(
        """
from: hl7v2
to: hl7v2
when: MSH-9.1 == "DFT"
set:
  MSH-5: "A&B"
  MSH-12: "2.3"
  PID-3[.5 == "MR"].4: "GENHOSP"
  PID-3[.5 == "XX"].4: "NEVER"
  PID-8:
    - when: PID-8 == "M"
      value: "1"
  PV1-44: FT1-4 | datetime
  PID-4: PID-3
remove: [EVN-2, FT1]
"""
    ).apply(message, facts)
    lines = product.payload.split(b"\r")
    assert (
        lines[0]
        == b"MSH|^~\\&|ADT1|MERCY|A\\T\\B|CORRIDOR|20261121103000-0600||DFT^P03^DFT_P03|MSG00042|P|2.3"
    )
    assert lines[2].startswith(
        b"PID|1||100234^^^GENHOSP^MR~999-11-2222^^^SSA^SS|100234^^^MERCY^MR~999-11-2222^^^SSA^SS|TEST^ANNA^M||19800102|F|"
    )
    assert lines[3].startswith(b'PV1|1|I|4W^401^A|||||""|||') and lines[3].endswith(
        b"|20261121101500-0600"
    )
    assert b"FT1" not in product.payload
    assert (product.of, product.shows, product.node.control()) == (
        "hl7v2",
        "DFT^P03",
        "MSG00042",
    )


def test_an_edit_of_nothing_is_the_message_itself(make: Any, message: Any, facts: Any) -> None:
    text = 'from: hl7v2\nto: hl7v2\nset:\n  MSH-5: "LAB"\n'
    assert make(text).apply(message, facts)[0].payload == message.raw
    assert make(text + 'when: MSH-5 == "X"\n').apply(message, facts) == []


LAYOUT = 'columns: [number, account, amount, text, day]\nseparator: "|"\n'
LINE = """
from: ChargeEvent
to: delimited/nightly
fields:
  number: source_id
  amount: quantity * price
  account: patient_account.number
  text: "{item.code}|\\"x\\""
  day: posted_on | format("%Y%m%d")
"""


def test_to_a_delimited_line(make: Any, home: Path, message: Any, facts: Any) -> None:
    (home / "mappings" / "layouts").mkdir()
    (home / "mappings" / "layouts" / "nightly.yaml").write_text(LAYOUT)
    charge = make(CHARGES).apply(message, facts)[0].entity
    mapping = make(LINE)
    (product,) = mapping.apply(charge, facts)
    assert product.payload == b'MSG00042-1|AC77|50400.00|"IMP-4471|""x"""|20261121\n'
    assert (product.of, mapping.to) == ("delimited", "delimited/nightly")
    (home / "mappings" / "layouts" / "nightly.yaml").write_text(LAYOUT + "quote: '~'\n")
    assert make(LINE).digest != mapping.digest


def test_the_digest_covers_the_tables(make: Any, home: Path) -> None:
    text = 'from: hl7v2\nto: json\nfields:\n  sex: PID-8 | table("sex")\n'
    before = make(text)
    assert before.tables == ("sex",)
    (home / "mappings" / "tables" / "sex.csv").write_text("theirs,ours\nF,f\n")
    assert make(text).digest != before.digest


def test_trace_shows_each_rule(make: Any, message: Any, facts: Any) -> None:
    ((product, rules), _) = make(CHARGES).trace(message, facts)
    assert product.entity.source_id == "MSG00042-1"
    shown = {rule.field: rule for rule in rules}
    assert shown["item.code"].value == "IMP-4471"
    assert (shown["item.code"].rule, shown["item.code"].line, shown["item.code"].paths) == (
        "FT1-7.1", 16, ("FT1-7.1",),
    )  # fmt: skip
    assert shown["status"].value == "charge"
    assert shown["patient_account.mrn"].paths == ('PID-3[.5 == "MR"].1', "PID-3.1")
    assert shown["diagnoses[1].code"].value == "Z96"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("from: hl7v2", "from: hl7"), "2:7 there is no format and no entity 'hl7'"),
        (("to: ChargeEvent", "to: ChargeEvnt"), "3:5 there is no output 'ChargeEvnt'; did you mean 'ChargeEvent'?"),
        (("to: ChargeEvent", "to: fhir/Pateint"), "3:5 FHIR R4 has no type 'Pateint'; did you mean 'Patient'?"),
        (("to: ChargeEvent", "to: x12"), "3:5 'to: x12' edits a message in place, and this mapping reads hl7v2"),
        (("item.code:", "item.kode:"), "ItemReference has no field 'kode'; did you mean 'code'?"),
        (("  item.code: FT1-7.1\n", ""), "8:1 ChargeEvent needs 'item', and no rule gives it"),
        (("  item.code:", "  item.lot:"), "ItemReference needs 'code' in 'item'"),
        (("quantity: FT1-10 | decimal(otherwise=1)", "quantity: FT1-10"), "the field is a number, this is a text"),
        (("FT1-4 | datetime", "FT1-4"), "the field is a moment, this is a text"),
        (("source_id: \"{MSH-10}-{FT1-1}\"", "source_id: 5"), "the field is a text, this is a number"),
        (('value: "charge"', 'value: "chrge"'), "the field takes one of: charge, credit"),
        (("let:", "lets:"), "there is no key 'lets' here; did you mean 'let'?"),
        (("when: FT1-6.1 in", "pairs: x\nwhen: FT1-6.1 in"), "5:1 'pairs' belongs to a build"),
        (("when: FT1-6.1 in", "remember: x\nwhen: FT1-6.1 in"), "5:1 'remember' belongs to a channel, not to a mapping"),
        (("when: FT1-6.1 in", "keep: [PID]\nwhen: FT1-6.1 in"), "5:1 'keep' belongs to an edit: from and to the same format"),
        (("each: FT1-19(*)\n    when: exists(.1)\n    fields:", "each: FT1-19(*)\n    let:"), "22:5 a nested list has 'fields', one 'value', or a mapping that it uses"),
        (("price: FT1-11 | decimal", "price: {FT1-11}"), "YAML reads '{' as the beginning of a record"),
        (("price: FT1-11 | decimal", "price: [FT1-11]"), "YAML reads '[' as the beginning of a list"),
        (("price: FT1-11 | decimal", "price:"), "an expression is missing here"),
        (("  mrn: PID-3", "  1x: PID-3"), "'1x' is no name"),
        (("posted_on:", "status.x:"), "'status' is a text and has no fields"),
        (("code: .1", "code: 'a'\n      code: .1"), "twice"),
    ],
)  # fmt: skip
def test_mistakes_of_mappings(mistakes_of: Any, change: tuple[str, str], said: str) -> None:
    assert change[0] in CHARGES
    found = mistakes_of(CHARGES.replace(*change))
    assert any(said in each for each in found), found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from: hl7v2\nto: hl7v2\nset: {MSH-5: ERP}", "3:14 ERP is not a name here; did you mean the text?"),
        ("from: hl7v2\nto: hl7v2\nset: {ERP-5: \"x\"}", "3:7 there is no segment 'ERP'"),
        ("from: hl7v2\nto: hl7v2", "an edit has one of keep, set, remove, edit, add"),
        ("from: hl7v2\nto: hl7v2/2.5.1/MFN_M99\nset: {MSH-3: \"x\"}", "2:5 there is no hl7v2 '2.5.1/MFN_M99'"),
        ("from: hl7v2\nto: json/x\nset: {MSH-3: \"x\"}", "2:5 json messages are not built by a standard"),
        ("from: json/x\nto: json\nfields: {a: b}", "1:7 json has no parts of its own"),
        ("from: [ChargeEvnt]\nto: json\nfields: {a: key}", "1:8 a group holds entities, and there is none 'ChargeEvnt'; did you mean 'ChargeEvent'?"),
        ("from: [hl7v2]\nto: json\nfields: {a: key}", "1:8 a group holds entities, and there is none 'hl7v2'; there is json, "),
        ("from: [ChargeEvent, Item]\nto: json\nfields: {a: key}", "1:7 a mapping says 'from': what it reads"),
        ("from: [ChargeEvent]\nto: json\nfields: {a: member.item}", "member is not a name here; did you mean 'members'?"),
        ("from: hl7v2\nto: json\nfields: {a: 'x' }\nset: {a: MSH-3}", "'set' belongs to an edit"),
        ("from: hl7v2\nto: json\nset: {a: MSH-3}", "'set' belongs to an edit"),
        ("from: hl7v2\nto: json\nfields:\n  a: MSH-3\n  a.b: MSH-4", "said twice"),
        ("from: hl7v2\nto: json\nfields:\n  a: patient_mrn", "patient_mrn is not a name here"),
        ("from: ChargeEvent\nto: json\nfields:\n  a: quantty", "quantty is not a name here; did you mean 'quantity'?"),
        ("from: ChargeEvent\nto: json\nfields:\n  a: item.cod", "4:11 ItemReference has no field 'cod'; did you mean 'code'?"),
        ("from: ChargeEvent\nto: json\nfields:\n  a: diagnoses.code", "4:16 'code' is asked of a list"),
        ("from: ChargeEvent\nto: json\nfields:\n  a: quantity == \"1\"", "a number is compared with a text"),
        ("to: json\nfields: {a: MSH-3}", "a mapping says 'from'"),
        ("- a", "a mapping names what it reads"),
        ("from: hl7v2\nto: delimited\nfields: {a: MSH-3}", "delimited lines need a layout"),
        ("from: hl7v2\nto: delimited/x\nfields: {a: MSH-3}", "there is no layout 'x'"),
    ],
)  # fmt: skip
def test_mistakes_of_other_mappings(mistakes_of: Any, text: str, said: str) -> None:
    found = mistakes_of(text)
    assert any(said in each for each in found), found


def test_columns_and_fields_match(mistakes_of: Any, home: Path) -> None:
    (home / "mappings" / "layouts").mkdir()
    (home / "mappings" / "layouts" / "nightly.yaml").write_text(LAYOUT)
    found = mistakes_of(LINE.replace("amount:", "amont:"))
    assert any("no column 'amont'; did you mean 'amount'?" in each for each in found)
    assert any("has the column 'amount', and no rule gives it" in each for each in found)
    (home / "mappings" / "layouts" / "nightly.yaml").write_text(
        LAYOUT + "quoting: sometimes\nseprator: x\n"
    )
    found = mistakes_of(LINE)
    assert any(
        "no setting 'seprator' here; did you mean 'separator'?" in each for each in found
    )


def test_no_such_file(home: Path) -> None:
    for name in ("nowhere", "../made", ".made"):
        with pytest.raises(LookupError):
            load(name, home, Mistakes())


def test_the_inputs_of_a_plan_are_all_there_is(make: Any, message: Any) -> None:
    mapping = make("from: hl7v2\nto: json\nfields:\n  at: now()\n  id: meta.id\n")
    facts = Facts(inbound=Inbound(raw=b"", received_at=0.0), context=Context(now=0.5, id=1))
    made = [mapping.apply(message, facts)[0].payload for _ in range(2)]
    assert made[0] == made[1] == b'{"at":"1969-12-31T18:00:00.500-06:00","id":"1-1"}'
