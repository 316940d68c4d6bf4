"""
SMART backend services, the server's side: an assertion that a client signed comes in, a token for minutes goes out.

SMART App Launch 2.2.0, "Client authentication: asymmetric"; RFC 7523; RFC 6749 4.4. Tokens live in memory and end with the
process: after a restart clients are told 401 and ask again. That an assertion was used is kept on the disk.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jws import extract_compact

from engine.connectors.fhir import scopes
from engine.connectors.fhir.scopes import Scopes
from engine.connectors.fhir.smart_clients import Keys
from engine.connectors.fhir.smart_memory import Used
from engine.connectors.fhir.smart_settings import Smart
from engine.errors import EngineError

#: What SMART names; the library takes only what is listed.
ALGORITHMS = ["RS384", "ES384"]
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#: Seconds that an assertion may be good, and that clocks may differ.
LONGEST, LEEWAY = 300.0, 30.0
#: Seconds after which what is past is forgotten.
FORGET = 30.0


class Denied(EngineError):
    """An error of a token endpoint (RFC 6749 5.2): its code and a sentence."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code, self.why = code, why


class Token(msgspec.Struct, frozen=True):
    """What a token that was given out allows."""

    client: str
    scopes: Scopes
    until: float


class Issuer:
    """Gives out tokens and knows them again."""

    def __init__(
        self,
        settings: Smart,
        home: Path,
        now: Callable[[], float],
        notice: Callable[..., None],
        remember: Any = None,
    ) -> None:
        """LookupError where the keys of a client cannot be read. `now` is wall clock seconds, `remember` a Site's."""
        self._settings, self._now, self._notice = settings, now, notice
        self._keys = {name: Keys(client, home) for name, client in settings.clients.items()}
        self._allowed = {
            name: scopes.read(" ".join(client.scopes))
            for name, client in settings.clients.items()
        }
        self._tokens: dict[bytes, Token] = {}
        self._used = Used(remember, now)
        self._looked = now()

    def token(self, shown: str) -> Token | None:
        """What `Authorization` shows, where it is a token of ours that is still good."""
        scheme, _, value = shown.partition(" ")
        if scheme.lower() != "bearer":
            return None
        found = self._tokens.get(_digest(value.strip()))
        return found if found is not None and self._now() < found.until else None

    async def grant(self, form: dict[str, str], audiences: tuple[str, ...]) -> dict[str, Any]:
        """
        What a request for a token is answered. `audiences`: the token endpoint's address. Denied where it is refused, StoreError
        where nobody could keep that the assertion was used.
        """
        if form.get("grant_type") != "client_credentials":
            raise Denied("unsupported_grant_type", "grant_type is not client_credentials")
        if form.get("client_assertion_type") != ASSERTION:
            raise Denied("invalid_request", "client_assertion_type is not that of a JWT")
        client = await self._client(form.get("client_assertion", ""), audiences)
        granted = scopes.read(form.get("scope", "")).within(self._allowed[client])
        if not granted.letters:
            raise Denied("invalid_scope", "the client may have none of these scopes")
        return self._given(client, granted)

    async def _client(self, assertion: str, audiences: tuple[str, ...]) -> str:
        """Whose assertion it is; Denied where it is nobody's, or is not good now."""
        wrong = Denied(
            "invalid_client", "the assertion is not one that a client here has signed"
        )
        try:
            unsure = extract_compact(assertion.encode())
            said = msgspec.json.decode(unsure.payload, type=dict[str, Any])
        except (JoseError, ValueError, msgspec.DecodeError):
            raise wrong from None
        client, kid = said.get("iss"), unsure.headers().get("kid")
        keys = self._keys.get(client) if isinstance(client, str) else None
        if keys is None or not isinstance(kid, str):
            raise wrong
        found = await keys.have(kid)
        if found is None or not any(key.kid == kid for key in found):
            raise wrong
        try:
            claims = jwt.decode(assertion, found, algorithms=ALGORITHMS).claims
        except (JoseError, ValueError):
            raise wrong from None
        self._check(claims, audiences)
        until = float(claims["exp"]) + LEEWAY
        if why := await self._used.take(str(client), claims["jti"], until):
            raise Denied("invalid_client", why)
        return str(client)

    def _check(self, claims: dict[str, Any], audiences: tuple[str, ...]) -> None:
        """Whom it is for, how long, and that it has a number."""
        now, until, id = self._now(), claims.get("exp"), claims.get("jti")
        said = claims.get("aud")
        meant = said if isinstance(said, list) else [said]
        if claims.get("sub") != claims.get("iss") or not set(audiences) & {*map(str, meant)}:
            raise Denied("invalid_client", "sub is not iss, or aud is not this token endpoint")
        if (
            not isinstance(until, int | float)
            or not now - LEEWAY < until <= now + LONGEST + LEEWAY
        ):
            raise Denied("invalid_client", "exp is past, or more than five minutes ahead")
        before = claims.get("nbf", now)
        if not isinstance(before, int | float) or before > now + LEEWAY:
            raise Denied("invalid_client", "nbf is still to come")
        if not isinstance(id, str) or not 0 < len(id) <= 256:
            raise Denied("invalid_client", "jti is missing")

    def _given(self, client: str, granted: Scopes) -> dict[str, Any]:
        lifetime = self._settings.lifetime
        self._forget(self._now())
        value = secrets.token_urlsafe(32)
        self._tokens[_digest(value)] = Token(client, granted, self._now() + lifetime)
        self._notice("info", "token_given", client=client)
        return {
            "access_token": value,
            "token_type": "bearer",
            "expires_in": int(lifetime),
            "scope": granted.text(),
        }

    def _forget(self, now: float) -> None:
        """What is past, looked for now and then: it is as many as were given out in some minutes."""
        if now < self._looked + FORGET:
            return
        self._looked = now
        self._tokens = {key: one for key, one in self._tokens.items() if one.until >= now}


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode("utf-8", "replace")).digest()


def well_known(base: str) -> dict[str, Any]:
    """`.well-known/smart-configuration` (SMART App Launch 2.2.0, conformance)."""
    return {
        "token_endpoint": f"{base}/auth/token",
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "grant_types_supported": ["client_credentials"],
        "scopes_supported": [
            "system/*.cruds",
            "system/*.rs",
            "system/*.read",
            "system/*.write",
        ],
        "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
    }
