"""Validation of FHIR R4: what is refused, where, by which rule; and that the quick answer is the thorough one."""

from __future__ import annotations

import copy
import random
import time
from decimal import Decimal
from typing import Any

import pytest

from engine.fhir import checking, definitions, shape, structure

DIV = '<div xmlns="http://www.w3.org/1999/xhtml"><p>Jo <b>Doe</b> &amp; <a href="doe.html">more</a></p></div>'
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "1",
    "text": {"status": "generated", "div": DIV},
    "contained": [{"resourceType": "Organization", "id": "o", "name": "Clinic"}],
    "extension": [{"url": "http://example.org/a", "valueQuantity": {"value": Decimal("1.50")}}],
    "identifier": [{"system": "urn:oid:1.2.36", "value": "12\u00a0345", "use": "usual"}],
    "name": [
        {
            "family": "Doe",
            "given": ["Jo", None],
            "_given": [
                {"id": "a"},
                {"id": "g", "extension": [{"url": "http://a", "valueCode": "x"}]},
            ],
        }
    ],
    "gender": "female",
    "birthDate": "2020-02-29",
    "_birthDate": {
        "extension": [{"url": "http://example.org/t", "valueDateTime": "2020-02-29T10:30:00Z"}]
    },
    "deceasedBoolean": False,
    "multipleBirthInteger": 2,
    "photo": [{"contentType": "image/png", "data": "AAAA", "size": 3}],
    "contact": [{"name": {"family": "Roe"}}],
    "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}]}}],
    "managingOrganization": {"reference": "#o"},
}
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "1"}]},
    "subject": {"reference": "urn:uuid:00000000-0000-4000-8000-000000000001"},
    "effectiveDateTime": "2020-01-01",
    "valueQuantity": {
        "value": Decimal("101.50"),
        "system": "http://unitsofmeasure.org",
        "code": "kg",
    },
    "referenceRange": [{"low": {"value": 1}}],
}
BUNDLE: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {
            "fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000001",
            "resource": {"resourceType": "Patient", "active": True},
            "request": {"method": "POST", "url": "Patient"},
        },
        {"resource": OBSERVATION, "request": {"method": "POST", "url": "Observation"}},
    ],
}
DOCUMENT = {
    "resourceType": "Bundle",
    "type": "document",
    "entry": [{"resource": {"resourceType": "Patient", "id": "1"}}],
}
GONE = object()

