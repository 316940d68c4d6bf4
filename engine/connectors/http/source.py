"""Messages as HTTP requests: POST a body, get its id once it is on the disk."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import secrets
from typing import Any

import msgspec

from engine.connectors import Receive, Site
from engine.errors import CommitRefused, CommitUnknown
from engine.http.answers import ER7, RETRY_AFTER, Page, not_kept, problem, told
from engine.http.auth import Gate, ServerAuth
from engine.http.desk import Guest, Head, Limits, Request
from engine.http.listener import Listener
from engine.message import LARGE, Body, Inbound, Reply
from engine.settings import Count, Duration, Port, Size, check_clear_text
from engine.tls import ServerTls, server_context

#: Headers that say how a request travelled or who sent it; they never become facts of a message.
_TRAVEL = frozenset(
    {
        *("accept", "accept-encoding", "accept-language", "authorization", "connection"),
        *("content-length", "cookie", "expect", "host", "keep-alive", "proxy-authorization"),
        *("te", "trailer", "transfer-encoding", "upgrade", "user-agent"),
    }
)
#: What broke a limit: reason code and a sentence.
_BROKEN = {
    400: ("bad_request", "this is not an HTTP/1.1 request"),
    408: ("too_slow", "the request did not come whole in time"),
    413: ("too_large", "the body is longer than this channel takes"),
    431: ("head_too_large", "the headers are longer than this channel takes"),
}
#: Seconds that requests under way get when the source stops.
_GRACE = 20.0


class SourceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Listens for POST requests; every body is one message."""

    port: Port
    """TCP port to listen on; 0 = any free one."""
    host: str = "127.0.0.1"
    """Address to listen on; only this machine unless said otherwise, 0.0.0.0 = all."""
    path: str = "/"
    """Path that takes messages."""
    auth: ServerAuth | None = None
    """What callers must show."""
    tls: ServerTls | None = None
    """Certificate of the listener; none = clear text."""
    plaintext: bool = False
    """Allow other machines to connect without TLS: everything then travels in clear text."""
    allow: tuple[str, ...] = ()
    """Addresses or networks that may connect, `10.2.0.0/16`; empty = all."""
    max_body: Size = Size(50 * 1024 * 1024)
    """Longest body; longer ones are answered 413."""
    max_connections: Count = 1000
    """Most connections at a time."""
    timeout: Duration = Duration(60)
    """How long a request may take to come whole."""
    idle: Duration = Duration(75)
    """How long a connection may rest between requests."""

    def __post_init__(self) -> None:
        if not self.path.startswith("/") or not self.path.isascii() or "?" in self.path:
            raise ValueError("path: expected a path such as /charges, without a query")
        for network in self.allow:
            try:
                ipaddress.ip_network(network)
            except ValueError:
                raise ValueError(
                    "allow: expected addresses or networks such as 10.2.0.0/16"
                ) from None
        if self.tls is None:
            check_clear_text(self.host, self.plaintext)


