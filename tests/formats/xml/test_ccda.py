"""Clinical documents: the shipped sample, and every C-CDA file of a public collection where it is present."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import mapping
from engine.errors import MessageError
from engine.formats import Reading, xml
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes

ROOT = Path(__file__).parents[3]
FIXTURES = ROOT.parent / "shared/fixtures/ms-fhir-converter/data/SampleData/Ccda"
KINDS = {"CCD", "Referral Note", "Consultation Note", "Discharge Summary", "History and Physical", "Operative Note",
         "Procedure Note", "Progress Note", "Transfer Summary", "Care Plan", "Unstructured Document"}  # fmt: skip


def test_a_document_says_its_kind_and_its_number() -> None:
    document = xml.parse((ROOT / "samples/xml/ccd.xml").read_bytes(), Reading())
    assert (document.kind(), document.control()) == ("ClinicalDocument/CCD", "CCD-20261121-17")
    rows = {path: value for _, path, _, value in xml.tree(document)}
    assert rows["ClinicalDocument/recordTarget/patientRole/id[1]/@extension"] == "100234"
    assert any(value == "No known allergies." for value in rows.values())
    rest = b'<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2"/></ClinicalDocument>'
    assert xml.parse(rest, Reading()).control() == "1.2"
    assert xml.parse(rest, Reading()).kind() == "v3:ClinicalDocument".replace("v3", "hl7-org")


@pytest.mark.slow
@pytest.mark.skipif(
    not FIXTURES.is_dir(), reason="shared/fixtures/ms-fhir-converter is not there"
)
def test_every_document_of_the_collection_is_read_and_mapped() -> None:
    mistakes = Mistakes()
    patient = mapping.load("ccda_to_patient", ROOT, mistakes)
    encounter = mapping.load("ccda_to_encounter", ROOT, mistakes)
    assert patient is not None and encounter is not None
    files, patients, refused = sorted(FIXTURES.glob("*.ccda")), 0, []
    assert files
    for file in files:
        raw = file.read_bytes()
        document = xml.parse(raw, Reading())
        assert document.edit().render() == raw
        assert (
            document.kind().partition("/")[2] in KINDS
            or document.kind() == "hl7-org:ClinicalDocument"
        )
        assert document.control()
        assert sum(1 for _ in xml.tree(document)) > 50
        facts = Facts(inbound=Inbound(raw=raw, received_at=0), context=Context(now=0))
        try:
            patients += len(patient.apply(document, facts))
            encounter.apply(document, facts)
        except MessageError as error:
            refused.append((file.name, str(error)))
    assert patients == len(files)
    assert not refused
