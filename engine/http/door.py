"""What every source that listens for HTTP does alike: open the port, know who may come in, let the last ones finish."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import secrets
import ssl
from collections.abc import Callable
from typing import Any

from engine.http.answers import Page
from engine.http.desk import Guest, Head, Limits, Request
from engine.http.listener import Listener

#: Seconds that requests under way get when the source stops.
GRACE = 20.0
#: What broke a limit: reason code and a sentence.
BROKEN = {
    400: ("bad_request", "this is not an HTTP/1.1 request"),
    408: ("too_slow", "the request did not come whole in time"),
    413: ("too_large", "the body is longer than this channel takes"),
    431: ("head_too_large", "the headers are longer than this channel takes"),
}
#: Headers that say how a request travelled or who sent it; they never become facts of a message.
TRAVEL = frozenset(
    {
        *("accept", "accept-encoding", "accept-language", "authorization", "connection"),
        *("content-length", "cookie", "expect", "host", "keep-alive", "proxy-authorization"),
        *("te", "trailer", "transfer-encoding", "upgrade", "user-agent"),
    }
)


def check_listening(path: str, allow: tuple[str, ...]) -> None:
    """ValueError, for the analyst, where a path has a query or what may connect is no network."""
    if not path.startswith("/") or not path.isascii() or "?" in path:
        raise ValueError("path: expected a path such as /charges, without a query")
    for network in allow:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise ValueError(
                "allow: expected addresses or networks such as 10.2.0.0/16"
            ) from None


class Door:
    """The desk behind a listener, but for what it says to a request (engine/http/desk.py)."""

    def __init__(self, settings: Any, notice: Callable[..., None]) -> None:
        """`settings` have port, host, allow, max_body, max_connections, timeout and idle."""
        self._listen_on = (settings.host, settings.port)
        self._most = settings.max_connections
        self._notice = notice
        self._networks = [ipaddress.ip_network(network) for network in settings.allow]
        self.limits = Limits(
            body=settings.max_body, request=settings.timeout, idle=settings.idle
        )
        self._connections: set[Guest] = set()
        self._empty = asyncio.Event()
        self.ready = asyncio.Event()
        self.port = 0
        """The port it listens on, once it does."""

    async def serve(self, context: ssl.SSLContext | None) -> None:
        """Listen until cancelled; then let what is under way be answered. OSError where the port is taken."""
        server = await self._listen(context)
        self.port = server.sockets[0].getsockname()[1]
        self._notice("info", "listening", host=self._listen_on[0], port=self.port)
        self.ready.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ready.clear()
            server.close()
            await self._drain()

    async def _listen(self, context: ssl.SSLContext | None) -> asyncio.Server:
        loop, (host, port) = asyncio.get_running_loop(), self._listen_on
        try:
            return await loop.create_server(
                lambda: Listener(self), host, port, ssl=context, backlog=512
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise OSError(
                error.errno, f"cannot listen on port {port} on {host}: {reason}"
            ) from None

    async def _drain(self) -> None:
        for connection in list(self._connections):
            connection.drain()
        with contextlib.suppress(TimeoutError):
            if self._connections:
                self._empty.clear()
                await asyncio.wait_for(self._empty.wait(), GRACE)
        for connection in list(self._connections):
            connection.abort()

    # -- the desk behind the listener -------------------------------------------------------------

    def arrived(self, connection: Guest) -> None:
        self._connections.add(connection)

    def left(self, connection: Guest) -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()

    def greets(self, peer: str) -> bool:
        if len(self._connections) >= self._most:
            self._notice("warning", "too_many_connections", peer=peer)
            return False
        if self._networks and not self._is_allowed(peer):
            self._notice("warning", "peer_refused", peer=peer)
            return False
        return True

    def _is_allowed(self, peer: str) -> bool:
        address = ipaddress.ip_address(peer.partition("%")[0])
        mapped = getattr(
            address, "ipv4_mapped", None
        )  # ::ffff:10.2.0.7 on a dual-stack listener
        return any((mapped or address) in network for network in self._networks)

    def turned_away(self, status: int, code: str, peer: str) -> str:
        """Say in the log that a request was refused; the id under which it says so."""
        correlation = secrets.token_hex(6)
        self._notice(
            "warning", "request_refused", peer=peer, status=str(status), reason=code, correlation=correlation,
        )  # fmt: skip
        return correlation

    # -- what each source says for itself ---------------------------------------------------------

    def admit(self, head: Head) -> Page | None:
        """See Desk."""
        raise NotImplementedError

    def refuse(self, status: int, peer: str) -> Page:
        """See Desk."""
        raise NotImplementedError

    async def answer(self, request: Request) -> Page | None:
        """See Desk."""
        raise NotImplementedError
