"""Taking connections: allow-list, limit, TLS handshake, TCP keep-alive. For both directions."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any, cast

from engine.connectors import Notice

#: Seconds a peer has for the TLS handshake.
HANDSHAKE = 10.0

#: A peer that is turned away again and again is mentioned this often, in seconds.
_MENTION = 60.0


class Connected(asyncio.Protocol):
    """What a listener makes of an admitted connection."""

    def begin(self, transport: asyncio.Transport) -> None:
        """The connection stands (TLS included); data may have come before."""
        raise NotImplementedError


class Gate:
    """Who may come in, and how often it is said who may not."""

    def __init__(self, peers: tuple[str, ...], notice: Notice) -> None:
        self._networks = [ip_network(peer, strict=False) for peer in peers]
        self._notice = notice
        self._said: dict[tuple[str, str], float] = {}

    def admits(self, peer: str) -> bool:
        """Whether the allow-list has the address; an IPv4 address that came over IPv6 counts as itself."""
        if not self._networks:
            return True
        try:
            address = ip_address(peer.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None) or address
        return any(mapped in network for network in self._networks)

    def refuse(self, peer: str, why: str) -> None:
        """Say that a peer was turned away, once a minute for each."""
        now = asyncio.get_running_loop().time()
        if now - self._said.get((peer, why), -_MENTION) < _MENTION:
            return
        if len(self._said) > 1000:
            self._said.clear()
        self._said[peer, why] = now
        self._notice("warning", "refused_peer", peer=peer, why=why)


class Entrance(asyncio.Protocol):
    """Stands at a new connection until it is admitted, then hands it on."""

    def __init__(
        self,
        gate: Gate,
        tls: ssl.SSLContext | None,
        full: Callable[[], bool],
        make: Callable[[str], Connected],
        handshakes: set[asyncio.Task[None]],
    ) -> None:
        self._gate, self._tls, self._full, self._make = gate, tls, full, make
        self._handshakes = handshakes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit or turn away, before a byte is read."""
        transport = cast(asyncio.Transport, transport)
        peer = peer_of(transport)
        if not self._gate.admits(peer):
            self._gate.refuse(peer, "its address is not in 'peers'")
            transport.abort()
        elif self._full():
            self._gate.refuse(peer, "there are as many connections as 'connections' allows")
            transport.abort()
        elif self._tls is None:
            connected = self._make(peer)
            transport.set_protocol(connected)
            connected.begin(transport)
        else:
            transport.pause_reading()
            task = asyncio.ensure_future(self._secure(transport, peer, self._tls))
            self._handshakes.add(task)
            task.add_done_callback(self._handshakes.discard)

    async def _secure(
        self, transport: asyncio.Transport, peer: str, tls: ssl.SSLContext
    ) -> None:
        connected = self._make(peer)
        loop = asyncio.get_running_loop()
        try:
            secured = await loop.start_tls(
                transport, connected, tls, server_side=True, ssl_handshake_timeout=HANDSHAKE
            )
        except (OSError, asyncio.IncompleteReadError) as error:
            if isinstance(error, ssl.SSLError):
                self._gate.refuse(peer, f"TLS: {reason_of(error)}")
            transport.abort()
            return
        if secured is None or secured.is_closing():
            transport.abort()
            return
        connected.begin(secured)


async def listen(
    host: str, port: int, backlog: int, make: Callable[[], asyncio.BaseProtocol]
) -> asyncio.Server:
    """A listening socket; OSError where the port is taken."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(make, host, port, backlog=backlog, reuse_address=True)


def peer_of(transport: asyncio.BaseTransport) -> str:
    """The peer's address, without its port."""
    name = transport.get_extra_info("peername")
    return str(name[0]) if isinstance(name, tuple) else str(name or "")


def keep_alive(transport: asyncio.BaseTransport, silence: float) -> None:
    """Probe after that many seconds of silence, and give up sent bytes that nobody confirmed for twice as long."""
    sock: Any = transport.get_extra_info("socket")
    if sock is None:
        return
    every = max(1, int(silence // 4))
    options = {
        "TCP_KEEPIDLE": max(1, int(silence)),
        "TCP_KEEPINTVL": every,
        "TCP_KEEPCNT": 4,
        "TCP_USER_TIMEOUT": max(1000, int(silence * 2000)),
    }
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in options.items():
        if (option := getattr(socket, name, None)) is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def reason_of(error: ssl.SSLError) -> str:
    """What OpenSSL says, for people: `certificate verify failed: certificate has expired`."""
    verify = getattr(error, "verify_message", "")
    reason = (error.reason or type(error).__name__).lower().replace("_", " ")
    return f"{reason}: {verify}" if verify else reason
