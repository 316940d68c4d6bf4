"""`use:`: one mapping makes a part for others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine import formats, mapping
from engine.errors import MessageError
from engine.formats import Reading
from engine.mapping import Expression, Mapping
from engine.placed import Mistakes

NAME = """
from: hl7v2/XPN
to: json
fields:
  family: .1 | upper
  given: .2
"""
PATIENT = """
from: hl7v2
to: json
fields:
  id: PID-3.1
  name: {use: name, of: PID-5}
"""


@pytest.fixture
def put(home: Path) -> Any:
    def put(name: str, text: str) -> None:
        (home / "mappings" / f"{name}.yaml").write_text(text)

    return put


def payload(mapping: Mapping, document: Any, facts: Any) -> bytes:
    (product,) = mapping.apply(document, facts)
    return product.payload


def test_a_datatype_is_written_once(make: Any, put: Any, message: Any, facts: Any) -> None:
    put("name", NAME)
    assert payload(make(PATIENT), message, facts) == (
        b'{"id":"100234","name":{"family":"TEST","given":"ANNA"}}'
    )


def test_a_part_of_an_entity(make: Any, put: Any, message: Any, facts: Any) -> None:
    put("cwe", "from: hl7v2/CWE\nto: Code\nfields: {code: .1, system: .3}\n")
    text = """
from: hl7v2
to: ChargeEvent
each: FT1
when: FT1-6.1 == "CG"
fields:
  source_id: MSH-10
  status: "charge"
  patient_account: {use: account}
  occurred_at: FT1-4 | datetime
  item.code: FT1-7.1
  quantity: FT1-10 | decimal
  charge_code: {use: cwe, of: FT1-7}
  diagnoses: {use: cwe, each: FT1-19(*)}
"""
    put("account", "from: hl7v2/FT1\nto: PatientAccountReference\nfields: {number: PID-18.1}\n")
    found = mapping_of(make, text.replace("{use: account}", "{use: account, of: FT1}"))
    (product,) = found.apply(message, facts)
    assert (product.entity.charge_code.code, product.entity.charge_code.system) == (
        "IMP-4471",
        "LOCAL",
    )
    assert [each.code for each in product.entity.diagnoses] == ["I10.9", "Z96"]
    assert product.entity.patient_account.number == "AC77"


def mapping_of(make: Any, text: str) -> Mapping:
    found: Mapping = make(text)
    return found


def test_nothing_to_hand_over_makes_nothing(
    make: Any, put: Any, message: Any, facts: Any
) -> None:
    put("name", NAME)
    text = PATIENT.replace("PID-5", "PID-9") + "  mother: {use: name, of: PID-6}\n"
    assert payload(make(text), message, facts) == b'{"id":"100234"}'
    put("name", NAME + 'when: .1 == "NOBODY"\n')
    assert payload(make(PATIENT), message, facts) == b'{"id":"100234"}'


def test_records_and_lists_of_them(make: Any, put: Any, facts: Any, json: Any) -> None:
    put("line", "from: json\nto: json\nfields: {code: item.code, n: quantity}\n")
    text = """
from: json
to: json
fields:
  lines: {use: line, each: lines, when: quantity > 1}
  first:
    use: line
    of: lines[0]
