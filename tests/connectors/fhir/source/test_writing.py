"""What is written to the endpoint: kept before it is answered, answered in FHIR."""

from __future__ import annotations

import gzip

from engine.message import number_of
from tests.connectors.fhir.source.conftest import PATIENT, Home


async def test_a_created_resource_is_a_durable_message_under_the_id_it_is_told(
    home: Home,
) -> None:
    home.channel()
    await home.start()
    made = await home.call("POST", "/Patient", PATIENT, X_Request_Id="r-1")
    number = made.headers["x-message-id"]
    assert made.status == 201, made.body
    assert made.headers["location"].endswith(f"/fhir/Patient/{number}/_history/1")
    assert made.headers["etag"] == 'W/"1"' and made.headers["x-request-id"] == "r-1"
    assert made.headers["content-type"].startswith("application/fhir+json")
    assert made.json["id"] == number and made.json["meta"]["versionId"] == "1"
    assert made.json["name"] == PATIENT["name"]
    assert home.verdicts() == ["accepted"]
    assert home.facts(number_of(number))["interaction"] == "create"
    (copy,) = await home.copies(1)
    assert copy == home.content()[0]


async def test_an_invalid_resource_is_refused_with_an_outcome_and_kept_in_quarantine(
    home: Home,
) -> None:
    home.channel()
    await home.start()
    bad = await home.call("POST", "/Patient", {**PATIENT, "gender": "purple"})
    assert bad.status == 422 and bad.issue["severity"] == "error"
    assert bad.issue["expression"] == ["Patient.gender"] and "purple" not in str(bad.json)
    assert bad.json["id"] == bad.headers["x-message-id"]
    torn = await home.call(
        "POST", "/Patient", b'{"resourceType":', Content_Type="application/json"
    )
    assert torn.status == 400 and torn.issue["code"] == "structure"
    other = await home.call("POST", "/Observation", PATIENT)
    assert other.status == 422 and "type" in other.issue["diagnostics"]
    empty = await home.call("POST", "/Patient", b"  ", Content_Type="application/json")
    assert empty.status == 400
    assert home.verdicts() == ["quarantined"] * 3
    assert home.content()[1] == b'{"resourceType":'


async def test_an_update_needs_the_id_of_its_url(home: Home) -> None:
    home.channel()
    await home.start()
    good = await home.call("PUT", "/Patient/p1", {**PATIENT, "id": "p1"})
    assert (
        good.status == 200
        and good.json["id"] == "p1"
        and "/Patient/p1/" in good.headers["location"]
    )
    for wrong in (PATIENT, {**PATIENT, "id": "p2"}):
        bad = await home.call("PUT", "/Patient/p1", wrong)
        assert bad.status == 400 and "id" in bad.issue["diagnostics"]
    assert home.verdicts() == ["accepted", "quarantined", "quarantined"]


async def test_what_only_the_server_behind_can_decide_is_taken_over_not_done(
    home: Home,
) -> None:
    home.channel()
    await home.start()
    none = await home.call("POST", "/Patient", PATIENT, If_None_Exist="identifier=a|1")
    where = await home.call("PUT", "/Patient?identifier=a|1", PATIENT)
    match = await home.call("PUT", "/Patient/p1", {**PATIENT, "id": "p1"}, If_Match='W/"3"')
    gone = await home.call("DELETE", "/Patient?identifier=a|1")
    assert [each.status for each in (none, where, match, gone)] == [202] * 4
    facts = [
        home.facts(number_of(each.headers["x-message-id"]))
        for each in (none, where, match, gone)
    ]
    assert facts[0]["header.if-none-exist"] == "identifier=a|1"
    assert facts[1]["criteria"] == "identifier=a|1" and facts[2]["header.if-match"] == 'W/"3"'
    assert facts[3]["interaction"] == "delete"
    assert "a|1" not in home.log()


