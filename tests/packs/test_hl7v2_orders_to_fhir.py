"""Nothing that is ordered, noted or charged is lost on the way to FHIR, however a sender groups it; and nobody gets what belongs to somebody else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.packs.conversion import converted

HEAD = "MSH|^~\\&|REG|GENHOSP|X|Y|20261121103104-0500||{}|1|P|2.5.1\r"
PATIENT = "PID|1||77^^^GENHOSP^MR||Testcase^Nora\r"
GLUCOSE = "OBR|1|P1^REG||GLU^Glucose^L\rNTE|1||fasting\r"
ASPIRIN = "RXO|ASP^Aspirin^L|100||mg^^UCUM\rNTE|1||with food\r"

pytestmark = pytest.mark.slow


def resources(kind: str, *rest: str) -> list[dict[str, Any]]:
    """What a message of the kind becomes; the rest is what stands behind its header."""
    (made,) = converted("hl7v2_to_fhir", (HEAD.format(kind) + "".join(rest)).encode())
    return [each["resource"] for each in json.loads(made)["entry"]]


def of(found: list[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    return [each for each in found if each["resourceType"] in kinds]


def notes(resource: dict[str, Any]) -> list[str]:
    return [each["text"] for each in resource.get("note", [])]


def ordered(found: list[dict[str, Any]]) -> list[str]:
    """The codes of all orders and of all medications."""
    wanted = of(found, "ServiceRequest", "Medication")
    return sorted(each["code"]["coding"][0]["code"] for each in wanted)


@pytest.mark.parametrize(
    "order",
    [
        "ORC|NW|P1^REG\r" + GLUCOSE + "ORC|NW|P2^REG\r" + ASPIRIN,
        "ORC|NW|P1^REG\r" + GLUCOSE + ASPIRIN,
        "ORC|NW|P1^REG\r" + ASPIRIN + GLUCOSE,
        GLUCOSE + ASPIRIN,
    ],
    ids=["an ORC each", "one ORC", "one ORC, the medication first", "no ORC"],
)
def test_a_test_and_a_medication_in_one_message_are_both_ordered(order: str) -> None:
    found = resources("ORM^O01^ORM_O01", PATIENT, order)
    assert ordered(found) == ["ASP", "GLU"]
    (patient,) = of(found, "Patient")
    whose = [each["subject"] for each in of(found, "ServiceRequest", "MedicationRequest")]
    assert whose == [{"reference": f"urn:uuid:{patient['id']}"}] * 2


@pytest.mark.parametrize(
    ("order", "codes"),
    [
        (GLUCOSE + "OBR|2|P2^REG||HB^Haemoglobin^L\r", ["GLU", "HB"]),
        (ASPIRIN + "RXO|IBU^Ibuprofen^L|200||mg\r", ["ASP", "IBU"]),
    ],
    ids=["tests", "medications"],
)
def test_all_that_stands_behind_one_orc_is_ordered(order: str, codes: list[str]) -> None:
    found = resources("ORM^O01^ORM_O01", PATIENT, "ORC|NW|P1^REG\r", order)
    assert ordered(found) == codes
    requests = of(found, "ServiceRequest", "MedicationRequest")
    assert len({each["id"] for each in requests}) == len(requests) == 2


@pytest.mark.parametrize("kind", ["ORM^O01^ORM_O01", "OML^O21^OML_O21", "ORU^R01^ORU_R01"])
def test_what_is_noted_about_the_patient_goes_along_with_the_order(kind: str) -> None:
    order = "ORC|NW|P1^REG\r" + GLUCOSE
    (request,) = of(
        resources(kind, PATIENT, "NTE|1||is deaf\r", "PV1|1|O\r", order), "ServiceRequest"
    )
    assert notes(request) == ["fasting", "is deaf"]


def test_each_part_of_a_prescription_keeps_its_own_notes() -> None:
    found = resources(
        "RDE^O11^RDE_O11",
        PATIENT,
        "NTE|1||is deaf\r",
        "ORC|NW|P1^REG\r" + ASPIRIN + "RXR|PO\r",
        "RXE||ASA^Acetylsalicylic acid^L|100||mg\rNTE|1||checked\rTQ1|1\rRXR|PO\r",
        "RXC|B|BASE^Base^L|5|mg\rNTE|1||no lactose\rRXC|A|ADD^Additive^L|6|mg\r",
    )
    asked, encoded = of(found, "MedicationRequest")
    assert notes(asked) == ["with food", "is deaf"]
    assert notes(encoded) == ["checked", "no lactose", "is deaf"]


def test_an_amount_per_time_is_a_rate() -> None:
    infusion = "RXE||NACL^Saline^L|1000||mL^^UCUM" + "|" * 17 + "H8\rTQ1|1\rRXR|IV\r"
    (request,) = of(
        resources("RDE^O11^RDE_O11", PATIENT, "ORC|NW|P1\r", infusion), "MedicationRequest"
    )
    rate = request["dosageInstruction"][0]["doseAndRate"][0]["rateRatio"]
    assert (rate["numerator"]["value"], rate["denominator"]["value"]) == (1000, 8)
    assert (rate["numerator"]["code"], rate["denominator"]["code"]) == ("mL", "h")


@pytest.mark.parametrize(
    ("kind", "order"),
    [
        ("ORM^O01^ORM_O01", GLUCOSE),
        ("ORU^R01^ORU_R01", GLUCOSE),
        ("OML^O21^OML_O21", GLUCOSE),
        ("RDE^O11^RDE_O11", "RXE||ASA^Aspirin^L|1||TAB\rTQ1|1\rRXR|PO\r"),
    ],
)
def test_a_charge_that_comes_with_an_order_is_a_charge(kind: str, order: str) -> None:
    charge = "FT1|1|T1||20261121||CG|4711^Strip^L|||2|12.50&USD\r"
    (item,) = of(resources(kind, PATIENT, "ORC|NW|P1^REG\r", order, charge), "ChargeItem")
    assert item["code"]["coding"][0]["code"] == "4711"
    assert item["priceOverride"] == {"value": 12.5, "currency": "USD"}


def test_notes_on_what_an_appointment_needs_are_notes_of_the_appointment() -> None:
    (appointment,) = of(
        resources(
            "SIU^S12^SIU_S12",
            "SCH|A1^REG|||||ROUTINE\rTQ1|1||||||20261201090000-0500\rNTE|1||call first\r",
            PATIENT,
            "RGS|1\rAIS|1||MRI^MRI^L\rNTE|1||with contrast\rAIP|1||5^Doc^Who\rNTE|1||or deputy\r",
        ),
        "Appointment",
    )
    assert appointment["comment"].split("\n") == ["call first", "with contrast", "or deputy"]
    said = [each["valueAnnotation"]["text"] for each in appointment["extension"] if "valueAnnotation" in each]  # fmt: skip
    assert said == ["call first", "with contrast", "or deputy"]


@pytest.mark.parametrize(("kind", "told"), [("ST", True), ("NM", False)])
def test_the_unit_of_a_result_that_is_text_is_said(kind: str, told: bool) -> None:
    result = (
        f"ORC|RE|P1\rOBR|1|P1||GLU^Glucose^L\rOBX|1|{kind}|GLU^Glucose^L||5.2|mmol/L|||||F\r"
    )
    (measured,) = of(resources("ORU^R01^ORU_R01", PATIENT, result), "Observation")
    assert notes(measured) == (["Units: mmol/L"] if told else [])


def test_a_diagnosis_of_a_charge_keeps_its_role_and_its_rank() -> None:
    found = resources(
        "DFT^P03^DFT_P03",
        "EVN|P03|20261121\r" + PATIENT + "PV1|1|I" + "|" * 17 + "V1\r",
        "FT1|1|T1||20261121||CG|4711\rDG1|1||J18.9^Pneumonia^I10|||A|||||||||2\r",
    )
    (visit,), (condition,) = of(found, "Encounter"), of(found, "Condition")
    (diagnosis,) = visit["diagnosis"]
    assert diagnosis["condition"] == {"reference": f"urn:uuid:{condition['id']}"}
    assert (diagnosis["use"]["coding"][0]["code"], diagnosis["rank"]) == ("AD", 2)


def test_the_order_of_payment_and_the_number_of_the_policy_holder_are_kept() -> None:
    insured = "IN1|2|PPO^Plan^L|PAY1|Payer||||||G7^^^ACME^XX|Acme" + "|" * 11 + "2\r"
    found = resources("ADT^A01^ADT_A01", "EVN|A01\r" + PATIENT + "PV1|1|I\r", insured)
    (coverage,) = of(found, "Coverage")
    assert coverage["order"] == 2
    named = {each["id"]: each for each in of(found, "Organization")}
    holder = named[coverage["policyHolder"]["reference"].removeprefix("urn:uuid:")]
    assert (holder["name"], holder["identifier"][0]["value"]) == ("Acme", "G7")


def test_what_a_visit_is_described_as_is_its_narrative() -> None:
    described = "PV2" + "|" * 12 + "fell from <ladder>\r"
    (visit,) = of(
        resources("ADT^A01^ADT_A01", "EVN|A01\r" + PATIENT + "PV1|1|I\r", described),
        "Encounter",
    )
    assert "fell from &lt;ladder&gt;" in visit["text"]["div"]


BOB = "PID|2||88^^^GENHOSP^MR||Probe^Bob\rPD1|||Clinic^L^99|5^Doc^Who\r"


def two(event: str) -> list[dict[str, Any]]:
    """Two patients, of whom only the second has a doctor."""
    visits = "PV1|{}|I|W{}" + "|" * 17 + "BLUE\r"
    segments = (PATIENT, visits.format(1, 1), BOB, visits.format(2, 2))
    return resources(f"ADT^{event}^ADT_{event}", f"EVN|{event}|20261121\r", *segments)


@pytest.mark.parametrize("event", ["A17", "A24", "A37"])
def test_of_two_patients_none_gets_what_is_of_the_other(event: str) -> None:
    found = two(event)
    nora, bob = of(found, "Patient")
    assert (nora["name"][0]["given"], bob["name"][0]["given"]) == (["Nora"], ["Bob"])
    assert "generalPractitioner" not in nora
    for kind, of_whom in (("Encounter", "subject"), ("Coverage", "beneficiary")):
        each = of(found, kind)
        assert [one[of_whom]["reference"][9:] for one in each] == [nora["id"], bob["id"]], kind
        assert len({one["id"] for one in each}) == 2, kind


def test_linked_records_point_at_each_other() -> None:
    nora, bob = of(two("A24"), "Patient")
    assert nora["link"] == [{"other": {"reference": f"urn:uuid:{bob['id']}"}, "type": "seealso"}]  # fmt: skip
    assert bob["link"] == [{"other": {"reference": f"urn:uuid:{nora['id']}"}, "type": "seealso"}]  # fmt: skip
    assert all("link" not in each for each in of(two("A37"), "Patient"))


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ("A12", "in-progress"),
        ("A15", "in-progress"),
        ("A16", "in-progress"),
        ("A38", "cancelled"),
    ],
)
def test_transfers_that_are_cancelled_or_to_come_go_there_and_back(
    event: str, status: str
) -> None:
    text = HEAD.format(f"ADT^{event}^ADT_{event}") + f"EVN|{event}|20261121\r" + PATIENT
    text += "PV1|1|I|W1^1^1|||W2^2^2" + "|" * 13 + "V1\rDG1|1||J18.9^Pneumonia^I10|||A\r"
    (bundle,) = converted("hl7v2_to_fhir", text.encode())
    (visit,) = of([each["resource"] for each in json.loads(bundle)["entry"]], "Encounter")
    assert visit["status"] == status
    assert [each["status"] for each in visit["location"]] == ["active", "completed"]
    (again,) = converted("fhir_to_hl7v2", bundle)
    back = again.decode().split("\r")
    assert f"ADT^{event}^ADT_{event}" in back[0]
    assert any(each.startswith("PV1|1|I|W1^1^1|||W2^2^2|") for each in back)
    assert any(each.startswith("DG1|1||J18.9^Pneumonia^I10|") for each in back)
