"""Values of several components: made by `set` and `use` inside a place of a build, by mappings `to: hl7v2/XPN`."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import MessageError
from engine.formats import Reading, load

XPN = """
from: fhir/HumanName
to: hl7v2/XPN
set:
  .1.1: family
  .2: given[0]
  .7: "D"
"""
HD = """
from: fhir/Identifier
to: hl7v2/HD
set:
  .1: system
  .2: _system.id
"""
ADT = """
from: fhir
to: hl7v2/2.5.1/ADT_A01
let:
  patient: Patient[0]
  doctor: patient.generalPractitioner[0].resolve(Practitioner) ?? Practitioner[0]
  called: doctor.name[0]
  second: doctor.name[1]
  number: patient.identifier[0]
  given: doctor.name[0].given[0]
set:
  MSH-9.2: "A01"
  MSH-7: "20261121"
  MSH-10: "1"
  EVN-2: "20261121"
  PID-1: "1"
  PV1-2: "I"
  PID-3:
    - each: patient.identifier
      let: {said: value}
      when: said != "skip"
      set:
        .1: said
        .4: {use: hd, of: it}
        .5: type.coding[0].code
    - {when: exists(patient.active), value: "flag"}
  PID-5:
    - {use: xpn, each: patient.name, set: {.7: "L"}}
  PID-6: {use: xpn, of: called}
  PID-9(1): {use: missing_name, of: second}
  PID-13: {each: patient.telecom, value: .value}
  PV1-7.9: {use: hd, of: number}
  PV1-8: {set: {.1: index_of, .9: missing}}
groups:
  PID: {use: birth, of: patient, set: {PID-8: "F"}}
