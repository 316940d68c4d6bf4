"""`to: fhir/...`: resources of fields, Bundles of resources, and the mapping that is chosen for a message."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine import canonical
from engine.errors import MessageError
from engine.fhir import bundles
from engine.fhir.lifting import ANYWHERE
from engine.formats import Reading, load

NAME = "from: hl7v2/XPN\nto: fhir/HumanName\nfields: {family: .1.1, given: .2}\n"
IDENTIFIER = "from: hl7v2/CX\nto: fhir/Identifier\nfields: {type.coding.code: .5, value: .1}\n"
WHO = "from: hl7v2/XPN\nto: fhir/Practitioner\nfields:\n  name: {use: name, of: it}\n"
PATIENT = """
from: hl7v2/PID
to: fhir/Patient
fields:
  id: stable_id("Patient", PID-3.4, PID-3.1)
  identifier:
    - {use: identifier, each: PID-3(*)}
    - {use: identifier, of: PID-18}
  name: {use: name, of: PID-5}
  birthDate: PID-7 | date
  extension:
    - fields: {url: "http://example.org/empty", valueString: PID-23}
    - fields: {url: "http://example.org/full", valueCode: PID-8}
  generalPractitioner: {use: who, of: PID-5}
"""
BUNDLE = """
from: hl7v2
to: fhir/Bundle
resources:
  patient:
    - {use: patient, of: PID}
    - fields: {active: true, name.use: "official"}
  items:
    each: FT1
    when: FT1-6.1 != "PA"
    resources:
      charge:
        type: ChargeItem
        fields:
          id: stable_id(FT1-1)
          status: "billable"
          code.text: FT1-7.2
          subject: patient
          occurrenceDateTime: FT1-4 | datetime
          priceOverride: {fields: {value: FT1-11 | decimal}, when: exists(FT1-11)}
  all: {type: List, fields: {status: "current", mode: "working", source: patient}}
fields:
  type: "transaction"
  timestamp: MSH-7 | datetime
"""


@pytest.fixture
def put(home: Any) -> Any:
    for name, text in (
        ("name", NAME),
        ("identifier", IDENTIFIER),
        ("who", WHO),
        ("patient", PATIENT),
    ):
        (home / "mappings" / f"{name}.yaml").write_text(text)
    return lambda name, text: (home / "mappings" / f"{name}.yaml").write_text(text)


def made(mapping: Any, message: Any, facts: Any) -> Any:
    (product,) = mapping.apply(message, facts)
    return json.loads(product.payload, parse_float=str)


def test_a_bundle_of_named_resources(make: Any, put: Any, message: Any, facts: Any) -> None:
    bundle = made(make(BUNDLE), message, facts)
    who, patient, first, second, all_ = (each["resource"] for each in bundle["entry"])
    assert [each["request"]["url"] for each in bundle["entry"]][1] == f"Patient/{patient['id']}"
    assert bundle["timestamp"] == "2026-11-21T10:30:00-06:00"
    pointing = {"reference": f"urn:uuid:{patient['id']}"}
    assert first["subject"] == second["subject"] == all_["source"] == pointing
    assert first["priceOverride"] == {"value": "4200.00"}
    assert "priceOverride" not in second
    assert patient["identifier"][2] == {"value": "AC77"}
    assert patient["identifier"][0]["type"] == {"coding": [{"code": "MR"}]}
    assert patient["extension"] == [{"url": "http://example.org/full", "valueCode": "F"}]
    assert patient["generalPractitioner"] == [{"reference": f"urn:uuid:{who['id']}"}]
    assert patient["name"][0] == {"family": "TEST", "given": ["ANNA"]}, (
        "laid over, lists behind"
    )
    assert patient["name"][1] == {"use": "official"}
    assert patient["birthDate"] == "1980-01-02"


def test_a_repeat_has_the_same_ids(make: Any, put: Any, message: Any, facts: Any) -> None:
    mapping = make(BUNDLE)
    assert made(mapping, message, facts) == made(mapping, message, facts)


def test_texts_and_codes_are_what_fhir_allows(make: Any, put: Any, facts: Any) -> None:
    """Control characters and blanks too many: of one odd field the message is not refused."""
    mapping = make(
        "from: hl7v2\nto: fhir/Patient\nfields: {name.text: PID-5, language: PID-15}\n"
    )
    raw = b"MSH|^~\\&|A|B|C|D|20260101||ADT^A01|1|P|2.5.1\rPID|||||A\\X01\\B\\X0A\\C \\X07\\||||||||||x  \\X01\\ y\r"
    found = made(mapping, load("hl7v2").parse(raw, Reading()), facts)
    assert (found["name"], found["language"]) == ([{"text": "AB\nC"}], "x y")


ALONE = """
from: hl7v2
to: fhir/Patient
fields:
  active: true
  name.family: PV1-40
  generalPractitioner: {use: who, of: PID-5}
