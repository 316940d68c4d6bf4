"""Where a URL of the configuration leads: scheme, host, port and path, checked once."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from engine.settings import is_loopback


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A partner's address. Nothing of a message ever gets into it."""

    host: str
    port: int
    encrypted: bool
    path: str
    """Constant path of the URL, `/` at least."""
    query: str
    """Constant query of the URL, without the question mark."""

    @property
    def authority(self) -> str:
        """What the Host header says (RFC 9110 section 7.2): no port where it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.encrypted else 80) else f"{host}:{self.port}"


def endpoint(url: str, plaintext: bool) -> Endpoint:
    """
    Read a URL. ValueError, for the analyst, where it is none or would send patients' data in clear text.

    >>> endpoint("https://billing.example/charges", plaintext=False).authority
    'billing.example'
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(
            "url: expected http:// or https://, a host and perhaps a port and a path"
        )
    if not url.isascii() or any(character <= " " for character in url) or "{" in url:
        raise ValueError(
            "url: takes no holes, spaces or special characters; use path: and query:"
        )
    if parts.username is not None or parts.fragment:
        raise ValueError("url: takes no user, password or fragment; credentials go under auth:")
    encrypted = parts.scheme == "https"
    if not encrypted and not plaintext and not is_loopback(parts.hostname):
        raise ValueError(
            "url: http:// to another machine sends everything in clear text; "
            "write https://, or plaintext: true if the network is trusted"
        )
    return Endpoint(
        host=parts.hostname,
        port=parts.port or (443 if encrypted else 80),
        encrypted=encrypted,
        path=parts.path or "/",
        query=parts.query,
    )
