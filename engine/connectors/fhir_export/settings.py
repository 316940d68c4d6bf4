"""What a channel says of a server's bulk export."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from engine.fhir.definitions import is_resource
from engine.http.auth import ClientAuth
from engine.http.endpoint import endpoint
from engine.schedule import Schedule
from engine.settings import Duration, Size
from engine.tls import ClientTls

_ID = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9\-.]{1,64}")
#: An instant (R4 2.24.0.1).
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_FILTER = re.compile(r"[A-Z][A-Za-z]*\?[!-~]+")


class SourceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks a FHIR server at its times for an export; every file of it is one message of NDJSON."""

    url: str
    """The server's base, `https://ehr.example/fhir`."""
    level: Literal["system", "patients", "group"] = "system"
    """What is exported: everything, what belongs to all patients, or what belongs to the patients of a group."""
    group: str = ""
    """Id of the group, for `level: group`."""
    types: tuple[str, ...] = ()
    """Types of resources, `[Patient, Observation]`; empty = all that the server has."""
    filters: tuple[str, ...] = ()
    """Searches that narrow types down, `["Observation?category=laboratory"]` (`_typeFilter`)."""
    since: str = "last"
    """`last` = what has changed since the last finished export, all at first; `always` = all each time; or all since a moment, `2026-01-01T00:00:00Z`, at first."""
    take: tuple[Literal["output", "deleted", "error"], ...] = ("output",)
    """What becomes messages: resources, Bundles of what was deleted, and OperationOutcomes of what could not be exported; `meta.folder` says which it is."""
    every: Duration = Duration(86_400)
    """Time between two exports, counted from the beginning of the last; the first begins at once."""
    schedule: Schedule | None = None
    """When exports begin, in place of `every`: `{cron: "0 2 * * *"}`."""
    poll: Duration = Duration(10)
    """How long to wait between two questions whether it is done, where the server does not say; doubled up to five minutes."""
    patience: Duration = Duration(86_400)
    """How long an export may take before it is given up."""
    max_size: Size = Size(2 * 1024**3)
    """Longest file; a longer one stops the source until this is changed."""
    auth: ClientAuth | None = None
    """How we say who we are: `smart`, `oauth2`, `bearer`, `basic` or `api_key`."""
    tls: ClientTls = ClientTls()
    """Whom we trust and what we show, where the URL is https."""
    plaintext: bool = False
    """Allow http:// to another machine: everything then travels in clear text."""
    timeout: Duration = Duration(60)
    """How long to wait for an answer, and for each piece of a file."""
    connect_timeout: Duration = Duration(5)
    """How long to wait for a connection."""
    idle: Duration = Duration(15)
    """How long a connection may rest before it is opened anew."""
    max_reply: Size = Size(16 * 1024 * 1024)
    """Longest list of files."""

    def __post_init__(self) -> None:
        if endpoint(self.url, self.plaintext).query:
            raise ValueError("url: expected the base of a FHIR server, without a query")
        if (self.level == "group") != bool(self.group):
            raise ValueError("group: its id stands with `level: group`")
        if self.group and not _ID.fullmatch(self.group):
            raise ValueError("group: an id has letters, digits, hyphens and dots")
        for name in self.types:
            if not is_resource(name):
                raise ValueError(f"types: FHIR R4 has no resource '{name}'")
        if not all(_FILTER.fullmatch(text) for text in self.filters):
            raise ValueError(
                "filters: expected searches such as Observation?category=laboratory"
            )
        if self.since not in ("last", "always") and not _INSTANT.fullmatch(self.since):
            raise ValueError(
                "since: expected last, always or a moment such as 2026-01-01T00:00:00Z"
            )
        if not self.take:
            raise ValueError("take: name at least one of output, deleted, error")

    def times(self) -> Schedule:
        """When exports begin."""
        return self.schedule or Schedule(every=self.every)
