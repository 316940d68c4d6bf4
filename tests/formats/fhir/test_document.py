"""Resources as they come: JSON, XML and NDJSON; what they are; taken apart; checked; answered."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.errors import MessageError
from engine.fhir.serializing import to_xml
from engine.formats import fhir
from engine.message import Receipt, Verdict
from engine.reading import Blocks, Reading
from engine.records.decoding import decoded
from tests.formats.fhir.conftest import SAMPLE

READING = Reading()
XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<!-- by hand -->
<Patient xmlns="http://hl7.org/fhir">
  <id value="p1"/>
  <text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml">A &amp; <b>B</b></div></text>
  <extension url="urn:weight"><valueDecimal value="70.50"/></extension>
  <contained><Organization><id value="o"/></Organization></contained>
  <active value="true"/>
  <name id="n1"><given value="Ada"/><given><extension url="urn:unknown"><valueBoolean value="true"/></extension></given></name>
  <birthDate value="1980-04-17"><extension url="urn:time"><valueDateTime value="1980-04-17T03:00:00Z"/></extension></birthDate>
  <multipleBirthInteger value="2"/>
</Patient>"""
JSON = {
    "resourceType": "Patient",
    "id": "p1",
    "text": {
        "status": "generated",
        "div": '<div xmlns="http://www.w3.org/1999/xhtml">A &amp; <b>B</b></div>',
    },
    "extension": [{"url": "urn:weight", "valueDecimal": Decimal("70.50")}],
    "contained": [{"resourceType": "Organization", "id": "o"}],
    "active": True,
    "name": [
        {
            "id": "n1",
            "given": ["Ada", None],
            "_given": [None, {"extension": [{"url": "urn:unknown", "valueBoolean": True}]}],
        }
    ],
    "birthDate": "1980-04-17",
    "_birthDate": {"extension": [{"url": "urn:time", "valueDateTime": "1980-04-17T03:00:00Z"}]},
    "multipleBirthInteger": 2,
}


def parsed(raw: bytes) -> Any:
    return fhir.parse(raw, READING)


def test_xml_is_read_as_the_json_of_the_same_resource_and_written_back() -> None:
    document = parsed(XML)
    assert document.value == JSON
    assert str(document.value["extension"][0]["valueDecimal"]) == "70.50"
    assert type(document.value["multipleBirthInteger"]) is int
    assert document.wire == "xml"
    assert parsed(to_xml(JSON)).value == JSON
    assert parsed(XML.decode().replace("UTF-8", "UTF-16").encode("utf-16")).value == JSON


@pytest.mark.parametrize(
    ("raw", "code", "said"),
    [
        (b"[]", "not_fhir", "a resource says what it is"),
        (b'{"resourceType": 5}', "not_fhir", "a resource says what it is"),
        (b'{"resourceType":"Patient","id":"1","id":"2"}', "not_json", "stands twice"),
        (b"<Patient/>", "not_fhir", "of the namespace"),
        (b'<Order xmlns="http://hl7.org/fhir"/>', "not_fhir", "no resource of FHIR R4"),
        (XML.replace(b"<active ", b"<acitve "), "not_fhir", "Patient.acitve"),
        (XML.replace(b"</name>", b"secret</name>"), "not_fhir", "Patient.name[0]"),
        (XML.replace(b'<id value="p1"/>', b'<id value="p1"/>' * 2), "not_fhir", "Patient.id"),
        (XML.replace(b"<Patient ", b'<!DOCTYPE a [<!ENTITY b "c">]><Patient ', 1), "unsafe_xml", "DOCTYPE"),
    ],
)  # fmt: skip
def test_what_is_no_resource_is_refused_without_a_value(
    raw: bytes, code: str, said: str
) -> None:
    with pytest.raises(MessageError) as error:
        parsed(raw)
    assert error.value.code == code
    assert said in str(error.value)
    assert "secret" not in str(error.value)


def test_a_resource_says_what_it_is() -> None:
    order = parsed(SAMPLE.read_bytes())
    assert (order.kind(), order.control(), order.processing()) == ("message: lab-order", "ORD-4711", "")  # fmt: skip
    tagged = (
        b'{"resourceType":"Patient","id":"7","meta":{"versionId":"3","tag":[{"code":"HTEST"}]}}'
    )
    patient = parsed(tagged)
    assert (patient.kind(), patient.control()) == ("Patient", "7/_history/3")
    assert patient.processing() == "test"
    header = SAMPLE.read_bytes().replace(
        b'"resourceType": "MessageHeader",',
        b'"resourceType": "MessageHeader", "meta": {"tag": [{"system":'
        b' "http://terminology.hl7.org/CodeSystem/v2-0103", "code": "D"}]},',
    )
    assert parsed(header).processing() == "debugging"


NDJSON = (
    b'\xef\xbb\xbf{"resourceType":"Patient","id":"1"}\r\n\n{"resourceType":"Group","id":"2"}\n'
)


def test_ndjson_is_a_batch_also_in_blocks() -> None:
    lines = (b'{"resourceType":"Patient","id":"1"}', b'{"resourceType":"Group","id":"2"}')
    assert fhir.parts(NDJSON, READING) == lines
    assert fhir.parts(XML, READING) is None
    blocks = Blocks(size=len(NDJSON), read=lambda at, most: NDJSON[at : at + min(most, 20)])
    assert fhir.in_blocks("record")
    assert not fhir.in_blocks("entry")
    assert fhir.survey(blocks, READING, "record", lambda key: None).parts == 2
    found = fhir.parted_blocks(blocks, READING, "record", b"", b"")
    assert next(found).raw == lines[0]
    after = fhir.parted_blocks(blocks, READING, "record", b"", found.position())
    assert [each.raw for each in after] == [lines[1]]