FAULTS: list[tuple[dict[str, Any], str, Any, str, str]] = [
    (PATIENT, "birthDate", "2021-02-30", "Patient.birthDate", "date that exists"),
    (PATIENT, "birthDate", "1900-02-29", "Patient.birthDate", "date that exists"),
    (PATIENT, "gender", "F", "Patient.gender", "one of female, male"),
    (PATIENT, "active", "true", "Patient.active", "without quotes"),
    (PATIENT, "multipleBirthInteger", Decimal("2.0"), "Patient.multipleBirth.ofType(integer)", "whole number"),
    (PATIENT, "deceasedDateTime", "2020", "Patient.deceased", "only one of its types"),
    (PATIENT, "id", "a_b", "Patient.id", "an id is of"),
    (PATIENT, "nmae", "x", "Patient.nmae", "no such element"),
    (PATIENT, "_name", {}, "Patient._name", "no such element"),
    (PATIENT, "name", [], "Patient.name", "never empty"),
    (PATIENT, "name", {"family": "Doe"}, "Patient.name", "repeats"),
    (PATIENT, "name.0", {}, "Patient.name[0]", "must not be empty"),
    (PATIENT, "name.0", {"id": "a"}, "Patient.name[0]", "ele-1"),
    (PATIENT, "name.0.family", "", "Patient.name[0].family", "must not be empty"),
    (PATIENT, "name.0.family", "a\x01", "Patient.name[0].family", "control characters"),
    (PATIENT, "name.0.family", ["Doe"], "Patient.name[0].family", "no list"),
    (PATIENT, "name.0._given", GONE, "Patient.name[0].given[1]", "null stands only"),
    (PATIENT, "name.0._given", [None], "Patient.name[0].given", "stand in line"),
    (PATIENT, "contact.0", {"id": "g", "gender": "male"}, "Patient.contact[0]", "same id"),
    (PATIENT, "photo.0.size", 4, "Patient.photo[0].size", "not that of the data"),
    (PATIENT, "photo.0.data", "AAA", "Patient.photo[0].data", "base64"),
    (PATIENT, "communication.0.language", GONE, "Patient.communication[0].language", "must be there"),
    (PATIENT, "communication.0.language.coding.0.system", "bcp", "Patient.communication[0].language.coding[0].system", "absolute"),
    (PATIENT, "extension.0.url", "a", "Patient.extension[0].url", "absolute"),
    (PATIENT, "extension.0.valueQuantity", GONE, "Patient.extension[0]", "ext-1"),
    (PATIENT, "managingOrganization.reference", "#p", "Patient.managingOrganization.reference", "ref-1"),
    (PATIENT, "managingOrganization.reference", "Clinic/1", "Patient.managingOrganization.reference", "type of resource"),
    (PATIENT, "managingOrganization", GONE, "Patient.contained[0]", "dom-3"),
    (PATIENT, "contained.0.meta", {"versionId": "1"}, "Patient.contained[0].meta", "dom-4"),
    (PATIENT, "contained.0.contained", [{}], "Patient.contained[0]", "dom-2"),
    (PATIENT, "contained.0.foo", 1, "Patient.contained[0]", "no such element"),
    (PATIENT, "text.div", DIV.replace("<b>", "<i>"), "Patient.text.div", "well-formed"),
    (PATIENT, "text.div", DIV.replace("<b>", "<b onclick='x'>"), "Patient.text.div", "attribute"),
    (PATIENT, "text.div", DIV.replace("doe.html", "javascript:x"), "Patient.text.div", "script"),
    (PATIENT, "text.div", "<p>x</p>", "Patient.text.div", "one div"),
    (PATIENT, "resourceType", "Patent", "", "resource of FHIR R4"),
    (PATIENT, "resourceType", GONE, "", "is missing"),
    (OBSERVATION, "valueQuantity.system", GONE, "Observation.value.ofType(Quantity)", "qty-3"),
    (OBSERVATION, "referenceRange.0.low.comparator", "<", "Observation.referenceRange[0].low.comparator", "sqty-1"),
    (OBSERVATION, "effectiveDateTime", "2020-01-01T10:30:00", "Observation.effective.ofType(dateTime)", "zone"),
    (BUNDLE, "entry.0.resource.active", 1, "Bundle.entry[0].resource.active", "true or false"),
    (BUNDLE, "entry.0.resource", True, "Bundle.entry[0].resource", "a record"),
    (BUNDLE, "entry.0.request", GONE, "Bundle.entry[0]", "bdl-3"),
    (BUNDLE, "entry.0.response", {"status": "201"}, "Bundle.entry[0]", "bdl-4"),
    (BUNDLE, "entry.0.fullUrl", "Patient/1", "Bundle.entry[0].fullUrl", "absolute"),
    (BUNDLE, "entry.0.fullUrl", GONE, "Bundle.entry[1].resource", "no entry of the Bundle"),
    (BUNDLE, "entry.1.fullUrl", BUNDLE["entry"][0]["fullUrl"], "Bundle.entry[1].fullUrl", "bdl-7"),
    (BUNDLE, "total", 2, "Bundle.total", "bdl-1"),
    (DOCUMENT, "timestamp", "2020-01-01T00:00:00Z", "Bundle", "bdl-11"),
]  # fmt: skip


