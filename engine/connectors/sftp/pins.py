"""Keys by which a server is known: what a channel wrote, compared with what the server shows."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from fnmatch import fnmatchcase

import msgspec

_KINDS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
)
_EXPECTED = "a server's key stands here: `ssh-ed25519 AAAA...`, a line of known_hosts, or a fingerprint `SHA256:...`"


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """One key that a server may show."""

    kind: str = ""
    """`ssh-ed25519`; empty = any, only the fingerprint is known."""
    digest: bytes
    """SHA-256 of the key."""
    hosts: str = ""
    """The hosts it is for, as known_hosts writes them; empty = any."""


def fingerprint(blob: bytes) -> str:
    """
    A key's fingerprint as ssh shows it.

    >>> fingerprint(b"")[:12]
    'SHA256:47DEQ'
    """
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def pins(written: str | Iterable[str]) -> list[Pin]:
    """The keys of a text or of several. ValueError, naming `host_key`, where one is none."""
    texts = [written] if isinstance(written, str) else list(written)
    return [pin for text in texts for pin in lines(text)]


def lines(text: str) -> list[Pin]:
    """The keys of a text of lines; ValueError where a line is none."""
    stripped = (line.strip() for line in text.splitlines())
    return [_pin(line) for line in stripped if line and not line.startswith("#")]


def _pin(line: str) -> Pin:
    words = line.split()
    if words[0].startswith("@"):
        raise ValueError(
            f"host_key: {_EXPECTED}; certificates of servers and revoked keys are not read"
        )
    if words[0].startswith("SHA256:"):
        return Pin(digest=_bytes(words[0][7:] + "=", 32))
    hosts = "" if words[0] in _KINDS else words.pop(0)
    if len(words) < 2 or words[0] not in _KINDS:
        raise ValueError(f"host_key: {_EXPECTED}")
    blob = _bytes(words[1])
    if not blob.startswith(len(words[0]).to_bytes(4, "big") + words[0].encode()):
        raise ValueError(f"host_key: {_EXPECTED}; this one is cut or changed")
    return Pin(kind=words[0], digest=hashlib.sha256(blob).digest(), hosts=hosts)


def _bytes(text: str, length: int = 0) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError(f"host_key: {_EXPECTED}; this one is cut or changed") from None
    if length and len(found) != length:
        raise ValueError(f"host_key: {_EXPECTED}; this one is cut or changed")
    return found


def for_host(found: Iterable[Pin], host: str, port: int) -> list[Pin]:
    """Those that are for one host: `host`, `[host]:port`, a pattern, or a hashed name (sshd(8), known_hosts)."""
    name = host if port == 22 else f"[{host}]:{port}"
    return [pin for pin in found if not pin.hosts or _is_for(pin.hosts, name)]


def _is_for(hosts: str, name: str) -> bool:
    if hosts.startswith("|1|"):
        _, _, salt, digest = hosts.split("|", 3)
        made = hmac.new(base64.b64decode(salt), name.encode(), hashlib.sha1).digest()
        return hmac.compare_digest(base64.b64encode(made).decode(), digest)
    patterns = hosts.split(",")
    if any(one.startswith("!") and _matches(one[1:], name) for one in patterns):
        return False
    return any(_matches(one, name) for one in patterns)


def _matches(pattern: str, name: str) -> bool:
    """`[` stands for itself in known_hosts."""
    return fnmatchcase(name.lower(), pattern.lower().replace("[", "[[]"))