async def test_a_patch_and_a_delete_become_messages(home: Home) -> None:
    home.channel()
    await home.start()
    steps = b'[{"op": "replace", "path": "/gender", "value": "male"}]'
    patch = await home.call(
        "PATCH", "/Patient/p1", steps, Content_Type="application/json-patch+json"
    )
    fhir = await home.call("PATCH", "/Patient/p1", {"resourceType": "Parameters"})
    wrong = await home.call("PATCH", "/Patient/p1", PATIENT)
    gone = await home.call("DELETE", "/Patient/p1")
    assert [each.status for each in (patch, fhir, wrong, gone)] == [202, 202, 422, 200]
    kept = home.content()
    assert kept[0].startswith(
        b'{"resourceType":"Binary","contentType":"application/json-patch+json"'
    )
    assert b'"valueCode":"delete"' in kept[3] and b'"valueId":"p1"' in kept[3]
    assert home.facts(number_of(patch.headers["x-message-id"]))["resource_id"] == "p1"


async def test_the_answer_is_what_the_caller_prefers(home: Home) -> None:
    home.channel()
    await home.start()
    minimal = await home.call("POST", "/Patient", PATIENT, Prefer="return=minimal")
    assert (
        minimal.status == 201
        and minimal.body == b""
        and minimal.headers["content-length"] == "0"
    )
    outcome = await home.call("POST", "/Patient", PATIENT, Prefer="return=OperationOutcome")
    assert outcome.issue["severity"] == "information"
    tagged = {**PATIENT, "id": "own", "meta": {"source": "urn:x"}}
    whole = await home.call("POST", "/Patient", tagged, Prefer="return=representation")
    assert whole.json["meta"]["source"] == "urn:x" and whole.json["meta"]["versionId"] == "1"
    assert whole.json["id"] == "own" and "/Patient/own/" in whole.headers["location"]


async def test_xml_comes_in_and_goes_out(home: Home) -> None:
    home.channel()
    await home.start()
    xml = b'<Patient xmlns="http://hl7.org/fhir"><gender value="female"/></Patient>'
    made = await home.call("POST", "/Patient", xml, Content_Type="application/fhir+xml")
    assert made.status == 201 and made.headers["content-type"].startswith(
        "application/fhir+xml"
    )
    assert b'<gender value="female"/>' in made.body and b"<versionId" in made.body
    assert home.content() == [xml]
    other = await home.call("POST", "/Patient", PATIENT, Accept="application/fhir+xml")
    assert b'<family value="Sample"/>' in other.body
    said = await home.call("POST", "/Patient?_format=json", xml, Content_Type="text/xml")
    assert said.json["gender"] == "female"
    bad = b'<Patient xmlns="http://hl7.org/fhir"><gender value="purple"/></Patient>'
    refused = await home.call("POST", "/Patient", bad, Content_Type="application/fhir+xml")
    assert refused.status == 422 and refused.body.startswith((b"<OperationOutcome", b"<?xml"))


async def test_a_packed_body_is_unpacked_within_the_limit(home: Home) -> None:
    home.channel("max_body: 4KB")
    await home.start()
    packed = gzip.compress(b'{"resourceType":"Patient","active":true}')
    said = {"Content_Type": "application/fhir+json", "Content_Encoding": "gzip"}
    assert (await home.call("POST", "/Patient", packed, **said)).status == 201
    assert home.content() == [b'{"resourceType":"Patient","active":true}']
    bomb = await home.call("POST", "/Patient", gzip.compress(b" " * 100_000), **said)
    assert bomb.status == 413 and bomb.issue["code"] == "too-long"
    assert (await home.call("POST", "/Patient", packed[:-9], **said)).status == 400
    other = await home.call(
        "POST", "/Patient", packed, Content_Type="application/fhir+json", Content_Encoding="br"
    )
    assert other.status == 415
    long = await home.call(
        "POST", "/Patient", b" " * 5000, Content_Type="application/fhir+json"
    )
    assert long.status == 413 and long.issue["code"] == "too-long"
