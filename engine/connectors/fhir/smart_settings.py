"""What callers of a FHIR endpoint must show: a password, a key, or a token of SMART backend services."""

from __future__ import annotations

import msgspec

from engine.connectors.fhir.scopes import is_scope
from engine.http.auth import ApiKey, Basic, ServerAuth
from engine.http.endpoint import endpoint
from engine.settings import Duration, Secret

_LONGEST = 3600.0


class SmartClient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A system that may ask for tokens, known by its keys."""

    jwks: str
    """Its public keys: a file with a JWKS relative to the home, the https:// address of one, or the JWKS itself."""
    scopes: tuple[str, ...]
    """What it may have: `system/Patient.c`, `system/*.cruds`, or as version 1 wrote it, `system/*.read`."""

    def __post_init__(self) -> None:
        for scope in self.scopes:
            if not is_scope(scope):
                raise ValueError(
                    f"scopes: '{scope}' is no scope of a system, such as system/Patient.cruds"
                )
        if self.is_remote:
            try:
                endpoint(self.jwks, plaintext=False)
            except ValueError as error:
                raise ValueError(f"jwks: {str(error).removeprefix('url: ')}") from None

    @property
    def is_remote(self) -> bool:
        """Whether its keys are fetched."""
        return self.jwks.startswith(("https://", "http://"))


class Smart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """SMART backend services: clients sign an assertion (RS384 or ES384) and get a token for a short time."""

    clients: dict[str, SmartClient]
    """Who may ask for tokens, by client id."""
    lifetime: Duration = Duration(300)
    """How long a token is good; an hour at most."""

    def __post_init__(self) -> None:
        if not 1 <= self.lifetime <= _LONGEST:
            raise ValueError("lifetime: a token is good for an hour at most")
        if not self.clients:
            raise ValueError("clients: somebody must be able to ask for tokens")


class EndpointAuth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What callers must show; exactly one of them. Asked before a byte of the body is read."""

    basic: Basic | None = None
    """User and password."""
    bearer: Secret | None = None
    """A fixed bearer token, by reference."""
    api_key: ApiKey | None = None
    """A key in a header."""
    smart: Smart | None = None
    """Tokens of SMART backend services."""

    def __post_init__(self) -> None:
        given = [name for name in self.__struct_fields__ if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("auth: expected exactly one of basic, bearer, api_key or smart")

    def fixed(self) -> ServerAuth | None:
        """What comes down to one header; None for tokens."""
        if self.smart is not None:
            return None
        return ServerAuth(basic=self.basic, bearer=self.bearer, api_key=self.api_key)

    def words(self) -> str:
        """What it comes down to, for callers."""
        if self.smart is not None:
            return "a token of SMART backend services"
        if self.basic is not None:
            return "user and password"
        return "a bearer token" if self.api_key is None else f"a key in {self.api_key.header}"