"""


def test_alone_a_resource_contains_what_it_points_at(
    make: Any, put: Any, message: Any, facts: Any
) -> None:
    found = made(make(ALONE), message, facts)
    (inner,) = found["contained"]
    assert found["generalPractitioner"] == [{"reference": f"#{inner['id']}"}]


def test_what_says_nothing_is_not_made(make: Any, put: Any, message: Any, facts: Any) -> None:
    found = made(make(ALONE.replace("PID-5", "PID-9")), message, facts)
    assert found == {"resourceType": "Patient", "active": True}


def test_what_breaks_the_standard_does_not_leave(
    make: Any, put: Any, message: Any, facts: Any
) -> None:
    with pytest.raises(MessageError) as refused:
        make(BUNDLE.replace('status: "billable"', "status: PV1-40")).apply(message, facts)
    assert refused.value.code == "invalid"
    assert refused.value.path == "Bundle.entry[2].resource.status"


def test_traces_show_every_rule(make: Any, put: Any, message: Any, facts: Any) -> None:
    ((_, traced),) = make(BUNDLE).trace(message, facts)
    said = {each.field: each.value for each in traced}
    assert said["patient.birthDate"] == "1980-01-02"
    assert said["patient.name.family"] == "TEST"
    assert said["items[0].charge.code.text"] == "STEM"


CHOOSE = """
from: hl7v2
to: fhir/Bundle
choose:
  - {when: MSH-9.1 == "ADT", use: adt}
  - {when: MSH-9.1 == "DFT", use: dft}
"""


def test_the_mapping_for_a_message(make: Any, put: Any, message: Any, facts: Any) -> None:
    put("adt", BUNDLE)
    put("dft", BUNDLE.replace("transaction", "batch"))
    assert made(make(CHOOSE), message, facts)["type"] == "batch"
    with pytest.raises(MessageError) as none:
        make(CHOOSE.replace('"DFT"', '"ORU"')).apply(message, facts)
    assert none.value.code == "no_mapping"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BUNDLE.replace("active", "aktive"), "Patient has no field 'aktive'"),
        (BUNDLE.replace('"billable"', '"bill"'), "the field takes one of: aborted, billable"),
        (BUNDLE.replace("subject: patient", "subject: pateint"), "pateint"),
        (BUNDLE.replace("type: ChargeItem", "type: Charge"), "FHIR R4 has no type 'Charge'"),
        (BUNDLE.replace("type: ChargeItem", "type: HumanName"), "FHIR R4 has no resource 'HumanName'"),
        ("from: hl7v2\nto: fhir/Patient\nfields: {deceased: PID-30}\n", "part of its name: deceasedBoolean, deceasedDateTime"),
        ("from: hl7v2\nto: fhir/Patient\nfields: {deceasedString: PID-30}\n", "part of its name: deceasedBoolean, deceasedDateTime"),
        (BUNDLE.replace("type: ChargeItem", "when: true"), "nothing says which resource this is"),
        (BUNDLE.replace(" | datetime\n          price", "\n          price"), "the field is a moment"),
        (BUNDLE.replace("resources:\n  patient", "ressources:\n  patient"), "a Bundle has 'resources'"),
        ("from: hl7v2\nto: fhir/Patient\nfields: {name.family.x: PID-5}\n", "'family' is a text"),
        ("from: hl7v2\nto: fhir/Patient\nfields: {name: {use: identifier, of: PID-3}}\n", "makes fhir/Identifier, and the field is HumanName"),
        ("from: hl7v2\nto: fhir/Claim\nfields: {insurance.coverage: {use: who, of: PID-5}}\n", "a Reference to Coverage"),
        (CHOOSE, "there is no mapping 'adt'"),
        (CHOOSE.replace("use: adt", "use: made"), "would choose itself"),
        (CHOOSE.replace("use: adt", "use: patient"), "'patient' makes fhir/Patient of hl7v2/PID"),
    ],
)  # fmt: skip
def test_mistakes(mistakes_of: Any, put: Any, text: str, said: str) -> None:
    found = mistakes_of(text)
    assert any(said in each for each in found), found


def test_a_part_with_a_mistake_is_told_once(mistakes_of: Any, put: Any) -> None:
    put("patient", "from: hl7v2/PID\nto: fhir/Pateint\nfields: {active: true}\n")
    found = mistakes_of(BUNDLE)
    assert len(found) == 1 and "did you mean 'Patient'" in found[0], (
        "its name is known all the same"
    )


OVERLAID = """
from: hl7v2
to: fhir/Bundle
resources:
  claim:
    type: Account
    fields:
      status: "active"
      owner: {use: house, of: PID, fields: {alias: "overlaid"}}
