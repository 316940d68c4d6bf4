"""A partner that takes JSON (or anything) over HTTP, and the light server that the control endpoint uses too."""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus
from typing import Any

import httptools
import msgspec

from engine.simulate.fault import Fault
from engine.simulate.partner import Connection, Partner, Received


class HttpPartner(Partner):
    """Answers every POST with 201 and its own number; an Idempotency-Key met before gets the same answer."""

    kind = "http"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.paths: Counter[str] = Counter()
        """How many messages each path took, each key once."""

    def stats(self) -> dict[str, Any]:
        """For the control endpoint."""
        return {**super().stats(), "paths": dict(self.paths)}

    def take(self, received: Received) -> str:
        """See Partner.take."""
        before = self.unique
        number = super().take(received)
        self.paths[received.path] += self.unique - before
        return number

    def connection(self) -> Connection:
        """The protocol of one connection."""
        return HttpConnection(self)

    def respond(self, method: str, request: Received) -> bytes | None:
        """The response to one request; None = close without one."""
        if method in ("GET", "HEAD"):
            return response(200, self.stats(), body=method == "GET")
        if status := self.fault.status:
            self.refused += 1
            extra = {"Retry-After": str(self.retry_after)} if status in (429, 503) else {}
            return response(status, {"error": HTTPStatus(status).phrase}, extra)
        number = self.take(request)
        return None if self.fault is Fault.DROPS else response(201, {"number": number})


class HttpConnection(Connection):
    """Reads requests, one at a time, bodies of any framing."""

    partner: HttpPartner

    def __init__(self, partner: HttpPartner) -> None:
        super().__init__(partner)
        self._parser = httptools.HttpRequestParser(self)
        self._begin()

    def _begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body = bytearray()

    def data_received(self, data: bytes) -> None:
        """Bytes of a request."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.write(response(400, {"error": "not HTTP"}))
            self.transport.close()

    def on_url(self, url: bytes) -> None:
        """Part of the address."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; names in lower case."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """A client that asks before it sends its body may send it."""
        if self._headers.get("expect", "").lower() == "100-continue":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, data: bytes) -> None:
        """Part of the body."""
        self._body += data

    def on_message_complete(self) -> None:
        """The whole request is here."""
        request = Received(
            key=self._headers.get("idempotency-key", ""),
            body=bytes(self._body),
            path=self._url.decode("latin-1"),
            headers=self._headers,
        )
        self._begin()
        answer = self.partner.respond(self._parser.get_method().decode(), request)
        if answer is None:
            self.transport.close()
        else:
            self.answer(answer, last=not self._parser.should_keep_alive())


def response(
    status: int, value: Any, headers: dict[str, str] | None = None, body: bool = True
) -> bytes:
    """A JSON response, whole."""
    return whole(status, msgspec.json.encode(value), "application/json", headers, body)


def whole(
    status: int,
    content: bytes,
    type: str,
    headers: dict[str, str] | None = None,
    body: bool = True,
) -> bytes:
    """A response of any kind, whole; without its body where that was not asked for."""
    lines = {"Content-Type": type, "Content-Length": str(len(content))}
    head = "".join(f"{name}: {text}\r\n" for name, text in {**lines, **(headers or {})}.items())
    start = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{head}\r\n".encode()
    return start + content if body else start


def http_partner(
    name: str = "billing", port: int = 0, fault: str = Fault.NONE, **options: Any
) -> HttpPartner:
    """A partner over HTTP, started by `async with`; port 0 = any free one. Options are Partner's."""
    return HttpPartner(name, port, fault, **options)
