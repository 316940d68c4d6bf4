"""Deliveries as HTTP requests: one request, one answer, judged by the status table."""

from __future__ import annotations

import re
import ssl
from typing import Literal

import msgspec

from engine.connectors import Answer, Site
from engine.errors import Misconfigured, Refused
from engine.http.auth import ClientAuth, fixed_header
from engine.http.client import Client
from engine.http.connection import Limits, Response
from engine.http.endpoint import Endpoint, endpoint
from engine.http.grants import open_tokens
from engine.http.tokens import Tokens
from engine.message import Delivery, short_id
from engine.settings import Duration, HeaderText, Size, UrlPath
from engine.tls import ClientTls, client_context
from engine.wire.http_status import judge

_OWN = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "idempotency-key"}
)
#: Headers that say who we are: their values are secrets, and those never stand in a channel.
_SECRET = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-auth-token"}
)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2
_TARGET = re.compile(r"[!-~]*")
_VALUE = re.compile(r"[\t -~\x80-\U0010ffff]*")


class DestinationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sends every delivery as one request; its answer decides what becomes of it."""

    url: str
    """Address of the partner, `https://host:port/path`; takes no holes."""
    path: UrlPath = ""
    """Appended to the URL's path; may have holes, each becomes one segment."""
    query: UrlPath = ""
    """What stands behind the question mark; may have holes, each becomes one value."""
    method: Literal["POST", "PUT", "PATCH"] = "POST"
    """Request method."""
    content_type: str = "application/json"
    """Content-Type of what is sent."""
    headers: dict[str, HeaderText] = {}
    """More headers, by name; their values may have holes."""
    auth: ClientAuth | None = None
    """How we say who we are."""
    tls: ClientTls = ClientTls()
    """Whom we trust and what we show, where the URL is https."""
    plaintext: bool = False
    """Allow http:// to another machine: everything then travels in clear text."""
    timeout: Duration = Duration(30)
    """How long to wait for the whole answer; after it the delivery is uncertain."""
    connect_timeout: Duration = Duration(5)
    """How long to wait for a connection; after it nothing has been handed over."""
    idle: Duration = Duration(15)
    """How long a connection may rest before it is opened anew."""
    max_reply: Size = Size(1024 * 1024)
    """Most bytes of an answer that are kept; what is longer is cut there."""

    def __post_init__(self) -> None:
        endpoint(self.url, self.plaintext)
        for name in self.headers:
            if not _NAME.fullmatch(name) or name.lower() in _OWN:
                raise ValueError(
                    "headers: a name is not a header's, or one the engine sets itself"
                )
            if name.lower() in _SECRET:
                raise ValueError(
                    "headers: credentials stand under 'auth', where they are named by reference"
                )
        if not _VALUE.fullmatch(self.content_type):
            raise ValueError("content_type: expected a media type such as application/json")


