"""The ways to ask for a token: with a secret (OAuth2 client credentials), or with a signed statement (SMART)."""

from __future__ import annotations

import base64
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

import msgspec

from engine.errors import Misconfigured
from engine.http.auth import ClientAuth, OAuth2
from engine.http.client import Client
from engine.http.connection import Limits, Response
from engine.http.endpoint import Endpoint, endpoint
from engine.http.smart import WELL_KNOWN, Smart
from engine.http.tokens import Tokens, busy
from engine.tls import ClientTls, client_context

_STATEMENT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def open_tokens(
    auth: ClientAuth | None, home: Path, authorities: str, limits: Limits, url: str
) -> Tokens | None:
    """
    The tokens that `auth` asks for, none where it asks for none. `authorities` are whom we trust, `url` is where the
    deliveries go.
    """
    servers = Servers(home, authorities, limits)
    if auth is not None and auth.oauth2 is not None:
        asking = BySecret(auth.oauth2, home, servers)
        return Tokens(asking.ask, servers.close)
    if auth is not None and auth.smart is not None:
        return Tokens(ByStatement(auth.smart, home, servers, url).ask, servers.close)
    return None


class Servers:
    """Requests to token servers, whose addresses may be found out only later."""

    def __init__(self, home: Path, authorities: str, limits: Limits) -> None:
        self._home, self._limits = home, limits
        self._trust = ClientTls(authorities=authorities)
        self._clients: dict[tuple[str, int, bool], Client] = {}

    async def post(self, server: Endpoint, form: Mapping[str, str], more: str = "") -> Response:
        """A form, and the answer to it."""
        body = urlencode(form).encode()
        head = (
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"{more}Content-Length: {len(body)}\r\n\r\n"
        )
        return await self._request("POST", server, head, body)

    async def get(self, server: Endpoint) -> Response:
        """What lies at an address."""
        return await self._request("GET", server, "\r\n", b"")

    async def _request(self, method: str, server: Endpoint, rest: str, body: bytes) -> Response:
        key = (server.host, server.port, server.encrypted)
        if key not in self._clients:
            self._clients[key] = Client(server, self._limits, self._trusting(server))
        target = f"{server.path}?{server.query}" if server.query else server.path
        head = f"{method} {target} HTTP/1.1\r\nHost: {server.authority}\r\nAccept: application/json\r\n"
        return await self._clients[key].request((head + rest).encode(), body)

    def _trusting(self, server: Endpoint) -> ssl.SSLContext | None:
        try:
            return client_context(self._trust, self._home) if server.encrypted else None
        except (OSError, ssl.SSLError) as error:
            why = error.strerror or "not usable"
            raise Misconfigured("not sent", f"certificate files: {why}") from None

    async def close(self) -> None:
        """Let go of connections."""
        for client in self._clients.values():
            await client.close()


class BySecret:
    """OAuth2 client credentials (RFC 6749 section 4.4)."""

    def __init__(self, settings: OAuth2, home: Path, servers: Servers) -> None:
        self._settings, self._home, self._servers = settings, home, servers
        self._server = endpoint(settings.token_url, settings.plaintext)

    async def ask(self) -> Response:
        """Misconfigured where there is no secret; else as Client.request."""
        settings = self._settings
        try:
            secret = settings.client_secret.reveal(self._home)
        except LookupError as error:
            raise Misconfigured("no secret", str(error)) from None
        form, more = {"grant_type": "client_credentials"}, ""
        if settings.credentials == "header":  # both form-encoded first: RFC 6749 section 2.3.1
            pair = f"{quote(settings.client_id, safe='')}:{quote(secret, safe='')}"
            more = f"Authorization: Basic {base64.b64encode(pair.encode()).decode()}\r\n"
        else:
            form |= {"client_id": settings.client_id, "client_secret": secret}
        if settings.scope:
            form["scope"] = settings.scope
        if settings.audience:
            form["audience"] = settings.audience
        return await self._servers.post(self._server, form, more)


class _Configuration(msgspec.Struct, frozen=True):
    """What a FHIR server says of its authorization."""

    token_endpoint: str


class ByStatement:
    """SMART backend services: the key is read, and the statement signed, for every token anew."""

    def __init__(self, settings: Smart, home: Path, servers: Servers, url: str) -> None:
        self._settings, self._home, self._servers = settings, home, servers
        self._url = (settings.server or url).rstrip("/")
        self._token_url = settings.token_url

    async def ask(self) -> Response:
        """Misconfigured where there is no usable key or no token address; else as Client.request."""
        from engine.http.assertion import read_key, statement  # noqa: PLC0415 - 60 ms for those who sign

        settings = self._settings
        try:
            key, algorithm = read_key(settings.secret(self._home), settings.algorithm)
        except LookupError as error:
            raise Misconfigured("no key", str(error.args[0])) from None
        if not self._token_url:
            self._token_url = await self._discovered()
        said = statement(
            key,
            algorithm,
            kid=settings.kid,
            client_id=settings.client_id,
            audience=self._token_url,
            now=time.time(),
        )
        form = {
            "grant_type": "client_credentials",
            "scope": settings.scopes,
            "client_assertion_type": _STATEMENT,
            "client_assertion": said,
        }
        server = endpoint(self._token_url, settings.plaintext)
        return await self._servers.post(server, form)

    async def _discovered(self) -> str:
        """Where the server says that tokens are given out."""
        where = endpoint(self._url + WELL_KNOWN, plaintext=True)  # the url itself was checked
        response = await self._servers.get(where)
        busy(response)
        status = str(response.status)
        try:
            found = msgspec.json.decode(response.body, type=_Configuration).token_endpoint
            server = endpoint(found, self._settings.plaintext)
        except (msgspec.DecodeError, ValueError):
            why = f"{WELL_KNOWN} does not name a token_endpoint that may be used; set token_url"
            raise Misconfigured(status, why) from None
        if where.encrypted and not server.encrypted:
            raise Misconfigured(status, f"{WELL_KNOWN} names a token_endpoint in clear text")
        return found
