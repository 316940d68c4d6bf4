"""A FHIR REST endpoint: what is written to it is a message once it is on the disk (HL7 FHIR R4 3.1)."""

from __future__ import annotations

import asyncio
import zlib

from engine.connectors import Receive, Site
from engine.connectors.fhir import bundles, operations, pages, questions, writing
from engine.connectors.fhir.entrance import Entrance
from engine.connectors.fhir.interactions import Refusal
from engine.connectors.fhir.notifications import Watch
from engine.connectors.fhir.source_settings import SourceSettings
from engine.connectors.fhir.visits import Visit
from engine.errors import CommitRefused, CommitUnknown
from engine.http.answers import RETRY_AFTER, Page
from engine.http.desk import Request
from engine.message import Inbound, Reply
from engine.tls import server_context

#: Bytes that are unpacked in one go where the event loop does it.
_AT_ONCE = 256 * 1024


class Source(Entrance):
    """One listener; a request is answered when its message is durable."""

    def __init__(self, settings: SourceSettings, site: Site) -> None:
        super().__init__(settings, site)
        self._receive: Receive | None = None
        self._watch = Watch()

    async def run(self, receive: Receive) -> None:
        """
        Listen until cancelled; then let what is under way be answered. OSError where the port is taken,
        a certificate is unusable or a secret or key is missing.
        """
        settings = self.settings
        self._receive = receive
        try:
            self.open()
            context = server_context(settings.tls, self.site.home) if settings.tls else None
        except LookupError as error:
            raise OSError(f"fhir source: {error.args[0]}") from None
        await self.serve(context)

    def warned(self) -> tuple[tuple[str, float, str], ...]:
        """What people are told of the source: notifications that have not come."""
        return self._watch.warned()

    async def hand_over(self, inbound: Inbound) -> Reply:
        """Keep a message: a Reply with a receipt. Refusal 503 where nobody has it; CommitUnknown as it is."""
        assert self._receive is not None
        try:
            reply = await self._receive(inbound)
        except CommitUnknown:
            raise
        except CommitRefused as error:
            why = str(error)
        except OSError as error:
            why = f"the body could not be kept: {error.strerror}"
        except Exception as error:
            self.site.notice("error", "receive_failed", reason=type(error).__name__)
            why = "the engine could not take the message"
        else:
            if reply.receipt is not None:
                return reply
            why = reply.error or "the message was not kept"
        raise Refusal(503, "transient", why, f"Retry-After: {RETRY_AFTER}\r\n")

    # -- answering --------------------------------------------------------------------------------------------

    async def answer(self, request: Request) -> Page | None:
        """Do what is asked and say what became of it."""
        head = request.head
        try:
            page = await self._answered(request)
        except CommitUnknown:
            return None
        except Refusal as refusal:
            page = self.refused(refusal, head)
        return pages.with_headers(page, pages.echoed(head.headers), head.method == "HEAD")

    async def _answered(self, request: Request) -> Page:
        visit = self.visit(request.head)
        interaction = visit.asked.interaction
        if (page := self.own_page(visit)) is not None:
            return page
        body = await self._body(request)
        if interaction == "token":
            return await self.token(visit, body)
        hidden = self.hidden
        if interaction == "operation":
            return await operations.operate(self, visit, body, hidden)
        if interaction == "bundle":
            return await bundles.take(self, self._watch, visit, body, hidden)
        if interaction == "search" and visit.head.method == "POST":
            visit = _searched(visit, body)
        return await writing.write(self, visit, body, hidden)

    async def _body(self, request: Request) -> bytes:
        raw = b"".join(request.chunks)
        packed = request.head.headers.get("content-encoding", "").strip().lower()
        if packed in ("", "identity") or not raw:
            return raw
        if packed not in ("gzip", "x-gzip"):
            raise Refusal(
                415, "not-supported", "a body here is packed with gzip, or not at all"
            )
        most = self.limits.body
        if request.size > _AT_ONCE // 16:
            return await asyncio.to_thread(_unpacked, raw, most)
        return _unpacked(raw, most)


def _unpacked(raw: bytes, most: int) -> bytes:
    """What was packed with gzip (RFC 1952). Refusal 413 where it is longer than the limit, 400 where it is not whole."""
    unpacking = zlib.decompressobj(wbits=31)
    try:
        made = unpacking.decompress(raw, most + 1)
    except zlib.error:
        raise Refusal(400, "structure", "the body says gzip and is none") from None
    if len(made) > most:
        raise Refusal(413, "too-long", "the body is longer than this channel takes")
    if not unpacking.eof or unpacking.unused_data:
        raise Refusal(400, "structure", "the packed body is not whole")
    return made


def _searched(visit: Visit, body: bytes) -> Visit:
    """A search by POST: what is asked stands in the body (FHIR R4 3.1.0.7)."""
    try:
        form = questions.read_query(body.decode())
    except UnicodeError:
        raise Refusal(400, "invalid", "the form cannot be read") from None
    return Visit(
        visit.head, visit.asked, [*visit.query, *form], visit.sent, visit.kind, visit.base, visit.scopes, visit.client
    )  # fmt: skip
