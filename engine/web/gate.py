"""Before everything else: is this console meant at all, and the same headers on every answer."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.installation import Console
from engine.web import guard
from engine.web.problem import Problem, details

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_ANYWHERE = ("0.0.0.0", "::", "")
#: Under TLS: browsers come back by TLS only, for a year (RFC 6797).
_STRICT = (b"strict-transport-security", b"max-age=31536000")


def host_of(header: str) -> str:
    """
    The name in a Host header, without its port; empty where it is none.

    >>> host_of("Corridor.example.org:8470"), host_of("[::1]:80"), host_of("a@b"), host_of("a:b:c")
    ('corridor.example.org', '::1', '', '')
    """
    if any(sign in header for sign in "@/\\?# "):
        return ""
    try:
        parts = urlsplit(f"//{header}")
        _ = parts.port
    except ValueError:
        return ""
    return (parts.hostname or "").rstrip(".")


class Gate:
    """
    Refuses requests to names that are not ours: a page of elsewhere whose name suddenly means this machine (DNS rebinding)
    is of another origin to us, but of ours to the browser. Addresses of numbers cannot be rebound; where the console listens
    on all of the machine's, all are taken.
    """

    def __init__(self, app: ASGIApp, settings: Console) -> None:
        self.app = app
        outside = urlsplit(settings.address).hostname or ""
        self._names = {name for name in (*_LOOPBACK, settings.host.lower(), outside) if name}
        self._numbers = settings.host in _ANYWHERE

    def _ours(self, header: str) -> bool:
        host = host_of(header)
        if host in self._names:
            return True
        try:
            return self._numbers and bool(ipaddress.ip_address(host))
        except ValueError:
            return False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_asset = scope["path"].startswith("/static/")

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _completed(message["headers"], scope["scheme"], is_asset)
            await send(message)

        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) == 1 and self._ours(hosts[0]):
            await self.app(scope, receive, sending)
        else:
            await _refuse(sending)


def _completed(
    headers: list[tuple[bytes, bytes]], scheme: str, is_asset: bool
) -> list[tuple[bytes, bytes]]:
    known = {name for name, _ in headers}
    extra = {**guard.HEADERS, **({"cache-control": "max-age=3600"} if is_asset else {})}
    more = [(name.encode(), value.encode()) for name, value in extra.items()]
    more += [_STRICT] if scheme == "https" else []
    return [*headers, *(one for one in more if one[0] not in known)]


async def _refuse(send: Send) -> None:
    words = "this console does not go by that name; config.yaml says how it is reached: console: {address: https://...}"
    facts = details(Problem(421, "other_host", words), uuid4().hex[:16])
    kind = (b"content-type", b"application/problem+json")
    await send({"type": "http.response.start", "status": 421, "headers": [kind]})
    await send({"type": "http.response.body", "body": msgspec.json.encode(facts)})