"""
    document = json(
        b'{"lines": [{"item": {"code": "A"}, "quantity": 2}, {"item": {"code": "B"}, "quantity": 1}]}'
    ).node
    assert payload(make(text), document, facts) == (
        b'{"lines":[{"code":"A","n":2}],"first":{"code":"A","n":2}}'
    )


def test_the_same_message_is_handed_on(make: Any, put: Any, message: Any, facts: Any) -> None:
    put("who", "from: hl7v2\nto: json\nfields: {mrn: PID-3.1}\n")
    text = "from: hl7v2\nto: json\neach: FT1\nfields: {n: FT1-1, who: {use: who}}\n"
    text = text.replace("{n: FT1-1, who: {use: who}}", "\n  n: FT1-1\n  who: {use: who}")
    made = [each.payload for each in make(text).apply(message, facts)]
    assert made[2] == b'{"n":"3","who":{"mrn":"100234"}}'


def test_used_mappings_use_others_and_read_the_channels_names(
    make: Any, home: Path, put: Any, message: Any, facts: Any
) -> None:
    put("name", NAME + "  at: site\n  more: {use: deeper, of: .1}\n")
    put(
        "deeper",
        "from: hl7v2/FN\nto: json\nlet: {x: ward}\nfields: {x: x, text: .1, own: .2}\n",
    )
    put("made", PATIENT)
    known = {
        name: Expression(run=lambda scope: None, text=name, line=1, kind="text")
        for name in ("unread", "site", "ward")
    }
    found = mapping.load("made", home, mistakes := Mistakes(), "UTC", known)
    assert found is not None, list(mistakes)
    raw = message.raw.replace(b"|TEST^ANNA", b"|TEST&VAN^ANNA")
    document = formats.load("hl7v2").parse(raw, Reading())
    (product,) = found.apply(document, facts, ["u", "NORTH", "4W"])
    assert product.payload == (
        b'{"id":"100234","name":{"family":"TEST","given":"ANNA","at":"NORTH",'
        b'"more":{"x":"4W","text":"TEST","own":"VAN"}}}'
    )


def test_traces_show_the_file_of_the_inner_rules(
    make: Any, put: Any, message: Any, facts: Any
) -> None:
    put("name", NAME)
    ((_, rules),) = make(PATIENT).trace(message, facts)
    shown = {rule.field: (rule.file, rule.line, rule.value) for rule in rules}
    assert shown["id"] == ("", 5, "100234")
    assert shown["name.family"] == ("mappings/name.yaml", 5, "TEST")


def test_an_error_names_the_field_outside_and_inside(
    make: Any, put: Any, message: Any, facts: Any
) -> None:
    put("name", NAME.replace(".1 | upper", ".1 | decimal"))
    with pytest.raises(MessageError) as caught:
        make(PATIENT).apply(message, facts)
    assert "name.family" in caught.value.rule and caught.value.path == ".1"


def test_a_change_in_a_used_mapping_is_a_change_in_its_users(make: Any, put: Any) -> None:
    put("name", NAME)
    before = make(PATIENT)
    put("name", NAME + '  sex: .3 | table("sex")\n')
    after = make(PATIENT)
    assert before.digest != after.digest
    assert (before.tables, after.tables) == ((), ("sex",))


@pytest.mark.parametrize(
    ("name", "patient", "said"),
    [
        (NAME, PATIENT.replace("use: name", "use: nane"), "6:15 there is no mapping 'nane' (the file mappings/nane.yaml); did you mean 'name'?"),
        (NAME, PATIENT.replace("of: PID-5", "of: PID"), "the mapping 'name' reads hl7v2/XPN, and PID is something else"),
        (NAME, PATIENT.replace(", of: PID-5", ""), "'name' reads hl7v2/XPN, and nothing here says of which"),
        (NAME, PATIENT.replace("of: PID-5", "of: PID-5(*)"), "one record is made for each of them with 'each'"),
        (NAME, PATIENT.replace("of: PID-5", "of: upper(PID-5)"), "'of' names the thing that the other mapping reads"),
        (NAME.replace("to: json", "to: hl7v2"), PATIENT, "3:5 a mapping whose fields others use makes an entity, a part of one, json, or a resource or datatype of FHIR"),
        (NAME.replace(".2", "PID-5.2"), PATIENT, "6:10 this mapping reads the XPN it is given and nothing around it"),
        (NAME.replace(".2", "{use: made, of: .2}"), PATIENT, "the mapping would use itself: made -> name -> made"),
        (NAME.replace(".2", "{use: name, of: .2}"), PATIENT, "the mapping would use itself: name -> name"),
        (NAME.replace("hl7v2/XPN", "hl7v2/xpn"), PATIENT, "behind hl7v2/ stands a segment or a datatype"),
        (NAME.replace("fields:", "feilds:"), PATIENT, "there is no key 'feilds' here; did you mean 'fields'?"),
        ("- a\n", PATIENT, "a mapping names what it reads and what it makes"),
        (NAME, PATIENT.replace("{use: name, of: PID-5}", "{use: [name], of: PID-5}"), "'use' names a mapping"),
        (NAME, PATIENT.replace("use: name,", "use: name, off: PID-5,"), "there is no key 'off' here; did you mean 'of'?"),
    ],
)  # fmt: skip
def test_mistakes(mistakes_of: Any, put: Any, name: str, patient: str, said: str) -> None:
    put("name", name)
    found = mistakes_of(patient)
    assert any(said in each for each in found), found


def test_what_is_made_fits_the_field(mistakes_of: Any, put: Any) -> None:
    put("cwe", "from: hl7v2/CWE\nto: Code\nfields: {code: .1}\n")
    head = "from: hl7v2\nto: ChargeEvent\nfields:\n"
    found = mistakes_of(head + "  item: {use: cwe, of: PID-3}\n")
    assert any(
        "the mapping 'cwe' makes Code, and the field is ItemReference" in each for each in found
    )
    found = mistakes_of(head + "  unit: {use: cwe, of: PID-3}\n")
    assert any("'unit' is a text, it has no fields" in each for each in found)


def test_a_broken_part_breaks_all_that_use_it(home: Path, put: Any) -> None:
    put("name", NAME.replace("upper", "uper"))
    put("one", PATIENT)
    put("two", PATIENT)
    mistakes = Mistakes()
    shelf = mapping.Shelf(home, mistakes)
    assert shelf.find("one", "UTC", {}) is shelf.find("two", "UTC", {}) is None
    assert [each.file for each in set(mistakes)] == ["mappings/name.yaml"]


SAC = """
from: x12/SAC
to: Allowance
fields:
  kind: if(SAC01 == "A", "allowance", "charge")
  reason: .02
"""


def test_a_segment_of_x12_is_written_once(make: Any, put: Any, facts: Any) -> None:
    put("sac", SAC)
    text = """
from: x12/005010/850
to: json
fields:
  whole: {use: sac, each: SAC}
  lines:
    each: PO1
    fields:
      allowances: {use: sac, each: SAC}
"""
    raw = (
        b"ISA*00*          *00*          *ZZ*A              *ZZ*B              *260105*0930*^*00501*000000017*0*P*:~"
        b"GS*PO*A*B*20260105*0930*17*X*005010~ST*850*0001~BEG*00*SA*1**20260105~SAC*C*D240~PO1*1*1*EA~SAC*A*C310~PO1*2*1*EA~"
        b"SE*7*0001~GE*1*17~IEA*1*000000017~"
    )
    document = formats.load("x12").parse(raw, Reading())
    assert payload(make(text), document, facts) == (
        b'{"whole":[{"kind":"charge","reason":"D240"}],"lines":[{"allowances":[{"kind":"allowance","reason":"C310"}]},{}]}'
    )


@pytest.mark.parametrize("name", ["QQ", "SAC01", "2300/SAC"])
def test_what_is_no_segment_and_no_set(mistakes_of: Any, name: str) -> None:
    (mistake,) = mistakes_of(f"from: x12/{name}\nto: json\nfields: {{a: .01}}\n")
    assert f"there is no x12 '{name}'" in mistake
