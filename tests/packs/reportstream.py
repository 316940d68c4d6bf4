"""What the ReportStream flavour makes of people and of the datatypes around them, with no other segment mapped."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engine import formats, mapping
from engine.fhir import checking
from engine.formats import Reading
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes
from tests.packs.conversion import ROOT

HL7 = "http://hl7.org/fhir/StructureDefinition/"
OURS = "https://reportstream.cdc.gov/fhir/StructureDefinition/"
HEAD = "MSH|^~\\&|LAB|NORTH|X|Y|20261121||ORU^R01^ORU_R01|1|P|2.5.1\r"
#: What the message mappings make of people, and of the two fields of a segment of the test's own a person and a place.
PEOPLE = """
from: hl7v2
to: fhir/Bundle
fields: {type: "collection"}
resources:
  people:
    each: PID
    resources:
      patient:
        - {use: reportstream_pid_to_patient, of: PID}
        - {use: reportstream_pd1_to_patient, of: PD1}
        - fields:
            contact: {use: reportstream_nk1_to_contact, each: NK1}
      changed: {use: reportstream_pid_to_provenance, of: PID, fields: {target: patient}}
      relations: {use: reportstream_nk1_to_related_person, each: NK1, fields: {patient: patient}}
  held:
    type: Basic
    fields:
      code.text: "held"
      author: {use: reportstream_xcn_to_practitioner, of: ZRS-1}
      extension:
        fields:
          url: "urn:place"
          valueReference: {use: reportstream_pl_to_location, of: ZRS-2}
"""


@cache
def people() -> Any:
    """The mapping PEOPLE among the shipped ones of this flavour."""
    with TemporaryDirectory() as home:
        folder = Path(home, "mappings")
        folder.mkdir()
        (folder / "tables").symlink_to(ROOT / "mappings/tables")
        for path in (ROOT / "mappings").glob("reportstream_*.yaml"):
            (folder / path.name).symlink_to(path)
        (folder / "people.yaml").write_text(PEOPLE)
        mistakes = Mistakes()
        loaded = mapping.load("people", Path(home), mistakes)
    assert loaded is not None, "\n".join(map(str, mistakes.found))
    return loaded


def made(*segments: str) -> dict[str, list[dict[str, Any]]]:
    """What is made of a message, by type."""
    raw = (HEAD + "\r".join(segments) + "\r").encode()
    facts = Facts(inbound=Inbound(raw=raw, received_at=0.0), context=Context(now=0.0))
    (product,) = people().apply(formats.load("hl7v2").parse(raw, Reading()), facts)
    bundle = json.loads(product.payload)
    assert checking.valid(bundle)
    found: dict[str, list[dict[str, Any]]] = {}
    for each in bundle["entry"]:
        found.setdefault(each["resource"]["resourceType"], []).append(each["resource"])
    return found


def segment(name: str, fields: dict[int, str]) -> str:
    """A segment with some of its fields."""
    return "|".join([name, *(fields.get(number, "") for number in range(1, max(fields) + 1))])


def patient(fields: dict[int, str], *segments: str) -> dict[str, Any]:
    """The patient of a PID."""
    (found,) = made(segment("PID", fields), *segments)["Patient"]
    return found


def said(of: Any) -> dict[str, Any]:
    """The values of extensions, or the extensions in them, by the ends of their urls."""
    found: dict[str, Any] = {}
    for each in of.get("extension", []):
        values = [each[name] for name in each if name.startswith("value")]
        found[each["url"].removeprefix(OURS).removeprefix(HL7)] = (
            values[0] if values else said(each)
        )
    return found
