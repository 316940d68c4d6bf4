"""OAuth2 tokens: fetched once, shared by all sends, renewed shortly before they expire."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from engine.errors import DeliveryError, Misconfigured, Unavailable
from engine.http.connection import Response

#: Seconds before its end at which a token is no longer used.
MARGIN = 30.0

#: Asks the token server once. DeliveryError where it cannot be asked, or we have nothing to ask with.
Ask = Callable[[], Awaitable[Response]]


class Grant(msgspec.Struct, frozen=True):
    """What a token server answers (RFC 6749 section 5.1)."""

    access_token: str
    token_type: str = "Bearer"
    expires_in: float = 300.0


class Tokens:
    """The token at hand. Concurrent sends share one fetch."""

    def __init__(self, ask: Ask, close: Callable[[], Awaitable[None]]) -> None:
        self._ask = ask
        self._close = close
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

    async def close(self) -> None:
        """Let go of connections to the token server."""
        await self._close()

    def _fetched(self, task: asyncio.Task[str]) -> None:
        self._fetching = None
        if not task.cancelled():
            task.exception()  # looked at here too: every waiter may have been cancelled

    async def _fetch(self) -> str:
        try:
            response = await self._ask()
        except Misconfigured as error:
            raise Misconfigured(error.status, f"token server: {error.detail}") from None
        except DeliveryError as error:
            raise Unavailable(error.status, f"token server: {error.detail}") from None
        grant = _grant(response)
        margin = min(MARGIN, grant.expires_in / 10)
        self._token = grant.access_token
        self._until = self._loop.time() + grant.expires_in - margin
        return self._token


def busy(response: Response) -> None:
    """Unavailable where a token server only cannot answer at the moment."""
    if response.status in (408, 425, 429) or response.status >= 500:
        status = str(response.status)
        raise Unavailable(status, "the token server does not give out tokens at the moment")


def _grant(response: Response) -> Grant:
    busy(response)
    status = str(response.status)
    if response.status != 200:
        raise Misconfigured(
            status, "the token server refuses our client id, secret, key or scope"
        )
    try:
        grant = msgspec.json.decode(response.body, type=Grant)
    except msgspec.DecodeError:
        raise Misconfigured(status, "the token server's answer holds no access_token") from None
    if not grant.access_token.isascii() or not grant.access_token.isprintable():
        raise Misconfigured(status, "the token server's token cannot stand in a header")
    return grant
