"""Settings of the source: a FHIR REST endpoint."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

import msgspec

from engine.connectors.fhir.smart_settings import EndpointAuth
from engine.fhir import definitions
from engine.http.door import check_listening
from engine.settings import Count, Duration, Port, Size, check_clear_text, is_loopback
from engine.tls import ServerTls

#: What an endpoint can be asked to do (FHIR R4 restful-interaction), and messages and notifications it can be sent.
Interaction = Literal[
    "create",
    "update",
    "patch",
    "delete",
    "batch",
    "transaction",
    "process-message",
    "notification",
    "read",
    "vread",
    "search",
]


class SourceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A FHIR R4 REST endpoint: what is written to it becomes messages, what is asked of it is answered by a destination."""

    port: Port
    """TCP port to listen on; 0 = any free one."""
    host: str = "127.0.0.1"
    """Address to listen on; only this machine unless said otherwise, 0.0.0.0 = all."""
    path: str = "/fhir"
    """Path of the service base."""
    url: str = ""
    """The service base as callers see it, `https://fhir.example.org/r4`; empty = what their Host header says and `path`."""
    resources: tuple[str, ...] = ()
    """Resource types it takes; empty = all of R4."""
    interactions: tuple[Interaction, ...] = (
        "create",
        "update",
        "patch",
        "delete",
        "batch",
        "transaction",
        "process-message",
        "notification",
    )
    """What callers may do; `read`, `vread` and `search` are answered by a destination (`answer:` of the source)."""
    convert: tuple[str, ...] = ()
    """Mappings that `$convert` uses; of those that read what comes, the first that makes something. Nothing is kept."""
    auth: EndpointAuth | None = None
    """What callers must show."""
    tls: ServerTls | None = None
    """Certificate of the listener; none = clear text."""
    plaintext: bool = False
    """Allow other machines to connect without TLS: everything then travels in clear text."""
    allow: tuple[str, ...] = ()
    """Addresses or networks that may connect, `10.2.0.0/16`; empty = all."""
    max_body: Size = Size(50 * 1024 * 1024)
    """Longest body, unpacked; longer ones are answered 413."""
    max_connections: Count = 1000
    """Most connections at a time."""
    timeout: Duration = Duration(60)
    """How long a request may take to come whole."""
    idle: Duration = Duration(75)
    """How long a connection may rest between requests."""

    def __post_init__(self) -> None:
        check_listening(self.path, self.allow)
        for name in self.resources:
            try:
                known = definitions.is_resource(definitions.of(name).name)
            except LookupError as error:
                raise ValueError(f"resources: {error}") from None
            if not known:
                raise ValueError(f"resources: '{name}' is a type of FHIR R4, but no resource")
        if self.url:
            _check_url(self.url)
        if self.tls is None:
            check_clear_text(self.host, self.plaintext)
        tokens = self.auth is not None and self.auth.smart is not None
        if tokens and not self.url and not is_loopback(self.host):
            raise ValueError(
                "url: with tokens of SMART write the base as callers see it, https://fhir.example.org/r4; "
                "their assertions name it"
            )

    @property
    def asks(self) -> tuple[str, ...]:
        """Those of its interactions that only a destination can answer."""
        return tuple(each for each in self.interactions if each in ("read", "vread", "search"))


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    good = parts.scheme in ("http", "https") and parts.hostname and url.isascii()
    if not good or parts.query or parts.fragment or any(each <= " " for each in url):
        raise ValueError(
            "url: expected the base as callers see it, https://fhir.example.org/r4"
        )
