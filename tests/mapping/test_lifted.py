"""Where resources may stand in what mappings make, and which steps make something at all, is known at load: nothing is missed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.formats import Reading, load

BUNDLE = """
from: hl7v2
to: fhir/Bundle
LETS
resources:
  one:
    ONE
fields: {type: "collection"}
"""
HOUSE = "from: hl7v2/HD\nto: fhir/Organization\nfields: {name: .1}\n"
POINTING = """
from: hl7v2/CX
to: fhir/Reference
fields:
  display: .1
  identifier: {fields: {value: .1, assigner: {use: house, of: .4}}}
"""


@pytest.fixture
def resources(home: Any, make: Any, facts: Any) -> Any:
    """What a Bundle of one step holds, made of a message with these segments."""

    def made(one: str, *segments: str, lets: str = "") -> list[Any]:
        said = one if "\n" in one else f"{{{one}}}"
        mapping = make(BUNDLE.replace("ONE", said).replace("LETS", lets))
        head = "MSH|^~\\&|A|B|||20260101||ADT|1|P|2.5.1"
        raw = "\r".join([head, *segments, ""]).encode()
        (product,) = mapping.apply(load("hl7v2").parse(raw, Reading()), facts)
        return [each["resource"] for each in json.loads(product.payload).get("entry", ())]

    (home / "mappings" / "house.yaml").write_text(HOUSE)
    (home / "mappings" / "pointing.yaml").write_text(POINTING)
    return made


def test_a_resource_in_a_reference_that_another_mapping_makes(resources: Any) -> None:
    one = "type: Patient, fields: {managingOrganization: {use: pointing, of: PID-3}}"
    house, patient = resources(one, "PID|1||7^^^WEST")
    assert (house["resourceType"], house["name"]) == ("Organization", "WEST")
    pointing = patient["managingOrganization"]
    assert pointing["identifier"]["assigner"] == {"reference": f"urn:uuid:{house['id']}"}


def test_what_is_said_beside_a_reference_that_another_mapping_makes(resources: Any) -> None:
    pointing = "{use: pointing, of: PID-3, reference: {fields: {display: PID-8}}}"
    one = f"type: Patient, fields: {{managingOrganization: {pointing}}}"
    house, patient = resources(one, "PID|1||7^^^WEST|||||beside")
    assert patient["managingOrganization"] == {
        "display": "beside",
        "identifier": {
            "value": "7",
            "assigner": {"reference": f"urn:uuid:{house['id']}"},
        },
    }


def test_a_resource_that_stands_where_a_list_was_walked(resources: Any) -> None:
    walked = "{each: NK1, fields: {organization: {use: house, of: NK1-13}}}"
    one = f"type: Patient, fields: {{contact: {walked}}}"
    house, patient = resources(one, "PID|1", "NK1|1||||||||||||EAST")
    assert patient["contact"] == [
        {"organization": {"reference": f"urn:uuid:{house['id']}"}},
    ]


def test_a_resource_under_names_with_dots(resources: Any) -> None:
    one = "type: Patient, fields: {contact.organization: {use: house, of: PID-3.4}}"
    house, patient = resources(one, "PID|1||7^^^WEST")
    assert patient["contact"] == [
        {"organization": {"reference": f"urn:uuid:{house['id']}"}},
    ]


@pytest.mark.parametrize(
    ("each", "lets"),
    [
        ('OBX-5 | default(NTE-3) | split(",")', ""),
        ('OBX-5 | split(",") ?? (NTE-3 | split(","))', ""),
        ("ZZZ", 'let:\n  ZZZ: NTE-3 | split(",")'),
    ],
)
def test_what_stands_in_for_a_segment_that_is_not_there(
    resources: Any, each: str, lets: str
) -> None:
    one = f"type: Basic\n    each: >-\n      {each}\n    fields: {{code.text: it}}"
    found = resources(one, "NTE|1||a,b", lets=lets)
    assert [every["code"]["text"] for every in found] == ["a", "b"]


def test_what_uses_nothing_is_made_without_the_segment(resources: Any) -> None:
    (found,) = resources("type: Basic, of: PV1, fields: {code.text: PID-3}", "PID|1||7")
    assert found["code"] == {"text": "7"}


def test_a_step_of_a_segment_that_is_not_there_makes_nothing(resources: Any) -> None:
    one = "type: Basic, each: NTE, fields: {code.text: NTE-3}"
    assert resources(one, "PID|1") == []
    assert len(resources(one, "PID|1", "NTE|1||a", "NTE|2||b")) == 2
