"""Clients of SMART backend services and their keys: a JWKS in a file, in the settings or at a URL."""

from __future__ import annotations

import asyncio
import ssl
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import msgspec
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import KeySet, RSAKey

from engine.connectors.fhir.smart_settings import SmartClient
from engine.errors import DeliveryError
from engine.http.client import Client
from engine.http.connection import Limits
from engine.http.endpoint import endpoint
from engine.tls import ClientTls, client_context

#: Seconds for which the keys of a URL are used without asking again.
FRESH = 600.0
#: Seconds in which a URL is asked at most once, though a key is not among those it gave.
PATIENCE = 30.0
#: Bits of an RSA key at least (RFC 7518 3.3).
LEAST_BITS = 2048
#: Bounds of asking for keys, in seconds and bytes.
_LIMITS = Limits(connect=5.0, exchange=10.0, idle=1.0, reply=256 * 1024)


class Keys:
    """The public keys of one client."""

    def __init__(
        self, client: SmartClient, home: Path, now: Callable[[], float] = time.monotonic
    ) -> None:
        """LookupError where a file is missing or holds no keys."""
        self._client, self._home, self._now = client, home, now
        self._at = -FRESH
        self._found: KeySet | None = None
        self._asking = asyncio.Lock()
        if not client.is_remote:
            self._found = key_set(_text(client, home))

    async def have(self, kid: str) -> KeySet | None:
        """The keys, asked for again where `kid` is not among them; None where the client's URL does not give them."""
        if not self._client.is_remote:
            return self._found
        async with self._asking:  # who comes while the keys are fetched waits for them
            age = self._now() - self._at
            known = self._found is not None and any(key.kid == kid for key in self._found)
            if age > FRESH or (not known and age > PATIENCE):
                await self._fetch()
        return self._found

    async def _fetch(self) -> None:
        self._at = self._now()
        server = endpoint(self._client.jwks, plaintext=False)
        try:
            context = client_context(ClientTls(), self._home) if server.encrypted else None
            client = Client(server, _LIMITS, context)
        except (OSError, ssl.SSLError):
            return
        try:
            target = f"{server.path}?{server.query}" if server.query else server.path
            head = (
                f"GET {target} HTTP/1.1\r\nHost: {server.authority}\r\n"
                "Accept: application/json\r\n\r\n"
            )
            response = await client.request(head.encode(), b"")
            if response.status == 200 and not response.cut:
                self._found = key_set(response.body.decode())
        except (DeliveryError, LookupError, UnicodeError):
            return
        finally:
            await client.close()


def key_set(text: str) -> KeySet:
    """A JWKS (RFC 7517 5). LookupError where it is none, or holds what is no public key of RSA or EC."""
    try:
        found = msgspec.json.decode(text, type=dict[str, list[dict[str, object]]])
        keys = [key for key in found.get("keys", []) if key.get("kty") in ("RSA", "EC")]
        if not keys or any("d" in key for key in keys):
            raise LookupError("the JWKS holds no public key of RSA or EC, or a private one")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # a short key is told below
            known = KeySet.import_key_set({"keys": keys})  # type: ignore[typeddict-item]
        if any(
            key.public_key.key_size < LEAST_BITS for key in known if isinstance(key, RSAKey)
        ):
            raise LookupError(f"the JWKS holds an RSA key of fewer than {LEAST_BITS} bits")
        return known
    except (msgspec.DecodeError, JoseError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, LookupError) and not isinstance(error, KeyError):
            raise
        raise LookupError("what should be a JWKS is none (RFC 7517)") from None


def _text(client: SmartClient, home: Path) -> str:
    if client.jwks.lstrip().startswith("{"):
        return client.jwks
    try:
        return (home / client.jwks).read_text("utf-8")
    except OSError as error:
        raise LookupError(f"cannot read the keys in {client.jwks}: {error.strerror}") from None