def changed(resource: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with another value at one place."""
    copied = copy.deepcopy(resource)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    box: Any = copied
    for step in steps:
        box = box[step]
    if value is GONE:
        del box[last]
    else:
        box[last] = copy.deepcopy(value)
    return copied


@pytest.mark.parametrize(("resource", "path", "value", "place", "rule"), FAULTS)
def test_a_fault_is_named_with_its_place(
    resource: dict[str, Any], path: str, value: Any, place: str, rule: str
) -> None:
    broken = changed(resource, path, value)
    found = list(checking.findings(broken))
    assert any(at == place and rule in said for at, said in found), found
    assert not checking.valid(broken)


@pytest.mark.parametrize("resource", [PATIENT, OBSERVATION, BUNDLE])
def test_what_is_right_has_no_findings(resource: dict[str, Any]) -> None:
    assert list(structure.resource(resource, "")) == []
    assert checking.valid(resource)


def test_what_is_common_is_quick() -> None:
    plain = {key: value for key, value in PATIENT.items() if key != "name"}
    plain["photo"] = [{"url": "http://example.org/p"}]
    assert shape.surely(plain)
    assert shape.surely(OBSERVATION)
    assert shape.surely(BUNDLE)


def test_a_value_is_never_told() -> None:
    secret = "MOUSE-4711"
    broken = changed(changed(PATIENT, "gender", secret), "birthDate", secret)
    broken["identifier"][0]["use"] = secret
    broken["text"]["div"] = f"<div>{secret}</div>"
    told = str(list(checking.check(broken, "invariants")))
    assert secret not in told and told.count("(") >= 4


STRANGE: list[Any] = [
    *(None, [], {}, "", " ", "x y", 3, Decimal("1.0"), Decimal("1E+400"), True, -1, 2**40, "\x01", "#a"),
    *("Nope/1", [None], [{}], {"id": "1"}, [[]], {"reference": "#x"}, "urn:uuid:1", "javascript:x"),
    *({"resourceType": "Patient"}, {"extension": [{"url": "http://a", "valueString": "x"}]}, "<div>x</div>"),
]  # fmt: skip
KEYS = [
    "foo",
    "_status",
    "id",
    "extension",
    "valueString",
    "_value",
    "contained",
    "resourceType",
    "text",
]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Everything that can be changed in a document."""
    steps = (
        list(value)
        if isinstance(value, dict)
        else range(len(value))
        if isinstance(value, list)
        else ()
    )
    found: list[tuple[Any, Any]] = []
    for step in steps:
        found += [(value, step), *places(value[step])]
    return found


def mutated(resource: Any, chance: random.Random) -> Any:
    """A copy with something strange at one place."""
    copied = copy.deepcopy(resource)
    box, step = chance.choice(places(copied))
    deed = chance.randrange(4)
    if deed == 0:
        del box[step]
    elif deed == 1 and isinstance(box, dict):
        box[chance.choice(KEYS)] = copy.deepcopy(chance.choice(STRANGE))
    elif deed == 2 and isinstance(box, list):
        box.append(copy.deepcopy(chance.choice([*STRANGE, box[step]])))
    else:
        box[step] = copy.deepcopy(chance.choice(STRANGE))
    return copied


def agree(resources: list[Any], times: int) -> None:
    """What the compiled shape takes has no findings, whatever is done to it, and neither ever fails."""
    chance = random.Random(4)
    taken = 0
    for _ in range(times):
        resource = mutated(chance.choice(resources), chance)
        sure = shape.surely(resource)
        found = list(structure.resource(resource, ""))
        assert not (sure and found), (resource, found)
        taken += sure
    assert taken > times / 50


def test_both_answers_agree() -> None:
    agree([PATIENT, OBSERVATION, BUNDLE, changed(PATIENT, "contained", GONE)], 1500)


@pytest.mark.slow
def test_both_answers_agree_at_length() -> None:
    agree([PATIENT, OBSERVATION, BUNDLE], 40_000)


def test_no_text_takes_long() -> None:
    """Time grows with the length and no faster: a second would be a thousand times too long."""
    long = 100_000
    hostile: list[tuple[str, Any]] = [
        ("language", "a " * long),
        ("birthDate", "1" * long),
        ("managingOrganization", {"reference": "http://" + "a/" * long + " "}),
        ("managingOrganization", {"reference": "a/" * long + " "}),
        ("photo", [{"data": "AAAA" * long + "A"}]),
        ("text", {"status": "empty", "div": DIV[:-6] + "<![CDATA[" + "<" * long + "]]></div>"}),
        ("text", {"status": "empty", "div": DIV[:-6] + "<p>" * long + "</div>"}),
    ]
    began = time.process_time()
    for name, value in hostile:
        list(checking.check({"resourceType": "Patient", name: value}, "invariants"))
    assert time.process_time() - began < 3


def test_types_of_the_standard() -> None:
    assert len(definitions.names()) == 209
    patient, entry = definitions.of("Patient"), definitions.of("Bundle.entry")
    assert next(iter(patient.elements)) == "id" and patient.elements["id"].type == "id"
    assert patient.elements["gender"].codes == {"male", "female", "other", "unknown"}
    assert patient.elements["contact"].most == 0 and patient.elements["birthDate"].most == 1
    assert entry.elements["link"].type == "Bundle.link"
    assert definitions.of("Observation").elements["valueQuantity"].choice == "value[x]"
    assert {each.key for each in definitions.of("Patient.contact").constraints} == {
        "ele-1",
        "pat-1",
    }
    with pytest.raises(LookupError, match="did you mean 'Patient'"):
        definitions.of("Patent")
    for name in definitions.names():
        for type_ in definitions.within(name):
            for element in type_.elements.values():
                assert definitions.of(element.type).name == element.type


def test_an_element_that_nobody_can_have_meant_is_not_named() -> None:
    """A sender may write a person's name there, and places stand in logs."""
    found = list(
        checking.findings({"resourceType": "Patient", "Testcase": 1, "brithDate": "1980"})
    )
    assert [place for place, _ in found] == ["Patient", "Patient.brithDate"]
