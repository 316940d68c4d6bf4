"""SMART backend services: a token for a signed statement, against a server that checks it as the standard demands."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.jwk import KeySet

from engine import simulate
from engine.connectors import Site, http
from engine.connectors.fhir import Destination, DestinationSettings
from engine.errors import Misconfigured, Unavailable
from engine.http.assertion import public_set, read_key, statement
from engine.http.auth import ClientAuth
from engine.http.connection import Response
from engine.http.grants import Servers
from engine.http.smart import Smart
from engine.message import Delivery
from engine.settings import Secret
from engine.simulate import FhirPartner

PATIENT = b'{"resourceType":"Patient","id":"p-7"}'


def pem(key: Any) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


RSA = pem(rsa.generate_private_key(65537, 2048))
EC = pem(ec.generate_private_key(ec.SECP384R1()))


def delivery(number: int = 1) -> Delivery:
    return Delivery(id=number, message=number, destination=1, key=f"a1b2-{number}-1-1")


def of(partner: FhirPartner, tmp_path: Path, key: str = EC, **settings: Any) -> dict[str, Any]:
    (tmp_path / "ours.pem").write_text(key, "utf-8")
    smart = Smart(client_id="corridor", key=Secret(file="ours.pem"), **settings)
    return {"url": partner.ways()["url"], "auth": ClientAuth(smart=smart)}


@pytest.fixture
def place(site: Callable[..., Site]) -> Site:
    return site(name="ehr")


@pytest.mark.parametrize("key", [RSA, EC], ids=["RS384", "ES384"])
async def test_one_token_serves_all_sends_and_is_renewed_once(
    tmp_path: Path, place: Site, key: str
) -> None:
    clients = {"corridor": json.loads(public_set(key))}
    async with simulate.fhir_partner(clients=clients) as partner:
        destination = Destination(DestinationSettings(**of(partner, tmp_path, key)), place)
        sends = (destination.send(delivery(at), PATIENT) for at in range(1, 21))
        assert {one.failure for one in await asyncio.gather(*sends)} == {None}
        assert partner.tokens.asked == 1
        assert partner.asked[0] == "GET /fhir/.well-known/smart-configuration"
        partner.tokens.revoke()
        assert (await destination.send(delivery(), PATIENT)).failure is None
        assert partner.tokens.asked == 2 and len(partner.tokens.numbers) == 2
        partner.fault = "401"
        refused = await destination.send(delivery(), PATIENT)
        assert type(refused.failure) is Misconfigured and partner.tokens.asked == 3
        await destination.close()


async def test_a_token_is_not_used_up_to_its_end(tmp_path: Path, place: Site) -> None:
    clients = {"corridor": json.loads(public_set(EC))}
    async with simulate.fhir_partner(clients=clients, life=0.3) as partner:
        settings = of(partner, tmp_path, token_url=f"http://127.0.0.1:{partner.port}/token")
        destination = Destination(DestinationSettings(**settings), place)
        for wait in (0.0, 0.28):  # a tenth before its end a new one is asked for
            await asyncio.sleep(wait)
            assert (await destination.send(delivery(), PATIENT)).failure is None
        assert partner.tokens.asked == 2 and len(partner.asked) == 4
        await destination.close()


async def test_http_destinations_may_use_it_too(tmp_path: Path, place: Site) -> None:
    clients = {"corridor": json.loads(public_set(EC))}
    async with simulate.fhir_partner(clients=clients) as partner:
        settings = of(partner, tmp_path, server=partner.ways()["url"])
        settings["url"] += "/Patient/p-7"
        destination = http.Destination(
            http.DestinationSettings(**settings, method="PUT"), place
        )
        assert (await destination.send(delivery(), PATIENT)).status == "201"
        await destination.close()


async def test_what_keeps_us_from_a_token_is_said(tmp_path: Path, place: Site) -> None:
    stranger = pem(ec.generate_private_key(ec.SECP384R1()))
    clients = {"corridor": json.loads(public_set(stranger))}
    async with simulate.fhir_partner(clients=clients) as partner:
        settings = of(partner, tmp_path)
        destination = Destination(DestinationSettings(**settings), place)
        with pytest.raises(Misconfigured, match="refuses our client id, secret, key or scope"):
            await destination.send(delivery(), PATIENT)
        (tmp_path / "ours.pem").unlink()
        with pytest.raises(Misconfigured, match=r"ours\.pem"):
            await destination.send(delivery(), PATIENT)
        assert partner.unique == 0
    with pytest.raises(Unavailable, match="token server"):
        (tmp_path / "ours.pem").write_text(EC, "utf-8")
        await Destination(DestinationSettings(**settings), place).send(delivery(), PATIENT)


@pytest.mark.parametrize(
    ("configuration", "word"),
    [
        ({}, "token_endpoint"),
        ({"token_endpoint": "http://elsewhere.example/token"}, "token_endpoint"),
    ],
)
async def test_a_server_that_names_no_usable_address_is_not_asked(
    tmp_path: Path, place: Site, configuration: dict[str, Any], word: str, monkeypatch: Any
) -> None:
    async with simulate.fhir_partner() as partner:
        monkeypatch.setattr(partner, "_configuration", lambda _: configuration)
        destination = Destination(DestinationSettings(**of(partner, tmp_path)), place)
        with pytest.raises(Misconfigured, match=word):
            await destination.send(delivery(), PATIENT)
        await destination.close()


async def test_a_token_is_not_asked_for_in_clear_text(
    tmp_path: Path, place: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def configured(*_: Any) -> Response:
        said = b'{"token_endpoint":"http://127.0.0.1:1/token"}'
        return Response(200, [], said, False)

    monkeypatch.setattr(Servers, "get", configured)
    (tmp_path / "ours.pem").write_text(EC, "utf-8")
    smart = Smart(client_id="corridor", key=Secret(file="ours.pem"))
    settings = DestinationSettings(url="https://ehr.example/fhir", auth=ClientAuth(smart=smart))
    with pytest.raises(Misconfigured, match="clear text"):
        await Destination(settings, place).send(delivery(), PATIENT)


def test_a_statement_says_what_the_standard_wants_and_never_twice_the_same() -> None:
    key, algorithm = read_key(RSA)
    said = [
        statement(key, algorithm, kid="", client_id="c", audience="https://a/token", now=1000.0)
        for _ in range(2)
    ]
    keys = KeySet.import_key_set(json.loads(public_set(RSA)))
    first, second = (jwt.decode(one, keys, algorithms=["RS384"]) for one in said)
    assert first.header["alg"] == "RS384" and first.header["kid"] == key.thumbprint()
    assert set(first.claims) == {"iss", "sub", "aud", "exp", "jti"}
    assert first.claims["iss"] == first.claims["sub"] == "c"
    assert 1000 < first.claims["exp"] <= 1300 and first.claims["jti"] != second.claims["jti"]
    (public,) = json.loads(public_set(RSA))["keys"]
    assert "d" not in public and "p" not in public and public["alg"] == "RS384"


@pytest.mark.parametrize(
    ("text", "algorithm", "word"),
    [
        (RSA, "ES384", "signs by RS384"),
        (EC, "RS384", "signs by ES384"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "", "P-384"),
        (pem(rsa.generate_private_key(65537, 1024)), "", "shorter than 2048"),
        ("no key", "", "neither an RSA nor an EC key"),
        ("{", "", "neither PEM nor JWK"),
        (public_set(EC).decode(), "", "public half"),
    ],
)
def test_a_key_that_cannot_sign_is_said(text: str, algorithm: str, word: str) -> None:
    with pytest.raises(LookupError, match=word):
        read_key(text, algorithm)


def test_settings_that_cannot_work_are_mistakes() -> None:
    key = Secret(env="KEY")
    with pytest.raises(ValueError, match="token_url"):
        Smart(client_id="c", key=key, token_url="http://ehr.example/token")
    with pytest.raises(ValueError, match="client_id"):
        Smart(client_id="", key=key)
    with pytest.raises(ValueError, match="exactly one"):
        ClientAuth(smart=Smart(client_id="c", key=key), bearer=key)
