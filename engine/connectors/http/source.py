"""Messages as HTTP requests: POST a body, get its id once it is on the disk."""

from __future__ import annotations

import secrets

import msgspec

from engine.connectors import Receive, Site
from engine.errors import CommitRefused, CommitUnknown
from engine.http.answers import ER7, RETRY_AFTER, Page, not_kept, problem, told
from engine.http.auth import Gate, ServerAuth
from engine.http.desk import Head, Request
from engine.http.door import BROKEN, TRAVEL, Door, check_listening
from engine.message import LARGE, Body, Inbound, Reply
from engine.settings import Count, Duration, Port, Size, check_clear_text
from engine.tls import ServerTls, server_context


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
        check_listening(self.path, self.allow)
        if self.tls is None:
            check_clear_text(self.host, self.plaintext)


class Source(Door):
    """One listener; a request is answered when its message is durable."""

    def __init__(self, settings: SourceSettings, site: Site) -> None:
        super().__init__(settings, site.notice)
        self._settings = settings
        self._site = site
        self._gate: Gate | None = None
        self._receive: Receive | None = None

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
        await self.serve(context)

    # -- the desk behind the listener -------------------------------------------------------------

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
        code, detail = BROKEN[status]
        return self._refused(status, code, detail, peer)

    def _refusal(self, status: int, code: str, detail: str, head: Head, more: str = "") -> Page:
        return self._refused(status, code, detail, head.peer, more)

    def _refused(self, status: int, code: str, detail: str, peer: str, more: str = "") -> Page:
        return problem(status, code, detail, self.turned_away(status, code, peer), more)

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
            if name not in TRAVEL and name != hidden
        }
        return Inbound(
            raw=raw, received_at=self._site.now(), peer=request.head.peer, facts=facts or None
        )
