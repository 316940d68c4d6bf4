"""SMART backend services: who gets a token, who does not, and what it is good for."""

from __future__ import annotations

import base64
import json
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from engine.connectors.fhir import scopes
from engine.connectors.fhir.smart_memory import Used
from engine.errors import CommitRefused
from tests.connectors.fhir.source.conftest import PATIENT, Answer, Home

RSA = RSAKey.generate_key(2048, {"kid": "r1"})
EC = ECKey.generate_key("P-384", {"kid": "e1"})
JWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
AUTH = "auth: {smart: {clients: {ehr: {jwks: keys/ehr.json, scopes: [system/Patient.cu, system/Observation.read]}}, lifetime: 2m}}"


@pytest.fixture
async def smart(home: Home) -> Home:
    keys = {"keys": [RSA.as_dict(private=False), EC.as_dict(private=False)]}
    home.write("keys/ehr.json", json.dumps(keys))
    home.channel(AUTH)
    await home.start()
    return home


def assertion(home: Home, key: Any = RSA, alg: str = "RS384", **changes: Any) -> str:
    now = int(time.time())
    audience = f"http://127.0.0.1:{home.port}/fhir/auth/token"
    claims = {"iss": "ehr", "sub": "ehr", "aud": audience, "exp": now + 240, "jti": str(uuid.uuid4()), **changes}  # fmt: skip
    claims = {name: value for name, value in claims.items() if value is not None}
    header = {"alg": alg, "kid": key.kid, "typ": "JWT"}
    return jwt.encode(header, claims, key, algorithms=[alg])


async def ask(home: Home, signed: str, scope: str = "system/*.cruds", **changes: str) -> Answer:
    form = {"grant_type": "client_credentials", "client_assertion_type": JWT, "client_assertion": signed, "scope": scope, **changes}  # fmt: skip
    return Answer(await home.caller.post("/auth/token", data=form))


async def test_a_token_lets_its_client_do_what_its_scopes_say(smart: Home) -> None:
    for key, alg in ((RSA, "RS384"), (EC, "ES384")):
        given = await ask(smart, assertion(smart, key, alg))
        assert given.status == 200 and given.json["expires_in"] == 120
        assert given.headers["cache-control"] == "no-store"
        assert given.json["token_type"] == "bearer"
        assert set(given.json["scope"].split()) == {
            "system/Patient.cu",
            "system/Observation.rs",
        }
    shown = {"Authorization": f"Bearer {given.json['access_token']}"}
    assert (await smart.call("POST", "/Patient", PATIENT, **shown)).status == 201
    for method, path in (("POST", "/Observation"), ("DELETE", "/Patient/1")):
        said = await smart.call(method, path, {"resourceType": "Observation"}, **shown)
        assert said.status == 403 and "insufficient_scope" in said.headers["www-authenticate"]
        assert said.issue["code"] == "forbidden"
    entry = {
        "request": {"method": "POST", "url": "Observation"},
        "resource": {"resourceType": "Observation"},
    }
    batch = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
    made = await smart.call("POST", "", batch, **shown)
    assert made.json["entry"][0]["response"]["status"] == "403"
    assert (
        await smart.call("POST", "/$process-message", {"resourceType": "Bundle"}, **shown)
    ).status == 403
    assert given.json["access_token"] not in smart.log()


async def test_a_condition_asks_nothing_of_types_that_its_scopes_do_not_name(
    smart: Home,
) -> None:
    given = await ask(smart, assertion(smart))
    shown = {"Authorization": f"Bearer {given.json['access_token']}"}
    reaching = "_has:Observation:patient:code=1"
    put = await smart.call("PUT", f"/Patient?{reaching}", PATIENT, **shown)
    post = await smart.call("POST", "/Patient", PATIENT, If_None_Exist=reaching, **shown)
    chain = await smart.call("PUT", "/Patient?organization.name=a", PATIENT, **shown)
    assert (put.status, post.status, chain.status) == (403, 403, 403)
    for request in (
        {"method": "PUT", "url": f"Patient?{reaching}"},
        {"method": "POST", "url": "Patient", "ifNoneExist": reaching},
    ):
        entry = {"resource": PATIENT, "request": request}
        batch = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
        made = await smart.call("POST", "", batch, **shown)
        assert made.json["entry"][0]["response"]["status"] == "403"
    own = await smart.call("PUT", "/Patient?identifier=a|1", PATIENT, **shown)
    assert own.status == 202 and smart.verdicts() == ["accepted"]


