"""Bundles that were just assembled: sealed says the same as `checking`, of what it met before as well."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from engine.fhir import bundles, checking, narrative, sealing
from engine.fhir.bundles import Assembled
from engine.fhir.lifting import ANYWHERE

UUID = "urn:uuid:85085e9a-4d33-8ea2-a17c-2a4eca94ab1{}"
EXTENSION = {"url": "http://example.org/x", "valueCode": "a"}


def bundle(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    entries = [
        {"fullUrl": UUID.format(at), "resource": each} for at, each in enumerate(resources)
    ]
    return {"resourceType": "Bundle", "type": "message", "entry": entries, **more}


HEADER: dict[str, Any] = {
    "resourceType": "MessageHeader",
    "eventCoding": {"code": "A01"},
    "source": {"endpoint": "urn:x"},
}
PATIENT: dict[str, Any] = {"resourceType": "Patient", "gender": "male"}
ALLERGY: dict[str, Any] = {
    "resourceType": "AllergyIntolerance",
    "patient": {"reference": UUID.format(1)},
    "category": ["food"],
    "_category": [{"extension": [EXTENSION]}],
}


def test_what_is_sealed_is_what_checking_finds_right() -> None:
    for _ in range(60):  # first one by one, then compiled together
        made = bundle(HEADER, PATIENT, ALLERGY)
        sealed = sealing.sealed(Assembled(made))
        assert sealed is not None
        assert json.loads(sealed) == made
        assert checking.valid(made)
    two = {
        **ALLERGY,
        "category": ["food", "food"],
        "_category": [None, {"extension": [EXTENSION]}],
    }
    assert checking.valid(bundle(HEADER, PATIENT, two))
    assert sealing.sealed(Assembled(bundle(HEADER, PATIENT, two))) is not None


def test_nothing_wrong_is_sealed() -> None:
    wrong = [
        bundle(PATIENT),
        bundle(HEADER, {**PATIENT, "gender": "m"}),
        bundle(HEADER, {**PATIENT, "name": []}),
        bundle(HEADER, {**ALLERGY, "patient": {"reference": UUID.format(9)}}),
        bundle(HEADER, PATIENT, {**ALLERGY, "_category": [{}]}),
        bundle(HEADER, {"resourceType": "Pation"}),
        bundle(HEADER, PATIENT, total=2),
        {**bundle(HEADER, PATIENT), "entry": bundle(HEADER)["entry"] * 2},
    ]
    for each in [*wrong, *wrong]:
        assert sealing.sealed(Assembled(each)) is None
        assert not checking.valid(each)


def ward() -> dict[str, Any]:
    house = {"resourceType": "Organization", "name": "General"}
    return {"resourceType": "Organization", "name": "Ward 3", "partOf": house}


def admission(subject: dict[str, Any]) -> Assembled:
    """What points inside is counted; the ward is there twice, and one of the two is left out with what it points at."""
    encounter = {
        "resourceType": "Encounter",
        "status": "in-progress",
        "class": {"code": "IMP"},
        "subject": subject,
        "serviceProvider": ward(),
    }
    patient = {"resourceType": "Patient", "managingOrganization": ward()}
    every = [(each, ANYWHERE) for each in (HEADER, patient, encounter)]
    return bundles.assembled({"resourceType": "Bundle", "type": "message"}, every)


def test_what_leads_nowhere_is_found_beside_what_was_lifted_out() -> None:
    made = admission({"resourceType": "Group", "type": "person", "actual": True})
    sealed = sealing.sealed(made)
    assert sealed is not None
    assert json.loads(sealed) == made.resource
    made = admission({"reference": UUID.format(9)})
    assert sealing.sealed(made) is None
    assert not checking.valid(made.resource)


DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'


def narrated(inner: str) -> dict[str, Any]:
    text = {"status": "generated", "div": DIV.format(inner)}
    return bundle(HEADER, {"resourceType": "Patient", "text": text})


def test_a_narrative_is_sealed_where_it_is_well_formed() -> None:
    for inner in ("Pain", "Pain &amp; fever", "<b>Pain</b>"):
        assert sealing.sealed(Assembled(narrated(inner))) is not None, inner
    for inner in ("Pain & fever", "<b>Pain</p>", "&pain;", "a<b"):
        made = narrated(inner)
        assert sealing.sealed(Assembled(made)) is None or checking.valid(made), inner
        assert not narrative.well_formed(DIV.format(inner)), inner


def test_a_long_narrative_with_an_element_behind_is_looked_at_once() -> None:
    """An expression that goes back over what it took would need longer than the world stands."""
    code = "from engine.fhir import narrative; import sys; sys.exit(not narrative.well_formed(sys.argv[1]))"
    said = DIV.format("pain " * 2000 + "<b>today</b>")
    subprocess.run([sys.executable, "-c", code, said], check=True, timeout=30)
