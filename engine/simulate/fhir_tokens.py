"""The token server of a simulated FHIR server: SMART backend services, checked as the standard demands."""

from __future__ import annotations

import secrets
import time
from typing import Any
from urllib.parse import parse_qs

#: Seconds that a statement may last at most.
LONGEST = 300


class TokenServer:
    """Who may ask, and the tokens that are out."""

    def __init__(self, clients: dict[str, dict[str, Any]], life: float) -> None:
        self.clients, self.life = clients, life
        self.given: dict[str, float] = {}
        """Tokens, and until when they are good."""
        self.numbers: set[str] = set()
        """Of statements that were taken once."""
        self.asked = 0

    def admits(self, authorization: str) -> bool:
        """Whether a request may pass; where no clients are known every one may."""
        if not self.clients:
            return True
        token = authorization.removeprefix("Bearer ")
        return self.given.get(token, 0.0) > time.time()

    def revoke(self) -> None:
        """No token is good any more."""
        self.given.clear()

    def grant(self, form: bytes, url: str) -> tuple[int, dict[str, Any]]:
        """The answer to a form: a token, or why not."""
        self.asked += 1
        said = {name: values[-1] for name, values in parse_qs(form.decode()).items()}
        if said.get("grant_type") != "client_credentials" or not said.get("scope"):
            return 400, {"error": "invalid_request"}
        if not self._is_sound(said.get("client_assertion", ""), url):
            return 401, {"error": "invalid_client"}
        token = secrets.token_urlsafe(16)
        self.given[token] = time.time() + self.life
        return 200, {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": self.life,
            "scope": said["scope"],
        }

    def _is_sound(self, assertion: str, url: str) -> bool:
        from joserfc import jwk, jwt  # noqa: PLC0415 - 60 ms for those who ask for tokens
        from joserfc.errors import JoseError  # noqa: PLC0415

        for client, keys in self.clients.items():
            try:
                key_set = jwk.KeySet.import_key_set(keys)  # type: ignore[arg-type]
                found = jwt.decode(assertion, key_set, algorithms=["RS384", "ES384"])
            except (JoseError, ValueError, KeyError):
                continue
            claims = found.claims
            number, until, now = claims.get("jti", ""), claims.get("exp", 0), time.time()
            if number in self.numbers or not now < until <= now + LONGEST:
                return False
            self.numbers.add(number)
            return bool(
                claims.get("iss") == claims.get("sub") == client and claims["aud"] == url
            )
        return False
