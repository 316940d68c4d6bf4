"""Bundles made of ADT: identities that hold from message to message, merges, cancellations, and data nobody can read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.fhir import checking
from tests.packs.conversion import ROOT, converted

SAMPLES = ROOT / "samples/hl7v2"
A01 = (SAMPLES / "adt_a01_family.hl7").read_bytes()


def bundle(raw: bytes) -> dict[str, Any]:
    (made,) = converted("hl7v2_to_fhir", raw)
    found: dict[str, Any] = json.loads(made)
    assert checking.valid(found)
    return found


def resources(raw: bytes, kind: str) -> list[dict[str, Any]]:
    found = [each["resource"] for each in bundle(raw)["entry"]]
    return [each for each in found if each["resourceType"] == kind]


def of(raw: bytes, kind: str) -> dict[str, Any]:
    return resources(raw, kind)[0]


@pytest.mark.slow
def test_a_repeat_and_an_update_are_the_same_resources() -> None:
    assert bundle(A01) == bundle(A01)
    update = A01.replace(b"ADT^A01", b"ADT^A08").replace(b"ADT-0421", b"ADT-0422")
    update = update.replace(b"Testcase&van^Nora^B", b"Testcase&van^Nora^Beatrix")
    for kind in ("Patient", "Encounter", "Account", "Condition", "Coverage", "RelatedPerson"):
        before = [each["id"] for each in resources(A01, kind)]
        assert [each["id"] for each in resources(update, kind)] == before, kind
    assert of(update, "Patient")["name"][0]["given"] == ["Nora", "Beatrix"]
    assert of(update, "MessageHeader")["id"] != of(A01, "MessageHeader")["id"]


@pytest.mark.slow
def test_the_same_number_of_another_hospital_is_another_patient() -> None:
    plain = b"PID|1||77||Testcase^Nora\r"
    head = b"MSH|^~\\&|REG|%s|X|Y|20261121103104||ADT^A31^ADT_A05|1|P|2.5.1\rEVN|A31|20261121\r"
    here, there = of(head % b"NORTH" + plain, "Patient"), of(head % b"SOUTH" + plain, "Patient")
    assert here["id"] != there["id"]


@pytest.mark.slow
def test_merged_patients_are_linked_and_are_those_whom_adt_made() -> None:
    old = A01.replace(b"1000777^^^GENHOSP&2.16.840.1.113883.19.5&ISO", b"1000555^^^GENHOSP")
    survivor, gone = resources((SAMPLES / "adt_a34.hl7").read_bytes(), "Patient")
    assert gone["id"] == of(old, "Patient")["id"]
    (replaces,), (replaced,) = survivor["link"], gone["link"]
    assert replaces == {"other": {"reference": f"urn:uuid:{gone['id']}"}, "type": "replaces"}
    assert replaced["other"] == {"reference": f"urn:uuid:{survivor['id']}"}
    assert (replaced["type"], gone["active"]) == ("replaced-by", False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("event", "status"),
    [
        (b"A01", "in-progress"),
        (b"A03", "finished"),
        (b"A05", "planned"),
        (b"A11", "cancelled"),
        (b"A13", "in-progress"),
        (b"A23", "entered-in-error"),
        (b"A38", "cancelled"),
    ],
)
def test_the_event_says_the_status_of_the_visit(event: bytes, status: str) -> None:
    assert of(A01.replace(b"ADT^A01", b"ADT^" + event), "Encounter")["status"] == status


@pytest.mark.slow
def test_what_nobody_can_read_or_the_standard_has_no_code_for_is_left_out() -> None:
    odd = A01.replace(b"19850704061500-0500|F", b"00000000|Q")
    patient = of(odd, "Patient")
    assert "birthDate" not in patient
    assert "gender" not in patient


@pytest.mark.slow
def test_a_place_stands_inside_the_places_around_it() -> None:
    places = {each["id"]: each for each in resources(A01, "Location")}
    visit = of(A01, "Encounter")
    at = visit["location"][0]["location"]["reference"]
    chain = []
    while at:
        place = places[at.removeprefix("urn:uuid:")]
        chain.append(place["identifier"][0]["value"])
        at = place.get("partOf", {}).get("reference", "")
    assert chain == ["A", "401", "4W", "F4", "B2", "GENHOSP"]
