"""Paths of resources in mappings: values, types, resources of a Bundle, References, FHIRPath, and what is said of wrong ones."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.errors import MessageError
from engine.records.decoding import decoded
from tests.formats.fhir.conftest import Mapped

READ = """from: fhir/Bundle
to: json
let:
  patient: ServiceRequest/subject.resolve(Patient)
fields:
  number: identifier.value
  event: entry[0].resource.eventCoding.code
  family: Patient/name[.use == "official"].family
  given: Patient[0]/name[1].given
  every: Patient[*]/name[*].given[0]
  mrn: Patient/identifier[.system == "http://example.org/mrn"].value
  stat: ServiceRequest[.priority == "stat"]/code.coding[0].display
  amount: ServiceRequest/quantityQuantity.value * 2
  born: Patient/birthDate | format("%Y%m%d")
  at: ServiceRequest/authoredOn
  count: count(ServiceRequest)
  plain: entry[.resource.resourceType == "Patient"].resource.gender
  doctor: Patient/generalPractitioner[0].resolve().name[0].family
  absent: exists(Specimen)
  other: ServiceRequest/subject.resolve(Group).id ?? "another resource"
  of_let: patient.name[1].given[1]
  query: fhirpath("entry.resource.ofType(Patient).name.where(use = 'official').given")[*]
  total: fhirpath("entry.count()") + 1
  orders:
    each: ServiceRequest
    let:
      who: requester.resolve(Practitioner)
    fields:
      at: index
      code: code.coding[0].code
      patient: subject.resolve(Patient).name[.use == "official"].family
      npi: who.identifier[0].value
      sender: MessageHeader/source.name
      number: identifier[0].value ?? entry[1].fullUrl
      again: .status
      asked: fhirpath("subject.resolve().name.family")
      resource: fhirpath("subject.select(%resource.id)")
"""


def test_a_bundle_is_read_by_its_resources(mapped: Mapped) -> None:
    (made,) = mapped.made(READ)
    said = decoded(made)
    orders = said.pop("orders")
    assert said == {
        "number": "ORD-4711",
        "event": "lab-order",
        "family": "Testcase",
        "given": ["Eleanor", "Q"],
        "every": ["Nell", "Eleanor"],
        "mrn": "MRN-42",
        "stat": "Glucose",
        "amount": Decimal("3.00"),
        "born": "19800417",
        "at": "2026-11-21T10:28:00-06:00",
        "count": 2,
        "plain": "female",
        "doctor": "Housecall",
        "absent": False,
        "other": "another resource",
        "of_let": "Q",
        "query": ["Eleanor", "Q"],
        "total": 6,
    }
    assert orders == [
        {
            "at": 1,
            "code": "2345-7",
            "patient": "Testcase",
            "npi": "1234567893",
            "sender": "North Clinic",
            "number": "urn:uuid:3b2f0f1e-6d0a-4c33-9a70-0f4a3c1d2e02",
            "again": "active",
            "asked": "Testcase",
            "resource": "sr1",
        },
        {
            "at": 2,
            "code": "718-7",
            "patient": "Testcase",
            "npi": "1234567893",
            "sender": "North Clinic",
            "number": "urn:uuid:3b2f0f1e-6d0a-4c33-9a70-0f4a3c1d2e02",
            "again": "active",
            "asked": "Testcase",
            "resource": "sr2",
        },
    ]


PART = """from: fhir/HumanName
to: json
fields:
  last: family
  first: given[0]
"""
ORDER = """from: fhir/ServiceRequest
to: json
fields:
  code: code.coding[0].code
  name: {use: name, of: "subject.resolve(Patient).name[1]"}
  sender: MessageHeader/source.name
"""
USING = """from: fhir
to: json
each: ServiceRequest
fields:
  order: {use: order, of: it}