fields: {type: "collection"}
"""


def test_fields_beside_use_are_those_of_the_resource_that_is_pointed_at(
    make: Any, put: Any, message: Any, facts: Any
) -> None:
    put("house", "from: hl7v2/PID\nto: fhir/Organization\nfields: {name: PID-5.1}\n")
    entries = made(make(OVERLAID), message, facts)["entry"]
    house, account = (each["resource"] for each in entries)
    assert (house["name"], house["alias"]) == ("TEST", ["overlaid"])
    assert account["owner"] == {"reference": entries[0]["fullUrl"]}


def test_in_a_collection_the_claim_stands_first() -> None:
    """Da Vinci PAS, request Bundle."""
    patient, claim = {"resourceType": "Patient"}, {"resourceType": "Claim", "use": "claim"}
    every = [(patient, ANYWHERE), (claim, ANYWHERE)]
    found = bundles.assembled({"type": "collection"}, every).resource
    assert [each["resource"]["resourceType"] for each in found["entry"]] == ["Claim", "Patient"]


def test_what_a_search_found_stands_before_what_it_points_at() -> None:
    patient = {"resourceType": "Patient", "managingOrganization": {"resourceType": "Organization"}}  # fmt: skip
    found = bundles.assembled({"type": "searchset"}, [(patient, ANYWHERE)]).resource
    said = [(each["resource"]["resourceType"], each["search"]["mode"]) for each in found["entry"]]  # fmt: skip
    assert said == [("Patient", "match"), ("Organization", "include")]


LISTED = """
from: Claim
to: Claim
fields:
  source_id: source_id
  number: number
  kind: kind
  patient_account: patient_account
  amount: amount
  payer: payer
  subscriber: subscriber
  lines: lines
  diagnoses:
    - fields: {code: "first"}
    - when: number == "nobody"
      fields: {code: "never"}
    - {use: same, each: diagnoses}
  providers:
    - {each: providers, fields: {role: .role, npi: .npi}}
"""


def test_a_list_of_an_entity_is_made_of_parts(make: Any, put: Any, facts: Any) -> None:
    """One behind the other, with and without `each`; and `it` is handed on."""
    put("same", "from: Code\nto: Code\nfields: {code: code, system: system}\n")
    claim = canonical.decode("Claim", canonical.example("Claim").encode())
    for text in (LISTED, LISTED.replace("{use: same, each: diagnoses}", HANDED)):
        (product,) = make(text).apply(claim, facts)
        assert product.entity.diagnoses[1:] == claim.diagnoses
        assert product.entity.diagnoses[0].code == "first"
        assert isinstance(product.entity.diagnoses, tuple)


HANDED = "{each: diagnoses, value: it}"
