"""Rules in FHIRPath, profiles of a folder, and other releases."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from engine.fhir import checking, invariants
from tests.fhir.test_checking import OBSERVATION

RULES: list[tuple[dict[str, Any], str, str]] = [
    ({**OBSERVATION, "dataAbsentReason": {"text": "x"}}, "Observation", "obs-6"),
    ({**OBSERVATION, "component": [{"code": OBSERVATION["code"]}]}, "Observation", "obs-7"),
    ({**OBSERVATION, "referenceRange": [{"type": {"text": "x"}}]}, "Observation.referenceRange[0]", "obs-3"),
    ({"resourceType": "Patient", "contact": [{"gender": "male"}]}, "Patient.contact[0]", "pat-1"),
    ({"resourceType": "Organization", "name": "x", "telecom": [{"system": "phone", "use": "home"}]}, "Organization.telecom[0]", "org-3"),
    ({"resourceType": "Patient", "telecom": [{"value": "1"}]}, "Patient.telecom[0]", "cpt-2"),
    ({"resourceType": "Patient", "name": [{"period": {"start": "2021", "end": "2020-12"}}]}, "Patient.name[0].period", "per-1"),
    ({"resourceType": "Patient", "generalPractitioner": [{"reference": "Device/1"}]}, "Patient.generalPractitioner[0].reference", "must point to"),
    ({"resourceType": "Patient", "text": {"status": "empty", "div": '<div xmlns="http://www.w3.org/1999/xhtml"> </div>'}}, "Patient.text.div", "txt-2"),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "place", "rule"), RULES)
def test_rules_of_the_standard(resource: dict[str, Any], place: str, rule: str) -> None:
    assert checking.valid(resource)
    assert any(
        at == place and rule in said for at, said in checking.check(resource, "invariants")
    )


def test_what_is_right_keeps_all_rules() -> None:
    assert list(checking.check(OBSERVATION, "invariants")) == []
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": RULES[3][0]}],
    }
    (found,) = checking.check(bundle, "invariants")
    assert found[0] == "Bundle.entry[0].resource.contact[0]"
    assert invariants.beyond() == ()
    assert any("[dom-6]" in said for _, said in checking.advice(OBSERVATION))


def test_a_document_contains_what_it_points_to() -> None:
    base = "http://example.org/"
    composition: dict[str, Any] = {
        "resourceType": "Composition",
        "id": "c",
        "status": "final",
        "type": {"text": "x"},
        "date": "2020-01-01",
        "title": "x",
        "author": [{"reference": "Patient/p"}],
        "section": [{"title": "x", "entry": [{"reference": "Patient/p"}]}],
    }
    patient = {"resourceType": "Patient", "id": "p"}
    document = {
        "resourceType": "Bundle",
        "type": "document",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2"},
        "timestamp": "2020-01-01T00:00:00Z",
        "entry": [
            {"fullUrl": f"{base}Composition/c", "resource": composition},
            {"fullUrl": f"{base}Patient/p", "resource": patient},
        ],
    }
    assert list(checking.check(document, "invariants")) == []
    document["entry"][1]["fullUrl"] = f"{base}other/Patient/p"  # type: ignore[index]
    assert [place for place, _ in checking.check(document, "invariants")] == [
        "Bundle.entry[0].resource.author[0]",
        "Bundle.entry[0].resource.section[0].entry[0]",
    ]


URL = "http://example.org/StructureDefinition/"


def element(path: str, id_: str = "", **more: Any) -> dict[str, Any]:
    """A line of a snapshot."""
    return {"id": id_ or path, "path": path, "min": 0, "max": "*", **more}


PROFILE = [
    element("Patient"),
    element("Patient.extension", slicing={"discriminator": [{"type": "value", "path": "url"}], "rules": "open"}),
    element("Patient.extension", "Patient.extension:race", sliceName="race", max="1", min=1, type=[{"code": "Extension", "profile": [URL + "race"]}]),
    element("Patient.identifier", min=1, slicing={"discriminator": [{"type": "value", "path": "system"}], "rules": "closed"}),
    element("Patient.identifier", "Patient.identifier:mrn", sliceName="mrn", min=1, max="1"),
    element("Patient.identifier.system", "Patient.identifier:mrn.system", min=1, max="1", fixedUri="urn:oid:1.2.3"),
    element("Patient.identifier.value", "Patient.identifier:mrn.value", min=1, max="1"),
    element("Patient.gender", min=1, max="1"),
    element("Patient.photo", max="0"),
    element("Patient.deceased[x]", type=[{"code": "boolean"}]),
    element("Patient.maritalStatus", max="1", patternCodeableConcept={"coding": [{"system": "http://x", "code": "M"}]}),
    element("Patient.communication"),
    element("Patient.communication.language", min=1, max="1", binding={"strength": "required", "valueSet": URL + "speech"}),
    element("Patient.name", constraint=[{"key": "ex-1", "severity": "error", "human": "a family", "expression": "family.exists()"}]),
    element("Patient.contact", slicing={"discriminator": [{"type": "exists", "path": "organization"}], "rules": "open"}),
    element("Patient.contact", "Patient.contact:work", sliceName="work", max="1"),
    element("Patient.contact.organization", "Patient.contact:work.organization", min=1, max="1"),
    element("Patient.link", slicing={"discriminator": [{"type": "type", "path": "other.resolve()"}], "rules": "open"}),
    element("Patient.link", "Patient.link:same", sliceName="same", max="0"),
    element("Patient.link.other", "Patient.link:same.other", type=[{"code": "Reference"}]),
]  # fmt: skip
RACE = [
    element("Extension"),
    element("Extension.url", min=1, max="1", fixedUri=URL + "race"),
    element("Extension.value[x]", min=1, max="1", type=[{"code": "code"}]),
]
GOOD: dict[str, Any] = {
    "resourceType": "Patient",
    "extension": [
        {"url": URL + "race", "valueCode": "a"},
        {"url": "http://other", "valueCode": "a"},
    ],
    "identifier": [{"system": "urn:oid:1.2.3", "value": "1"}],
    "gender": "male",
    "maritalStatus": {
        "coding": [{"system": "http://y", "code": "1"}, {"system": "http://x", "code": "M"}]
    },
    "communication": [{"language": {"coding": [{"system": "http://s", "code": "fr"}]}}],
    "name": [{"family": "Doe"}],
    "contact": [{"organization": {"reference": "Organization/1"}}, {"name": {"text": "x"}}],
    "deceasedBoolean": False,
}
BROKEN: list[tuple[str, Any, str, str]] = [
    ("extension", [{"url": "http://other", "valueCode": "a"}], "Patient.extension", "as race"),
    ("extension", [{"url": URL + "race", "valueString": "a"}], "Patient.extension[0].value.ofType(string)", "type must be code"),
    ("identifier", [{"system": "urn:oid:1.2.3"}], "Patient.identifier[0].value", "must be there"),
    ("identifier", [*GOOD["identifier"], {"system": "urn:oid:1", "value": "2"}], "Patient.identifier[1]", "no slice"),
    ("identifier", [*GOOD["identifier"], {"system": "urn:oid:1.2.3", "value": "2"}], "Patient.identifier", "at most 1"),
    ("gender", None, "Patient.gender", "must be there"),
    ("photo", [{"url": "http://p"}], "Patient.photo", "must not be there"),
    ("deceasedBoolean", ..., "Patient.deceased.ofType(dateTime)", "must be boolean"),
    ("maritalStatus", {"text": "M"}, "Patient.maritalStatus", "what the profile wants"),
    ("communication", [{"language": {"coding": [{"system": "http://s", "code": "xx"}]}}], "Patient.communication[0].language", "value set"),
    ("name", [{"text": "Doe"}], "Patient.name[0]", "ex-1"),
    ("contact", [GOOD["contact"][0], GOOD["contact"][0]], "Patient.contact", "at most 1"),
]  # fmt: skip


@pytest.fixture(scope="module")
def level(tmp_path_factory: pytest.TempPathFactory) -> checking.Profiled:
    folder = tmp_path_factory.mktemp("profiles")
    resources: dict[str, dict[str, Any]] = {
        "person": {
            "resourceType": "StructureDefinition",
            "type": "Patient",
            "snapshot": {"element": PROFILE},
        },
        "race": {
            "resourceType": "StructureDefinition",
            "type": "Extension",
            "snapshot": {"element": RACE},
        },
        "speech": {
            "resourceType": "ValueSet",
            "compose": {"include": [{"system": "http://s"}]},
        },
        "s": {"resourceType": "CodeSystem", "content": "complete", "concept": [{"code": "fr"}]},
    }
    for name, each in resources.items():
        url = "http://s" if name == "s" else URL + name
        (folder / f"{name}.json").write_text(json.dumps({**each, "id": name, "url": url}))
    (folder / "package.json").write_text("{}")
    return checking.profiled(folder, ("person.json",))


def test_a_profile_is_kept(level: checking.Profiled) -> None:
    assert list(checking.check(GOOD, level)) == []
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {**GOOD, "photo": [{"url": "http://p"}]}}]}  # fmt: skip
    assert [place for place, _ in checking.check(bundle, level)] == [
        "Bundle.entry[0].resource.photo"
    ]


@pytest.mark.parametrize(("name", "value", "place", "rule"), BROKEN)
def test_a_profile_is_broken(
    level: checking.Profiled, name: str, value: Any, place: str, rule: str
) -> None:
    broken = copy.deepcopy(GOOD)
    broken.pop(name, None)
    if value is ...:
        broken["deceasedDateTime"] = "2020"
    elif value is not None:
        broken[name] = value
    found = list(checking.check(broken, level))
    assert any(at == place and rule in said for at, said in found), found


def test_a_profile_that_is_not_there(level: checking.Profiled, tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="did you mean 'person'"):
        level.package.called("persn")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(ValueError, match=r"bad\.json is not JSON"):
        checking.profiled(tmp_path, ("x",))


@pytest.mark.slow
@pytest.mark.parametrize("release", ["R4B", "R5", "STU3"])
def test_other_releases(release: str) -> None:
    good = {"resourceType": "Patient", "birthDate": "2020-02-29", "name": [{"family": "Doe"}]}
    assert list(checking.check(good, release)) == []
    found = list(checking.check({**good, "name": [{"family": 3}], "foo": 1}, release))
    assert {place for place, _ in found} == {"Patient.name[0].family", "Patient.foo"}
    assert list(checking.check({"resourceType": "../Patient"}, release))
