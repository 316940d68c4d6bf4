"""Messages as ReportStream has them: header, provenance, orders, reports and devices, and no field of an order lost."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from engine.fhir import checking
from tests.packs.conversion import ROOT, converted

pytestmark = pytest.mark.slow

THEIRS = "https://reportstream.cdc.gov/fhir/StructureDefinition/"
MSH = "MSH|^~\\&|LIS|LAB|||20261121103104-0600||ORU^R01^ORU_R01|1|P|2.5.1"
PID = "PID|1||77^^^LAB"
SAMPLE = (ROOT / "samples/hl7v2/oru_r01_reportstream.hl7").read_text("utf-8")
#: A field of each datatype, `@` for what tells one field from another.
EI = "@1^@2^2.9.@3^ISO"
PAIR = "@1&@2&2.9.@3&ISO^@4&@5&2.9.@6&ISO"
CODED = "@1^@2^@3^@4^@5^@6^@7^@8^@9"
PERSON = "@1^@2^@3^@4^@5^@6"
PLACE = "@1^@2^@3^@4"
STREET = "@1^@2^@3^@4^@5"
PHONE = "^WPN^PH^^@1^@2^@3"
ROLE = "@1&@2&@3^20261120^20261121^@4^@5^@6^@7&2.9.@8&ISO"
ORC = {
    **{2: EI, 3: EI, 4: EI, 8: PAIR, 10: PERSON, 11: PERSON, 12: PERSON, 13: PLACE, 14: PHONE},
    **{16: CODED, 17: CODED, 18: CODED, 19: PERSON, 21: "@1^@2^^@4", 22: STREET, 23: PHONE},
    **{24: STREET, 25: CODED, 28: CODED, 29: CODED, 30: CODED, 31: CODED, 33: "@1^@2"},
    **{1: "RE", 5: "CM", 6: "@1", 9: "20261120", 15: "20261119", 27: "20261118"},
}
OBR = {
    **{2: EI, 3: EI, 4: CODED, 10: PERSON, 12: CODED, 13: CODED, 16: PERSON, 17: PHONE},
    **{15: "@1&@2^@3&@4^@5^@6&@7^^@8&@9", 18: "@1", 19: "@1", 20: "@1", 21: "@1", 24: "MB"},
    **{23: "4321.5&USD^@3&@4", 26: "@1&@2^@3^@4", 28: PERSON, 29: PAIR, 31: CODED, 32: ROLE},
    **{33: ROLE, 34: ROLE, 35: ROLE, 39: CODED, 44: CODED, 45: CODED, 46: CODED, 47: CODED},
    **{48: CODED, 49: "@1", 50: CODED, 53: "@1^@2", 54: PAIR, 25: "F", 11: "G"},
    **{
        7: "20261101",
        8: "20261102",
        9: "7654.5",
        14: "20261103",
        22: "20261104",
        36: "20261105",
    },
}


def resources(*segments: str) -> list[Any]:
    (made,) = converted("hl7v2_to_reportstream", "\r".join(segments).encode())
    bundle = json.loads(made)
    assert checking.valid(bundle)
    return [each["resource"] for each in bundle["entry"]]


def of(kind: str, *segments: str) -> list[Any]:
    return [each for each in resources(*segments) if each["resourceType"] == kind]


def said(of_: Any, name: str) -> list[Any]:
    """What the extensions of that name hold: values, or extensions of their own."""
    found = [each for each in of_.get("extension", ()) if each["url"] in (THEIRS + name, name)]
    return [value for each in found for key, value in each.items() if key != "url"]


def segment(name: str, fields: dict[int, str]) -> str:
    """A segment in which every `@` is another text; numbers where an OID wants them."""
    texts = [""] * (max(fields) + 1)
    for number, text in fields.items():
        marked = re.sub(r"2\.9\.@(\d)", rf"2.9.{number}0\1", text)
        texts[number] = re.sub(r"@(\d)", rf"{name.lower()}{number}x\1", marked)
    return "|".join([name, *texts[1:]])


def test_no_field_of_an_order_is_lost() -> None:
    order, request = segment("ORC", ORC), segment("OBR", OBR)
    told = json.dumps(resources(MSH, PID, order, request))
    parts = re.split(r"[|^&]", order + "|" + request)
    texts = {each for each in parts if re.match(r"(orc|obr|2\.9|20|\d{4}\.5)", each)}
    assert len(texts) > 250
    assert {each for each in texts if each not in told} == set()


def test_a_provenance_tells_who_sent_the_message_with_what_software_and_what_came_of_it() -> (
    None
):
    found = resources(*SAMPLE.split("\r"))
    names = {f"urn:uuid:{each['id']}": each["resourceType"] for each in found}
    source, transformation, changed = (
        each for each in found if each["resourceType"] == "Provenance"
    )
    targets = [names[each["reference"]] for each in source["target"]]
    assert sorted(targets) == ["DiagnosticReport", "MessageHeader"]
    assert source["activity"]["coding"] == [{"display": "ORU^R01^ORU_R01"}]
    assert names[source["entity"][0]["what"]["reference"]] == "Device"
    assert transformation["activity"]["coding"] == [{"code": "v2-FHIR transformation"}]
    assert names[changed["target"][0]["reference"]] == "Patient"


@pytest.mark.parametrize(
    ("receivers", "destinations"),
    [
        ({5: "EHR", 6: "MERCY"}, [("EHR", "MERCY", "MSH.6")]),
        ({5: "EHR", 23: "OFFICE"}, [("EHR", "OFFICE", "MSH.23")]),
        ({6: "MERCY"}, [(None, "MERCY", "MSH.6")]),
        ({23: "OFFICE"}, [(None, "OFFICE", "MSH.23")]),
        ({5: "EHR", 25: "EHR"}, [("EHR", None, None)]),
        ({25: "NET", 6: "MERCY"}, [("NET", "MERCY", "MSH.6")]),
        (
            {5: "EHR", 6: "MERCY", 23: "OFFICE", 25: "NET"},
            [
                ("EHR", "MERCY", "MSH.6"),
                ("NET", "MERCY", "MSH.6"),
                (None, "OFFICE", "MSH.23"),
            ],
        ),
    ],
)
def test_a_message_goes_to_applications_and_to_the_organizations_behind_them(
    receivers: dict[int, str], destinations: list[Any]
) -> None:
    fields = [*MSH.split("|"), *[""] * 20]
    for number, text in receivers.items():
        fields[number - 1] = text
    found = resources("|".join(fields), PID)
    by_name = {f"urn:uuid:{each['id']}": each for each in found}
    made = []
    for each in found[0].get("destination", ()):
        receiver = by_name.get(each.get("receiver", {}).get("reference"), {})
        named = receiver.get("name") or receiver.get("identifier", [{}])[0].get("value")
        made.append((each.get("name"), named, *(said(receiver, "hl7v2Field") or [None])))
    assert made == destinations


def test_encoding_characters_are_told_where_they_are_those_of_version_2_7() -> None:
    with_hash, without = MSH.replace("^~\\&", "^~\\&#"), MSH
    (header,) = of("MessageHeader", with_hash, PID)
    assert said(header, "encoding-characters") == ["^~\\&#"]
    assert not said(of("MessageHeader", without, PID)[0], "encoding-characters")


DOCTOR = "||||||||||||77^Lee^Sam"
OBR1 = "OBR|1|P1|F1|24323-8^Panel^LN"


@pytest.mark.parametrize(
    ("order", "kind", "field"),
    [
        (f"ORC|RE{DOCTOR[1:]}", "Practitioner", "ORC.12"),
        ("ORC|RE", "Practitioner", "OBR.16"),
        (f"ORC|RE{DOCTOR[1:]}" + "|" * 9 + "CLINIC", "PractitionerRole", "ORC.12"),
        ("ORC|RE" + "|" * 22 + "^WPN^PH^^1^312^5550133", "PractitionerRole", "OBR.16"),
    ],
)
def test_who_ordered_is_a_role_where_a_facility_is_named(
    order: str, kind: str, field: str
) -> None:
    request = f"{OBR1}||||||||||||78^Cole^Max|^WPN^PH^^1^312^5550111"
    found = resources(MSH, PID, order, request)
    by_name = {f"urn:uuid:{each['id']}": each for each in found}
    (asked,) = (each for each in found if each["resourceType"] == "ServiceRequest")
    requester = by_name[asked["requester"]["reference"]]
    assert requester["resourceType"] == kind
    if kind == "PractitionerRole":
        requester = by_name[requester["practitioner"]["reference"]]
    assert said(requester, "hl7v2Field") == [field]
    (callback,) = said(asked["requester"], "callback-number")
    assert said(callback, "hl7v2Field") == ["OBR.17"]


@pytest.mark.parametrize(
    ("control", "state", "status"),
    [
        ("RE", "CM", "completed"),
        ("NW", "", "unknown"),
        ("CA", "", "revoked"),
        ("CA", "IP", "active"),
        ("RE", "RP", "unknown"),
    ],
)
def test_the_state_of_an_order_is_that_of_orc_5_else_of_orc_1(
    control: str, state: str, status: str
) -> None:
    (asked,) = of("ServiceRequest", MSH, PID, f"ORC|{control}||||{state}", OBR1)
    assert asked["status"] == status
    assert said(asked, "business-event") == [control]


def test_an_order_alone_has_no_report_and_a_laboratory_order_names_its_specimens() -> None:
    general = MSH.replace("ORU^R01^ORU_R01", "ORM^O01^ORM_O01")
    laboratory = MSH.replace("ORU^R01^ORU_R01", "OML^O21^OML_O21")
    observed = "OBX|1|NM|29463-7^Body weight^LN||71"
    found = resources(general, PID, "ORC|NW|P1", OBR1, observed)
    kinds = {each["resourceType"] for each in found}
    assert not kinds & {"DiagnosticReport", "Specimen"}
    assert len(found[-1]["supportingInfo"]) == 1
    found = resources(laboratory, PID, "ORC|NW|P1", OBR1, observed, "SPM|1|S1||BLD")
    (asked,) = (each for each in found if each["resourceType"] == "ServiceRequest")
    specimens = [each for each in found if each["resourceType"] == "Specimen"]
    assert [said(each, "hl7v2Segment") for each in specimens] == [["OBR"], ["SPM"]]
    assert len(asked["specimen"]) == 2


def test_results_of_two_people_stay_with_each_and_those_of_nobody_are_made() -> None:
    other = PID.replace("77", "88").replace("PID|1", "PID|2")
    found = resources(MSH, PID, OBR1, other, OBR1.replace("F1", "F2"))
    first, second = (each["id"] for each in found if each["resourceType"] == "Patient")
    subjects = [
        each["subject"]["reference"]
        for each in found
        if each["resourceType"] == "DiagnosticReport"
    ]
    assert subjects == [f"urn:uuid:{first}", f"urn:uuid:{second}"]
    assert of("DiagnosticReport", MSH, OBR1)


def test_a_device_keeps_all_that_prt_says_and_its_people_are_of_the_patient() -> None:
    taker = "PRT|1|UC|Why^Reason^L|EQUIP^Equipment^L|7^Lee^Sam|||ACME||UDI-1^FDA|" + "|" * 5
    found = resources(MSH, PID, "OBX|1", taker + "UDI-2^FDA|20250501|20270501|LOT9|SER9|DON9")
    patient, person, device = (
        next(each for each in found if each["resourceType"] == kind)
        for kind in ("Patient", "RelatedPerson", "Device")
    )
    assert person["patient"] == {"reference": f"urn:uuid:{patient['id']}"}
    carriers = [
        (each["deviceIdentifier"], *said(each, "hl7v2Field")) for each in device["udiCarrier"]
    ]
    assert carriers == [("UDI-1", "PRT.10"), ("UDI-2", "PRT.16")]
    (whole,) = said(device, "prt-extension")
    told = {each["url"] for each in whole}
    assert told == {f"PRT.{number}" for number in (2, 3, 4, 5, 8, 10, 16, 17, 18, 19, 20, 21)}
    assert (device["lotNumber"], device["serialNumber"]) == ("LOT9", "SER9")


def test_timing_of_tq1_gives_way_to_obr_6() -> None:
    timed = "TQ1|1||Q6H^^HL70335||||20261121080000-0600||S^Stat^HL70485"
    (asked,) = of("ServiceRequest", MSH, PID, "ORC|RE", OBR1, timed)
    assert asked["priority"] == "stat" and "occurrenceTiming" in asked
    (asked,) = of("ServiceRequest", MSH, PID, "ORC|RE", f"{OBR1}||20261121", timed)
    assert asked["occurrenceDateTime"] == "2026-11-21"


def test_a_message_of_another_kind_is_quarantined() -> None:
    with pytest.raises(Exception, match="knows no mapping") as refused:
        resources(MSH.replace("ORU^R01^ORU_R01", "ADT^A01^ADT_A01"), PID)
    assert "77" not in str(refused.value)
