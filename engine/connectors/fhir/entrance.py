"""Who may come in, and for what: asked at the head of a request, before its body is read (HL7 FHIR R4 6.1)."""

from __future__ import annotations

import re

from engine.connectors import Site
from engine.connectors.fhir import capability, interactions, media, pages, questions, scopes
from engine.connectors.fhir import smart_server as smart
from engine.connectors.fhir.interactions import Asked, Refusal
from engine.connectors.fhir.media import Sent
from engine.connectors.fhir.scopes import LETTERS, Scopes
from engine.connectors.fhir.source_settings import SourceSettings
from engine.connectors.fhir.visits import Visit
from engine.errors import CommitUnknown, StoreError
from engine.http.answers import RETRY_AFTER, Page
from engine.http.auth import Gate
from engine.http.desk import Head
from engine.http.door import BROKEN, Door
from engine.settings import is_loopback

#: What anybody may read: how to come in.
_OPEN = frozenset({"capabilities", "smart-configuration", "token"})
#: What has no body that is FHIR.
_BODILESS = frozenset({"read", "vread", "history", "search-system", "delete", *_OPEN})
_FORM = "application/x-www-form-urlencoded"
#: What a POST to the base can be.
_BUNDLES = frozenset({"batch", "transaction", "notification"})
#: Longest request for a token, in bytes: it is read before anybody is known.
_MOST_ASKED = 64 * 1024
_HOST = re.compile(r"[A-Za-z0-9.\-_:\[\]]{1,255}")
#: The issue codes of what breaks a limit (FHIR R4 issue-type).
_CODES = {400: "structure", 408: "timeout", 413: "too-long", 431: "too-long"}


