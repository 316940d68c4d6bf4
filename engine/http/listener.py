"""
HTTP/1.1 requests as they come in: one Protocol per connection over httptools.

A connection is answered in the order of its requests. Whoever may not come in is told so at the head of the
request, before its body is read. Slow senders, long heads and long bodies end at their limits.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from email.utils import formatdate
from functools import lru_cache
from typing import cast

import httptools

from engine.http.answers import Page
from engine.http.desk import Desk, Head, Request

#: Most bytes of a request line and headers.
MOST_HEAD = 32 * 1024
#: Requests of one connection that may wait for the one under way before reading stops.
MOST_AHEAD = 8
#: Seconds in which a caller who was turned away may still send before the connection is cut.
LINGER = 2.0


class Listener(asyncio.Protocol):
    """One connection; httptools calls the `on_` methods."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[Request | Page] = deque()
        self._work: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._peer = ""
        self._paused = self._deaf = self._lingers = False
        self._draining = False
        self._begin()

    def _begin(self) -> None:
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._chunks: list[bytes] = []
        self._head: Head | None = None
        self._size = self._head_size = 0
        self._reading = False

    # -- what the event loop does -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        name = transport.get_extra_info("peername")
        self._peer = str(name[0]) if isinstance(name, tuple) else "local"
        if not self._desk.greets(self._peer):
            self._deaf = True
            self._transport.abort()
            return
        self._desk.arrived(self)
        self._await(self._desk.limits.idle)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if not self._reading:
            self._reading = True
            self._await(self._desk.limits.request)
        if self._head is None:
            self._head_size += len(data)
        self._feed(data)
        if self._head is None and self._head_size > MOST_HEAD and not self._deaf:
            self._turn_away(self._desk.refuse(431, self._peer))
        if len(self._waiting) > MOST_AHEAD and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._decline(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            if not self._deaf:
                self._turn_away(self._desk.refuse(400, self._peer))

    def _decline(self, rest: bytes) -> None:
        """
        An offer of another protocol, which many clients make with their first request: declined by reading the
        request as if it had not been made (RFC 9110 section 7.8). The parser stops before the body.
        """
        method = self._parser.get_method()
        if method == b"CONNECT":
            self._turn_away(self._desk.refuse(400, self._peer))
        if self._deaf:
            return
        kept = [
            b"%b: %b\r\n" % header
            for header in self._headers
            if header[0].lower() not in (b"connection", b"upgrade", b"http2-settings")
        ]
        again = b"%b %b HTTP/1.1\r\n%b\r\n" % (method, self._url, b"".join(kept))
        self._parser = httptools.HttpRequestParser(self)
        self._begin()
        self._reading = True
        self._feed(again + rest)

    def connection_lost(self, error: Exception | None) -> None:
        self._deaf = True
        self._desk.left(self)
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def pause_writing(self) -> None:
        """Answers are small; a caller who does not read them is cut by the time limits."""

    # -- what the parser does ---------------------------------------------------------------------

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._deaf or self._parser.should_upgrade():
            return
        headers: dict[str, str] = {}
        for raw, value in self._headers:
            name, text = raw.decode("latin-1").lower(), value.decode("latin-1")
            headers[name] = f"{headers[name]}, {text}" if name in headers else text
        path, _, query = self._url.decode("latin-1").partition("?")
        method = self._parser.get_method().decode("latin-1")
        self._head = head = Head(method, path, headers, self._peer, query)
        refusal = self._desk.admit(head)
        length = headers.get("content-length", "")
        if refusal is None and length.isdigit() and int(length) > self._desk.limits.body:
            refusal = self._desk.refuse(413, self._peer)
        if refusal is not None:
            self._turn_away(refusal)
        elif headers.get("expect", "").lower() == "100-continue" and self._work is None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, chunk: bytes) -> None:
        if self._deaf:
            return
        self._size += len(chunk)
        if self._size > self._desk.limits.body:
            self._turn_away(self._desk.refuse(413, self._peer))
        else:
            self._chunks.append(chunk)

    def on_message_complete(self) -> None:
        if self._deaf or self._head is None:
            return
        keep = self._parser.should_keep_alive()
        request = Request(self._head, self._chunks, self._size, keep)
        self._begin()
        self._enqueue(request)

    # -- answering, in order ----------------------------------------------------------------------

    def _turn_away(self, page: Page) -> None:
        """Answer once what came before is answered, hear no more, and close."""
        self._deaf = True
        self._enqueue(page)

    def _enqueue(self, item: Request | Page) -> None:
        self._waiting.append(item)
        if self._work is None:
            self._work = self._loop.create_task(self._answer_all())
            self._work.add_done_callback(self._worked)

    async def _answer_all(self) -> None:
        try:
            while self._waiting and not self._lingers:
                await self._answer_next(self._waiting.popleft())
        finally:
            self._work = None  # here, not in a callback: what comes from now on starts its own
        if not self._reading and not self._lingers:
            self._await(self._desk.limits.idle)

    async def _answer_next(self, item: Request | Page) -> None:
        if isinstance(item, Page):
            self._part(item)
            return
        page = await self._desk.answer(item)
        if page is None:
            self.abort()
        elif not item.keep or self._draining:
            self._part(page)
        elif not self._transport.is_closing():
            self._transport.write(page.render(keep=True, date=_date(int(time.time()))))
            if self._paused:
                self._paused = False
                self._transport.resume_reading()

    def _worked(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._transport.abort()

    def _part(self, page: Page) -> None:
        """
        The last answer. What the caller is still sending is read and dropped for a moment: closing at
        once would reset the connection and take the answer with it (RFC 9112 section 9.6).
        """
        expected = self._reading or bool(self._waiting)
        self._deaf = self._lingers = True
        self._waiting.clear()
        if self._transport.is_closing():
            return
        self._transport.write(page.render(keep=False, date=_date(int(time.time()))))
        if not expected:
            self._transport.close()
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
        if self._paused:
            self._transport.resume_reading()
        self._await(LINGER)

    def drain(self) -> None:
        """Take no more requests; what is under way is answered, then the connection closes."""
        self._draining = True
        if self._work is None:
            self._transport.close()

    def abort(self) -> None:
        """Close without another word."""
        self._deaf = True
        self._waiting.clear()
        self._transport.abort()

    # -- time -------------------------------------------------------------------------------------

    def _await(self, seconds: float) -> None:
        """Set the limit of what is awaited now. One timer, moved only when it fires too early."""
        self._deadline = self._loop.time() + seconds
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._expire)
        elif self._timer.when() > self._deadline:
            self._timer.cancel()
            self._timer = self._loop.call_at(self._deadline, self._expire)

    def _expire(self) -> None:
        self._timer = None
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._expire)
        elif self._lingers:
            self._transport.abort()
        elif self._work is not None:
            self._await(self._desk.limits.request)
        elif self._reading and not self._deaf:
            self._turn_away(self._desk.refuse(408, self._peer))
        else:
            self._transport.close()


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    """The Date header's value (RFC 9110 section 6.6.1), made once a second."""
    return formatdate(second, usegmt=True)
