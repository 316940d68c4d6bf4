"""Names, numbers, addresses and places as the ReportStream flavour has them: each component stands somewhere."""

from __future__ import annotations

import pytest

from tests.packs.reportstream import made, patient, said, segment


@pytest.mark.parametrize(
    ("number", "system", "value", "absent"),
    [
        ("^PRN^PH^^1^555^0100", "phone", None, False),
        ("^PRN^PH^^1^555^0100^^^^^+15550100", "phone", "+15550100", False),
        ("5550100^WPN^CP", "phone", "5550100", False),
        ("^NET^Internet^ann@example.org^^^7", "email", "ann@example.org", False),
        ("5550100^^odd", None, "5550100", True),
        ("5550100", None, "5550100", True),
    ],
)
def test_parts_of_a_number_make_no_value(
    number: str, system: str | None, value: str | None, absent: bool
) -> None:
    home, _, other = patient({13: number, 14: number, 40: number})["telecom"]
    assert (home.get("system"), home.get("value"), home["use"]) == (system, value, "home")
    assert ("_system" in home) == absent
    components = number.split("^")
    kept = {f"XTN.{at}": each for at, each in enumerate(components, 1) if each}
    parts = {name: each for name, each in kept.items() if name not in ("XTN.5", "XTN.6")}
    assert said(other)["xtn-contact-point"] == parts
    assert said(other)["hl7v2Field"] == "PID.40"
    assert ("contactpoint-local" in said(home)) == ("XTN.7" in kept and system != "email")


def test_an_address_keeps_what_makes_it_ambiguous() -> None:
    written = "1 Main&Main&1^Flat 2^Northtown^IL^60601^USA^HV^East^Cook^9^A^2020&2024^^^^^^^ATTN:  Ann"
    (found,) = patient({11: written})["address"]
    assert found["line"] == ["1 Main", "Main", "1", "Flat 2", "ATTN:  Ann"]
    own = said(found)
    assert own["iso21090-AD-use"] == own["xad-address"]["XAD.7"] == "HV"
    assert own["iso21090-ADXP-censusTract"] == "9"
    assert own["xad-address"]["sad-address-line"] == {
        "SAD.1": "1 Main",
        "SAD.2": "Main",
        "SAD.3": "1",
    }
    assert own["xad-address"]["XAD.19"] == "ATTN: Ann"
    assert said(found["period"]["_start"]) == {"hl7v2-date-time": "2020"}
    assert (found["district"], "use" in found) == ("Cook", False)


def test_dates_of_their_own_go_before_a_range() -> None:
    ours, ranged = patient({5: "A^B^^^^^B^^^2001&2002^^2003~A^B^^^^^TEMP^^^2001&2002"})["name"]
    assert (ours["use"], ours["period"]) == ("official", {"start": "2003"})
    assert said(ours)["xpn-human-name"]["XPN.10"] == {"XPN.10.1": "2001", "XPN.10.2": "2002"}
    assert (ranged["use"], ranged["period"]["end"]) == ("temp", "2002")


def test_a_person_by_number_keeps_every_component() -> None:
    written = "7^Lee&van^Sam^Q^JR^DR^MD^SRC^AUTH&1.2.3&ISO^L^1^M10^NPI^^A^Work^2020&2021^G^^^PHD^IL^HR"
    (found,) = made(segment("PID", {1: "1"}), f"ZRS|{written}")["Practitioner"]
    own = said(found)
    numbers = (3, 4, 5, 7, 8, 10, 15, 16, 17, 21, 22, 23)
    assert list(own["xcn-practitioner"]) == [f"XCN.{number}" for number in numbers]
    assert own["assigning-authority"]["universal-id"] == "1.2.3"
    (identifier,) = found["identifier"]
    assert (identifier["system"], identifier["value"], "assigner" in identifier) == (
        "AUTH",
        "7",
        False,
    )
    (name,) = found["name"]
    assert (name["use"], name["suffix"], name["prefix"]) == (
        "official",
        ["JR", "MD", "PHD"],
        ["DR"],
    )


def test_a_bed_lies_in_all_that_is_around_it() -> None:
    place = "W&1.2.3&ISO^R^B^North&1.2&ISO^active^clinic^Tower^2^Bed by the door^E-1&&9.9&ISO^ASSIGNER"
    found = made(segment("PID", {1: "1"}), f"ZRS||{place}")["Location"]
    by_id = {each["id"]: each for each in found}
    (at,) = [each for each in found if "mode" in each]
    chain = [at]
    while "partOf" in chain[-1]:
        chain.append(by_id[chain[-1]["partOf"]["reference"].removeprefix("urn:uuid:")])
    codes = [each["physicalType"]["coding"][0].get("code", "poc") for each in chain]
    assert codes == ["bd", "ro", "poc", "lvl", "bu", "si"]
    assert said(at) == {"pl6-person-location-type": "clinic"}
    assert said(at["identifier"][2])["ei-assigner-organization-type"] == "organization"
    assert said(chain[2]["physicalType"]["coding"][0]["_code"]) == {
        "location-physical-type-poc": "poc"
    }
