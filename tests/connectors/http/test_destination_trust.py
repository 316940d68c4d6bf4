"""Who we are and whom we trust: credentials, OAuth2 against a real token server, TLS in every bad shape."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest

from engine.connectors.http import Destination, DestinationSettings
from engine.errors import Misconfigured, Unavailable
from engine.http.auth import ApiKey, Basic, ClientAuth, OAuth2
from engine.message import Delivery
from engine.settings import Secret
from engine.tls import ClientTls

DENIED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
async def to(site: Any) -> Any:
    opened: list[Destination] = []

    def make(url: str, **settings: Any) -> Destination:
        opened.append(Destination(DestinationSettings(url=url, **settings), site))
        return opened[-1]

    yield make
    for destination in opened:
        await destination.close()


@pytest.fixture(autouse=True)
def secret(tmp_path: Path) -> Secret:
    (tmp_path / "secret").write_text("s3cret\n")
    return Secret(file="secret")


# -- fixed credentials --------------------------------------------------------------------------------


async def test_basic_bearer_and_api_key(
    serve: Any, to: Any, delivery: Delivery, secret: Secret
) -> None:
    partner = await serve()
    url = f"http://127.0.0.1:{partner.port}/"
    for auth in (
        ClientAuth(basic=Basic(user="us", password=secret)),
        ClientAuth(bearer=secret),
        ClientAuth(api_key=ApiKey(key=secret, header="X-Key")),
    ):
        await to(url, auth=auth).send(delivery, b"{}")
    basic, bearer, key = partner.asked
    assert basic.headers["authorization"] == f"Basic {base64.b64encode(b'us:s3cret').decode()}"
    assert bearer.headers["authorization"] == "Bearer s3cret"
    assert key.headers["x-key"] == "s3cret"


async def test_a_missing_secret_pauses_and_a_renewed_one_is_read(
    serve: Any, to: Any, delivery: Delivery, tmp_path: Path
) -> None:
    partner = await serve()
    destination = to(
        f"http://127.0.0.1:{partner.port}/", auth=ClientAuth(bearer=Secret(file="late"))
    )
    with pytest.raises(Misconfigured, match="late"):
        await destination.send(delivery, b"{}")
    (tmp_path / "late").write_text("old")
    partner.answer = DENIED
    assert isinstance((await destination.send(delivery, b"{}")).failure, Misconfigured)
    (tmp_path / "late").write_text("new")
    await destination.send(delivery, b"{}")
    assert [asked.headers["authorization"] for asked in partner.asked] == [
        "Bearer old",
        "Bearer new",
    ]


def test_exactly_one_way_to_say_who_we_are() -> None:
    with pytest.raises(ValueError, match="exactly one"):
        ClientAuth()
    with pytest.raises(ValueError, match="exactly one"):
        ClientAuth(bearer=Secret(env="A"), api_key=ApiKey(key=Secret(env="B")))


# -- OAuth2 -------------------------------------------------------------------------------------------


class TokenServer:
    """Gives out numbered tokens over the partner's socket; a second partner accepts the last one."""

    def __init__(self, tokens: Any, api: Any) -> None:
        self.tokens, self.api = tokens, api
        self.given = 0
        self.expires_in = 300.0
        self.refuse = b""
        self.revoked: set[str] = set()
        tokens.behaviour, api.behaviour = self.give, self.check

    async def give(self, partner: Any, reader: Any, writer: Any) -> None:
        while True:
            await partner.read(reader)
            await asyncio.sleep(0.02)
            self.given += 1
            grant = {
                "access_token": f"t{self.given}",
                "token_type": "Bearer",
                "expires_in": self.expires_in,
            }
            body = msgspec.json.encode(grant)
            writer.write(
                self.refuse
                or b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
            )

    async def check(self, partner: Any, reader: Any, writer: Any) -> None:
        while True:
            asked = await partner.read(reader)
            token = asked.headers.get("authorization", "").removeprefix("Bearer ")
            good = token.startswith("t") and token not in self.revoked
            writer.write(
                b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n" if good else DENIED
            )


@pytest.fixture
async def oauth(serve: Any, to: Any, secret: Secret) -> Any:
    server = TokenServer(await serve(), await serve())

    def make(**settings: Any) -> tuple[TokenServer, Destination]:
        settings = {"client_id": "corridor", "client_secret": secret, **settings}
        grant = OAuth2(token_url=f"http://127.0.0.1:{server.tokens.port}/token", **settings)
        return server, to(f"http://127.0.0.1:{server.api.port}/", auth=ClientAuth(oauth2=grant))

    return make


async def test_one_token_serves_all_concurrent_sends(oauth: Any, delivery: Delivery) -> None:
    server, destination = oauth(scope="charges.write", audience="billing")
    answers = await asyncio.gather(*(destination.send(delivery, b"{}") for _ in range(20)))
    assert {answer.status for answer in answers} == {"201"} and server.given == 1
    (asked,) = server.tokens.asked
    assert asked.line == "POST /token HTTP/1.1"
    assert (
        asked.headers["authorization"]
        == f"Basic {base64.b64encode(b'corridor:s3cret').decode()}"
    )
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["charges.write"],
        "audience": ["billing"],
    }


async def test_credentials_in_the_body(oauth: Any, delivery: Delivery) -> None:
    server, destination = oauth(credentials="body")
    await destination.send(delivery, b"{}")
    form = parse_qs(server.tokens.asked[0].body.decode())
    assert (form["client_id"], form["client_secret"]) == (["corridor"], ["s3cret"])


