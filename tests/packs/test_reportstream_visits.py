"""Visits and covers as ReportStream has them: each field in its element or in the extension with its name, and no field in another's place."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from engine.fhir import checking
from tests.packs.conversion import ROOT, converted

THEIRS = "https://reportstream.cdc.gov/fhir/StructureDefinition/"
HEAD = "MSH|^~\\&|LIS|LAB|X|Y|20261121103104-0600||{}|1|P|2.5.1\rPID|1||77^^^LAB\r"


def resources(event: str, *segments: str) -> dict[str, list[Any]]:
    """What is made of a message with a patient and these segments, by type."""
    raw = HEAD.format(event) + "\r".join(segments) + "\r"
    (made,) = converted("hl7v2_to_reportstream", raw.encode())
    bundle = json.loads(made)
    assert checking.valid(bundle)
    found: dict[str, list[Any]] = {}
    for each in bundle["entry"]:
        found.setdefault(each["resource"]["resourceType"], []).append(each["resource"])
    return found


def segment(name: str, fields: dict[int, str]) -> str:
    """A segment with some of its fields."""
    return "|".join([name, *(fields.get(number, "") for number in range(1, max(fields) + 1))])


def visit(pv1: dict[int, str], pv2: dict[int, str] | None = None) -> Any:
    """The Encounter of a visit."""
    segments = [segment("PV1", {1: "1", **pv1}), *([segment("PV2", pv2)] if pv2 else [])]
    (found,) = resources("ORU^R01^ORU_R01", *segments)["Encounter"]
    return found


def cover(fields: dict[int, str]) -> dict[str, list[Any]]:
    """What is made of an order for somebody who is insured."""
    return resources("OML^O21^OML_O21", segment("IN1", {1: "1", **fields}))


def extension(of: Any, url: str) -> Any:
    """The extension with a url, one of ReportStream's where it is a name; None where there is none."""
    urls = {url, THEIRS + url}
    return next((each for each in of.get("extension", []) if each["url"] in urls), None)


@pytest.mark.slow
def test_what_a_visit_has_no_element_for_stands_under_the_name_of_its_field() -> None:
    found = visit({2: "I", 18: "7^Seventh", 32: "3.50", 35: "20261101", 47: "n/a", 51: "A"})
    said = extension(found, "pv1-patient-visit")
    assert [each["url"] for each in said["extension"]] == [
        "PV1.18",
        "PV1.32",
        "PV1.35",
        "PV1.51",
    ]
    assert (
        extension(said, "PV1.18")["valueCodeableConcept"]["coding"][0]["display"] == "Seventh"
    )
    assert extension(said, "PV1.35")["valueString"] == "20261101"


@pytest.mark.slow
def test_the_number_of_a_visit_is_a_vn_whatever_the_sender_calls_it() -> None:
    first, second = visit({19: "V1^^^^AN", 50: "V2^^^^AN"})["identifier"]
    table = "http://terminology.hl7.org/CodeSystem/v2-0203"
    assert first["type"]["coding"] == [{"system": table, "code": "VN"}]
    assert second["type"]["coding"] == [{"system": table, "code": "AN"}]
    fields = [extension(each, "hl7v2Field")["valueString"] for each in (first, second)]
    assert fields == ["PV1.19", "PV1.50"]


def test_a_number_whose_type_the_field_says_is_any_other_but_for_that() -> None:
    whole, untyped = (
        yaml.safe_load((ROOT / f"mappings/reportstream_cx_to_{name}.yaml").read_text("utf-8"))
        for name in ("identifier", "typed_identifier")
    )
    assert whole["fields"].pop("type.coding.code")
    assert whole == untyped


@pytest.mark.slow
@pytest.mark.parametrize(
    ("said", "code", "system"),
    [("I", "IMP", "http://terminology.hl7.org/CodeSystem/v3-ActCode"), ("R", "R", None)],
)
def test_a_class_that_fhir_does_not_have_stands_as_it_is(
    said: str, code: str, system: str | None
) -> None:
    found = visit({2: said})["class"]
    assert (found["code"], found.get("system")) == (code, system)
    original = extension(found, "pv1-2-patient-class")["valueCodeableConcept"]
    assert original["coding"][0]["code"] == said


@pytest.mark.slow
def test_a_description_is_a_narrative_whatever_characters_it_has() -> None:
    text = visit({2: "I"}, {12: "a < b \\T\\ c"})["text"]
    assert text["div"] == '<div xmlns="http://www.w3.org/1999/xhtml">a &lt; b &amp; c</div>'
    assert extension(text, "pv2-visit-description")["valueString"] == "a < b & c"


@pytest.mark.slow
@pytest.mark.parametrize(("said", "label"), [("Y", "true"), ("N", "false"), ("VIP", "VIP")])
def test_the_protection_of_a_visit_is_its_label(said: str, label: str) -> None:
    assert visit({2: "I"}, {22: said})["meta"]["security"] == [{"code": label}]


@pytest.mark.slow
def test_there_is_an_episode_for_every_visit() -> None:
    found = resources("ORU^R01^ORU_R01", "PV1|1|O")
    (episode,), (encounter,) = found["EpisodeOfCare"], found["Encounter"]
    assert encounter["episodeOfCare"] == [{"reference": f"urn:uuid:{episode['id']}"}]
    assert extension(episode, "hl7v2Field")["valueString"] == "PV1.54"


@pytest.mark.slow
def test_a_cover_says_each_field_under_its_name() -> None:
    (found,) = cover({2: "PLAN", 8: "G1", 12: "20260101", 18: "1980", 37: "20&USD"})["Coverage"]
    said = extension(found, "in1-coverage")
    assert extension(said, "IN1.8")["valueString"] == "G1"
    assert extension(said, "IN1.18")["valueDateTime"] == "1980"
    price = extension(said, "composite-price")
    assert extension(price, "hl7v2Field")["valueString"] == "IN1.37"
    assert extension(price, "CP.1.1")["valueDecimal"] == 20
    assert found["period"]["start"] == "2026-01-01"
    assert extension(said, "IN1.12") is None


@pytest.mark.slow
@pytest.mark.parametrize(("relation", "kind"), [("SEL", "Patient"), ("SPO", "RelatedPerson")])
def test_the_subscriber_is_the_patient_or_who_is_named(relation: str, kind: str) -> None:
    found = cover({16: "Testcase^Nora", 17: relation})
    (subscriber,), (coverage,) = found[kind], found["Coverage"]
    assert coverage["subscriber"] == {"reference": f"urn:uuid:{subscriber['id']}"}


@pytest.mark.slow
def test_who_holds_a_policy_has_the_number_of_the_insured_group() -> None:
    found = cover({10: "4711^^^^SN", 11: "Employer^^9"})
    holder = found["Coverage"][0]["policyHolder"]["reference"]
    (named,) = [each for each in found["Organization"] if holder.endswith(each["id"])]
    assert [each["value"] for each in named["identifier"]] == ["4711"]
    assert named["name"] == "Employer"


@pytest.mark.slow
def test_a_guarantor_is_an_account() -> None:
    account = resources(
        "OML^O21^OML_O21", segment("GT1", {1: "1", 3: "Payer^Paul", 13: "20260101", 15: "1"})
    )["Account"][0]
    said = extension(account, "gt1-account")
    assert extension(said, "GT1.3")["valueHumanName"]["family"] == "Payer"
    assert extension(said, "GT1.15")["valueString"] == "1"
    assert account["guarantor"][0]["period"]["start"] == "2026-01-01"
