"""The audit trail: who did and read what, whether it is whole, and as a file."""

from __future__ import annotations

from starlette.responses import Response

from engine.people.rights import Right
from engine.store.audit import Verified
from engine.web.actions import audit as actions
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get
from engine.web.views import audit as views


def listed(asked: Asked[views.Which, Nothing]) -> views.Page:
    """One page, newest first."""
    return views.page(asked, asked.query)


def verify(asked: Asked[Nothing, Nothing]) -> Verified:
    """Recompute the chain that seals the trail; the first record that does not fit is named."""
    return actions.verify(asked)


def export(asked: Asked[views.Span, Nothing]) -> Response:
    """The records of a time, one JSON object per line or as CSV."""
    return actions.export(asked, asked.query)


endpoints = (
    get("/audit", listed, Right.AUDIT, "Who did and read what.", query=views.Which, gives=views.Page),
    get("/audit/verify", verify, Right.AUDIT, "Whether the trail is whole.", gives=Verified, heavy=True),
    get("/audit/export", export, Right.AUDIT, "The trail as a file.", query=views.Span, raw="application/x-ndjson, text/csv"),
)  # fmt: skip