async def test_a_token_is_renewed_shortly_before_it_expires(
    oauth: Any, delivery: Delivery
) -> None:
    server, destination = oauth()
    server.expires_in = 0.2
    await destination.send(delivery, b"{}")
    await destination.send(delivery, b"{}")
    assert server.given == 1
    await asyncio.sleep(0.19)
    await destination.send(delivery, b"{}")
    assert server.given == 2


async def test_a_refused_token_is_renewed_once(oauth: Any, delivery: Delivery) -> None:
    server, destination = oauth()
    await destination.send(delivery, b"{}")
    server.revoked = {"t1"}
    answers = await asyncio.gather(*(destination.send(delivery, b"{}") for _ in range(5)))
    assert {answer.status for answer in answers} == {"201"} and server.given == 2
    server.revoked = {"t2", "t3"}
    asked = len(server.api.asked)
    answer = await destination.send(delivery, b"{}")
    assert isinstance(answer.failure, Misconfigured) and answer.status == "401"
    assert len(server.api.asked) == asked + 2


@pytest.mark.parametrize(
    ("refuse", "kind"),
    [
        (b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n", Misconfigured),
        (b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", Misconfigured),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", Misconfigured),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", Unavailable),
        (b"HTTP/1.1 429 Wait\r\nContent-Length: 0\r\n\r\n", Unavailable),
        (b"nonsense\r\n\r\n", Unavailable),
    ],
)
async def test_a_token_server_that_fails_leaves_nothing_uncertain(
    oauth: Any, delivery: Delivery, refuse: bytes, kind: type[Exception]
) -> None:
    server, destination = oauth()
    server.refuse = refuse
    with pytest.raises(kind):
        await destination.send(delivery, b"{}")
    assert not server.api.asked
    server.refuse = b""
    assert (await destination.send(delivery, b"{}")).failure is None


# -- TLS ----------------------------------------------------------------------------------------------


async def test_tls_and_mutual_tls(
    serve: Any, to: Any, delivery: Delivery, authority: Any, tls_server: Any
) -> None:
    partner = await serve(tls_server(authority, clients=authority))
    certificate, key = authority.issue("us")
    tls = ClientTls(authorities=authority.pem, certificate=certificate, key=key)
    destination = to(f"https://localhost:{partner.port}/x", tls=tls)
    for _ in range(3):
        assert (await destination.send(delivery, b"{}")).status == "200"
    assert partner.connections == 1


@pytest.fixture(params=["expired", "a stranger's", "another name", "our file is missing"])
async def bad(request: Any, serve: Any, authority: Any, stranger: Any, tls_server: Any) -> Any:
    """A partner over TLS that must not be talked to, and our settings."""
    issuer = stranger if request.param == "a stranger's" else authority
    partner = await serve(tls_server(issuer, days=-1 if request.param == "expired" else 2))
    name = "billing.example" if request.param == "another name" else ""
    trusted = "nowhere.pem" if request.param == "our file is missing" else authority.pem
    return partner, ClientTls(authorities=trusted, name=name)


async def test_bad_tls_pauses_the_destination(bad: Any, to: Any, delivery: Delivery) -> None:
    partner, tls = bad
    destination = to(f"https://localhost:{partner.port}/x", tls=tls)
    with pytest.raises(Misconfigured):
        await destination.send(delivery, b"{}")
    assert not partner.asked


@pytest.fixture(params=["nothing", "a stranger's"])
def shown(request: Any, authority: Any, stranger: Any) -> ClientTls:
    """What we show a partner that demands a certificate of its own authority."""
    if request.param == "nothing":
        return ClientTls(authorities=authority.pem)
    certificate, key = stranger.issue("us")
    return ClientTls(authorities=authority.pem, certificate=certificate, key=key)


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def demanding(request: Any, authority: Any, tls_server: Any) -> ssl.SSLContext:
    """In TLS 1.3 the alert comes when the request is already on its way."""
    context: ssl.SSLContext = tls_server(authority, clients=authority)
    context.maximum_version = request.param
    return context


async def test_a_partner_that_does_not_take_our_certificate(
    to: Any, delivery: Delivery, shown: ClientTls, demanding: ssl.SSLContext
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        refusing = asyncio.create_task(asyncio.to_thread(_refuse, listener, demanding))
        with pytest.raises(Misconfigured, match="TLS"):
            await to(f"https://localhost:{listener.getsockname()[1]}/", tls=shown).send(
                delivery, b"{}"
            )
        assert await refusing


def _refuse(listener: socket.socket, context: ssl.SSLContext) -> bool:
    """A handshake by hand: asyncio's own server closes without the alert that real partners send."""
    came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
    handshake = context.wrap_bio(came, goes, server_side=True)
    with listener.accept()[0] as peer:
        while data := peer.recv(100_000):
            came.write(data)
            try:
                handshake.do_handshake()
            except ssl.SSLWantReadError:
                peer.sendall(goes.read())
            except ssl.SSLError:
                peer.sendall(goes.read())
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(100_000):
                    pass
                return True
    return False


async def test_a_partner_that_speaks_no_tls(serve: Any, to: Any, delivery: Delivery) -> None:
    async def plain(partner: Any, reader: Any, writer: Any) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    partner = await serve()
    partner.behaviour = plain
    with pytest.raises(Misconfigured, match="TLS"):
        await to(f"https://localhost:{partner.port}/").send(delivery, b"{}")
