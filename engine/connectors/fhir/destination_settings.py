"""What a channel says of a partner's FHIR server."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec

from engine.http.auth import ClientAuth
from engine.http.endpoint import endpoint
from engine.settings import Duration, SearchText, Size
from engine.tls import ClientTls

#: What a payload is to the partner.
Interaction = Literal[
    "auto",
    "create",
    "update",
    "conditional_create",
    "conditional_update",
    "transaction",
    "batch",
]
#: Those that look for what is there already.
CONDITIONAL = ("conditional_create", "conditional_update")
#: What a search is written in outside its holes (RFC 3986 section 2).
_SEARCH = re.compile(r"[!-~]*")
_HOLE = re.compile(r"\{[^{}]*\}")
Entries = Annotated[int, msgspec.Meta(ge=1, le=1000)]


class DestinationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sends resources and Bundles to a FHIR R4 server; each entry of a batch is a delivery of its own."""

    url: str
    """The server's base, `https://ehr.example/fhir`; takes no holes."""
    interaction: Interaction = "auto"
    """What is done; `auto` = a Bundle as its type says, a resource with an id by PUT, one without by POST."""
    match: SearchText = ""
    """What a conditional interaction looks for: `"identifier=urn:mrn|{mrn}"`; may have holes."""
    if_match: bool = False
    """Whether an update is made only where the partner still has the version of `meta.versionId`."""
    entries: Entries = 50
    """Deliveries that travel in one batch at most; as many as are under way at a time (`concurrency`) travel together."""
    prefer: Literal["minimal", "representation", "OperationOutcome"] = "minimal"
    """What the partner is asked to answer with (`Prefer: return=`)."""
    auth: ClientAuth | None = None
    """How we say who we are: `smart`, `oauth2`, `bearer`, `basic` or `api_key`."""
    tls: ClientTls = ClientTls()
    """Whom we trust and what we show, where the URL is https."""
    plaintext: bool = False
    """Allow http:// to another machine: everything then travels in clear text."""
    timeout: Duration = Duration(30)
    """How long to wait for the whole answer; after it the delivery is uncertain."""
    connect_timeout: Duration = Duration(5)
    """How long to wait for a connection; after it nothing has been handed over."""
    idle: Duration = Duration(15)
    """How long a connection may rest before it is opened anew."""
    max_reply: Size = Size(16 * 1024 * 1024)
    """Most bytes of an answer that are kept; what is longer is cut there."""

    def __post_init__(self) -> None:
        if endpoint(self.url, self.plaintext).query:
            raise ValueError("url: expected the base of a FHIR server, without a query")
        conditional = self.interaction in CONDITIONAL
        if conditional and not self.match:
            raise ValueError(
                f"match: a {self.interaction} looks for something, such as identifier=urn:mrn|{{mrn}}"
            )
        if self.match and not conditional:
            raise ValueError(
                "match: only a conditional_create or a conditional_update looks for something"
            )
        if self.match and ("?" in self.match.partition("=")[0] or "=" not in self.match):
            raise ValueError(
                "match: expected a search such as identifier=urn:mrn|{mrn}, without the type and the ? before it"
            )
        if not _SEARCH.fullmatch(_HOLE.sub("", self.match)):
            raise ValueError(
                "match: a space or special character outside a hole is written %20, %2B"
            )
        if self.if_match and self.interaction not in ("auto", "update"):
            raise ValueError("if_match: only an update has a version to compare")
