"""People as the ReportStream flavour has them: patients, who is related to them, and who changed what is known of them."""

from __future__ import annotations

import random

import pytest

from tests.packs.reportstream import made, patient, said, segment


def test_what_a_patient_has_no_element_for_stands_in_extensions() -> None:
    texts = {23: "Northtown", 24: "Y", 30: "N", 31: "N", 37: "Merle"}
    codes = {
        number: f"c{number}^Code" for number in (8, 10, 17, 22, 26, 27, 28, 32, 35, 38, 39)
    }
    found = patient({3: "7^^^NORTH^MR", 6: "Doe^Ann", 18: "A-1", **texts, **codes})
    own = said(found)
    assert list(own["pid-patient"]) == [
        "PID.8",
        "PID.18",
        "PID.24",
        "PID.30",
        "PID.32",
        "PID.38",
    ]
    assert said(own["pid-patient"]["PID.18"]) == {"hl7v2Field": "PID.18"}
    race = "http://ibm.com/fhir/cdm/StructureDefinition/local-race-cd"
    coded = {
        race: 10,
        "patient-religion": 17,
        "ethnic-group": 22,
        "veteran-military-status": 27,
    }
    assert {name: own[name]["coding"][0]["code"] for name in coded} == {
        name: f"c{number}" for name, number in coded.items()
    }
    assert own["patient-nationality"]["code"]["coding"][0]["code"] == "c28"
    assert list(own["patient-animal"]) == ["species", "strain"]
    assert own["patient-mothersMaidenName"]["given"] == ["Ann"]
    assert (own["identity-unknown"], own["patient-birthPlace"]) == ("N", {"text": "Northtown"})
    assert (found["multipleBirthBoolean"], found["deceasedBoolean"]) == (True, False)
    assert found["gender"] == "unknown"


def test_citizenships_of_one_field_stand_together() -> None:
    found = patient({26: "A^B~C^D", 39: "E^F"})
    both = [each for each in found["extension"] if each["url"].endswith("citizenship")]
    assert [len(each["extension"]) for each in both] == [2, 1]
    fields = [said(each["extension"][0]["valueCodeableConcept"]) for each in both]
    assert fields == [{"hl7v2Field": "PID.26"}, {"hl7v2Field": "PID.39"}]


@pytest.mark.parametrize(
    ("written", "day", "moment"),
    [
        ("0000", None, None),
        ("19800417", "1980-04-17", None),
        ("198004171130", "1980-04-17", "1980-04-17T11:30:00Z"),
    ],
)
def test_a_birth_date_stands_as_it_was_written_too(
    written: str, day: str | None, moment: str | None
) -> None:
    found = patient({7: written})
    assert found.get("birthDate") == day
    beside = said(found["_birthDate"])
    assert (beside["hl7v2-date-time"], beside.get("patient-birthTime")) == (written, moment)


def test_the_second_demographics_stand_under_their_fields() -> None:
    pd1 = segment(
        "PD1", {1: "A~B", 3: "North^L^12", 5: "F", 9: "N", 14: "^^^^^^^^^X-1", 22: "2026"}
    )
    found = patient({3: "7"}, pd1)
    own = said(found)
    assert set(own["pd1-patient-additional-demographic"]) == {
        "PD1.1",
        "PD1.9",
        "PD1.14",
        "PD1.22",
    }
    assert own["studentStatus"]["coding"][0]["code"] == "F"
    assert own["patient-congregation"] == "X-1"
    assert len(found["generalPractitioner"]) == 1


def test_a_patient_and_the_mother_point_at_each_other() -> None:
    found = made(segment("PID", {3: "7^^^NORTH^MR", 21: "M-1"}))
    (child,), (mother,) = found["Patient"], found["RelatedPerson"]
    assert child["link"][0]["other"]["reference"].endswith(mother["id"])
    assert mother["patient"]["reference"].endswith(child["id"])


def test_who_changed_a_patient_is_unknown_where_nobody_says_so() -> None:
    (told,) = made(segment("PID", {3: "7", 33: "202611201200", 34: "NORTH"}))["Provenance"]
    assert told["occurredDateTime"] == "2026-11-20T12:00:00Z"
    assert told["agent"][0]["who"]["reference"]
    (untold,) = made(segment("PID", {3: "7", 34: "^^ISO"}))["Provenance"]
    assert said(untold["agent"][0]["who"]) == {"data-absent-reason": "unknown"}


def test_each_part_of_a_relation_says_its_field() -> None:
    nk1 = {
        2: "Doe^Jo",
        3: "SPO",
        5: "5550100",
        6: "5550200",
        13: "North^L",
        15: "F",
        16: "1950",
        32: "^^X",
    }
    found = made(segment("PID", {3: "7"}), segment("NK1", nk1))
    (person,) = found["RelatedPerson"]
    parts = {name: person[name] for name in ("name", "relationship", "telecom", "address")}
    fields = {name: [said(each)["hl7v2Field"] for each in parts[name]] for name in parts}
    assert fields == {
        "name": ["NK1.2"],
        "relationship": ["NK1.3"],
        "telecom": ["NK1.5", "NK1.6"],
        "address": ["NK1.32"],
    }
    assert set(said(person)["nk1-related-person"]) == {"NK1.13", "NK1.16"}
    (contact,) = found["Patient"][0]["contact"]
    (organization,) = [each for each in found["Organization"] if "contact" in each]
    assert contact["organization"]["reference"].endswith(organization["id"])
    assert [each["use"] for each in contact["telecom"] if "use" in each] == ["work"]


def test_a_contact_without_a_way_to_be_reached_has_an_unknown_organization() -> None:
    found = patient(
        {3: "7"},
        segment("NK1", {3: "SPO", 8: "2020"}),
        segment("NK1", {5: "5550100", 8: "2020"}),
    )
    contact, reached = found["contact"]
    assert "organization" not in reached
    assert said(contact["organization"]) == {"data-absent-reason": "unknown"}
    assert contact["period"]["start"] == "2020"


def test_people_without_numbers_are_not_mixed_up() -> None:
    jo = segment("NK1", {2: "Doe^Jo"})
    found = made(segment("PID", {1: "1", 5: "Doe"}), jo, segment("PID", {1: "2", 5: "Roe"}), jo)
    assert len(found["Patient"]) == len(found["RelatedPerson"]) == len(found["Provenance"]) == 2
    whose = {each["patient"]["reference"] for each in found["RelatedPerson"]}
    assert len(whose) == 2


#: Values that make trouble: blanks, a value to be deleted, no date, no OID, escapes, codes that choose another way.
ODD = (
    "a  b",
    " x ",
    '""',
    "0000",
    "20260230",
    "9.1.2",
    "ISO",
    "Internet",
    "\\X0D\\",
    "-1",
    "N",
)


@pytest.mark.slow
def test_nobody_is_refused_because_a_component_is_odd() -> None:
    chosen = random.Random(1)

    def field() -> str:
        parts = [chosen.choice(ODD) if chosen.random() < 0.4 else "" for _ in range(23)]
        return "^".join(
            "&".join([each, each]) if chosen.random() < 0.2 else each for each in parts
        )

    def filled(name: str, size: int) -> str:
        return segment(
            name, {at: field() for at in range(1, size + 1) if chosen.random() < 0.4} or {1: ""}
        )

    for _ in range(100):
        places = filled("ZRS", 2)
        made(filled("PID", 40), filled("PD1", 22), filled("NK1", 41), places)
