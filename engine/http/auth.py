"""Who is calling: basic, bearer, API key and OAuth2 client credentials, for both directions."""

from __future__ import annotations

import base64
import hmac
from pathlib import Path
from typing import Literal

import msgspec

from engine.http.endpoint import endpoint
from engine.http.smart import Smart
from engine.settings import Secret


class Basic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """User and password (RFC 7617)."""

    user: str
    """User name."""
    password: Secret
    """Password, by reference."""


class ApiKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key in a header of its own."""

    key: Secret
    """The key, by reference."""
    header: str = "X-Api-Key"
    """Name of the header."""


class OAuth2(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """OAuth2 client credentials (RFC 6749 section 4.4); one token is used until shortly before it expires."""

    token_url: str
    """Where tokens are given out."""
    client_id: str
    """Who we are there."""
    client_secret: Secret
    """Our secret there, by reference."""
    scope: str = ""
    """Scopes to ask for, separated by spaces."""
    audience: str = ""
    """Audience to ask for, where the server wants one."""
    credentials: Literal["header", "body"] = "header"
    """Where id and secret travel: `header` (basic) or `body` (form fields)."""
    plaintext: bool = False
    """Allow http:// to another machine."""

    def __post_init__(self) -> None:
        try:
            endpoint(self.token_url, self.plaintext)
        except ValueError as error:
            raise ValueError(f"token_{error}") from None


class ClientAuth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How we say who we are; exactly one of them."""

    basic: Basic | None = None
    """User and password."""
    bearer: Secret | None = None
    """A fixed bearer token, by reference."""
    api_key: ApiKey | None = None
    """A key in a header."""
    oauth2: OAuth2 | None = None
    """OAuth2 client credentials."""
    smart: Smart | None = None
    """SMART backend services: a statement signed with our key."""

    def __post_init__(self) -> None:
        _only_one(self, "basic, bearer, api_key, oauth2 or smart")


class ServerAuth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What callers must show; exactly one of them. Asked before a byte of the body is read."""

    basic: Basic | None = None
    """User and password."""
    bearer: Secret | None = None
    """A fixed bearer token, by reference."""
    api_key: ApiKey | None = None
    """A key in a header."""

    def __post_init__(self) -> None:
        _only_one(self, "basic, bearer or api_key")


def _only_one(settings: ClientAuth | ServerAuth, names: str) -> None:
    given = [name for name in settings.__struct_fields__ if getattr(settings, name) is not None]
    if len(given) != 1:
        raise ValueError(f"auth: expected exactly one of {names}")


def fixed_header(auth: ClientAuth | ServerAuth, home: Path) -> tuple[str, str] | None:
    """
    The header that basic, bearer and api_key come down to; None for OAuth2 and SMART, whose tokens change.

    LookupError, naming the reference, where there is no secret or it cannot stand in a header.
    """
    if auth.basic is not None:
        pair = f"{auth.basic.user}:{auth.basic.password.reveal(home)}"
        return "Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"
    if auth.bearer is not None:
        return "Authorization", f"Bearer {_printable(auth.bearer.reveal(home))}"
    if auth.api_key is not None:
        return auth.api_key.header, _printable(auth.api_key.key.reveal(home))
    return None


def _printable(secret: str) -> str:
    if not secret or not secret.isascii() or not secret.isprintable():
        raise LookupError("the secret is empty or holds what a header cannot carry")
    return secret


class Gate:
    """Whether a caller shows what `auth:` demands. Compares in constant time."""

    def __init__(self, auth: ServerAuth, home: Path) -> None:
        expected = fixed_header(auth, home)
        assert expected is not None, "a listener's auth always comes down to a header"
        self.header = expected[0].lower()
        """The header it reads, in lower case."""
        self._value = expected[1].encode()
        self.challenge = "" if auth.api_key else "Basic" if auth.basic else "Bearer"
        """What WWW-Authenticate says (RFC 9110 section 11.6.1)."""

    def admits(self, headers: dict[str, str]) -> bool:
        """`headers` by lower-case name."""
        shown = headers.get(self.header, "")
        scheme, space, rest = shown.partition(" ")
        if self.challenge and space:  # the scheme's case does not count
            shown = f"{scheme.capitalize()} {rest.strip()}"
        return hmac.compare_digest(shown.encode("latin-1", "replace"), self._value)