"""
BUNDLE = b"""{"resourceType": "Bundle", "entry": [
 {"resource": {"resourceType": "Practitioner", "name": [{"family": "Lee"}]}},
 {"resource": {"resourceType": "Patient", "active": true, "birthDate": "1980-01", "gender": "male",
  "identifier": [{"value": "1^2", "system": "X", "_system": {"id": "9&9"}, "type": {"coding": [{"code": "MR"}]}}, {"value": "skip"}, {"value": "3"}],
  "name": [{"family": "Test", "given": ["Anna"]}, {"family": "Other"}],
  "telecom": [{"value": "1"}, {"value": "2"}]}}]}"""


@pytest.fixture
def put(home: Any) -> Any:
    def put(name: str, text: str) -> None:
        (home / "mappings" / f"{name}.yaml").write_text(text)

    put("xpn", XPN)
    put("hd", HD)
    put("missing_name", XPN)
    birth = 'from: fhir/Patient\nto: hl7v2/2.5.1/ORU_R01/PATIENT_RESULT/PATIENT/PID\nset: {PID-7: birthDate, PID-8: "X"}\n'
    put("birth", birth)
    return put


def text() -> str:
    return ADT.replace("{.1: index_of, .9: missing}", "{.1: given}")


def lines(mapping: Any, facts: Any, raw: bytes = BUNDLE) -> list[str]:
    (product,) = mapping.apply(load("fhir").parse(raw, Reading()), facts)
    return product.payload.decode().split("\r")


def test_components_are_made_and_laid_over(make: Any, put: Any, facts: Any) -> None:
    """Repetitions in their order, datatypes inside datatypes, what is set beside what is used, and nothing for nothing."""
    made = lines(make(text()), facts)
    assert made[2] == (
        "PID|1||1\\S\\2^^^X&9\\T\\9^MR~3~flag||Test^Anna^^^^^L~Other^^^^^^L|Lee^^^^^^D|198001|F|||||1~2"
    )
    assert made[3] == "PV1||I|||||^^^^^^^^X&9\\T\\9"


def test_each_rule_is_told_with_its_component(make: Any, put: Any, facts: Any) -> None:
    document = load("fhir").parse(BUNDLE, Reading())
    ((_, told),) = make(text()).trace(document, facts)
    said = {each.field: (each.value, each.file) for each in told}
    assert said["PID-3[1].1"] == ("1^2", "")
    assert said["PID-3[1].4.1"] == ("X", "mappings/hd.yaml")
    assert said["PID-5[2].1.1"] == ("Other", "mappings/xpn.yaml")


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("PID-18.4: {each: patient.identifier, value: value}", "PID-18.4 takes one value"),
        ("PID-18: {set: {.2: families}}", ".2 takes one value"),
    ],
)
def test_one_place_takes_one(make: Any, put: Any, facts: Any, rule: str, told: str) -> None:
    made = text().replace("  PID-6:", f"  {rule}\n  PID-6:")
    made = made.replace(
        "let:\n  patient", "let:\n  families: Patient/name[*].family\n  patient"
    )
    with pytest.raises(MessageError) as several:
        lines(make(made), facts)
    assert (several.value.code, told in str(several.value)) == ("bad_value", True)
    assert "Test" not in str(several.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("PID-6: {use: xpn", "PID-8: {use: hd, each: patient.identifier}\n  PID-6: {use: hd", "makes hl7v2/HD, and here XPN of hl7v2 is made"),
        ("PID-6: {use: xpn", "PID-7.1: {use: xpn", "what stands here has no components"),
        ("PID-6: {use: xpn, of: called}", "PID-6: {set: {.99: doctor.id}}", "XPN has no component 99"),
        ("PID-6: {use: xpn, of: called}", "PID-6: {set: {.2.2: doctor.id}}", "ST has no component 2"),
        ("PID-6: {use: xpn, of: called}", "PID-6: {set: {PID-1: doctor.id}}", "a path that begins with a dot"),
        ("PID-6: {use: xpn, of: called}", "PID-6: {each: doctor.name}", "has 'set', 'use' or 'value'"),
        ("PID-6: {use: xpn", "PID-6: {use: birth", "here XPN of hl7v2 is made"),
        ("PID: {use: birth, of: patient", "PID: {use: xpn, of: called", "makes hl7v2/XPN, and here the group PID of hl7v2 is filled"),
        ("    - {when: exists(patient.active), value", "    - 1\n    - {when: exists(patient.active), value", "each of several is a record"),
    ],
)  # fmt: skip
def test_mistakes(mistakes_of: Any, put: Any, old: str, new: str, said: str) -> None:
    assert old in text()
    found = mistakes_of(text().replace(old, new))
    assert any(said in each for each in found), found


def test_a_datatype_that_does_not_exist(mistakes_of: Any) -> None:
    (found,) = mistakes_of("from: fhir/HumanName\nto: hl7v2/XPX\nset: {.1: family}\n")
    assert found.startswith("2:5 there is no hl7v2 'XPX'")


def test_a_segment_of_an_older_version_takes_what_came_in_its_place(
    make: Any, put: Any, facts: Any
) -> None:
    """Fields of type IS became CWE (v2.7), CE became CWE (v2.6)."""
    made = text().replace("  PID-13:", '  PV1-10: {set: {.1: "SUR", .2: "Surgery"}}\n  PID-13:')
    assert "|SUR^Surgery" in lines(make(made), facts)[3]


def test_a_choice_reads_its_let_and_takes_any_kind_of_its_format(
    make: Any, put: Any, facts: Any
) -> None:
    put("adt", text())
    chosen = "from: fhir\nto: hl7v2\nlet: {sex: Patient/gender}\nchoose: [{when: sex == GENDER, use: adt}]\n"
    chosen = chosen.replace("[{", "\n  - ").replace("}]", "").replace(", use", "\n    use")
    male = make(chosen.replace("GENDER", '"male"'))
    assert lines(male, facts)[0].startswith("MSH")
    ((_, told),) = male.trace(load("fhir").parse(BUNDLE, Reading()), facts)
    assert told[0].file == "mappings/adt.yaml"
    with pytest.raises(MessageError) as none:
        lines(make(chosen.replace("GENDER", '"female"')), facts)
    assert none.value.code == "no_mapping"
