"""Orders and results of HL7 v2 as Bundles: one identity from the order to its correction, and every kind of value."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from engine import mapping
from engine.fhir import checking
from engine.formats import Reading, hl7v2
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes
from tests.packs.conversion import NOW, ROOT

Resource = dict[str, Any]
HEAD = "MSH|^~\\&|LIS|LAB|||20261121||ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||7^^^A\r"


@cache
def loaded(kind: str) -> Any:
    return mapping.load(f"hl7v2_{kind}_to_fhir", ROOT, Mistakes())


def bundle(kind: str, raw: bytes) -> list[Resource]:
    facts = Facts(inbound=Inbound(raw=raw, received_at=NOW), context=Context(now=NOW))
    (made,) = loaded(kind).apply(hl7v2.parse(raw, Reading()), facts)
    found = json.loads(made.payload)
    assert list(checking.findings(found)) == []
    return [each["resource"] for each in found["entry"]]


def sample(kind: str, name: str) -> list[Resource]:
    return bundle(kind, (ROOT / f"samples/hl7v2/{name}.hl7").read_bytes())


def of(resources: list[Resource], kind: str) -> list[Resource]:
    return [each for each in resources if each["resourceType"] == kind]


def ids(resources: list[Resource], kind: str) -> list[str]:
    return [each["id"] for each in of(resources, kind)]


def test_a_correction_takes_the_place_of_the_result() -> None:
    before, after = sample("oru", "oru_r01_laboratory"), sample("oru", "oru_r01_corrected")
    for kind in ("Observation", "DiagnosticReport", "ServiceRequest", "Specimen", "Patient"):
        assert ids(before, kind) == ids(after, kind)
        assert len(set(ids(before, kind))) == len(ids(before, kind))
    first, second = of(before, "Observation")[0], of(after, "Observation")[0]
    assert (first["status"], second["status"]) == ("final", "corrected")
    assert (first["valueQuantity"]["value"], second["valueQuantity"]["value"]) == (11.2, 12.4)


def test_order_answer_and_result_speak_of_one_order_and_one_specimen() -> None:
    order, answer = sample("oml", "oml_o21"), sample("orl", "orl_o22")
    result = sample("oru", "oru_r01_laboratory")
    (asked,) = ids(order, "ServiceRequest")
    assert ids(answer, "ServiceRequest") == [asked]
    assert ids(result, "ServiceRequest")[0] == asked
    assert ids(order, "Specimen")[0] in ids(result, "Specimen")
    assert ids(order, "Patient") == ids(answer, "Patient") == ids(result, "Patient")


def test_what_is_measured_on_the_specimen_is_no_result_of_the_order() -> None:
    result = sample("oru", "oru_r01_laboratory")
    report = of(result, "DiagnosticReport")[0]
    of_order = {each["reference"].removeprefix("urn:uuid:") for each in report["result"]}
    (apart,) = [each for each in of(result, "Observation") if "focus" in each]
    assert apart["id"] not in of_order
    assert len(of_order) == 10
    assert "note" not in apart  # that of the OBR is none of the specimen's


def test_no_result_is_lost_where_the_standard_has_no_specimens() -> None:
    raw = (ROOT / "samples/hl7v2/oru_r01_laboratory.hl7").read_bytes()
    for event in (b"R30", b"R31", b"R32", b"R40", b"Z99"):
        made = bundle("oru", raw.replace(b"ORU^R01^ORU_R01", b"ORU^" + event))
        assert len(of(made, "Observation")) == 12


def test_each_patient_has_its_own_results() -> None:
    second = "PID|2||8^^^A\rOBR|1||F2|X\rOBX|1|NM|C||2||||||F\r"
    raw = f"{HEAD}OBR|1||F1|X\rOBX|1|NM|C||1||||||F\r{second}"
    made = bundle("oru", raw.encode())
    named = {each["id"]: each["identifier"][0]["value"] for each in of(made, "Patient")}
    found = {
        each["valueQuantity"]["value"]: named[
            each["subject"]["reference"].removeprefix("urn:uuid:")
        ]
        for each in of(made, "Observation")
    }
    assert found == {1: "7", 2: "8"}


def test_a_code_that_stands_twice_is_two_results() -> None:
    order = "OBR|1||F1|PANEL\rOBX|1|TX|C||line one||||||F\rOBX|2|TX|C||line two||||||F\r"
    found = of(bundle("oru", (HEAD + order).encode()), "Observation")
    assert [each["valueString"] for each in found] == ["line one", "line two"]


KINDS = [
    ("NM", "4.50", "valueQuantity", {"unit": "mL", "value": 4.5}),
    ("NM", ">=450", "valueQuantity", {"unit": "mL", "value": 450, "comparator": ">="}),
    ("NM", "no sample", "valueString", "no sample"),
    ("SN", "<^10", "valueQuantity", {"unit": "mL", "value": 10, "comparator": "<"}),
    ("SN", "^1^:^8", "valueRatio", {"numerator": {"value": 1, "unit": "mL"}, "denominator": {"value": 8, "unit": "mL"}}),
    ("SN", "^2^-^5", "valueRange", {"low": {"value": 2, "unit": "mL"}, "high": {"value": 5, "unit": "mL"}}),
    ("SN", "<>^2", "valueString", "<> 2 mL"),
    ("NR", "1^10", "valueRange", {"low": {"value": 1, "unit": "mL"}, "high": {"value": 10, "unit": "mL"}}),
    ("CE", "10^Ten^LN", "valueCodeableConcept", {"coding": [{"system": "http://loinc.org", "code": "10", "display": "Ten"}]}),
    ("IS", "POS", "valueCodeableConcept", {"coding": [{"code": "POS"}]}),
    ("DT", "20261121", "valueDateTime", "2026-11-21"),
    ("TM", "0915", "valueTime", "09:15:00"),
    ("DR", "20261120^20261121", "valuePeriod", {"start": "2026-11-20", "end": "2026-11-21"}),
    ("FT", "one\\.br\\two", "valueString", "one\ntwo"),
    ("VR", "a^b", "valueString", "a-b"),
    ("NA", "1^2^3", "valueSampledData", None),
    ("CX", "77^^^LAB", "valueString", "77"),
    ("XPN", "TEST^ANNA", "valueString", "TEST ANNA"),
]  # fmt: skip


def test_a_value_is_what_its_type_says() -> None:
    lines = "".join(
        f"OBX|{at}|{kind}|C{at}||{value}|mL|||||F\r"
        for at, (kind, value, _, _) in enumerate(KINDS)
    )
    found = of(bundle("oru", f"{HEAD}OBR|1||F1|PANEL\r{lines}".encode()), "Observation")
    for each, (kind, _, element, expected) in zip(found, KINDS, strict=True):
        assert [name for name in each if name.startswith("value")] == [element], kind
        assert expected is None or each[element] == expected


def test_what_is_missing_or_deleted_stops_no_result() -> None:
    raw = 'MSH|^~\\&|LIS|LAB|||20261121||ORU^R01|1|P|2.3\rOBR|1\rOBX|1|""|""||""||||||""\rOBX|2||C\r'
    made = bundle("oru", raw.encode())
    assert [each["status"] for each in of(made, "Observation")] == ["unknown", "unknown"]
    assert of(made, "DiagnosticReport")[0]["status"] == "unknown"