def kinds(part: bytes) -> list[str]:
    return [entry["resource"]["resourceType"] for entry in parsed(part).value.get("entry", ())]


def test_a_bundle_is_split_by_entry_by_resource_or_by_type() -> None:
    raw = SAMPLE.read_bytes()
    every = kinds(raw)
    assert [kinds(part) for part in fhir.split(raw, READING, "entry")] == [[k] for k in every]
    alone = [parsed(part).kind() for part in fhir.split(raw, READING, "entry.resource")]
    assert alone == every
    orders = list(fhir.split(raw, READING, "ServiceRequest"))
    rest = ["MessageHeader", "Patient", "ServiceRequest", "Practitioner"]
    assert [kinds(part) for part in orders] == [rest, rest]
    assert b'{"value": 1.50, "unit": "mL"}' in orders[0]
    assert parsed(orders[0]).control() == "ORD-4711"
    of_xml = fhir.split(to_xml(decoded(raw)), READING, "ServiceRequest")
    assert [parsed(part).value for part in of_xml] == [parsed(part).value for part in orders]
    for by in ("entry", "Claim"):
        assert list(fhir.split(XML, READING, by)) == [XML]
    assert [parsed(each).kind() for each in fhir.split(NDJSON, READING, "entry")] == ["Patient", "Group"]  # fmt: skip
    assert "did you mean Observation?" in fhir.splits("Observatoin")


def test_what_breaks_the_structure_is_refused_and_answered_place_by_place() -> None:
    raw = b'{"resourceType":"Patient","gender":"secret","birthDate":"yesterday","name":[]}'
    document = parsed(raw)
    places = [place for place, _ in fhir.findings(document, fhir.usual_level)]
    assert sorted(places) == ["Patient.birthDate", "Patient.gender", "Patient.name"]
    with pytest.raises(MessageError) as error:
        fhir.validate(document, fhir.usual_level)
    assert error.value.code == "invalid"
    fhir.validate(parsed(SAMPLE.read_bytes()), fhir.usual_level)
    receipt = Receipt(id=236_691, verdict=Verdict.QUARANTINED, reason="invalid", detail="all")
    said = decoded(fhir.acknowledge(raw, receipt, READING, 0))
    assert (said["resourceType"], said["id"]) == ("OperationOutcome", "774K-6")
    assert sorted(each["expression"][0] for each in said["issue"]) == sorted(places)
    assert {each["code"] for each in said["issue"]} == {"invalid"}
    assert b"secret" not in fhir.acknowledge(raw, receipt, READING, 0)


@pytest.mark.parametrize(
    ("raw", "verdict", "reason", "issue"),
    [
        (b"\xff{", Verdict.QUARANTINED, "not_json", ("error", "structure")),
        (b"", Verdict.QUARANTINED, "strange_reason", ("error", "processing")),
        (b"{}", Verdict.ACCEPTED, "", ("information", "informational")),
        (XML, Verdict.DUPLICATE, "", ("information", "informational")),
        (b"<Pat", Verdict.QUARANTINED, "not_xml", ("error", "structure")),
    ],
)
def test_every_answer_is_an_outcome_in_the_senders_wire_format(
    raw: bytes, verdict: Verdict, reason: str, issue: tuple[str, str]
) -> None:
    receipt = Receipt(id=1, verdict=verdict, reason=reason, detail="what is wrong")
    answer = fhir.acknowledge(raw, receipt, READING, 0)
    assert answer.startswith(b"<?xml" if raw.startswith(b"<") else b"{")
    outcome = parsed(answer)
    fhir.validate(outcome, fhir.usual_level)
    (said,) = outcome.value["issue"]
    assert (said["severity"], said["code"]) == issue


def test_what_was_not_kept_is_transient_and_bad_parts_are_named() -> None:
    assert parsed(fhir.refuse(XML, READING, 0, "full")).value["issue"][0]["code"] == "transient"
    bad = Receipt(id=3, verdict=Verdict.QUARANTINED, reason="not_json", detail="no JSON")
    good = Receipt(id=2, verdict=Verdict.ACCEPTED)
    whole = Receipt(id=1, verdict=Verdict.SPLIT, parts=(good, bad))
    first, second = decoded(fhir.acknowledge(NDJSON, whole, READING, 0))["issue"]
    assert (first["severity"], second["diagnostics"]) == ("information", "part 2: no JSON")


def test_a_tree_shows_the_types_of_the_standard() -> None:
    rows = list(fhir.tree(parsed(XML)))
    assert (1, "name[0].given[0]", "string", "Ada") in rows
    assert (0, "birthDate", "date", "1980-04-17") in rows
    assert (0, "contained[0]", "Organization", "") in rows
    assert (1, "_birthDate.extension[0]", "Extension", "") in rows


def test_files_are_recognised(tmp_path: Path) -> None:
    from engine.cli.files import recognised

    assert {recognised(each) for each in (XML, NDJSON, SAMPLE.read_bytes())} == {"fhir"}
    assert recognised(b'{"order": {"resource": "Patient"}}') == "json"
    assert recognised(b'<a xmlns="urn:x"/>') == "xml"


@pytest.mark.parametrize(
    ("resource", "kind"),
    [
        ({"resourceType": "Testcase Anna 1980"}, "?"),
        ({"resourceType": "Bundle", "type": "Testcase Anna"}, "Bundle/?"),
        ({"resourceType": "Bundle", "type": "message", "entry": [{"resource": {"resourceType": "MessageHeader", "eventCoding": {"code": "Testcase Anna"}}}]}, "message: ?"),
    ],
)  # fmt: skip
def test_the_kind_of_a_message_says_no_word_of_the_sender_s_own(
    resource: Any, kind: str
) -> None:
    """Logs show it."""
    assert fhir.Document(resource).kind() == kind
