"""What the ReportStream flavour makes of one datatype: every component stands somewhere, and what is made stays FHIR R4."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine import formats, mapping
from engine.fhir import checking
from engine.formats import Reading
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes
from tests.packs.conversion import ROOT

OURS = "https://reportstream.cdc.gov/fhir/StructureDefinition/"
HEAD = b"MSH|^~\\&|A|B|C|D|20261121||ORU^R01^ORU_R01|1|P|2.5.1\r"
#: The element that holds what is made, and the mapping that makes it; read from the first field of a segment of the test's own.
HELD = {
    "cwe_to_codeable_concept": "code",
    "cne_to_codeable_concept": "code",
    "cx_to_identifier": "identifier",
    "ei_to_identifier": "identifier",
    "eip_to_placer_identifier": "identifier",
    "eip_to_filler_identifier": "identifier",
    "xon_to_organization": "author",
    "cnn_to_practitioner": "author",
    "cp_to_extension": "extension",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the shipped mappings of this flavour and, for each of HELD, one that uses it alone."""
    found = tmp_path_factory.mktemp("home")
    folder = found / "mappings"
    folder.mkdir()
    (folder / "tables").symlink_to(ROOT / "mappings/tables")
    for path in (ROOT / "mappings").glob("reportstream_*.yaml"):
        (folder / path.name).symlink_to(path)
    for name, element in HELD.items():
        (folder / f"held_{name}.yaml").write_text(_holding(name, element))
    return found


def _holding(name: str, element: str) -> str:
    made = f"{{use: reportstream_{name}, of: ZRS-1}}"
    fields = f"{{code.text: 'held', {element}: {made}}}"
    if element == "code":
        fields = f"{{code: {made}}}"
    basic = f"{{type: Basic, fields: {fields}}}"
    return f"from: hl7v2\nto: fhir/Bundle\nresources:\n  held: {basic}\nfields:\n  type: 'collection'\n"


def made(home: Path, name: str, text: str) -> list[dict[str, Any]]:
    """The resources made of a field: what the mapping refers to, and last the Basic that holds what it makes."""
    mistakes = Mistakes()
    loaded = mapping.Shelf(home, mistakes).find(f"held_{name}", "UTC", {})
    assert loaded is not None, "\n".join(map(str, mistakes.found))
    raw = HEAD + b"ZRS|" + text.encode() + b"\r"
    facts = Facts(inbound=Inbound(raw=raw, received_at=0.0), context=Context(now=0.0, id=1))
    (product,) = loaded.apply(formats.load("hl7v2").parse(raw, Reading()), facts)
    bundle = json.loads(product.payload)
    assert checking.valid(bundle)
    return [each["resource"] for each in bundle["entry"]]


def held(home: Path, name: str, text: str) -> Any:
    """What the mapping makes of a field."""
    value = made(home, name, text)[-1][HELD[name]]
    return value[0] if isinstance(value, list) else value


def extensions(of: dict[str, Any]) -> dict[str, Any]:
    """The extensions of an element: their values, or their own extensions, by the end of their url."""
    found = {}
    for each in of.get("extension", []):
        value = [each[key] for key in each if key.startswith("value")]
        found[each["url"].removeprefix(OURS)] = value[0] if value else extensions(each)
    return found


def test_each_code_says_which_it_is_and_what_its_system_is_called(home: Path) -> None:
    text = "1^One^LN^2^Two^HL70999^7^8^Said^3^^L^9^2.16.840.1.113883.6.1"
    concept = held(home, "cwe_to_codeable_concept", text)
    one, two, three = concept["coding"]
    assert extensions(one) == {"cwe-coding": "coding", "cwe-coding-system": "LN"}
    assert (one["system"], one["version"], one["display"]) == ("http://loinc.org", "7", "One")
    assert extensions(two) == {"cwe-coding": "alt-coding", "cwe-coding-system": "HL70999"}
    assert "system" not in two
    assert extensions(three)["cwe-coding"] == "secondary-alt-coding"
    assert three["system"].startswith("https://terminology.hl7.org/")
    assert extensions(concept) == {"coding-system-oid": "urn:oid:2.16.840.1.113883.6.1"}
    assert concept["text"] == "Said"


def test_a_name_of_a_system_that_nobody_knows_makes_no_code(home: Path) -> None:
    (only,) = held(home, "cwe_to_codeable_concept", "^^HOUSE")["coding"]
    assert extensions(only) == {"cwe-coding-system": "HOUSE"}


def test_a_cne_is_told_from_a_cwe(home: Path) -> None:
    (only,) = held(home, "cne_to_codeable_concept", "1^One^LN")["coding"]
    assert extensions(only) == {"cne-coding": "coding", "cne-coding-system": "LN"}


@pytest.mark.parametrize(
    ("authority", "system"),
    [
        ("CLINIC&2.16.840.1.113883.19.5&ISO", "CLINIC"),
        ("&2.16.840.1.113883.19.5&ISO", "urn:oid:2.16.840.1.113883.19.5"),
        (
            "&0b7f1a52-8a13-4a4b-9f6e-1f0f7f8a2f11&UUID",
            "urn:uuid:0b7f1a52-8a13-4a4b-9f6e-1f0f7f8a2f11",
        ),
        ("NORTH CLINIC&2.16.840.1.113883.19.5&ISO", "urn:oid:2.16.840.1.113883.19.5"),
        ("NORTH CLINIC&&ISO", None),
        ("CLINIC&clinic.example.org&DNS", None),
    ],
)
def test_an_authority_with_an_oid_or_a_uuid_is_the_system(
    home: Path, authority: str, system: str | None
) -> None:
    identifier = held(home, "cx_to_identifier", f"77^^^{authority}")
    assert identifier.get("system") == system
    kept = [each["valueString"] for each in identifier.get("_system", {}).get("extension", [])]
    assert ("assigner" in identifier) == ("DNS" in authority)
    assert "DNS" in authority or kept == [each for each in authority.split("&") if each]


