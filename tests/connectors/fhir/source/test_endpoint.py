"""What the endpoint says of itself, and to whom it says no."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.errors import CommitRefused, CommitUnknown
from engine.fhir import checking
from engine.message import Reply
from tests.connectors.fhir.source.conftest import PATIENT, Home


async def test_the_capability_statement_is_made_of_the_channel_and_valid(home: Home) -> None:
    home.channel("resources: [Patient, Observation], interactions: [create, batch]")
    await home.start()
    made = await home.call("GET", "/metadata")
    assert made.status == 200 and list(checking.findings(made.json)) == []
    (rest,) = made.json["rest"]
    assert [each["type"] for each in rest["resource"]] == ["Patient", "Observation"]
    assert rest["resource"][0]["interaction"] == [{"code": "create"}]
    assert rest["interaction"] == [{"code": "batch"}]
    xml = await home.call("GET", "/metadata?_format=xml")
    assert b"<CapabilityStatement" in xml.body and b'<type value="Observation"/>' in xml.body
    head = await home.call("HEAD", "/metadata")
    assert head.status == 200 and head.body == b"" and int(head.headers["content-length"]) > 100
    everything = Home(home.folder / "more")
    everything.channel()
    await everything.start()
    whole = await everything.call("GET", "/metadata")
    await everything.stop()
    assert len(whole.json["rest"][0]["resource"]) == 146
    assert list(checking.findings(whole.json)) == []


@pytest.mark.parametrize(
    ("method", "path", "more", "status"),
    [
        ("GET", "/Patiens/1", {}, 404),
        ("POST", "/Patient/1/2/3", {}, 404),
        ("GET", "/Patient/no_id_", {}, 404),
        ("POST", "/$nothing", {}, 404),
        ("GET", "/$validate", {}, 405),
        ("PUT", "/metadata", {}, 405),
        ("GET", "/Patient/1", {}, 405),
        ("GET", "/Patient?name=x", {}, 405),
        ("GET", "/Patient/1/_history", {}, 405),
        ("GET", "", {}, 405),
        ("POST", "/Group", {"Content_Type": "application/fhir+json"}, 404),
        ("POST", "/Patient", {"Content_Type": "text/css"}, 415),
        ("POST", "/Patient", {"Content_Type": "application/fhir+json; fhirVersion=3.0"}, 415),
        ("POST", "/Patient", {"Content_Type": "application/fhir+json", "Accept": "image/png"}, 406),
        ("POST", "/Patient?_format=turtle", {"Content_Type": "application/fhir+json"}, 406),
        ("GET", "/.well-known/smart-configuration", {}, 404),
        ("POST", "/auth/token", {}, 404),
    ],
)  # fmt: skip
async def test_every_refusal_is_an_outcome_with_an_id_of_our_log(
    home: Home, method: str, path: str, more: dict[str, str], status: int
) -> None:
    home.channel("resources: [Patient]")
    await home.start()
    said = await home.call(
        method, path, b"{}" if method != "GET" else None, X_Request_Id="r/7", **more
    )
    assert said.status == status, said.body
    assert said.issue["severity"] == "error" and said.headers["x-request-id"] == "r/7"
    await home.logged(said.json["id"])
    assert home.verdicts() == []
    if status == 405:
        assert "allow" in said.headers


async def test_nobody_is_told_yes_where_the_queue_is_full(home: Home) -> None:
    home.channel()
    await home.start()
    assert home.engine is not None
    station: Any = home.engine.stations["endpoint"]
    source: Any = station.receiving.source
    source.site = type(source.site)(**{**{name: getattr(source.site, name) for name in source.site.__struct_fields__}, "pressure": lambda: True})  # fmt: skip
    full = await home.call("POST", "/Patient", PATIENT)
    assert (
        full.status == 503 and full.issue["code"] == "throttled" and full.headers["retry-after"]
    )
    assert (await home.call("GET", "/metadata")).status == 200


async def test_who_shows_nothing_is_asked_before_the_body_is_read(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FHIR_PASSWORD", "secret")
    home.channel(
        "auth: {{basic: {{user: ehr, password: {{env: FHIR_PASSWORD}}}}}}".replace(
            "{{", "{"
        ).replace("}}", "}")
    )
    await home.start()
    nobody = await home.call("POST", "/Patient", PATIENT)
    assert nobody.status == 401 and nobody.issue["code"] == "login"
    assert nobody.headers["www-authenticate"].startswith("Basic")
    assert (await home.call("GET", "/nothing")).status == 401
    said = await home.call("GET", "/metadata")
    assert said.json["rest"][0]["security"]["service"][0]["coding"][0]["code"] == "Basic"
    home.caller.auth = ("ehr", "secret")
    assert (await home.call("POST", "/Patient", PATIENT)).status == 201
    reader, writer = await asyncio.open_connection("127.0.0.1", home.port)
    writer.write(b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n")
    assert b" 401 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()


async def test_validate_says_what_is_wrong_and_keeps_nothing(home: Home) -> None:
    home.channel()
    await home.start()
    good = await home.call("POST", "/Patient/$validate", PATIENT)
    assert good.status == 200 and good.issue["severity"] == "information"
    bad = {**PATIENT, "gender": "purple", "nothing": 1}
    wrong = await home.call(
        "POST",
        "/$validate",
        {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": bad}]},
    )
    assert wrong.status == 200 and len(wrong.json["issue"]) == 2
    other = await home.call("POST", "/Observation/$validate", PATIENT)
    assert other.issue["severity"] == "error"
    torn = await home.call("POST", "/$validate", b"{", Content_Type="application/json")
    assert torn.status == 400
    assert home.verdicts() == []


CONVERTING = "from: hl7v2\nto: json\nwhen: MSH-9.1 == \"ADT\"\nfields:\n  resourceType: \"Patient\"\n  gender: if(PID-8 == \"F\", \"female\", \"unknown\")\n"  # fmt: skip


async def test_convert_makes_fhir_of_a_message_and_keeps_nothing(home: Home) -> None:
    home.write("mappings/adt_to_patient.yaml", CONVERTING)
    home.channel("convert: [adt_to_patient]")
    await home.start()
    adt = b"MSH|^~\\&|A|B|C|D|20260315||ADT^A01|1|P|2.5.1\rPID|1||7||X^Y|||F\r"
    made = await home.call("POST", "/$convert", adt, Content_Type="x-application/hl7-v2+er7")
    assert made.status == 200 and made.json == {"resourceType": "Patient", "gender": "female"}
    inside = {
        "resourceType": "Parameters",
        "parameter": [{"name": "inputData", "valueString": adt.decode()}],
    }
    assert (await home.call("POST", "/$convert", inside)).json == made.json
    xml = await home.call("POST", "/$convert", PATIENT, Accept="application/fhir+xml")
    assert b"<Patient" in xml.body
    for wrong in (adt.replace(b"ADT^A01", b"ORU^R01"), b"ISA*00*", b"plain"):
        said = await home.call("POST", "/$convert", wrong, Content_Type="text/plain")
        assert said.status in (400, 422) and said.issue["severity"] == "error"
    assert home.verdicts() == []


async def test_a_caller_without_a_certificate_does_not_come_in(
    home: Home, authority: Any, tmp_path: Path
) -> None:
    certificate, key = authority.issue("endpoint", "localhost", "127.0.0.1")
    tls = f"tls: {{certificate: {certificate}, key: {key}, clients: {authority.pem}}}"
    home.channel(tls)
    await home.start()
    trusted = ssl.create_default_context(cafile=authority.pem)
    base = f"https://127.0.0.1:{home.port}/fhir"
    with pytest.raises(httpx.TransportError):
        async with httpx.AsyncClient(verify=trusted) as caller:
            await caller.post(f"{base}/Patient", json=PATIENT)
    trusted.load_cert_chain(*authority.issue("caller"))
    async with httpx.AsyncClient(verify=trusted) as caller:
        made = await caller.post(f"{base}/Patient", json=PATIENT)
    assert made.status_code == 201 and made.headers["location"].startswith(f"{base}/Patient/")


async def test_what_was_not_kept_is_never_answered_with_yes(home: Home) -> None:
    home.channel()
    await home.start()
    assert home.engine is not None
    source: Any = home.engine.stations["endpoint"].receiving.source
    kept = source._receive
    told = Reply(receipt=None, error="the queue is full")
    for said in (
        CommitRefused("the disk is full"),
        OSError(28, "no space"),
        ValueError("x"),
        told,
    ):

        async def refusing(inbound: Any, said: Any = said) -> Any:
            if isinstance(said, Exception):
                raise said
            return said

        source._receive = refusing
        for path, body in (
            ("/Patient", PATIENT),
            ("", {"resourceType": "Bundle", "type": "batch"}),
        ):
            answer = await home.call("POST", path, body)
            assert answer.status == 503 and answer.issue["code"] == "transient"
            assert answer.headers["retry-after"] and "x-message-id" not in answer.headers

    async def unknown(inbound: Any) -> Any:
        raise CommitUnknown("the disk is gone")

    source._receive = unknown
    with pytest.raises(httpx.RemoteProtocolError):
        await home.call("POST", "/Patient", PATIENT)
    source._receive = kept
    assert (await home.call("POST", "/Patient", PATIENT)).status == 201
