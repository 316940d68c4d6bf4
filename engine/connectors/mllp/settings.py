"""What an analyst may set on `mllp:`."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Literal

import msgspec

from engine.settings import Count, Duration, Port, Size, check_clear_text
from engine.tls import ClientTls, ServerTls


class Dial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An address to connect to and receive from."""

    host: str
    """Address of the partner."""
    port: Port
    """TCP port of the partner."""
    tls: ClientTls | None = None
    """TLS towards the partner; none = plain."""
    plaintext: bool = False
    """Allow another machine without TLS: everything then travels in clear text."""

    def __post_init__(self) -> None:
        if self.tls is None:
            check_clear_text(self.host, self.plaintext)


class Listen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An address on which the partner connects to be sent to."""

    port: Port
    """TCP port to listen on."""
    host: str = "127.0.0.1"
    """Address to listen on; `0.0.0.0` = every IPv4 address of the machine, `::` = every address."""
    tls: ServerTls | None = None
    """TLS on the listener; none = plain."""
    plaintext: bool = False
    """Allow other machines to connect without TLS: everything then travels in clear text."""
    peers: tuple[str, ...] = ()
    """Addresses or networks (`10.2.0.0/16`) that may connect; empty = any."""

    def __post_init__(self) -> None:
        check_peers(self.peers)
        if self.tls is None:
            check_clear_text(self.host, self.plaintext)


class SourceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`mllp:` as a source."""

    port: Port | None = None
    """TCP port to listen on; 0 = any free one."""
    host: str = "127.0.0.1"
    """Address to listen on; `0.0.0.0` = every IPv4 address of the machine, `::` = every address."""
    tls: ServerTls | None = None
    """TLS on the listener, with `clients` mutual TLS; none = plain."""
    plaintext: bool = False
    """Allow other machines to connect without TLS: everything then travels in clear text."""
    peers: tuple[str, ...] = ()
    """Addresses or networks (`10.2.0.0/16`) that may connect; empty = any."""
    connect: Dial | None = None
    """Instead of listening, connect to the partner and receive over that connection."""
    ack: Literal["accepted", "delivered"] = "accepted"
    """When the sender gets its positive answer: once the message is durable here, or once its destinations have it."""
    ack_from: tuple[str, ...] = ()
    """With `ack: delivered`, the destinations waited for; empty = all."""
    ack_within: Duration = Duration(20)
    """With `ack: delivered`, how long to wait before the sender is left without a positive answer."""
    limit: Size = Size(64 * 1024 * 1024)
    """Largest message; a longer one is answered AR and its connection closed."""
    connections: Count = 1024
    """Most connections at once; more are closed as they come."""
    idle: Duration = Duration(86400)
    """Connections without a byte for this long are closed."""
    frame_within: Duration = Duration(120)
    """How long a message may take from its first byte to its last; a slower sender is disconnected."""
    keep_alive: Duration = Duration(60)
    """Silence after which the connection is probed (TCP keep-alive), so that one a firewall dropped is noticed."""
    backlog: Count = 512
    """Connections that may wait to be taken."""
    framing: Literal["lenient", "strict"] = "lenient"
    """Whether deviations from MLLP that real senders make are tolerated: no final CR, no VT, bytes between messages."""

    def __post_init__(self) -> None:
        check_peers(self.peers)
        if (self.port is None) == (self.connect is None):
            raise ValueError(
                "needs either 'port' (to listen), as in mllp: {port: 2575}, or 'connect' (to dial out)"
            )
        if self.connect is not None and self.tls is not None:
            raise ValueError("'tls' beside 'connect' belongs inside it: connect: {tls: ...}")
        if self.connect is None and self.tls is None:
            check_clear_text(self.host, self.plaintext)


class DestinationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`mllp:` as a destination."""

    host: str = ""
    """Address of the partner."""
    port: Port = 0
    """TCP port of the partner."""
    tls: ClientTls | None = None
    """TLS towards the partner, with `certificate` mutual TLS; none = plain."""
    plaintext: bool = False
    """Allow another machine without TLS: everything then travels in clear text."""
    listen: Listen | None = None
    """Instead of dialling out, wait for the partner to connect and send over its connection."""
    timeout: Duration = Duration(30)
    """How long to wait for the acknowledgement."""
    connect_timeout: Duration = Duration(10)
    """How long to wait for a connection (with `listen`, for the partner to connect)."""
    idle: Duration = Duration(300)
    """A connection unused for this long is renewed before the next message, for a firewall may have dropped it."""
    keep_alive: Duration = Duration(60)
    """Silence after which the connection is probed (TCP keep-alive), so that one a firewall dropped is noticed."""
    one_connection_per_message: bool = False
    """Connect anew for every message, for partners that take one and close."""
    ack_match: Literal["strict", "lenient", "none"] = "strict"
    """
    `strict`: the acknowledgement names our message in MSA-2, or the connection is closed and the outcome
    uncertain. `lenient`: one without MSA-2 or without a frame is taken, those for other messages are skipped.
    `none`: nothing is waited for; handed to the network is delivered.
    """

    def __post_init__(self) -> None:
        if (self.listen is None) == (not (self.host and self.port)):
            raise ValueError("needs either 'host' and 'port' (to dial out) or 'listen'")
        if self.listen is not None and self.tls is not None:
            raise ValueError("'tls' beside 'listen' belongs inside it: listen: {tls: ...}")
        if self.listen is None and self.tls is None:
            check_clear_text(self.host, self.plaintext)


def check_peers(peers: tuple[str, ...]) -> None:
    """ValueError where one is neither an address nor a network."""
    for peer in peers:
        try:
            ip_network(peer, strict=False)
        except ValueError:
            raise ValueError(
                f"'{peer}' in 'peers' is neither an address nor a network such as 10.2.0.0/16"
            ) from None