def test_any_other_authority_is_an_organization(home: Path) -> None:
    organization, basic = made(home, "cx_to_identifier", "77^^^CLINIC&44D&CLIA")
    (identifier,) = basic["identifier"]
    assert identifier["assigner"]["reference"].endswith(organization["id"])
    local, universal = organization["identifier"]
    assert (extensions(local), local["value"]) == ({"hl7v2Field": "HD.1"}, "CLINIC")
    assert (extensions(universal), universal["value"]) == ({"hl7v2Field": "HD.2,HD.3"}, "44D")
    assert universal["type"]["coding"][0]["code"] == "CLIA"


def test_the_dates_of_a_number_stand_as_they_were_written(home: Path) -> None:
    identifier = held(home, "cx_to_identifier", "77^1^M10^^MR^SITE^20260101^unknown^NC&North")
    assert identifier["period"]["start"] == "2026-01-01"
    assert extensions(identifier["period"]["_start"]) == {"hl7v2-date-time": "20260101"}
    assert "end" not in identifier["period"]
    assert extensions(identifier["period"]["_end"]) == {"hl7v2-date-time": "unknown"}
    found = extensions(identifier)
    assert found["cx-identifier"]["CX.5"] == "MR"
    assert found["cx-identifier"]["CX.9"]["coding"][0]["display"] == "North"
    assert found["assigning-facility"]["reference"]


def test_the_authority_of_an_entity_identifier_is_an_extension(home: Path) -> None:
    identifier = held(home, "ei_to_identifier", "P-1^CLINIC^1.2.3^ISO")
    assert identifier["value"] == "P-1"
    authority = {"namespace-id": "CLINIC", "universal-id": "1.2.3", "universal-id-type": "ISO"}
    assert extensions(identifier) == {"assigning-authority": authority}


@pytest.mark.parametrize(
    ("name", "code", "value", "other"),
    [("placer", "PGN", "P-1", "filler"), ("filler", "FGN", "F-2", "placer")],
)
def test_each_number_of_a_pair_has_the_other_beside_it(
    home: Path, name: str, code: str, value: str, other: str
) -> None:
    identifier = held(home, f"eip_to_{name}_identifier", "P-1&CLINIC^F-2&LAB&44D&CLIA")
    assert (identifier["type"]["coding"][0]["code"], identifier["value"]) == (code, value)
    beside = extensions(identifier)[f"{other}-assigned-identifier"]
    assert beside["entity-identifier"] == ("F-2" if other == "filler" else "P-1")


def test_an_organization_says_which_of_its_numbers_it_had(home: Path) -> None:
    text = "North^L^12^3^M10^AUTH&44D&CLIA^XX^SITE&1.2.3&ISO^A^N-12"
    location, organization, _ = made(home, "xon_to_organization", text)
    found = extensions(organization)
    assert found["xon-organization"] == {"XON.3": "12", "XON.10": "N-12"}
    assert found["name-representation-code"] == "A"
    assert found["organization-name-type"]["code"] == "L"
    (identifier,) = organization["identifier"]
    assert identifier["value"] == "N-12"
    assert extensions(identifier)["assigning-authority"]["universal-id-unknown-type"] == "44D"
    assert (location["name"], location["identifier"][0]["value"]) == ("SITE", "1.2.3")


def test_a_part_that_has_no_first_component_is_not_lost(home: Path) -> None:
    location, organization, _ = made(
        home, "xon_to_organization", "North^^^^^&1.2&ISO^^&1.3&ISO"
    )
    (identifier,) = organization["identifier"]
    assert extensions(identifier)["assigning-authority"]["universal-id"] == "1.2"
    assert location["identifier"][0]["value"] == "1.3"
    assert "organization-name-type" not in extensions(organization)
    site, basic = made(home, "cx_to_identifier", "77^^^^^&1.4&ISO^^^&North^&South")
    (number,) = basic["identifier"]
    assert site["identifier"][0]["value"] == "1.4"
    assert list(extensions(number)["cx-identifier"]) == ["CX.9", "CX.10"]
    assert "assigner" not in number


def test_a_person_by_number_keeps_every_component(home: Path) -> None:
    practitioner, _ = made(home, "cnn_to_practitioner", "7^Lee^Sam^Q^JR^DR^MD^SRC^AUTH^1.2^ISO")
    assert practitioner["name"][0]["suffix"] == ["JR", "MD"]
    assert list(extensions(practitioner)["cnn-practitioner"]) == [
        "CNN.3", "CNN.4", "CNN.5", "CNN.7", "CNN.8",
    ]  # fmt: skip


def test_a_price_keeps_its_numbers_and_units(home: Path) -> None:
    price = extensions(held(home, "cp_to_extension", "12.50&USD^UP^odd^2^DAY&Day&L^F"))
    assert (price["CP.1.1"], price["CP.1.2"], price["CP.4"]) == (12.5, "USD", 2)
    assert "CP.3" not in price
    assert price["CP.5"]["coding"][0]["display"] == "Day"
