"""Taking connections: allow-list, limit, TLS handshake, TCP keep-alive. For both directions."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any, cast

from engine.connectors import Notice

#: Seconds a peer has for the TLS handshake.
HANDSHAKE = 10.0

#: A peer that is turned away again and again is mentioned this often, in seconds.
_MENTION = 60.0


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


class Door:
    """A listening socket and what comes in through it. `make` turns an admitted peer into a protocol."""

    def __init__(
        self,
        gate: Gate,
        tls: ssl.SSLContext | None,
        full: Callable[[], bool],
        make: Callable[[str], asyncio.Protocol],
    ) -> None:
        self._gate, self._tls, self._is_full, self._make = gate, tls, full, make
        self._server: asyncio.Server | None = None
        self._accepting: asyncio.Task[None] | None = None
        self.handshakes: set[asyncio.Task[None]] = set()
        """TLS connections that do not stand yet."""

    async def open(self, host: str, port: int, backlog: int) -> int:
        """Listen; the port. OSError where it is taken."""
        loop = asyncio.get_running_loop()
        if self._tls is None:
            self._server = await loop.create_server(
                lambda: Entrance(self), host, port, backlog=backlog, reuse_address=True
            )
            return int(self._server.sockets[0].getsockname()[1])
        listening = await _bind(host, port, backlog)
        self._accepting = loop.create_task(self._accept(listening, self._tls))
        return int(listening.getsockname()[1])

    def close(self) -> None:
        """Listen no more; handshakes under way are given up, connections that stand are left alone."""
        if self._server is not None:
            self._server.close()
        for task in [*self.handshakes, *filter(None, [self._accepting])]:
            task.cancel()

    def admits(self, peer: str) -> bool:
        """Whether one more may come in; says why not."""
        if not self._gate.admits(peer):
            self._gate.refuse(peer, "its address is not in 'peers'")
            return False
        if self._is_full():
            self._gate.refuse(peer, "there are as many connections as 'connections' allows")
            return False
        return True

    def connected(self, peer: str) -> asyncio.Protocol:
        """The protocol for an admitted peer."""
        return self._make(peer)

    async def _accept(self, listening: socket.socket, tls: ssl.SSLContext) -> None:
        """TLS connections are taken by hand: the loop's servers shake hands before anybody can turn a peer away."""
        loop = asyncio.get_running_loop()
        with listening:
            while True:
                try:
                    sock, address = await loop.sock_accept(listening)
                except OSError:
                    await asyncio.sleep(0.1)  # out of file descriptors: some will be closed
                    continue
                if not self.admits(str(address[0])):
                    _reset(sock)
                    continue
                task = loop.create_task(self._shake_hands(sock, str(address[0]), tls))
                self.handshakes.add(task)
                task.add_done_callback(self.handshakes.discard)

    async def _shake_hands(self, sock: socket.socket, peer: str, tls: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(
                lambda: self._make(peer), sock, ssl=tls, ssl_handshake_timeout=HANDSHAKE
            )
        except ssl.SSLError as error:
            self._gate.refuse(peer, f"TLS: {reason_of(error)}")
            sock.close()
        except OSError:
            sock.close()


class Entrance(asyncio.Protocol):
    """Stands at a new plain connection until it is admitted, then hands it on."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit or turn away, before a byte is read."""
        transport = cast(asyncio.Transport, transport)
        peer = peer_of(transport)
        if self._door.admits(peer):
            connected = self._door.connected(peer)
            transport.set_protocol(connected)
            connected.connection_made(transport)
        else:
            transport.abort()


async def _bind(host: str, port: int, backlog: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, kind, protocol, _, address = found[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(backlog)
    except OSError:
        listening.close()
        raise
    listening.setblocking(False)
    return listening


def _reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


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
