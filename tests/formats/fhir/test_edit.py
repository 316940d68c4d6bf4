"""Resources edited in place: what no rule names stays."""

from __future__ import annotations

from typing import Any

from engine.fhir.serializing import to_xml
from engine.records.decoding import decoded
from tests.formats.fhir.conftest import SAMPLE, Mapped

EDIT = """from: fhir
to: fhir
set:
  Patient/gender: "unknown"
  Patient/name[.use == "official"].given[0]: "Ellen"
  Patient/name[.use == "maiden"].family: "not written"
  Patient/maritalStatus.coding[0].code: "M"
  Patient/maritalStatus.coding[0].system: "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"
  Patient/birthDate: Patient/birthDate | add_days(1)
  Patient/active: "true"
  ServiceRequest[0]/subject.resolve(Patient).id: "p2"
  ServiceRequest[*]/intent: "plan"
  identifier.value: nothing
  Observation/status: "final"
remove:
  - Patient/identifier[.system == "http://example.org/accounts"]
  - Patient/generalPractitioner
  - ServiceRequest/quantityQuantity.value
edit:
  - {each: Practitioner, remove: true}
  - each: ServiceRequest
    when: code.coding[0].code == "718-7"
    set:
      status: "draft"
      note[0].text: "row {index}"
      priority: priority ?? "routine"
"""


def expected() -> Any:
    bundle = decoded(SAMPLE.read_bytes())
    del bundle["identifier"]["value"]
    entries = bundle["entry"]
    patient, first, second = (entries[at]["resource"] for at in (1, 2, 3))
    patient |= {"gender": "unknown", "birthDate": "1980-04-18", "active": True, "id": "p2"}
    patient["name"][1]["given"][0] = "Ellen"
    system = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"
    patient["maritalStatus"] = {"coding": [{"code": "M", "system": system}]}
    del patient["identifier"][0], patient["generalPractitioner"]
    del first["quantityQuantity"]["value"]
    first["intent"] = second["intent"] = "plan"
    second |= {"status": "draft", "note": [{"text": "row 2"}], "priority": "routine"}
    del entries[4]
    return bundle


def test_an_edit_changes_what_it_names_and_nothing_else(mapped: Mapped) -> None:
    (made,) = mapped.made(EDIT)
    assert decoded(made) == expected()
    (of_xml,) = mapped.made(EDIT, to_xml(decoded(SAMPLE.read_bytes())))
    assert of_xml == to_xml(expected())


def test_what_becomes_empty_leaves_and_places_are_checked(mapped: Mapped) -> None:
    text = "from: fhir/Patient\nto: fhir\nremove:\n  - name[0].family\n  - maritalStatus.text\n"
    raw = b'{"resourceType":"Patient","name":[{"family":"A"}],"maritalStatus":{"text":"x"}}'
    assert mapped.made(text, raw) == [b'{"resourceType":"Patient"}']
    wrong = "from: fhir/Patient\nto: fhir\nset: {brithDate: index}\n"
    assert "did you mean 'birthDate'?" in mapped.wrong(wrong)
    keep = "from: fhir\nto: fhir\nkeep: [Patient]\n"
    assert "keep" in mapped.wrong(keep)


def test_each_at_the_top_makes_a_message_of_every_one(mapped: Mapped) -> None:
    text = 'from: fhir\nto: fhir\neach: ServiceRequest\nset: {status: "revoked"}\n'
    first, second = (decoded(each) for each in mapped.made(text))
    kinds = [[one["resource"].get("id") for one in each["entry"]] for each in (first, second)]
    assert kinds == [[None, "p1", "sr1", "dr9"], [None, "p1", "sr2", "dr9"]]
    assert second["entry"][2]["resource"]["status"] == "revoked"
