"""What nobody should get through the endpoint: other people's assertions, other types, other paths, and values in logs."""

from __future__ import annotations

import asyncio
import base64
import hmac
import time
import warnings
from pathlib import Path
from typing import Any

import msgspec
import pytest
from joserfc.jwk import RSAKey

from engine.connectors.fhir import bundles, capability
from engine.connectors.fhir.interactions import Refusal
from engine.connectors.fhir.smart_clients import Keys, key_set
from engine.connectors.fhir.smart_settings import SmartClient
from engine.connectors.fhir.source_settings import SourceSettings
from engine.fhir import checking
from tests.connectors.fhir.source import test_smart
from tests.connectors.fhir.source.conftest import PATIENT, Answer, Home
from tests.connectors.fhir.source.test_bundles import bundle, notification, statuses

smart = test_smart.smart
CANARY = "CANARY7"
#: What is asked of it nobody answers.
FACADE = """
description: Searches
source:
  fhir: {{port: {port}{settings}}}
  answer: {{from: index, within: 50ms, otherwise: 504}}
format: fhir
{more}
destinations:
  index:
    http: {{url: "http://127.0.0.1:9/x"}}
    order_by: none
"""


async def raw(home: Home, head: str) -> bytes:
    """What is answered to a request that a client would have put right."""
    reader, writer = await asyncio.open_connection("127.0.0.1", home.port)
    writer.write(f"{head} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return answer


async def test_an_id_leads_nowhere_else(home: Home) -> None:
    home.channel("", "validate: none")
    await home.start()
    for id in ("..", ".", "%2e%2e", "%2E", "..%2f..", "a%0d%0aX-Evil:1"):
        for method in ("DELETE", "PUT"):
            answer = await raw(home, f"{method} /fhir/Patient/{id}")
            assert answer.startswith(b"HTTP/1.1 404 "), (method, id, answer[:80])
    for evil in ("a\r\nX-Evil: 1", "a/../b", "x" * 65):
        made = await home.call("POST", "/Patient", {**PATIENT, "id": evil})
        assert "x-evil" not in made.headers and evil not in made.headers.get("location", "")
    dots = await home.call("POST", "/Patient", {**PATIENT, "id": ".."})
    assert dots.status == 422 and "Patient.id" in dots.issue["diagnostics"]
    xml = b'<Patient xmlns="http://hl7.org/fhir"><id value="a\r\nX-Evil: 1"/></Patient>'
    made = await home.call("POST", "/Patient", xml, Content_Type="application/fhir+xml")
    assert "x-evil" not in made.headers


async def test_a_body_is_what_its_content_type_says(home: Home) -> None:
    """Else nobody would have looked which type it is before it is taken."""
    home.channel("", "")
    await home.start()
    xml = b'<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>'
    other = {**PATIENT, "resourceType": "Practitioner"}
    for body, kind in ((other, "application/fhir+xml"), (xml, "application/fhir+json")):
        made = await home.call("POST", "/Patient", body, Content_Type=kind)
        assert made.status == 400, made.body
    assert home.verdicts() == ["quarantined", "quarantined"]


async def test_a_write_that_names_no_resource_does_not_mean_all_of_them(home: Home) -> None:
    home.channel("", "split: entry")
    await home.start()
    for method in ("DELETE", "PUT", "PATCH"):
        for path in ("/Patient", "/Patient?_format=json", "/Patient?identifier="):
            body = None if method == "DELETE" else PATIENT
            made = await home.call(method, path, body)
            assert made.status == 400 and made.issue["code"] == "required", (method, path)
            if method == "DELETE":
                inside = await home.call("POST", "", bundle("batch", (method, path[1:], None)))
                assert statuses(inside.json) == ["400"]
    assert home.verdicts() == []


async def test_an_assertion_that_was_meant_for_another_server_is_not_taken(smart: Home) -> None:
    elsewhere = test_smart.assertion(smart, aud="http://evil.example/fhir/auth/token")
    form = {"grant_type": "client_credentials", "client_assertion_type": test_smart.JWT, "client_assertion": elsewhere, "scope": "system/*.cruds"}  # fmt: skip
    shown = await smart.caller.post("/auth/token", data=form, headers={"Host": "evil.example"})
    assert (shown.status_code, shown.json()["error"]) == (400, "invalid_client")
    right = test_smart.assertion(smart)
    form["client_assertion"] = right
    own = await smart.caller.post("/auth/token", data=form, headers={"Host": "evil.example"})
    assert own.status_code == 200, "what the Host header says does not matter"
    auth = {"smart": {"clients": {"ehr": {"jwks": "k.json", "scopes": ["system/*.r"]}}}}
    with pytest.raises(msgspec.ValidationError, match="url: with tokens of SMART"):
        msgspec.convert({"port": 0, "host": "0.0.0.0", "plaintext": True, "auth": auth}, SourceSettings)  # fmt: skip


async def test_a_public_key_is_no_secret_and_a_short_one_no_key(smart: Home) -> None:
    signed = test_smart.assertion(smart).split(".")
    pem = test_smart.RSA.as_pem(private=False)
    for name, hashed in (("HS256", "sha256"), ("HS384", "sha384")):
        header = base64.urlsafe_b64encode(b'{"alg":"%b","kid":"r1"}' % name.encode())
        said = b"%b.%b" % (header.rstrip(b"="), signed[1].encode())
        mac = base64.urlsafe_b64encode(hmac.digest(pem, said, hashed)).rstrip(b"=")
        made = await test_smart.ask(smart, f"{said.decode()}.{mac.decode()}")
        assert (made.status, made.json["error"]) == (400, "invalid_client")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        short = RSAKey.generate_key(1024, {"kid": "s"}).as_dict(private=False)
    with pytest.raises(LookupError, match="2048 bits"):
        key_set(msgspec.json.encode({"keys": [short]}).decode())


async def test_who_comes_while_keys_are_fetched_waits_for_them(monkeypatch: Any) -> None:
    asked = 0
    found = msgspec.json.encode({"keys": [test_smart.RSA.as_dict(private=False)]}).decode()

    async def fetch(self: Any) -> None:
        nonlocal asked
        asked += 1
        self._at = self._now()
        await asyncio.sleep(0.01)
        self._found = key_set(found)

    monkeypatch.setattr(Keys, "_fetch", fetch)
    client = SmartClient(jwks="https://ehr.example/jwks", scopes=("system/*.r",))
    keys = Keys(client, Path())
    every = await asyncio.gather(*(keys.have("r1") for _ in range(5)))
    assert None not in every and asked == 1
    await keys.have("unknown")
    assert asked == 1, "a key nobody knows does not ask again at once"


async def test_what_all_may_read_takes_no_message(smart: Home) -> None:
    for path in ("/metadata", "/.well-known/smart-configuration"):
        made = await smart.call("GET", path, PATIENT)
        assert made.status == 200 and "x-message-id" not in made.headers
    assert smart.verdicts() == []


async def test_who_is_not_known_may_not_send_much(smart: Home) -> None:
    long = {"grant_type": "x", "client_assertion": "A" * 100_000}
    assert Answer(await smart.caller.post("/auth/token", data=long)).status == 413

    async def chunks() -> Any:
        for _ in range(100):
            yield b"A" * 1000

    said = await smart.caller.post("/auth/token", content=chunks())
    assert said.status_code == 413


@pytest.mark.slow
async def test_a_scope_of_one_type_reaches_no_other(home: Home) -> None:
    keys = msgspec.json.encode({"keys": [test_smart.RSA.as_dict(private=False)]}).decode()
    home.write("keys/ehr.json", keys)
    clients = "{ehr: {jwks: keys/ehr.json, scopes: [system/Patient.rs]}}"
    settings = f"interactions: [search, batch], auth: {{smart: {{clients: {clients}}}}}"
    home.channel(settings, text=FACADE)
    await home.start()
    given = await test_smart.ask(home, test_smart.assertion(home))
    shown = {"Authorization": f"Bearer {given.json['access_token']}"}
    for path in (
        "/Patient/1/*",
        "/Patient/1/Observation",
        "/Patient?_revinclude=Observation:patient",
        "/Patient?_include:iterate=Patient:link",
        "/Patient?_has:Observation:patient:code=1",
    ):
        made = await home.call("GET", path, **shown)
        assert made.status == 403, path
        inside = await home.call("POST", "", bundle("batch", ("GET", path[1:], None)), **shown)
        assert statuses(inside.json) == ["403"], path
    form = b"_include=Patient:link"
    made = await home.call("POST", "/Patient/_search", form, Content_Type="application/x-www-form-urlencoded", **shown)  # fmt: skip
    assert made.status == 403
    assert (await home.call("GET", "/Patient?name=x", **shown)).status == 504, "its own it may"


async def test_an_entry_writes_what_its_url_says(home: Home) -> None:
    home.channel("", "split: entry.resource")
    await home.start()
    other = {"resourceType": "Basic", "code": {"text": "x"}}
    sent = bundle(
        "batch",
        ("POST", "Patient", other),
        ("PUT", "Patient/p1", {**PATIENT, "id": "p2"}),
        ("PUT", "Patient/p1", PATIENT),
        ("PUT", "Patient/p1", {**PATIENT, "id": "p1"}),
        ("PUT", "Patient?identifier=1", PATIENT),
    )
    made = await home.call("POST", "", sent)
    assert statuses(made.json) == ["400", "400", "400", "200", "202"]
    assert home.verdicts() == ["split", "accepted", "accepted"]


@pytest.mark.slow
async def test_what_hides_its_type_is_not_taken(home: Home) -> None:
    home.channel("resources: [Patient]", "split: entry.resource")
    await home.start()
    basic = '{"resourceType":"Basic","code":{"text":"x"}}'
    xml = '<Basic xmlns="http://hl7.org/fhir"><code><text value="x"/></code></Basic>'
    long, instruction = f"<!--{'x' * 70_000}-->", "<?x a><Patient> ?>"
    entry = f'{{"request":{{"method":"POST","url":"Basic"}},"resource":{basic}}}'
    batch = f'{{"resourceType":"Bundle","type":"batch","entry":[{entry}]}}'
    hidden = [
        (basic.encode("utf-16"), "json"),
        (basic.encode("utf-32-le"), "json"),
        (b"\xef\xbb\xbf" + basic.encode(), "json"),
        (basic.replace('"x"', '"\xe9"').encode("latin-1"), "json"),
        (f"{long}{xml}".encode(), "xml"),
        (f"{instruction}{xml}".encode(), "xml"),
        (xml.encode("utf-16"), "xml"),
        (f"{long}<!--{'x' * 300_000}-->{xml}".encode(), "xml"),
    ]
    for body, kind in hidden:
        made = await home.call(
            "POST", "/Patient", body, Content_Type=f"application/fhir+{kind}"
        )
        assert made.status in (400, 422), body[:40]
    for body in (batch.encode("utf-16"), batch.replace("Bundle", "Patient").encode()):
        made = await home.call("POST", "", body, Content_Type="application/fhir+json")
        assert made.status == 400, body[:40]
    marked = b"\xef\xbb\xbf" + batch.encode()
    made = await home.call("POST", "", marked, Content_Type="application/fhir+json")
    assert statuses(made.json) == ["404"]
    assert set(home.verdicts()) == {"quarantined"}


async def test_values_do_not_reach_logs_and_keys_are_not_kept(
    home: Home, monkeypatch: Any
) -> None:
    monkeypatch.setenv("FHIR_KEY", "SECRET9")
    home.channel("auth: {api_key: {key: {env: FHIR_KEY}}}")
    await home.start()
    key = {"X_Api_Key": "SECRET9"}
    query, resource = f"identifier={CANARY}", {"resourceType": "Patient"}
    await home.call("DELETE", f"/Patient?{query}", **key)
    await home.call("PUT", f"/Patient?{query}", resource, **key)
    await home.call("POST", "/Patient", resource, If_None_Exist=query, **key)
    await home.call("GET", f"/Patient?{query}", **key)
    await home.call("POST", f"/{CANARY}", resource, **key)
    await home.call("POST", f"/Patient?_format={CANARY}", resource, **key)
    wrong = {"gender": CANARY, "birthDate": CANARY, "id": f"{CANARY} x", "name": CANARY}
    refused = [
        await home.call("POST", "/Patient", {**resource, **wrong}, **key),
        await home.call("POST", "", {"resourceType": "Bundle", "type": CANARY}, **key),
        await home.call(
            "POST", "", bundle("batch", (CANARY, f"Patient?{query}", resource)), **key
        ),
        await home.call("POST", "", bundle("batch", ("GET", f"Patient?{query}", None)), **key),
    ]
    await home.call("POST", "", notification(CANARY, 1), **key)
    assert all(CANARY.encode() not in each.body for each in refused)
    await home.logged("quarantined")
    assert CANARY not in home.log() and "SECRET9" not in home.log()
    for number in range(1, len(home.verdicts()) + 1):
        assert "SECRET9" not in str(home.facts(number))


async def test_a_notification_of_an_unknown_kind_is_kept(home: Home) -> None:
    home.channel()
    await home.start()
    for kind in ("event", "query"):
        made = await home.call("POST", "", notification(kind, 1, 1))
        assert made.status == 200 and made.headers["x-message-id"]
    assert home.verdicts() == ["accepted", "accepted"]


async def test_an_entry_that_cannot_be_read_is_refused_alone(home: Home) -> None:
    home.channel("", "split: entry")
    await home.start()
    sent = bundle("batch", ("BREW", "Patient", PATIENT), ("POST", "Patient", PATIENT), ("POST", "http://[", PATIENT))  # fmt: skip
    made = await home.call("POST", "", sent)
    assert statuses(made.json) == ["400", "201", "400"]
    assert home.verdicts() == ["split", "accepted"]
    assert list(checking.check(made.json, "invariants")) == []
    whole = {**sent, "type": "transaction"}
    assert (await home.call("POST", "", whole)).status == 422, "of a transaction all are kept"


async def test_a_question_that_fails_does_not_hide_that_the_rest_was_kept(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside = FACADE.replace(
        "order_by: none", 'order_by: none\n    when: meta.interaction == "search"'
    )
    home.channel("interactions: [create, search, batch]", "split: entry", aside)
    await home.start()

    async def full(*args: Any) -> Any:
        raise Refusal(503, "transient", "the queue is full")

    monkeypatch.setattr(bundles, "keep", full)
    sent = bundle("batch", ("POST", "Patient", PATIENT), ("GET", "Patient?name=x", None))
    made = await home.call("POST", "", sent)
    assert made.status == 200 and statuses(made.json) == ["202", "503"]
    assert home.verdicts() == ["split", "filtered"]


@pytest.mark.slow
async def test_several_that_went_to_the_destination_that_answers_are_told_that_they_are_kept(
    home: Home,
) -> None:
    home.channel("interactions: [create, search, batch]", "split: entry", FACADE)
    await home.start()
    sent = bundle("batch", ("POST", "Patient", PATIENT), ("POST", "Patient", PATIENT))
    made = await home.call("POST", "", sent)
    assert made.status == 200 and statuses(made.json) == ["201", "201"]


@pytest.mark.slow
def test_what_the_endpoint_says_of_itself_keeps_all_rules() -> None:
    smart = {"smart": {"clients": {"ehr": {"jwks": "k.json", "scopes": ["system/*.r"]}}}}
    for auth in (None, {"bearer": {"env": "P"}}, {"api_key": {"key": {"env": "P"}}}, smart):
        for does in (["create", "patch", "search", "process-message"], ["batch"], []):
            said = {"port": 1, "interactions": does, "resources": ["Patient"], "auth": auth}
            settings = msgspec.convert(said, SourceSettings)
            made = capability.statement(settings, "channel", "https://x.example/fhir", 1.0)
            assert list(checking.check(made, "invariants")) == []


async def test_bombs_are_bounded(home: Home) -> None:
    home.channel()
    await home.start()
    deep = b'{"resourceType":"Patient","contained":' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    entities = b"".join(b'<!ENTITY a%d "%s">' % (i, b"&a%d;" % (i - 1) * 10 if i else b"a" * 10) for i in range(12))  # fmt: skip
    bomb = b"<!DOCTYPE x [%b]><Patient xmlns='http://hl7.org/fhir'><id value='&a11;'/></Patient>" % entities  # fmt: skip
    number = b'{"resourceType":"Basic","code":{"text":"x"},"extension":[{"url":"u","valueDecimal":%b}]}'  # fmt: skip
    began = time.monotonic()
    for path in ("/Basic", "", "/$validate", "/$process-message"):
        for body, kind in (
            (deep, "json"),
            (bomb, "xml"),
            (b"<!---->" * 4000 + b"x", "xml"),
            *(
                (number % each, "json")
                for each in (b"1e999999999", b"9" * 5000, b"1e-99999999")
            ),
        ):
            for accept in ("json", "xml"):
                made = await home.call("POST", path, body, Content_Type=f"application/fhir+{kind}", Accept=f"application/fhir+{accept}")  # fmt: skip
                assert made.status < 500 and len(made.body) < 20_000, (path, body[:60])
    assert time.monotonic() - began < 20
