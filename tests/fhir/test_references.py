"""Where References point inside one document."""

from __future__ import annotations

from typing import Any

import pytest

from engine.fhir.references import Index

INNER = {"reference": "#gp"}
SIBLING = {"reference": "#"}
NEAR, FAR = {"reference": "Patient/1"}, {"reference": "Patient/1"}
BUNDLE: dict[str, Any] = {
    "resourceType": "Bundle",
    "entry": [
        {"fullUrl": "http://a/fhir/Patient/1", "resource": {"resourceType": "Patient", "id": "1", "gender": "male"}},
        {"fullUrl": "http://b/fhir/Patient/1", "resource": {"resourceType": "Patient", "id": "1", "gender": "female"}},
        {"fullUrl": "http://a/fhir/Observation/2", "resource": {"resourceType": "Observation", "id": "2", "subject": NEAR}},
        {"fullUrl": "http://b/fhir/Observation/2", "resource": {"resourceType": "Observation", "id": "2", "subject": FAR}},
        {
            "fullUrl": "urn:uuid:5",
            "resource": {
                "resourceType": "Encounter",
                "contained": [{"resourceType": "Practitioner", "id": "gp", "extension": [{"url": "x", "valueReference": SIBLING}]}],
                "participant": [{"individual": INNER}],
            },
        },
        {"resource": {"resourceType": "Group", "id": "g", "meta": {"versionId": "2"}}},
        {"response": {"status": "201"}},
    ],
}  # fmt: skip
INDEX = Index(BUNDLE)


def found(reference: Any) -> str:
    resource = INDEX.resolve(reference) or {}
    return str(resource.get("gender") or resource.get("resourceType") or "")


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("http://b/fhir/Patient/1", "female"),
        ({"reference": "http://a/fhir/Patient/1/_history/4"}, "male"),
        (NEAR, "male"),
        (FAR, "female"),
        ("Patient/1", ""),
        ("urn:uuid:5", "Encounter"),
        (INNER, "Practitioner"),
        (SIBLING, "Encounter"),
        ("urn:uuid:5#gp", "Practitioner"),
        ("#gp", ""),
        ("Group/g", "Group"),
        ("Group/g/_history/2", "Group"),
        ("Group/g/_history/1", ""),
        ("Group/other", ""),
        ({"identifier": {"value": "x"}}, ""),
        ({"reference": 5}, ""),
        (None, ""),
    ],
)
def test_a_reference_is_looked_up_as_r4_says(reference: Any, said: str) -> None:
    assert found(reference) == said


def test_resources_are_found_by_type_in_order_and_with_what_is_around_them() -> None:
    assert [each["gender"] for each in INDEX.of_type("Patient")] == ["male", "female"]
    assert INDEX.of_type("Bundle") == [BUNDLE]
    assert list(INDEX.of_type("Practitioner")) == []
    assert INDEX.around(INNER) is BUNDLE["entry"][4]["resource"]
    patient = {"resourceType": "Patient", "id": "9"}
    parameters = {
        "resourceType": "Parameters",
        "parameter": [{"name": "resource", "part": [{"name": "x", "resource": patient}]}],
    }
    assert Index(parameters).resolve("Patient/9") is patient
    assert Index(patient).of_type("Patient") == [patient]
    for strange in (None, {"resourceType": "Bundle", "entry": 5}, {"resourceType": "Bundle", "entry": [5, {"resource": 5}]}):  # fmt: skip
        assert Index(strange).resolve("Patient/1") is None
