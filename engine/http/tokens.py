"""OAuth2 tokens: fetched once, shared by all sends, renewed shortly before they expire."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from urllib.parse import quote, urlencode

import msgspec

from engine.errors import DeliveryError, Misconfigured, Unavailable
from engine.http.auth import OAuth2
from engine.http.client import Client
from engine.http.connection import Response

#: Seconds before its end at which a token is no longer used.
MARGIN = 30.0


class Grant(msgspec.Struct, frozen=True):
    """What a token server answers (RFC 6749 section 5.1)."""

    access_token: str
    token_type: str = "Bearer"
    expires_in: float = 300.0


class Tokens:
    """The token at hand. Concurrent sends share one fetch."""

    def __init__(self, settings: OAuth2, home: Path, client: Client, head: str) -> None:
        self._settings = settings
        self._home = home
        self._client = client
        self._head = head
        self._loop = asyncio.get_running_loop()
        self._token = ""
        self._until = 0.0
        self._fetching: asyncio.Task[str] | None = None

    def at_hand(self) -> str:
        """The token, or nothing where one must be fetched first."""
        return self._token if self._loop.time() < self._until else ""

    def forget(self, token: str) -> None:
        """The partner did not take this token: the next send fetches another, once."""
        if token == self._token:
            self._token = ""
            self._until = 0.0

    async def fetch(self) -> str:
        """
        A fresh token. Misconfigured where the server refuses us, Unavailable where it cannot be asked:
        nothing of a delivery has been handed over either way.
        """
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch())
            self._fetching.add_done_callback(self._fetched)
        return await asyncio.shield(self._fetching)

    def _fetched(self, task: asyncio.Task[str]) -> None:
        self._fetching = None
        if not task.cancelled():
            task.exception()  # looked at here too: every waiter may have been cancelled

    async def _fetch(self) -> str:
        head, form = self._request()
        try:
            response = await self._client.request(head, form)
        except Misconfigured as error:
            raise Misconfigured(error.status, f"token server: {error.detail}") from None
        except DeliveryError as error:
            raise Unavailable(error.status, f"token server: {error.detail}") from None
        grant = _grant(response)
        margin = min(MARGIN, grant.expires_in / 10)
        self._token = grant.access_token
        self._until = self._loop.time() + grant.expires_in - margin
        return self._token

    def _request(self) -> tuple[bytes, bytes]:
        settings = self._settings
        try:
            secret = settings.client_secret.reveal(self._home)
        except LookupError as error:
            raise Misconfigured("no secret", str(error)) from None
        form = {"grant_type": "client_credentials"}
        head = self._head
        if settings.credentials == "header":  # both form-encoded first: RFC 6749 section 2.3.1
            pair = f"{quote(settings.client_id, safe='')}:{quote(secret, safe='')}"
            head += f"Authorization: Basic {base64.b64encode(pair.encode()).decode()}\r\n"
        else:
            form |= {"client_id": settings.client_id, "client_secret": secret}
        if settings.scope:
            form["scope"] = settings.scope
        if settings.audience:
            form["audience"] = settings.audience
        body = urlencode(form).encode()
        head += f"Content-Length: {len(body)}\r\n\r\n"
        return head.encode(), body


def _grant(response: Response) -> Grant:
    status = str(response.status)
    if response.status in (408, 425, 429) or response.status >= 500:
        raise Unavailable(status, "the token server does not give out tokens at the moment")
    if response.status != 200:
        raise Misconfigured(status, "the token server refuses our client id, secret or scope")
    try:
        grant = msgspec.json.decode(response.body, type=Grant)
    except msgspec.DecodeError:
        raise Misconfigured(status, "the token server's answer holds no access_token") from None
    if not grant.access_token.isascii() or not grant.access_token.isprintable():
        raise Misconfigured(status, "the token server's token cannot stand in a header")
    return grant
