"""Requests to one partner, over a pool of kept connections."""

from __future__ import annotations

import asyncio
import ssl

from engine.errors import Misconfigured, Unavailable
from engine.http.connection import Connection, Limits, Response, Sink, tls_reason
from engine.http.endpoint import Endpoint


class Client:
    """Requests to one endpoint over as many connections as there are requests at a time."""

    def __init__(
        self, endpoint: Endpoint, limits: Limits, context: ssl.SSLContext | None, name: str = ""
    ) -> None:
        self._endpoint = endpoint
        self._limits = limits
        self._context = context
        self._name = (name or endpoint.host) if context else None
        self._loop = asyncio.get_running_loop()
        self._idle: list[Connection] = []
        self._closed = False

    async def request(self, head: bytes, body: bytes, sink: Sink | None = None) -> Response:
        """
        One request and its whole answer, whatever the status; the body of a 200 goes into `sink`, where there is one.

        Raises Unavailable if not a byte was written, Misconfigured where the partner's or our certificate
        is not accepted, Uncertain if the request may have arrived.
        """
        connection = self._open_one() or await self._connect()
        try:
            return await connection.exchange(head, body, sink)
        except asyncio.CancelledError:
            connection.abort()
            raise

    async def close(self) -> None:
        """Let go of the idle connections; those under way are let go when they end."""
        self._closed = True
        while self._idle:
            self._idle.pop().abort()

    def _open_one(self) -> Connection | None:
        now = self._loop.time()
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open(now):
                return connection
            connection.abort()
        return None

    def _release(self, connection: Connection) -> None:
        if self._closed:
            connection.abort()
        else:
            self._idle.append(connection)

    async def _connect(self) -> Connection:
        host, port = self._endpoint.host, self._endpoint.port
        try:
            async with asyncio.timeout(self._limits.connect):
                _, connection = await self._loop.create_connection(
                    lambda: Connection(self._limits, self._release),
                    host,
                    port,
                    ssl=self._context,
                    server_hostname=self._name,
                )
        except TimeoutError:
            why = f"none to {host}:{port} within {self._limits.connect:g} s"
            raise Unavailable("no connection", why) from None
        except ssl.SSLError as error:
            raise Misconfigured("TLS", tls_reason(error)) from None
        except OSError as error:
            refused = isinstance(error, ConnectionRefusedError)
            status = "connection refused" if refused else "no connection"
            reason = (error.strerror or type(error).__name__).lower()
            raise Unavailable(status, f"{host}:{port}: {reason}") from None
        return connection
