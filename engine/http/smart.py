"""SMART backend services (SMART App Launch 2.1, asymmetric client authentication): who we are is shown by our key."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from engine.http.endpoint import endpoint
from engine.settings import Secret

#: Where a FHIR server says how one gets a token (SMART App Launch 2.1 section 9).
WELL_KNOWN = "/.well-known/smart-configuration"


class Smart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token for a statement signed with our key; one token is used until shortly before it expires."""

    client_id: str
    """Who we are there."""
    key: Secret
    """Our private key, in PEM or JWK form: `{file: keys/ehr.pem}`; the partner has its public half."""
    token_url: str = ""
    """Where tokens are given out; empty = the server says so itself, under `/.well-known/smart-configuration`."""
    server: str = ""
    """The FHIR server that is asked for the `token_url`; empty = the destination's own `url`."""
    scopes: str = "system/*.cruds"
    """Scopes to ask for, separated by spaces: `system/Patient.cu system/Observation.c`."""
    algorithm: Literal["", "RS384", "ES384"] = ""
    """How the statement is signed; empty = as the key demands."""
    kid: str = ""
    """The key's name in the key set that the partner has of us; empty = its thumbprint (RFC 7638)."""
    plaintext: bool = False
    """Allow http:// to another machine."""

    def __post_init__(self) -> None:
        for name, url in (("token_url", self.token_url), ("server", self.server)):
            try:
                endpoint(url or "https://none.example", self.plaintext)
            except ValueError as error:
                raise ValueError(str(error).replace("url", name, 1)) from None
        if not self.client_id or not self.scopes:
            raise ValueError("client_id and scopes: the server wants both")

    def secret(self, home: Path) -> str:
        """The key's text; LookupError, naming the reference, where there is none."""
        return self.key.reveal(home)
