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
