"""The audit trail: search, verify, export."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from engine.errors import StoreError
from engine.people.rights import Right
from engine.web.actions import audit as actions
from engine.web.answering import Page
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get, post
from engine.web.problem import Problem
from engine.web.views import audit as views


def show(asked: Asked[views.Which, Nothing]) -> dict[str, Any]:
    """One page of the trail."""
    return _values(asked, asked.query)


def _values(asked: Asked[Any, Any], query: views.Which, **more: Any) -> dict[str, Any]:
    page, why = views.Page(records=[], before=0), ""
    try:
        page = views.page(asked, query)
    except (Problem, StoreError) as error:
        why = f"{error}."
    given = {
        name: value
        for name, value in msgspec.structs.asdict(query).items()
        if value and (name, value) != ("limit", 100)
    }
    return {
        "query": query,
        "page": page,
        "why": why,
        "older": "/audit?" + urlencode({**given, "before": page.before}),
        "filtered": bool(given.keys() - {"before", "limit"}),
        "found": None,
        **more,
    }


def verify(asked: Asked[Nothing, Nothing]) -> Page:
    """The page, with what recomputing the chain found."""
    found = actions.verify(asked)
    return Page("audit.html", _values(asked, views.Which(), found=found))


def export(asked: Asked[Nothing, views.Span]) -> Response:
    """The trail as a file."""
    return actions.export(asked, asked.body)


endpoints = (
    get("/audit", show, Right.AUDIT, "Who did and read what.", query=views.Which, template="audit.html"),
    post("/audit/verify", verify, Right.AUDIT, "Whether the trail is whole.", heavy=True),
    post("/audit/export", export, Right.AUDIT, "The trail as a file.", body=views.Span),
)  # fmt: skip