class Destination:
    """Sends over kept-alive connections, as many as there are sends at a time."""

    def __init__(self, settings: DestinationSettings, site: Site) -> None:
        self._settings = settings
        self._site = site
        self._endpoint = endpoint(settings.url, settings.plaintext)
        self._client: Client | None = None
        self._tokens: Tokens | None = None
        self._line = ""
        self._headers = ""

    async def send(self, delivery: Delivery, payload: bytes) -> Answer:
        """
        One request and its answer. A refused token is renewed and the request sent again once:
        a 401 says that the partner has not acted on it.
        """
        client = self._client or self._prepare()
        tokens = self._tokens
        if tokens is None:
            response = await client.request(self._head(delivery, len(payload)), payload)
            if response.status == 401:
                self._client = None  # a secret that has been renewed meanwhile is read again
                await client.close()
            return self._answer(response)
        token = tokens.at_hand() or await tokens.fetch()
        response = await client.request(self._head(delivery, len(payload), token), payload)
        if response.status == 401:
            tokens.forget(token)
            token = tokens.at_hand() or await tokens.fetch()
            response = await client.request(self._head(delivery, len(payload), token), payload)
        return self._answer(response)

    async def close(self) -> None:
        """Let go of idle connections."""
        for open_ in (self._client, self._tokens):
            if open_ is not None:
                await open_.close()
        self._client = self._tokens = None

    # -- what is sent -----------------------------------------------------------------------------

    def _head(self, delivery: Delivery, length: int, token: str = "") -> bytes:
        line, headers = self._line, self._headers
        if delivery.options:
            line, headers = self._filled(delivery.options)
        if token:
            headers += f"Authorization: Bearer {token}\r\n"
        return (
            f"{line}{headers}Idempotency-Key: {delivery.key}\r\n"
            f"X-Correlation-Id: {short_id(delivery.message)}\r\nContent-Length: {length}\r\n\r\n"
        ).encode()

    def _filled(self, options: dict[str, str]) -> tuple[str, str]:
        settings = self._settings
        path, query = options.get("path", settings.path), options.get("query", settings.query)
        if not _TARGET.fullmatch(path) or not _TARGET.fullmatch(query):
            raise Refused("not sent", "path or query holds what a URL cannot carry")
        named = {
            name.partition(".")[2]: value
            for name, value in options.items()
            if name.startswith("headers.")
        }
        if not all(_VALUE.fullmatch(value) for value in named.values()):
            raise Refused("not sent", "a header holds a line break or a control character")
        more = "".join(
            f"{name}: {named.get(name, text)}\r\n" for name, text in settings.headers.items()
        )
        return _request_line(settings, self._endpoint, path, query), self._fixed + more

    # -- what came back ---------------------------------------------------------------------------

    def _answer(self, response: Response) -> Answer:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in response.headers
        }
        if response.cut:
            self._site.notice("warning", "reply_cut", limit=self._settings.max_reply)
        return _judged(response.status, response.body, headers, self._site.now())

    # -- made at the first send: files and secrets may appear later than the channel --------------------

    def _prepare(self) -> Client:
        settings, home = self._settings, self._site.home
        try:
            found = fixed_header(settings.auth, home) if settings.auth else None
            context = client_context(settings.tls, home) if self._endpoint.encrypted else None
            self._tokens = self._tokens or open_tokens(
                settings.auth, home, settings.tls.authorities, self._limits(), settings.url
            )
        except (LookupError, ssl.SSLError) as error:
            raise Misconfigured("not sent", f"secret or certificate: {_words(error)}") from None
        except OSError as error:
            raise Misconfigured("not sent", f"certificate files: {error.strerror}") from None
        self._fixed = (
            f"Host: {self._endpoint.authority}\r\nContent-Type: {settings.content_type}\r\n"
        )
        if found is not None:
            self._fixed += f"{found[0]}: {found[1]}\r\n"
        self._line = _request_line(settings, self._endpoint, settings.path, settings.query)
        self._headers = self._fixed + "".join(
            f"{name}: {value}\r\n" for name, value in settings.headers.items()
        )
        client = Client(self._endpoint, self._limits(), context, settings.tls.name)
        self._client = client
        return client

    def _limits(self) -> Limits:
        settings = self._settings
        return Limits(
            connect=settings.connect_timeout,
            exchange=settings.timeout,
            idle=settings.idle,
            reply=settings.max_reply,
        )


def answered(body: bytes, status: str = "") -> Answer:
    """What an answer means where the channel has no `reply:` rules, for tests of channels; without a status it is 200."""
    return _judged(int(status or 200), body, {}, 0.0)


def _judged(status: int, body: bytes, headers: dict[str, str], now: float) -> Answer:
    failure = None
    if not 200 <= status < 300:
        failure = judge(status, headers.get("retry-after", ""), now)
    return Answer(status=str(status), body=body, failure=failure, headers=headers)


def _request_line(
    settings: DestinationSettings, server: Endpoint, path: str, query: str
) -> str:
    target = server.path
    if path:
        target = f"{target.rstrip('/')}/{path.lstrip('/')}"
    query = "&".join(part for part in (server.query, query) if part)
    return f"{settings.method} {target}{'?' + query if query else ''} HTTP/1.1\r\n"


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not usable").lower().replace("_", " ")
    return str(error.args[0]) if error.args else type(error).__name__