class Entrance(Door):
    """The desk of a FHIR endpoint, as far as no message is concerned."""

    def __init__(self, settings: SourceSettings, site: Site) -> None:
        super().__init__(settings, site.notice)
        self.settings, self.site = settings, site
        self.started_at = site.now()
        self._gate: Gate | None = None
        self._issuer: smart.Issuer | None = None
        self._root = settings.path.rstrip("/")
        self._base = settings.url.rstrip("/")
        self._takes = frozenset(settings.resources)
        self._does = frozenset(settings.interactions)

    def open(self) -> None:
        """Read secrets and keys. LookupError, naming the reference, where one is missing."""
        auth = self.settings.auth
        if auth is None:
            return
        fixed = auth.fixed()
        if fixed is not None:
            self._gate = Gate(fixed, self.site.home)
        if auth.smart is not None:
            site = self.site
            self._issuer = smart.Issuer(
                auth.smart, site.home, site.now, site.notice, site.remember
            )

    @property
    def hidden(self) -> str:
        """The header that holds a secret."""
        return self._gate.header if self._gate is not None else ""

    # -- before the body --------------------------------------------------------------------------------------

    def admit(self, head: Head) -> Page | None:
        """Who is it, is this the place, may they, in which form, is there room: in this order."""
        try:
            visit = self.visit(head)
            self._check_room(visit)
        except Refusal as refusal:
            page = self.refused(refusal, head)
            return pages.with_headers(page, pages.echoed(head.headers), head.method == "HEAD")
        return None

    def visit(self, head: Head) -> Visit:
        """What is known of a request. Refusal where it is not let in."""
        try:
            asked = interactions.asked(head.method, self._below(head.path))
        except Refusal:
            self._caller(head)  # who may not come in is not told what is here
            raise
        allowed, client = scopes.ALL, ""
        length = head.headers.get("content-length", "")
        if (
            asked.interaction == "token"
            and len(length) < 18
            and length.isdigit()
            and int(length) > _MOST_ASKED
        ):
            raise Refusal(413, "too-long", "a request for a token is not so long")
        if asked.interaction not in _OPEN:
            allowed, client = self._caller(head)
            self._check(asked, allowed)
        query = questions.read_query(head.query)
        questions.check_meant(asked, query)
        sent = self._sent(head, asked)
        usual = "xml" if sent == "xml" else "json"
        format = questions.value_of(query, "_format") if query else ""
        kind = media.wanted(head.headers.get("accept", ""), format, usual)
        return Visit(head, asked, query, sent, kind, self._seen(head), allowed, client)

    def _below(self, path: str) -> str:
        if not path.startswith(self._root) or path[len(self._root) :][:1] not in ("", "/"):
            raise Refusal(404, "not-found", "no channel listens at this path")
        return path[len(self._root) :]

    def _seen(self, head: Head) -> str:
        """The base as the caller sees it."""
        if self._base:
            return self._base
        host = head.headers.get("host", "")
        if not _HOST.fullmatch(host):
            host = f"{self.settings.host}:{self.port}"
        return f"http{'s' if self.settings.tls else ''}://{host}{self._root}"

    def _caller(self, head: Head) -> tuple[Scopes, str]:
        """What the caller may do, and who it is where a token says so. Refusal 401."""
        if self._issuer is not None:
            shown = head.headers.get("authorization", "")
            token = self._issuer.token(shown)
            if token is not None:
                return token.scopes, token.client
            more = ', error="invalid_token"' if shown else ""
            raise self._unknown(f'Bearer realm="corridor"{more}')
        if self._gate is not None and not self._gate.admits(head.headers):
            challenge = self._gate.challenge
            raise self._unknown(f'{challenge} realm="corridor"' if challenge else "")
        return scopes.ALL, ""

    def _unknown(self, challenge: str) -> Refusal:
        headers = f"WWW-Authenticate: {challenge}\r\n" if challenge else ""
        return Refusal(401, "login", "credentials are missing or wrong", headers)

    # -- what is done here ------------------------------------------------------------------------------------

    def _check(self, asked: Asked, allowed: Scopes) -> None:
        """What is decided at the head; entries of a Bundle, operations and notifications are looked at later."""
        if asked.interaction == "bundle" and not self._does & _BUNDLES:
            why = "this endpoint takes no batch, transaction or notification"
            raise Refusal(405, "not-supported", why, "Allow: \r\n")
        if asked.interaction not in ("bundle", "operation"):
            self.permit(asked, allowed)

    def permit(self, asked: Asked, allowed: Scopes) -> None:
        """Refusal where this interaction is not done here, or its caller may not."""
        type_ = asked.inside or asked.type
        known = self._takes | {"Bundle", "MessageHeader", "*"}
        if type_ and self._takes and type_ not in known:
            raise Refusal(
                404, "not-supported", "this endpoint does not take this resource type"
            )
        if asked.interaction not in self._does:
            why = f"this endpoint does not do '{asked.interaction}'"
            raise Refusal(405, "not-supported", why, "Allow: \r\n")
        way = "create" if asked.interaction in ("process-message", "notification") else asked.interaction  # fmt: skip
        if way in LETTERS and not allowed.allow(way, type_ or "*"):
            raise scopes.beyond("the token's scopes do not allow this")

    def _sent(self, head: Head, asked: Asked) -> Sent:
        """The form of the body. Refusal 415."""
        said, way = head.headers.get("content-type", ""), asked.interaction
        if way in _BODILESS or head.method in ("GET", "HEAD"):
            return "json"
        if way in ("search", "token"):
            if said.partition(";")[0].strip().lower() not in ("", _FORM):
                raise Refusal(415, "not-supported", f"the body here is a form, {_FORM}")
            return "json"
        return media.sent(said, more=way == "patch" or asked.operation == "$convert")

    def _check_room(self, visit: Visit) -> None:
        if visit.asked.interaction not in _OPEN and self.site.pressure():
            wait = f"Retry-After: {RETRY_AFTER}\r\n"
            raise Refusal(503, "throttled", "the channel's queue is full", wait)

    # -- pages of its own -------------------------------------------------------------------------------------

    def own_page(self, visit: Visit) -> Page | None:
        """What the endpoint says of itself; None where something else is asked."""
        way = visit.asked.interaction
        if way == "capabilities":
            site = self.site
            made = capability.statement(
                self.settings, site.channel, visit.base, self.started_at, site.keeps()
            )
            return pages.page(200, made, visit.kind)
        if way == "smart-configuration":
            if self._issuer is None:
                raise Refusal(404, "not-found", "this endpoint gives out no tokens")
            return pages.plain(200, smart.well_known(visit.base))
        return None

    def _audiences(self) -> tuple[str, ...]:
        """
        The token endpoint as an assertion names it. Never what a Host header says: an assertion that was meant for another
        server could be shown here under that server's name.
        """
        if self._base:
            return (f"{self._base}/auth/token",)
        host = self.settings.host
        host = f"[{host}]" if ":" in host else host
        names = (host, "localhost") if is_loopback(host) else (host,)
        scheme = "https" if self.settings.tls else "http"
        return tuple(f"{scheme}://{name}:{self.port}{self._root}/auth/token" for name in names)

    async def token(self, visit: Visit, body: bytes) -> Page:
        """The token endpoint (RFC 6749 5)."""
        if self._issuer is None:
            raise Refusal(404, "not-found", "this endpoint gives out no tokens")
        if len(body) > _MOST_ASKED:
            raise Refusal(413, "too-long", "a request for a token is not so long")
        aside = "Cache-Control: no-store\r\nPragma: no-cache\r\n"
        try:
            form = dict(questions.read_query(body.decode()))
            given = await self._issuer.grant(form, self._audiences())
        except (smart.Denied, UnicodeError, Refusal) as error:
            code = error.code if isinstance(error, smart.Denied) else "invalid_request"
            correlation = self.turned_away(400, code, visit.head.peer)
            why = str(error) if isinstance(error, smart.Denied) else "the form cannot be read"
            said = {"error": code, "error_description": f"{why} [{correlation}]"}
            return pages.plain(400, said, aside)
        except CommitUnknown:
            raise
        except StoreError:
            why = "that the assertion was used could not be kept"
            wait = f"Retry-After: {RETRY_AFTER}\r\n"
            raise Refusal(503, "transient", why, wait) from None
        return pages.plain(200, given, aside)

    # -- refusals ---------------------------------------------------------------------------------------------

    def refuse(self, status: int, peer: str) -> Page:
        """See Desk."""
        _, why = BROKEN[status]
        correlation = self.turned_away(status, BROKEN[status][0], peer)
        return pages.outcome(status, _CODES[status], why, correlation, "json")

    def refused(self, refusal: Refusal, head: Head) -> Page:
        """An OperationOutcome with an id that our log shows too."""
        correlation = self.turned_away(refusal.status, refusal.code, head.peer)
        try:
            kind = media.wanted(head.headers.get("accept", ""), "", "json")
        except Refusal:
            kind = "json"
        return pages.outcome(
            refusal.status, refusal.code, refusal.why, correlation, kind, refusal.headers
        )
