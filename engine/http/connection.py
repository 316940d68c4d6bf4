"""
One connection to a partner: HTTP/1.1 requests and their answers, an asyncio Protocol over httptools.

Every microsecond is paid per delivery (docs/decisions/0003-http-client.md). Once the first byte of a request has
left, only the partner's answer or `Uncertain` ends it: it is never written twice.
"""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from collections.abc import Callable
from typing import cast

import httptools
import msgspec

from engine.errors import DeliveryError, Misconfigured, Uncertain

#: Most bytes of a status line and headers.
MOST_HEAD = 64 * 1024
#: Bodies above this many bytes are not copied behind their head.
COPIED = 64 * 1024
#: What an idle connection must not report: closed by the other side.
HUNG_UP = getattr(select, "POLLRDHUP", select.POLLIN)

#: Takes pieces of an answer's body as they come. It must not raise.
Sink = Callable[[bytes], None]


class Response(msgspec.Struct, frozen=True):
    """One whole answer."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    cut: bool
    """Whether the body was longer than the limit and is cut there."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of every exchange, in seconds and bytes."""

    connect: float
    exchange: float
    idle: float
    reply: int


class Connection(asyncio.Protocol):
    """One connection, one exchange at a time; httptools calls the `on_` methods."""

    def __init__(self, limits: Limits, release: Callable[[Connection], None]) -> None:
        self._limits = limits
        self._release = release
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._poll = select.poll()
        self._timer: asyncio.TimerHandle | None = None
        self._waiter: asyncio.Future[Response] | None = None
        self._deadline = self.idle_until = 0.0
        self.closed = False
        self._sink: Sink | None = None
        self._begin()

    def _begin(self) -> None:
        self._headers: list[tuple[bytes, bytes]] = []
        self._chunks: list[bytes] = []
        self._received = self._length = 0
        self._headed = False

    # -- what the pool does ---------------------------------------------------------------------

    def is_open(self, now: float) -> bool:
        """
        Whether a request may still be written. A partner closes idle connections when it likes, so the
        socket is asked right before; a request written into a closed one would be uncertain for nothing.
        """
        return not self.closed and now < self.idle_until and not self._poll.poll(0)

    def exchange(
        self, head: bytes, body: bytes, sink: Sink | None = None
    ) -> asyncio.Future[Response]:
        """
        Write one request; the future is the answer, or a DeliveryError. A `sink` takes the body of a 200, however long, a piece
        at a time, and the limit of time is then that of each piece.
        """
        self._sink = sink
        waiter = self._waiter = self._loop.create_future()
        self._deadline = self._loop.time() + self._limits.exchange
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._expire)
        if len(body) <= COPIED:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)
        return waiter

    def abort(self) -> None:
        """Let go at once, whatever is under way."""
        self._stop()
        self._transport.abort()

    def _stop(self) -> None:
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # -- what the event loop does -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("socket")
        self._poll.register(peer.fileno(), HUNG_UP)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def data_received(self, data: bytes) -> None:
        if self._waiter is None:  # nobody asked: a time-out notice, or a partner out of step
            self.abort()
            return
        if not self._headed:
            self._received += len(data)
            if self._received > MOST_HEAD + self._limits.reply:
                self._fail(Uncertain("no answer", "the headers of the answer have no end"))
                return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(Uncertain("no answer", "the answer is not HTTP/1.1"))

    def connection_lost(self, error: Exception | None) -> None:
        self._stop()
        if self._waiter is not None:
            if error is None and self._headed and self._until_closed():
                self._finish(keep=False)
            else:
                self._fail(_lost(error, self._headed))

    def _expire(self) -> None:
        self._timer = None
        now = self._loop.time()
        if self._waiter is None and now >= self.idle_until:
            self.abort()
            return
        until = self.idle_until if self._waiter is None else self._deadline
        if now >= until:
            why = f"no whole answer within {self._limits.exchange:g} s"
            self._fail(Uncertain("time-out", why))
            return
        self._timer = self._loop.call_at(until, self._expire)

    # -- what the parser does ---------------------------------------------------------------------

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._headed = True

    def on_body(self, chunk: bytes) -> None:
        if self._sink is not None and self._parser.get_status_code() == 200:
            self._sink(chunk)
            self._deadline = self._loop.time() + self._limits.exchange
            return
        if self._length < self._limits.reply:
            self._chunks.append(chunk)
        self._length += len(chunk)

    def on_message_complete(self) -> None:
        if (
            self._parser.get_status_code() < 200
        ):  # 100 Continue and the like: the answer follows
            self._begin()
            return
        if self._waiter is not None:
            self._finish(keep=self._parser.should_keep_alive())

    # -- the end of an exchange -------------------------------------------------------------------

    def _finish(self, keep: bool) -> None:
        waiter, self._waiter, self._sink = self._waiter, None, None
        chunks, limit = self._chunks, self._limits.reply
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        response = Response(
            self._parser.get_status_code(), self._headers, body[:limit], self._length > limit
        )
        self._begin()
        if keep and not self.closed:
            self.idle_until = self._loop.time() + _idle(response.headers, self._limits.idle)
            self._release(self)
        elif not self.closed:
            self.closed = True
            self._transport.close()
        if waiter is not None and not waiter.done():
            waiter.set_result(response)

    def _fail(self, error: DeliveryError) -> None:
        waiter, self._waiter = self._waiter, None
        self.abort()
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)

    def _until_closed(self) -> bool:
        """Whether the body ends where the connection does (RFC 9112 section 6.3)."""
        names = {name.lower() for name, _ in self._headers}
        return not names & {b"content-length", b"transfer-encoding"}


def _lost(error: Exception | None, headed: bool) -> DeliveryError:
    if isinstance(error, ssl.SSLError) and not headed:
        # TLS 1.3 refuses a client's certificate only after the client's first bytes
        return Misconfigured("TLS", tls_reason(error))
    return Uncertain(
        "connection lost", "the answer broke off" if headed else "closed before an answer came"
    )


def tls_reason(error: ssl.SSLError) -> str:
    """Why there is no encrypted connection, for people."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the partner's certificate is not accepted: {error.verify_message}"
    return f"no agreement with the partner: {(error.reason or 'unknown').lower().replace('_', ' ')}"


def _idle(headers: list[tuple[bytes, bytes]], longest: float) -> float:
    """Seconds a connection may rest: ours, or a second less than the partner's `Keep-Alive: timeout=`."""
    for name, value in headers:
        if len(name) == 10 and name.lower() == b"keep-alive":
            _, found, seconds = value.partition(b"timeout=")
            digits = seconds.split(b",")[0].strip()
            if found and digits.isdigit():
                return min(longest, max(int(digits) - 1.0, 0.0))
    return longest
