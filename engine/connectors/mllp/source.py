"""Receives messages over MLLP: listens, or dials out and receives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from ssl import SSLContext, SSLError
from typing import TypeVar

from engine.connectors import Receive, Site
from engine.connectors.mllp.inbound import Connection
from engine.connectors.mllp.listener import Door, Gate, reason_of
from engine.connectors.mllp.settings import Dial, SourceSettings
from engine.tls import client_context, server_context

Tls = TypeVar("Tls")

#: Seconds a sender is kept waiting while the queue is full, before it is told to try again.
PATIENCE = 5.0

#: Seconds between two looks at whether the queue has room again.
_LOOK = 0.02

#: How many messages of the largest size may be half here, or on their way to the disk, at once.
_ROOM = 4

#: Seconds that answers under way have when the source stops.
_STOP_WITHIN = 10.0

#: Seconds before dialling again, the first and the longest.
_REDIAL = (1.0, 30.0)


class Source:
    """All connections of one port, or the one that we dial."""

    def __init__(self, settings: SourceSettings, site: Site) -> None:
        self.settings, self.site = settings, site
        self.ready = asyncio.Event()
        self.port = settings.port or 0
        """The port it listens on."""
        self.receive: Receive
        self.connections: set[Connection] = set()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._door: Door | None = None
        self._relief: asyncio.Task[None] | None = None
        self._stopping = False
        self._held = 0

    async def run(self, receive: Receive) -> None:
        """Receive until cancelled. OSError where the port is taken or a certificate cannot be read."""
        self.receive = receive
        self._stopping = False
        watch = asyncio.create_task(self._watch())
        try:
            if self.settings.connect is not None:
                await self._dial(self.settings.connect)
            else:
                await self._listen()
        finally:
            self.ready.clear()
            watch.cancel()
            await self._stop()

    # -- for connections ------------------------------------------------------------------------------------

    def opened(self, connection: Connection) -> None:
        """A connection stands."""
        self.connections.add(connection)
        self._quiet.clear()
        if self._stopping:
            connection.stop()

    def closed(self, connection: Connection) -> None:
        """A connection is gone, and all it brought has been dealt with."""
        if connection not in self.connections:
            return
        self.connections.discard(connection)
        if connection.announced:
            self.site.notice("info", "disconnected", peer=connection.peer)
        if not self.connections:
            self._quiet.set()

    def has_room(self, grown: int) -> bool:
        """Count what connections hold of large messages: whether all of it together is still bearable."""
        self._held += grown
        return self._held <= _ROOM * self.settings.limit

    async def relief(self) -> bool:
        """Wait while the queue is full; False when it still is after PATIENCE."""
        if not self.site.pressure():
            return True
        if self._stopping:
            return False
        if self._relief is None:
            self._relief = asyncio.create_task(self._look_for_relief())
        await asyncio.wait({self._relief}, timeout=PATIENCE)
        return not self.site.pressure()

    async def _look_for_relief(self) -> None:
        """One look for all connections that wait."""
        try:
            while True:
                if not self.site.pressure():
                    return
                await asyncio.sleep(_LOOK)
        finally:
            self._relief = None

    # -- the life of the source -----------------------------------------------------------------------------

    async def _listen(self) -> None:
        settings = self.settings
        tls = _context(server_context, settings.tls, self.site.home)
        gate = Gate(settings.peers, self.site.notice)
        self._door = door = Door(gate, tls, self._full, self._connection)
        self.port = await door.open(settings.host, settings.port or 0, settings.backlog)
        self.ready.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            door.close()

    def _connection(self, peer: str) -> Connection:
        return Connection(self, peer)

    def _full(self) -> bool:
        handshakes = len(self._door.handshakes) if self._door else 0
        return self._stopping or len(self.connections) + handshakes >= self.settings.connections

    async def _dial(self, dial: Dial) -> None:
        loop = asyncio.get_running_loop()
        tls = _context(client_context, dial.tls, self.site.home)
        name = ((dial.tls and dial.tls.name) or dial.host) if tls else None
        self.ready.set()
        wait, said = _REDIAL[0], ""
        while True:
            try:
                async with asyncio.timeout(10):
                    _, connection = await loop.create_connection(
                        lambda: self._connection(dial.host),
                        dial.host,
                        dial.port,
                        ssl=tls,
                        server_hostname=name,
                    )
                said = ""
                await self._quiet.wait()
                wait = _REDIAL[0] if connection.seen else wait
            except (OSError, TimeoutError) as error:
                why = _why(error)
                if why != said:
                    self.site.notice("warning", "cannot_connect", peer=dial.host, why=why)
                said = why
            await asyncio.sleep(wait)
            wait = min(wait * 2, _REDIAL[1])

    async def _watch(self) -> None:
        """One round for all connections: idle ones, slow senders, and who is worth a line in the log."""
        settings, loop = self.settings, asyncio.get_running_loop()
        pause = min(1.0, settings.idle / 4, settings.frame_within / 4)
        while True:
            await asyncio.sleep(pause)
            now = loop.time()
            for connection in list(self.connections):
                why = connection.overdue(now, settings.idle, settings.frame_within)
                if why:
                    self.site.notice("warning", why, peer=connection.peer)
                    connection.abort()
                elif connection.seen and not connection.announced:
                    connection.announced = True
                    self.site.notice("info", "connected", peer=connection.peer)

    async def _stop(self) -> None:
        """Take nothing more; let what is under way be answered; close."""
        self._stopping = True
        if self._relief is not None:
            self._relief.cancel()
        for connection in list(self.connections):
            connection.stop()
        within = self.settings.ack_within if self.settings.ack == "delivered" else 0.0
        try:
            async with asyncio.timeout(max(within, _STOP_WITHIN)):
                await self._quiet.wait()
        except TimeoutError:
            self.site.notice("warning", "stopped_unanswered", connections=len(self.connections))
        finally:
            for connection in list(self.connections):
                connection.abort()


def _context(
    build: Callable[[Tls, Path], SSLContext], tls: Tls | None, home: Path
) -> SSLContext | None:
    """The TLS context; OSError, naming the reference, also where a secret is missing."""
    try:
        return None if tls is None else build(tls, home)
    except LookupError as error:
        raise OSError(str(error)) from error


def _why(error: BaseException) -> str:
    if isinstance(error, SSLError):
        return f"TLS: {reason_of(error)}"
    return str(getattr(error, "strerror", "") or "no answer in time")