class Source:
    """One listener; a request is answered when its message is durable."""

    def __init__(self, settings: SourceSettings, site: Site) -> None:
        self._settings = settings
        self._site = site
        self._networks = [ipaddress.ip_network(network) for network in settings.allow]
        self._gate: Gate | None = None
        self._receive: Receive | None = None
        self.limits = Limits(
            body=settings.max_body, request=settings.timeout, idle=settings.idle
        )
        self._connections: set[Guest] = set()
        self._empty = asyncio.Event()
        self.ready = asyncio.Event()
        self.port = 0
        """The port it listens on, once it does."""

    async def run(self, receive: Receive) -> None:
        """
        Listen until cancelled; then let what is under way be answered. OSError where the port is taken,
        a certificate is unusable or a secret is missing.
        """
        settings = self._settings
        self._receive = receive
        try:
            self._gate = Gate(settings.auth, self._site.home) if settings.auth else None
            context = server_context(settings.tls, self._site.home) if settings.tls else None
        except LookupError as error:
            raise OSError(f"http source: {error.args[0]}") from None
        server = await self._listen(context)
        self.port = server.sockets[0].getsockname()[1]
        self._site.notice("info", "listening", host=settings.host, port=self.port)
        self.ready.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ready.clear()
            server.close()
            await self._drain()

    async def _listen(self, context: Any) -> asyncio.Server:
        settings = self._settings
        loop = asyncio.get_running_loop()
        try:
            return await loop.create_server(
                lambda: Listener(self), settings.host, settings.port, ssl=context, backlog=512
            )
        except OSError as error:
            where = f"port {settings.port} on {settings.host}"
            reason = error.strerror or str(error)
            raise OSError(error.errno, f"cannot listen on {where}: {reason}") from None

    async def _drain(self) -> None:
        for connection in list(self._connections):
            connection.drain()
        with contextlib.suppress(TimeoutError):
            if self._connections:
                self._empty.clear()
                await asyncio.wait_for(self._empty.wait(), _GRACE)
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
        if len(self._connections) >= self._settings.max_connections:
            self._site.notice("warning", "too_many_connections", peer=peer)
            return False
        if self._networks and not self._is_allowed(peer):
            self._site.notice("warning", "peer_refused", peer=peer)
            return False
        return True

    def _is_allowed(self, peer: str) -> bool:
        address = ipaddress.ip_address(peer.partition("%")[0])
        mapped = getattr(
            address, "ipv4_mapped", None
        )  # ::ffff:10.2.0.7 on a dual-stack listener
        return any((mapped or address) in network for network in self._networks)

    def admit(self, head: Head) -> Page | None:
        """Who is it, is this the place, is there room: in this order, before the body."""
        if self._gate is not None and not self._gate.admits(head.headers):
            challenge = self._gate.challenge
            more = f'WWW-Authenticate: {challenge} realm="corridor"\r\n' if challenge else ""
            return self._refusal(
                401, "not_authenticated", "credentials are missing or wrong", head, more
            )
        if head.path != self._settings.path:
            return self._refusal(404, "no_such_path", "no channel listens at this path", head)
        if head.method != "POST":
            allow = "Allow: POST\r\n"
            return self._refusal(
                405, "method_not_allowed", "messages come by POST", head, allow
            )
        if self._site.pressure():
            wait = f"Retry-After: {RETRY_AFTER}\r\n"
            return self._refusal(503, "queue_full", "the channel's queue is full", head, wait)
        return None

    def refuse(self, status: int, peer: str) -> Page:
        code, detail = _BROKEN[status]
        return self._refused(status, code, detail, peer)

    def _refusal(self, status: int, code: str, detail: str, head: Head, more: str = "") -> Page:
        return self._refused(status, code, detail, head.peer, more)

    def _refused(self, status: int, code: str, detail: str, peer: str, more: str = "") -> Page:
        correlation = secrets.token_hex(6)
        self._site.notice(
            "warning",
            "request_refused",
            peer=peer,
            status=status,
            reason=code,
            correlation=correlation,
        )
        return problem(status, code, detail, correlation, more)

    async def answer(self, request: Request) -> Page | None:
        """Hand the message over and say what became of it."""
        assert self._receive is not None
        er7 = request.head.headers.get("content-type", "").lower().startswith(ER7)
        reply: Reply | None = None
        try:
            reply = await self._receive(await self._inbound(request))
        except CommitUnknown:
            return None
        except CommitRefused as error:
            why = str(error)
        except OSError as error:
            why = f"the body could not be kept: {error.strerror}"
        except Exception as error:
            self._site.notice("error", "receive_failed", reason=type(error).__name__)
            why = "the engine could not take the message"
        else:
            if reply.receipt is not None:
                return told(reply, reply.receipt, er7)
            why = reply.error
        correlation = secrets.token_hex(6)
        self._site.notice(
            "warning", "not_kept", peer=request.head.peer, correlation=correlation
        )
        return not_kept(reply, why, correlation, er7)

    async def _inbound(self, request: Request) -> Inbound:
        raw: Body
        if request.size > LARGE:
            raw = await self._site.spool(request.chunks)
        else:
            raw = b"".join(request.chunks)
        hidden = self._gate.header if self._gate is not None else ""
        facts = {
            f"header.{name}": value
            for name, value in request.head.headers.items()
            if name not in _TRAVEL and name != hidden
        }
        return Inbound(
            raw=raw, received_at=self._site.now(), peer=request.head.peer, facts=facts or None
        )
