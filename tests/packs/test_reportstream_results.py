"""Results, notes and specimens as ReportStream has them: a value for each kind, an extension for each other field, and no field lost."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from engine.fhir import checking
from tests.packs.conversion import converted

pytestmark = pytest.mark.slow

THEIRS = "https://reportstream.cdc.gov/fhir/StructureDefinition/"
HEAD = (
    "MSH|^~\\&|LIS|LAB|X|Y|20261121103104-0600||ORU^R01^ORU_R01|1|P|2.5.1",
    "PID|1||77^^^LAB",
    "OBR|1|P1|F1|24323-8^Panel^LN",
)
CODES = {15, 16, 17, 20, 23, 25, 27, 28, 32}
#: The type of result, its text (OBX-5), and the value that it becomes; the units are always `mg^milligram^UCUM`.
VALUES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("NM", "12.50", {"Quantity": {"value": 12.50, "code": "mg", "unit": "milligram"}}),
    ("NM", "<5", {"Quantity": {"value": 5, "comparator": "<"}}),
    ("NM", "none seen", {"String": "none seen"}),
    ("SN", ">=^8^.^2", {"Quantity": {"value": 8, "comparator": ">="}}),
    ("SN", "^8", {}),
    ("SN", "^1^:^128", {"Ratio": {"numerator": {"value": 1}, "denominator": {"value": 128}}}),
    ("SN", "^2^-^4", {"Range": {"low": {"value": 2}, "high": {"value": 4, "code": "mg"}}}),
    ("SN", "^2^+^", {"String": "2++"}),
    ("NR", "3^9", {"Range": {"low": {"value": 3}, "high": {"value": 9}}}),
    ("VR", "north^south", {"String": "north-south"}),
    ("TX", "line one~line two", {"String": "line one\nline two"}),
    ("IS", "POS", {"CodeableConcept": {"coding": [{"code": "POS"}]}}),
    ("DT", "20261120", {"DateTime": "2026-11-20"}),
    ("TM", "0815", {"Time": "08:15:00"}),
    ("DR", "20261101^20261102", {"Period": {"start": "2026-11-01", "end": "2026-11-02"}}),
    ("XPN", "Testcase^Nora", {"String": "Testcase Nora"}),
)


def resources(*segments: str) -> list[Any]:
    """What is made of an order with these segments behind it."""
    (made,) = converted("hl7v2_to_reportstream", "\r".join([*HEAD, *segments]).encode())
    bundle = json.loads(made)
    assert checking.valid(bundle)
    return [each["resource"] for each in bundle["entry"]]


def of(kind: str, *segments: str) -> list[Any]:
    return [each for each in resources(*segments) if each["resourceType"] == kind]


def specimens(*segments: str) -> list[Any]:
    """The specimens of SPM; one for the order stands beside them."""
    return [each for each in of("Specimen", *segments) if said(each, "hl7v2Segment") == "SPM"]


def said(element: Any, url: str) -> Any:
    """The value of an extension; its extensions where it has these."""
    for each in element.get("extension", []):
        if each["url"] in (url, THEIRS + url):
            return next(value for name, value in each.items() if name != "url")
    return None


def has(found: Any, wanted: Any) -> bool:
    """Whether all of what is wanted is there."""
    if isinstance(wanted, dict):
        return all(name in found and has(found[name], each) for name, each in wanted.items())
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(has, found, wanted))
    return bool(found == wanted)


def filled(name: str, last: int, special: dict[int, str]) -> str:
    """A segment of which every field says where it stood."""
    fields = [special.get(number, f"{name}x{number}") for number in range(1, last + 1)]
    return "|".join([name, *fields])


@pytest.mark.parametrize(("kind", "text", "wanted"), VALUES)
def test_each_kind_of_result_has_its_value(kind: str, text: str, wanted: Any) -> None:
    (found,) = of("Observation", f"OBX|1|{kind}|1^Test^LN||{text}|mg^milligram^UCUM")
    values = {key[5:]: each for key, each in found.items() if key.startswith("value")}
    assert values.keys() == wanted.keys()
    assert has(values, wanted)
    assert has(said(found, "obx-observation")[0], {"url": "OBX.2", "valueId": kind})


def test_a_structured_number_and_a_moment_stand_beside_their_values_as_they_came() -> None:
    (found,) = of("Observation", "OBX|1|SN|1^Test^LN||>^1^:^16||||||F|||202611210815")
    parts = [each["valueString"] for each in said(found, "obx-5-value-sn")]
    assert parts == [">", "1", ":", "16"]
    assert said(found["_effectiveDateTime"], "hl7v2-date-time") == "202611210815"


def test_a_document_is_data_and_its_components_stay() -> None:
    sent = "OBX|1|ED|1^Test^LN||LAB&1.2.3&ISO^AP^PDF^Base64^{}"
    (whole,) = of("Observation", sent.format("QUJD"))
    document = said(
        whole, "https://hl7.org/fhir/R5/StructureDefinition/observation-value-attachment"
    )
    assert (document["contentType"], document["data"]) == ("PDF", "QUJD")
    assert [each["url"] for each in said(document, "ed-attachment")] == [
        "ED.1",
        "ED.2",
        "ED.4",
        "ED.5",
    ]
    (long,) = of("Observation", sent.format("QUJD" * 262_145))
    document = said(
        long, "https://hl7.org/fhir/R5/StructureDefinition/observation-value-attachment"
    )
    assert len(document["data"]) == 1_048_580
    assert said({"extension": said(document, "ed-attachment")}, "ED.5") is None


def test_a_result_without_a_value_says_why() -> None:
    for obx, why in (
        ("OBX|1|ST|1^Test^LN||||||||F", "unknown"),
        ("OBX|1|NM|1^Test^LN||||||||X", "cannot-be-obtained"),
        ("OBX|1|ST|1^Test^LN||||||||N", "not-asked"),
    ):
        (found,) = of("Observation", obx)
        assert found["dataAbsentReason"]["coding"][0]["code"] == why


def test_no_field_of_a_result_is_lost() -> None:
    codes = {number: f"c{number}^OBXx{number}" for number in CODES}
    times = {12: "20261112", 14: "20261114", 19: "20261119"}
    special = {1: "1", 2: "CWE", 22: "", 11: "F", 33: "OBXx33&a^b&OBXx33s", **codes, **times}
    obx = filled("OBX", 33, special)
    made = json.dumps(resources(obx))
    missing = [each for each in re.findall(r"[A-Za-z0-9]+", obx) if each not in made]
    assert missing == []
    (found,) = of("Observation", obx)
    urls = {int(each["url"][4:]) for each in said(found, "obx-observation")}
    assert urls == {2, 6, 9, 11, 12, 13, 17, 18, 20, 26, 27, 28, 29, 31, 32, 33}


def test_no_field_of_a_specimen_or_a_note_is_lost() -> None:
    special = {1: "1", 2: "SPMx2a&a^SPMx2b&b", 3: "SPMx3a&a^SPMx3b&b", 12: "3.5^SPMx12&u"}
    spm = filled("SPM", 32, {**special, 17: "20261117", 18: "20261118", 25: "4^SPMx25"})
    nte = filled("NTE", 9, {1: "1", 3: "first line~NTEx3", 6: "20261106"})
    made = json.dumps(resources("OBX|1|ST|1^Test^LN||x", nte, spm))
    missing = [each for each in re.findall(r"[A-Za-z0-9]+", f"{spm} {nte}") if each not in made]
    assert missing == []


def test_the_numbers_of_a_specimen_stand_beside_one_another() -> None:
    (found,) = specimens("SPM|1|A1&WARD^B2&LAB")
    placer, filler = found["identifier"]
    assert (placer["value"], said(placer, "namespace-id")) == ("A1", "WARD")
    assert (filler["value"], said(filler, "hl7v2Component")) == ("B2", "SPM.2.2")
    other = {"extension": said(placer, "filler-assigned-identifier")}
    assert (said(other, "entity-identifier"), said(other, "namespace-id")) == ("B2", "LAB")


def test_a_specimen_is_taken_at_a_moment_or_over_a_time() -> None:
    spm = "SPM|1|A1" + "|" * 15
    (moment,) = specimens(f"{spm}20261101")
    assert moment["collection"]["collectedDateTime"] == "2026-11-01"
    (period,) = specimens(f"{spm}20261101^20261102")
    assert period["collection"]["collectedPeriod"]["end"] == "2026-11-02"
    assert "collectedDateTime" not in period["collection"]


def test_results_of_two_specimens_are_two_and_each_names_its_own() -> None:
    tubes = ("SPM|1|A1", "OBX|1|NM|1^Test^LN||4", "SPM|2|A2", "OBX|1|NM|1^Test^LN||4")
    found = of("Observation", "OBX|1|NM|1^Test^LN||4", *tubes)
    focus = [each["focus"][0]["reference"] for each in found if "focus" in each]
    assert (len(found), len(set(focus))) == (3, 2)


def test_a_laboratory_is_known_with_and_without_its_director() -> None:
    laboratory = "|" * 18 + "North^^^^^LAB^XX^^^42|1 Main St^^Chicago"
    made = resources(f"OBX|1|ST|1^Test^LN||x{laboratory}")
    (alone,) = [each for each in made if each.get("name") == "North"]
    assert said(alone, "hl7v2Field") == "OBX.25"
    assert alone["address"][0]["city"] == "Chicago"
    (role,) = of("PractitionerRole", f"OBX|1|ST|1^Test^LN||x{laboratory}|7^Lead^Ada")
    assert role["code"][0]["coding"][0]["code"] == "MDIR"
    assert {"practitioner", "organization"} <= role.keys()


def test_a_note_is_its_first_line_and_every_line_an_extension() -> None:
    (found,) = of("Observation", "OBX|1|ST|1^T^LN||x", "NTE|1|L|two words~one|RE^Remark")
    (note,) = found["note"]
    lines = [each for each in note["extension"] if each["url"] == f"{THEIRS}note-comment"]
    assert note["text"] == "two words"
    assert [each.get("valueString", each.get("valueId")) for each in lines] == [
        "two words",
        "one",
    ]
    assert "valueId" in lines[1]


@pytest.mark.parametrize(
    "segment",
    [
        "OBX|1|a type|||x||| |||Q||||||||2026130||||||||||a  b",
        "OBX|||^^^^^^^v||~|||||~",
        "NTE|1|two words|~ ",
        "SPM|1|^&&x|^&&&y|||||||||none^^|||||later^sooner|soon||?",
    ],
)
def test_what_is_odd_is_made_all_the_same(segment: str) -> None:
    before = () if segment.startswith("OBX") else ("OBX|1|ST|1^Test^LN||x",)
    assert resources(*before, segment)
