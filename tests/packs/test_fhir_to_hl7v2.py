"""
Messages of HL7 v2 made of FHIR: what is built keeps the standard, and what came from HL7 v2 goes back to it.

`ROUND` names, for each sample, the fields that come back as they were; `LOST` what is lost on purpose, and why.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from engine import formats
from engine.errors import MessageError
from engine.formats import Reading
from tests.packs.conversion import ROOT, converted  # type: ignore[import-not-found]

SAMPLES = ROOT / "samples"
PID = "PID-3.1 PID-3.4.1 PID-3.5 PID-5.1.1 PID-5.2 PID-7 PID-8"
ORDER = "ORC-1 ORC-2 ORC-3 ORC-9 OBR-2 OBR-3 OBR-4.1 OBR-4.2 OBR-4.3"
RESULT = "ORC-2 ORC-3 OBR-2 OBR-3 OBR-4.1 OBR-16.1 OBR-16.2.1 OBR-25 OBX-1 OBX-3.1 OBX-3.3 OBX-6.1 OBX-7 OBX-8.1 OBX-11"
CHARGE = "FT1-1 FT1-2.1 FT1-4.1 FT1-6 FT1-7.1 FT1-7.2 FT1-10 FT1-13.1 FT1-19.1 FT1-20.1"
#: Every occurrence of these fields is the same after HL7 v2 -> FHIR -> HL7 v2.
ROUND = {
    "adt_a01.hl7": f"MSH-3 MSH-4 MSH-5 MSH-6 MSH-7 MSH-9 MSH-10 MSH-11 EVN-1 EVN-2 PID-16.1 PID-18.1 NK1-1 NK1-2 NK1-3.1 PV1-2 PV1-3 PV1-7 PV1-10.1 PV1-19.1 PV1-44 AL1-2 AL1-3.1 AL1-4 AL1-5 DG1-3 IN1-1 IN1-2.1 IN1-3 IN1-4 {PID}",
    "adt_a01_family.hl7": "MSH-3 MSH-17 EVN-5 PID-5(1).1 PID-11 PID-14.7 PID-15.1 PID-18 PID-21 PID-25 NK1-1 NK1-2 NK1-3 PV1-3 PV1-14 PV1-17.1 PV1-19 PV1-20 PV1-44 PV2-3 GT1-2 GT1-3 GT1-5 IN1-3 IN1-5 IN1-12 IN1-16 IN1-18 IN1-49 PR1-3 PR1-5 PR1-7 PR1-11.1 DG1-3 DG1-6 SFT-2 SFT-3",
    "adt_a02.hl7": f"MSH-9 EVN-1 PV1-3 PV1-6 PV1-19.1 {PID}",
    "adt_a03.hl7": f"MSH-9 EVN-1 PV1-36 PV1-44 PV1-45 {PID}",
    "adt_a08.hl7": f"MSH-9 EVN-1 AL1-3.1 NK1-2 {PID}",
    "adt_a11.hl7": f"MSH-9 EVN-1 PV1-19.1 {PID}",
    "adt_a40.hl7": "MSH-9 PID-3(1) PID-5 PID-7 MRG-1 MRG-7",
    "oru_r01.hl7": f"MSH-9 OBX-5 {RESULT} {PID}",
    "oru_r01_laboratory.hl7": f"OBR-7 OBR-22 OBR-24 OBX-4 OBX-16 OBX-18 OBX-19 OBX-23.10 OBX-24 OBX-25.1 SPM-2 SPM-4 SPM-7 SPM-8 SPM-12 SPM-17 SPM-18 SPM-20 NTE-3 OBR-2 OBR-3 OBR-4 OBR-25 OBX-1 OBX-3 OBX-6 OBX-7 OBX-8.1 OBX-11 {PID}",
    "orm_o01.hl7": f"OBR-31 DG1-3 {PID}",
    "oml_o21.hl7": f"TQ1-7 TQ1-8 TQ1-9.1 OBR-11 OBR-13 ORC-4 ORC-10 SPM-2 SPM-4 AL1-3 IN1-49 {ORDER} {PID}",
    "siu_s12.hl7": "MSH-9 SCH-1 SCH-2 SCH-7 SCH-8.1 SCH-9 SCH-10 AIS-3 AIS-7 AIG-3.1 AIL-3 AIP-3 PV1-3 DG1-3 PID-3.1",
    "siu_s15.hl7": "MSH-9 SCH-1 SCH-2 SCH-6.1 SCH-7 SCH-8.1 AIS-3 AIG-3.1 AIL-3 AIP-3 PID-3.1",
    "dft_p03.hl7": f"MSH-9 PID-18 PV1-19.1 {CHARGE} {PID}",
    "dft_p03_credit.hl7": f"FT1-11 FT1-12 {CHARGE} {PID}",
    "dft_p03_implants.hl7": f"FT1-11 FT1-12 FT1-25 PV1-3 {CHARGE} {PID}",
    "dft_p03_supplies.hl7": f"FT1-11 FT1-12 DG1-3 GT1-3 IN1-3 IN1-36 ZFT-1 ZFT-2 ZFT-3 {CHARGE} {PID}",
}
#: Lost on purpose: sample, field, and why.
LOST = [
    ("adt_a01.hl7", "PV1-18", "FHIR has no patient type; the guide maps none"),
    ("adt_a01_full.hl7", "PID-10", "race is of a realm: hl7v2_pid_to_patient leaves it to a site's own mapping"),
    ("adt_a01_family.hl7", "ROL-4", "roles are participants of the Encounter: PD1-4 and PV1-9 name them"),
    ("adt_a31_allergies.hl7", "IAM-3", "one AllergyIntolerance, one AL1"),
    ("oru_r01.hl7", "ZDS-1", "Z segments have no element"),
    ("oru_r01.hl7", "NTE-2", "an Annotation has no source of its kind"),
    ("orm_o01.hl7", "RXO-1", "a MedicationRequest is an RDE, not an ORM"),
    ("oml_o21.hl7", "SAC-3", "containers are not written"),
    ("siu_s12.hl7", "AIG-6", "an Appointment's participant has no quantity"),
    ("dft_p03.hl7", "FT1-16", "a ChargeItem has no location"),
]  # fmt: skip


def there_and_back(name: str) -> tuple[Any, Any]:
    raw = (SAMPLES / "hl7v2" / name).read_bytes()
    (bundle,) = converted("hl7v2_to_fhir", raw)
    (again,) = converted("fhir_to_hl7v2", bundle)
    return document(raw), document(again)


def document(raw: bytes) -> Any:
    return formats.load("hl7v2").parse(raw, Reading())


@cache
def path(text: str) -> Any:
    """The reader of a field in all segments of its name."""
    name, _, rest = text.partition("-")
    whole = f"{name}[*]-{rest}"
    found = formats.load("hl7v2").paths.match(whole, 0, _shape(), lambda *_: None)
    assert found is not None and found.end == len(whole), text
    return found.read


def _shape() -> Any:
    return formats.Shape(format="hl7v2")


def values(message: Any, text: str) -> list[Any]:
    return list(path(text)(formats.Scope(message, None)) or ())


@pytest.mark.parametrize("name", ROUND)
def test_what_came_from_hl7_goes_back_to_it(name: str) -> None:
    before, after = there_and_back(name)
    assert not list(formats.load("hl7v2").findings(after, "standard"))
    for field in ROUND[name].split():
        assert values(after, field) == values(before, field), field


@pytest.mark.parametrize(("name", "field", "why"), LOST)
def test_what_is_lost_is_lost_on_purpose(name: str, field: str, why: str) -> None:
    before, after = there_and_back(name)
    assert values(before, field), why
    assert not values(after, field), why


def sample(name: str) -> Any:
    return json.loads((SAMPLES / "fhir" / name).read_bytes())


def built(bundle: Any) -> Any:
    (made,) = converted("fhir_to_hl7v2", json.dumps(bundle).encode())
    return document(made)


@pytest.mark.parametrize(
    ("status", "class_", "method", "event"),
    [
        ("planned", "AMB", "POST", "A05"), ("arrived", "AMB", "POST", "A04"), ("in-progress", "IMP", "POST", "A01"),
        ("in-progress", "EMER", "POST", "A04"), ("in-progress", "IMP", "PUT", "A08"), ("onleave", "IMP", "PUT", "A21"),
        ("finished", "IMP", "PUT", "A03"), ("cancelled", "IMP", "PUT", "A11"),
    ],
)  # fmt: skip
def test_the_status_of_the_encounter_and_the_request_say_the_event(
    status: str, class_: str, method: str, event: str
) -> None:
    bundle = sample("admission.json")
    entry = bundle["entry"][1]
    entry["resource"] |= {"status": status, "class": {"code": class_}}
    entry["request"]["method"] = method
    message = built(bundle)
    assert (message.header(9, 2), values(message, "EVN-1")) == (event, [event])
    assert not list(formats.load("hl7v2").findings(message, "standard"))


@pytest.mark.parametrize(
    ("status", "method", "event", "action"),
    [
        ("booked", "POST", "S12", "A"), ("booked", "PUT", "S14", "U"), ("cancelled", "PUT", "S15", "D"),
        ("noshow", "PUT", "S26", "D"), ("entered-in-error", "PUT", "S17", "D"),
    ],
)  # fmt: skip
def test_the_status_of_the_appointment_and_the_request_say_the_event(
    status: str, method: str, event: str, action: str
) -> None:
    bundle = sample("appointment.json")
    bundle["entry"][0]["resource"]["status"] = status
    bundle["entry"][0]["request"]["method"] = method
    message = built(bundle)
    assert message.header(9, 2) == event
    assert values(message, "RGS-2") == [action]


def test_an_order_that_is_withdrawn_is_cancelled_and_one_that_is_put_is_changed() -> None:
    bundle = sample("lab_order.json")
    orders = [
        one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "ServiceRequest"
    ]  # fmt: skip
    orders[0]["status"] = "revoked"
    assert values(built(bundle), "ORC-1") == ["CA", "NW"]
    for entry in bundle["entry"]:
        entry["request"] = {"method": "PUT", "url": "any"}
    assert values(built(bundle), "ORC-1") == ["CA", "XO"]


def test_a_laboratory_gets_an_oml_and_others_an_orm() -> None:
    bundle = sample("lab_order.json")
    assert built(bundle).header(9, 1) == "ORM"
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == "ServiceRequest":
            entry["resource"]["category"] = [{"coding": [{"code": "108252007"}]}]
    assert built(bundle).header(9, 1) == "OML"


def test_each_patient_has_the_results_of_its_own() -> None:
    bundle = sample("results.json")
    other = json.loads(json.dumps(bundle["entry"][0]).replace("Patient/p1", "Patient/p2"))
    other["resource"] |= {"id": "p2", "identifier": [{"value": "MRN-43"}]}
    height = next(one for one in bundle["entry"] if one["resource"]["id"] == "alone")
    height["resource"]["subject"] = {"reference": "Patient/p2"}
    bundle["entry"].append(other)
    lines = [segment.name for segment in built(bundle).segments]
    second = lines.index("PID", lines.index("PID") + 1)
    assert lines[second:] == ["PID", "ORC", "OBR", "OBX"]
    assert lines[:second].count("OBX") == 7


def test_amounts_keep_their_digits_and_a_negative_factor_is_a_credit() -> None:
    raw = (SAMPLES / "hl7v2/dft_p03_implants.hl7").read_bytes()
    (made,) = converted("hl7v2_to_fhir", raw)
    bundle = json.loads(made)
    charge = next(
        one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "ChargeItem"
    )  # fmt: skip
    del charge["meta"]
    charge["factorOverride"] = -1
    message = built(bundle)
    assert values(message, "FT1-6") == ["CD", "CG"]
    (again,) = converted("fhir_to_hl7v2", made)
    assert values(document(again), "FT1-11.1.1") == ["1250.00", "830.50"]


def test_a_bundle_without_a_patient_is_refused_and_tells_nothing_of_it() -> None:
    bundle = sample("admission.json")
    bundle["entry"] = [
        one for one in bundle["entry"] if one["resource"]["resourceType"] != "Patient"
    ]
    with pytest.raises(MessageError) as caught:
        built(bundle)
    assert caught.value.code == "missing_segment"
    assert "V-77" not in str(caught.value)
    with pytest.raises(MessageError) as caught:
        built({"resourceType": "Slot", "schedule": {"display": "x"}, "status": "free", "start": "2026", "end": "2026"})  # fmt: skip
    assert caught.value.code == "no_mapping"