async def test_nobody_comes_in_without_a_token_but_all_may_read_how(smart: Home) -> None:
    for shown in ({}, {"Authorization": "Bearer nothing"}, {"Authorization": "Basic YTpi"}):
        said = await smart.call("POST", "/Patient", PATIENT, **shown)
        assert said.status == 401 and said.headers["www-authenticate"].startswith("Bearer")
        assert said.issue["code"] == "login"
    known = await smart.call("GET", "/.well-known/smart-configuration")
    assert known.json["token_endpoint"].endswith("/fhir/auth/token")
    assert known.json["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
    statement = await smart.call("GET", "/metadata")
    security = statement.json["rest"][0]["security"]
    assert security["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"


async def test_an_assertion_is_good_once_for_minutes_and_for_us(smart: Home) -> None:
    now = int(time.time())
    used = assertion(smart)
    assert (await ask(smart, used)).status == 200
    stranger = RSAKey.generate_key(2048, {"kid": "r1"})
    wrong = [
        used,
        assertion(smart, stranger),
        assertion(smart, alg="RS256"),
        assertion(smart, aud="https://elsewhere.example.org/token"),
        assertion(smart, exp=now - 60),
        assertion(smart, exp=now + 3600),
        assertion(smart, nbf=now + 600),
        assertion(smart, sub="other"),
        assertion(smart, iss="other", sub="other"),
        assertion(smart, jti=None),
        assertion(smart, exp=None),
        "no.jwt.atall",
        "",
    ]
    for number, each in enumerate(wrong):
        said = await ask(smart, each)
        assert (said.status, said.json["error"]) == (400, "invalid_client"), number
    signed = assertion(smart).split(".")
    header = base64.urlsafe_b64encode(b'{"alg":"none","kid":"r1"}').decode().rstrip("=")
    none = f"{header}.{signed[1]}."
    assert (await ask(smart, none)).json["error"] == "invalid_client"
    for change, code in (
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_assertion_type": "x"}, "invalid_request"),
        ({"scope": "system/Claim.c"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
    ):
        assert (await ask(smart, assertion(smart), **change)).json["error"] == code


async def test_an_assertion_is_good_once_also_after_a_restart_with_which_tokens_end(
    smart: Home,
) -> None:
    used, fresh = assertion(smart), assertion(smart)
    given = await ask(smart, used)
    shown = {"Authorization": f"Bearer {given.json['access_token']}"}
    assert (await smart.call("POST", "/Patient", PATIENT, **shown)).status == 201
    assert smart.engine is not None
    await smart.engine.stop()
    await smart.start()
    again = await ask(smart, used)
    assert (again.status, again.json["error"]) == (400, "invalid_client")
    assert "used before" in again.json["error_description"]
    said = await smart.call("POST", "/Patient", PATIENT, **shown)
    assert said.status == 401 and "invalid_token" in said.headers["www-authenticate"]
    assert (await ask(smart, fresh)).status == 200


async def test_what_was_used_is_kept_no_longer_than_it_could_be_shown() -> None:
    kept: dict[str, bytes] = {}

    class Remember:
        async def get(self, name: str) -> bytes | None:
            return kept.get(name)

        async def put(self, name: str, value: bytes) -> None:
            kept[name] = value

    clock = [1_000_000_020.0]
    for minute in range(40):
        now = clock[0]
        used = Used(Remember(), lambda: clock[0])  # as after a restart in every minute
        for ahead in (1.0, 180.0, 359.0):
            id = f"{minute} {ahead}"
            assert await used.take("ehr", id, now + ahead) == ""
            after = Used(Remember(), lambda: clock[0])
            assert "before" in await after.take("ehr", id, now + ahead)
        assert await used.take("other", f"{minute} 1.0", now + 1.0) == "", "another's number"
        clock[0] += 60.0
    assert len(kept) == 8 and sum(len(each) for each in kept.values()) < 1000


async def test_no_token_is_given_where_its_assertion_cannot_be_kept(
    smart: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert smart.engine is not None
    source: Any = smart.engine.stations["endpoint"].receiving.source

    async def full(*_: Any) -> None:
        raise CommitRefused("no space left on the disk")

    with monkeypatch.context() as broken:
        broken.setattr(source._issuer._used._remember, "put", full)
        signed = assertion(smart)
        said = await ask(smart, signed)
        assert said.status == 503 and said.headers["retry-after"]
    assert (await ask(smart, signed)).status == 400, "it counts as used"
    assert (await ask(smart, assertion(smart))).status == 200


async def test_a_token_ends(smart: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    given = await ask(smart, assertion(smart))
    shown = {"Authorization": f"Bearer {given.json['access_token']}"}
    assert smart.engine is not None
    source: Any = smart.engine.stations["endpoint"].receiving.source
    issuer = source._issuer
    monkeypatch.setattr(issuer, "_now", lambda: time.time() + 121)
    said = await smart.call("POST", "/Patient", PATIENT, **shown)
    assert said.status == 401 and "invalid_token" in said.headers["www-authenticate"]


def test_scopes_of_both_versions_are_read() -> None:
    read = scopes.read(
        "system/Patient.write system/*.rs patient/Patient.r system/X.rc system/Group.c?a=b"
    )
    assert read.allow("create", "Patient") and read.allow("delete", "Patient")
    assert read.allow("read", "Claim") and not read.allow("create", "Claim")
    assert not read.allow("create", "Group")


async def test_keys_that_are_missing_or_private_stop_the_source(
    home: Home, tmp_path: Path
) -> None:
    home.write("keys/ehr.json", json.dumps({"keys": [RSA.as_dict(private=True)]}))
    home.channel(AUTH)
    await home.start()
    assert home.engine is not None
    assert "private" in home.engine.stations["endpoint"].receiving.trouble
