"""What all simulated partners share: a port, a fault, and a memory of what they took."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from typing import Any, Self, cast

import msgspec

from engine.simulate.fault import Fault

#: How the numbers look that a partner gives to what it takes.
_PREFIXES = {"billing": "CHG", "inventory": "MOV", "erp": "GI", "downstream": "ACK"}

#: How many keys a partner remembers.
_KEYS = 1_000_000


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it arrived."""

    key: str
    """Idempotency-Key, or MSH-10; empty where there is none."""
    body: bytes
    path: str = ""
    headers: dict[str, str] = {}
    repeat: bool = False
    """Whether its key was taken before."""


class Partner:
    """A server with a fault. `async with` starts and stops it."""

    kind = ""

    def __init__(
        self,
        name: str,
        port: int = 0,
        fault: str = Fault.NONE,
        *,
        host: str = "127.0.0.1",
        delay: float = 2.0,
        late: float = 60.0,
        retry_after: int = 1,
        keep: int = 10_000,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`delay` is how slow `slow` is and `late` how late `late`, in seconds; `keep` is how many messages `received` holds."""
        self.name, self.host, self.port = name, host, port
        self.delay, self.late, self.retry_after = delay, late, retry_after
        self.received: deque[Received] = deque(maxlen=keep)
        """What was taken, the latest last, repeats included."""
        self.unique = 0
        """Messages taken, each key once."""
        self.repeats = 0
        """Messages that came again under a key that was taken before."""
        self.refused = 0
        """Messages answered with an error."""
        self._fault = Fault(fault)
        self._tls = tls
        self._numbers: dict[str, str] = {}
        self._prefix = _PREFIXES.get(name, name[:3].upper() or "NO")
        self._server: asyncio.Server | None = None
        self._opening: asyncio.Task[None] | None = None
        self._open: set[asyncio.Transport] = set()

    # -- its life -------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Start; OSError where the port is taken."""
        listening = self._bind()
        self.port = listening.getsockname()[1]
        if self._fault is Fault.DOWN:
            listening.close()
        else:
            await self._serve(listening)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._opening is not None:
            await self._opening
        self._cut()
        await asyncio.sleep(0)

    @property
    def fault(self) -> Fault:
        """What is wrong with it; may be set at any time, also by its word."""
        return self._fault

    @fault.setter
    def fault(self, fault: str) -> None:
        before, self._fault = self._fault, Fault(fault)
        if self._fault is Fault.DOWN and before is not Fault.DOWN:
            self._cut()
        elif before is Fault.DOWN and self._fault is not Fault.DOWN:
            self._opening = asyncio.ensure_future(self._serve(self._bind()))

    def _bind(self) -> socket.socket:
        """A listening socket; from here on, connections wait rather than fail."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((self.host, self.port))
            listening.listen(1024)
        except OSError:
            listening.close()
            raise
        listening.setblocking(False)
        return listening

    async def _serve(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self.connection, sock=listening, ssl=self._tls)
        if self._fault is Fault.DOWN:
            self._cut()

    def _cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for transport in list(self._open):
            transport.abort()

    # -- for its connections --------------------------------------------------------------------------------

    def connection(self) -> Connection:
        """The protocol of one connection."""
        raise NotImplementedError

    def opened(self, transport: asyncio.Transport) -> None:
        """A sender has connected."""
        self._open.add(transport)

    def closed(self, transport: asyncio.Transport) -> None:
        """A sender has gone."""
        self._open.discard(transport)

    def take(self, received: Received) -> str:
        """Count a message; the partner's own number for it, the same for a repeat."""
        number = self._numbers.get(received.key) if received.key else None
        if number is not None:
            self.repeats += 1
            self.received.append(msgspec.structs.replace(received, repeat=True))
            return number
        self.unique += 1
        number = f"{self._prefix}-{self.unique:06}"
        if received.key:
            self._numbers[received.key] = number
            if len(self._numbers) > _KEYS:
                del self._numbers[next(iter(self._numbers))]
        self.received.append(received)
        return number

    def wait(self) -> float:
        """Seconds until an answer goes out."""
        return {Fault.SLOW: self.delay, Fault.LATE: self.late}.get(self._fault, 0.0)

    def ways(self) -> dict[str, str]:
        """What a channel needs to know of it besides its port."""
        return {}

    def stats(self) -> dict[str, Any]:
        """For the control endpoint."""
        return {
            "kind": self.kind,
            "port": self.port,
            "fault": self._fault.value,
            "unique": self.unique,
            "repeats": self.repeats,
            "refused": self.refused,
        }


class Connection(asyncio.Protocol):
    """One connection of a partner."""

    def __init__(self, partner: Partner) -> None:
        self.partner = partner
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A sender has connected."""
        self.transport = cast(asyncio.Transport, transport)
        self.partner.opened(self.transport)

    def connection_lost(self, error: Exception | None) -> None:
        """It has gone."""
        self.partner.closed(self.transport)

    def answer(self, data: bytes, last: bool = False) -> None:
        """Send, at once or as late as the fault says; close after the last."""
        if wait := self.partner.wait():
            asyncio.get_running_loop().call_later(wait, self._send, data, last)
        else:
            self._send(data, last)

    def _send(self, data: bytes, last: bool) -> None:
        if self.transport.is_closing():
            return
        self.transport.write(data)
        if last:
            self.transport.close()