"""


def test_a_mapping_that_is_used_follows_references_of_the_whole_message(mapped: Mapped) -> None:
    part = ORDER.replace('"subject.resolve(Patient).name[1]"}', "subject}")
    assert "reads fhir/HumanName" in mapped.wrong(USING, order=part, name=PART)
    order = ORDER.replace('of: "subject.resolve(Patient).name[1]"}', "of: subject}").replace(
        "  name: {use: name, of: subject}",
        "  name:\n    use: name\n    of: subject.resolve(Patient).name[1]",
    )
    first, second = mapped.made(USING, order=order, name=PART)
    name = {"last": "Testcase", "first": "Eleanor"}
    assert decoded(first)["order"] == {"code": "2345-7", "name": name, "sender": "North Clinic"}
    assert decoded(second)["order"]["code"] == "718-7"


def test_a_mapping_of_one_resource_takes_no_other(mapped: Mapped) -> None:
    text = "from: fhir/Patient\nto: json\nfields:\n  a: gender\n  tag: meta.tag[0].code\n"
    raw = b'{"resourceType":"Patient","gender":"male","meta":{"tag":[{"code":"x"}]}}'
    assert mapped.made(text, raw) == [b'{"a":"male","tag":"x"}']
    with pytest.raises(MessageError) as error:
        mapped.made(text)
    assert error.value.code == "other_resource"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("familiy", "did you mean 'family'?"),
        ("Patient/brithDate", "did you mean 'birthDate'?"),
        ("Patient/name.family", "'family' is asked of a list"),
        ("Pateint/name[0].family", "R4 has no resource 'Pateint'; did you mean 'Patient'?"),
        ("Observatoin[1]/status", "did you mean 'Observation'?"),
        ("Patient/gender[0]", "brackets stand behind what repeats, and 'gender' does not"),
        ("Patient.name", "write   Patient/name"),
        ("Observation/value.unit", "'value' of Observation has one of several types"),
        ("Observation/valueQuantity.value == \"5\"", "a number is compared with a text"),
        ("ServiceRequest/subject.resolve(Patien)", "R4 has no resource 'Patien'; did you mean 'Patient'?"),
        ("ServiceRequest/subject.resolve(Claim)", "points at Patient, Group, Location, Device, never at Claim"),
        ("Patient/name[0].resolve()", "'resolve' follows a Reference, and this is HumanName"),
        ("Patient/generalPractitioner.resolve()", "followed one by one"),
        ("fhirpath(\"name.frist()\")", "did you mean 'first'?"),
        ("fhirpath(\"name..given\")", "this is no FHIRPath from here on"),
        ("fhirpath(name)", "in fhirpath(...) stands a FHIRPath in double quotes"),
    ],
)  # fmt: skip
def test_what_r4_does_not_have_is_a_mistake(mapped: Mapped, path: str, said: str) -> None:
    text = f"from: fhir/Bundle\nto: json\nfields:\n  a: >-\n    {path}\n"
    if path == "familiy":
        text = "from: fhir/HumanName\nto: json\nfields:\n  a: familiy\n"
    assert said in mapped.wrong(text)


def test_inside_an_each_only_names_of_r4_are_looked_up_further_out(mapped: Mapped) -> None:
    text = "from: fhir\nto: json\neach: Observation\nfields:\n  a: statsu\n"
    assert "did you mean 'status'?" in mapped.wrong(text)
    assert mapped.wrong(text.replace("statsu", "status")) == ""
    assert "R4 has no type 'Patiend'; did you mean 'Patient'?" in mapped.wrong(
        text.replace("from: fhir", "from: fhir/Patiend")
    )
    assert "has nothing inside it" in mapped.wrong(
        text.replace("from: fhir", "from: fhir/code")
    )


def test_a_value_of_another_kind_than_r4_says_is_told_without_it(mapped: Mapped) -> None:
    raw = b'{"resourceType":"Observation","valueQuantity":{"value":"secret","unit":["secret"]},"valueString":5}'
    for path in ("valueQuantity.value", "valueString", "valueQuantity.unit"):
        text = f"from: fhir\nto: json\nfields:\n  a: Observation/{path}\n"
        with pytest.raises(MessageError) as error:
            mapped.made(text, raw)
        assert error.value.path == f"Observation/{path}"
        assert "is expected here" in str(error.value)
        assert "secret" not in str(error.value)
