"""Requests to a partner in our name: one address, its credentials, its certificates, the token that goes with them."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Protocol

from engine.errors import Misconfigured
from engine.http.auth import ClientAuth, fixed_header
from engine.http.client import Client
from engine.http.connection import Limits, Response, Sink
from engine.http.endpoint import Endpoint, endpoint
from engine.http.grants import open_tokens
from engine.http.tokens import Tokens
from engine.tls import ClientTls, client_context


class Access(Protocol):
    """The settings of a connector that calls."""

    @property
    def url(self) -> str: ...
    @property
    def auth(self) -> ClientAuth | None: ...
    @property
    def tls(self) -> ClientTls: ...
    @property
    def timeout(self) -> float: ...
    @property
    def connect_timeout(self) -> float: ...
    @property
    def idle(self) -> float: ...
    @property
    def max_reply(self) -> int: ...


def limits_of(access: Access) -> Limits:
    """The bounds of every exchange."""
    return Limits(
        connect=access.connect_timeout,
        exchange=access.timeout,
        idle=access.idle,
        reply=access.max_reply,
    )


class Caller:
    """Opens its connections at the first request: files and secrets may appear later than the channel."""

    def __init__(self, access: Access, home: Path) -> None:
        self._access, self._home = access, home
        self._host = endpoint(access.url, plaintext=True).host
        self._clients: dict[Endpoint, Client] = {}
        self._tokens: Tokens | None = None
        self._fixed: str | None = None

    async def ask(
        self,
        server: Endpoint,
        line: str,
        headers: str,
        body: bytes = b"",
        *,
        named: bool = True,
        sink: Sink | None = None,
    ) -> Response:
        """
        One request and its answer; `line` is method and target, `headers` lines with their ends. A token that is refused is
        renewed and the request sent again once: a 401 says that the partner has not acted on it.

        `named` False: without credentials. DeliveryError as Client.request.
        """
        client = self._clients.get(server) or self._open(server)
        head = f"{line} HTTP/1.1\r\nHost: {server.authority}\r\n{headers}"
        if body:
            head += f"Content-Length: {len(body)}\r\n"
        tokens = self._tokens
        if tokens is None or not named:
            known = self._fixed if named else ""
            response = await client.request(f"{head}{known}\r\n".encode(), body, sink)
            if response.status == 401 and named:
                await self.close()  # a secret that has been renewed meanwhile is read again
            return response
        token = tokens.at_hand() or await tokens.fetch()
        response = await client.request(_with(head, token), body, sink)
        if response.status == 401:
            tokens.forget(token)
            token = tokens.at_hand() or await tokens.fetch()
            response = await client.request(_with(head, token), body, sink)
        return response

    async def close(self) -> None:
        """Let go of idle connections."""
        opened = [*self._clients.values(), self._tokens]
        self._clients, self._tokens, self._fixed = {}, None, None
        for each in opened:
            if each is not None:
                await each.close()

    def _open(self, server: Endpoint) -> Client:
        access, home = self._access, self._home
        try:
            if self._fixed is None:
                found = fixed_header(access.auth, home) if access.auth else None
                self._fixed = f"{found[0]}: {found[1]}\r\n" if found else ""
            context = client_context(access.tls, home) if server.encrypted else None
        except (LookupError, ssl.SSLError) as error:
            why = _words(error)
            raise Misconfigured("not sent", f"secret or certificate: {why}") from None
        except OSError as error:
            raise Misconfigured("not sent", f"certificate files: {error.strerror}") from None
        limits = limits_of(access)
        if self._tokens is None:
            authorities = access.tls.authorities
            self._tokens = open_tokens(access.auth, home, authorities, limits, access.url)
        name = access.tls.name if server.host == self._host else ""
        client = self._clients[server] = Client(server, limits, context, name)
        return client


def _with(head: str, token: str) -> bytes:
    return f"{head}Authorization: Bearer {token}\r\n\r\n".encode()


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not usable").lower().replace("_", " ")
    return str(error.args[0]) if error.args else type(error).__name__
