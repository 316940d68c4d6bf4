"""One request at the endpoint, as the parts that answer it see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import urlencode

import msgspec

from engine.connectors import Site
from engine.connectors.fhir.interactions import Asked
from engine.connectors.fhir.media import Sent
from engine.connectors.fhir.questions import criteria
from engine.connectors.fhir.scopes import Scopes
from engine.connectors.fhir.source_settings import SourceSettings
from engine.fhir.outcome import Wire
from engine.http.answers import Page
from engine.http.desk import Head
from engine.message import Inbound, Reply

#: Headers under which a write may be left undone.
CONDITIONS = ("if-none-exist", "if-match", "if-none-match")


class Visit(msgspec.Struct, frozen=True):
    """What is known of a request besides its body."""

    head: Head
    asked: Asked
    query: list[tuple[str, str]]
    sent: Sent
    """What its body is (media.py)."""
    kind: Wire
    """The form of the answer."""
    base: str
    """The service base as the caller sees it."""
    scopes: Scopes
    client: str = ""
    """Who it is, where a token says so."""

    def prefers(self) -> str:
        """`minimal`, `representation` or `OperationOutcome` (FHIR R4 3.1.0.1.8); empty where the caller does not say."""
        said = self.head.headers.get("prefer", "")
        if not said:
            return ""
        for each in said.replace(";", ",").split(","):
            name, _, value = each.strip().partition("=")
            if name == "return" and value in ("minimal", "representation", "OperationOutcome"):
                return value
        return ""

    def is_conditional(self) -> bool:
        """Whether a header says when it is to be done (FHIR R4 3.1.0.5, 3.1.0.8)."""
        return any(name in self.head.headers for name in CONDITIONS)

    def query_says(self) -> bool:
        """Whether the query says which resources are meant (conditional update and delete, FHIR R4 3.1.0.4.3)."""
        return bool(self.query) and bool(criteria(self.query))

    def self_url(self) -> str:
        """The search as it was understood."""
        asked = self.asked
        within = f"{asked.type}/{asked.id}/{asked.inside}" if asked.inside else asked.type
        found = urlencode(criteria(self.query))
        return f"{self.base}/{within}{'?' if found else ''}{found}"


class House(Protocol):
    """What the parts of the endpoint are given by the source."""

    site: Site
    settings: SourceSettings
    started_at: float

    async def hand_over(self, inbound: Inbound) -> Reply:
        """Keep a message: a Reply with a receipt. Refusal 503 where nobody has it; CommitUnknown as it is."""

    def permit(self, asked: Asked, scopes: Scopes) -> None:
        """Refusal where this interaction is not done here, or its caller may not."""


Handler = Callable[[Visit, bytes], Awaitable[Page]]
