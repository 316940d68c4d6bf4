"""Sends messages over MLLP: dials out, or waits for its partner to connect."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable

from engine.connectors import Answer, Site
from engine.connectors.mllp import acknowledgement
from engine.connectors.mllp.listener import Door, Gate, reason_of
from engine.connectors.mllp.outbound import Line
from engine.connectors.mllp.settings import DestinationSettings, Listen
from engine.errors import DeliveryError, Misconfigured, Refused, Unavailable
from engine.message import Delivery
from engine.tls import client_context, server_context
from engine.wire import mllp

#: A connection unused for longer than this many seconds is looked at once more before it is used.
_RESTED = 0.05

#: Most connections that partners may hold open to us at once.
_PARTNERS = 256


class Destination:
    """Keeps as many connections as sends have run at once; each carries one message at a time."""

    def __init__(self, settings: DestinationSettings, site: Site) -> None:
        self.settings, self.site = settings, site
        self.port = settings.listen.port if settings.listen else settings.port
        """The partner's port, or the one we listen on."""
        self._free: list[Line] = []
        self._lines: set[Line] = set()
        self._wanted: deque[asyncio.Future[Line]] = deque()
        self._door: Door | None = None
        self._tls: ssl.SSLContext | None = None
        self._opening = asyncio.Lock()

    async def open(self) -> None:
        """With `listen`: listen, so that the partner can connect before there is anything to send."""
        async with self._opening:
            if self.settings.listen is not None and self._door is None:
                await self._listen(self.settings.listen)

    async def send(self, delivery: Delivery, payload: bytes) -> Answer:
        """
        One attempt. Unavailable before a byte was written, Misconfigured where TLS or an address is wrong,
        Uncertain when no answer or another message's answer came; AE, AR and their like are returned.
        """
        if mllp.STOP in payload:
            raise Refused("not sent", "a message with the byte FS (0x1C) cannot be framed")
        line = await self._line()
        try:
            body, found = await line.exchange(payload, self.settings.timeout)
        except BaseException:
            self._drop(line)
            raise
        self._release(line)
        if self.settings.ack_match == "none":
            return Answer(status="written")
        return _judged(found, body)

    async def close(self) -> None:
        """Let go of all connections and of the port."""
        if self._door is not None:
            self._door.close()
            self._door = None
        while self._wanted:
            self._wanted.popleft().cancel()
        for line in list(self._lines):
            line.close()
        self._lines.clear()
        self._free.clear()

    # -- connections ----------------------------------------------------------------------------------------

    async def _line(self) -> Line:
        """A connection that can carry a message now."""
        loop = asyncio.get_running_loop()
        while self._free:
            line = self._free.pop()
            rest = loop.time() - line.since
            if rest > _RESTED and not line.stale:
                # Two turns of the loop bring in an end of the connection that has already arrived.
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            if not line.stale and (rest <= self.settings.idle or self.settings.listen):
                return line
            self._drop(line)
        return await (self._dial() if self.settings.listen is None else self._await_partner())

    def _release(self, line: Line) -> None:
        """After an answer: keep the connection for the next message, or not."""
        if line.stale or self.settings.one_connection_per_message:
            self._lines.discard(line)
            line.close()
        else:
            self._offer(line)

    def _drop(self, line: Line) -> None:
        self._lines.discard(line)
        line.abort()

    def _offer(self, line: Line) -> None:
        """A connection is free: somebody may be waiting for it."""
        self._lines.add(line)
        while self._wanted:
            wanted = self._wanted.popleft()
            if not wanted.done():
                wanted.set_result(line)
                return
        self._free.append(line)

    async def _dial(self) -> Line:
        settings, loop = self.settings, asyncio.get_running_loop()
        if settings.tls is not None and self._tls is None:
            tls = settings.tls
            self._tls = _context(lambda: client_context(tls, self.site.home))
        name = ((settings.tls and settings.tls.name) or settings.host) if self._tls else None
        try:
            async with asyncio.timeout(settings.connect_timeout):
                _, line = await loop.create_connection(
                    lambda: Line(settings.ack_match, settings.keep_alive, None),
                    settings.host,
                    settings.port,
                    ssl=self._tls,
                    server_hostname=name,
                )
        except (OSError, TimeoutError) as error:
            raise _failure(error) from error
        self._lines.add(line)
        return line

    async def _await_partner(self) -> Line:
        await self.open()
        wanted: asyncio.Future[Line] = asyncio.get_running_loop().create_future()
        self._wanted.append(wanted)
        try:
            async with asyncio.timeout(self.settings.connect_timeout):
                return await wanted
        except TimeoutError:
            raise Unavailable("not connected", "the partner has not connected to us") from None

    async def _listen(self, listening: Listen) -> None:
        home, match = self.site.home, self.settings.ack_match
        server_tls = listening.tls
        tls = _context(lambda: server_context(server_tls, home)) if server_tls else None
        gate = Gate(listening.peers, self.site.notice)

        def line(peer: str) -> Line:
            return Line(match, self.settings.keep_alive, self._offer)

        door = Door(gate, tls, self._full, line)
        try:
            self.port = await door.open(listening.host, listening.port, 64)
        except OSError as error:
            why = f"cannot listen: {error.strerror}"
            raise Misconfigured("cannot listen", why) from error
        self._door = door

    def _full(self) -> bool:
        self._lines = {line for line in self._lines if not line.stale}
        handshakes = len(self._door.handshakes) if self._door else 0
        return len(self._lines) + handshakes >= _PARTNERS


def answered(body: bytes, status: str = "") -> Answer:
    """What an acknowledgement means where the channel has no `reply:` rules, for tests of channels; `status` is HTTP's."""
    return _judged(acknowledgement.read(body), body)


def _judged(found: acknowledgement.Acknowledgement | None, body: bytes) -> Answer:
    failure = acknowledgement.failure(found, body)
    status = failure.status if failure is not None else found.code if found else ""
    return Answer(status=status, body=body, failure=failure)


def _context(build: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    try:
        return build()
    except ssl.SSLError as error:
        raise Misconfigured("TLS", f"certificate or key: {reason_of(error)}") from error
    except OSError as error:
        raise Misconfigured("TLS", f"cannot read {error.filename}: {error.strerror}") from error
    except LookupError as error:
        raise Misconfigured("TLS", str(error)) from error


def _failure(error: OSError | TimeoutError) -> DeliveryError:
    """Why there is no connection; nothing was sent."""
    if isinstance(error, ssl.SSLError):
        return Misconfigured("TLS", reason_of(error))
    if isinstance(error, ConnectionRefusedError):
        return Unavailable("connection refused")
    if isinstance(error, socket.gaierror):
        return Unavailable("host not found")
    if isinstance(error, TimeoutError):
        return Unavailable("no connection", "in the time that 'connect_timeout' gives")
    if isinstance(error, ConnectionError):
        return Unavailable("connection closed", "before anything was sent")
    return Unavailable("no connection", (error.strerror or type(error).__name__).lower())
