"""Long lists go on: where, as the answer's own field says it, and as a Link header (RFC 8288)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from engine.web.endpoint import Endpoint

#: Field of an answer that says where to go on, and the parameter that takes it.
_FIELDS = {"before": "before", "next": "start", "after": "after"}


def parameter(endpoint: Endpoint) -> str:
    """The parameter with which a list goes on; empty where it is whole."""
    answer = getattr(endpoint.gives, "__struct_fields__", ())
    takes = getattr(endpoint.query, "__struct_fields__", ())
    fits = [name for field, name in _FIELDS.items() if field in answer and name in takes]
    return fits[0] if fits and not endpoint.changes else ""


def link(request: Request, endpoint: Endpoint, given: Any) -> str:
    """The Link header of an answer; empty where that was all."""
    name = parameter(endpoint)
    if not name:
        return ""
    (field,) = (field for field, taken in _FIELDS.items() if taken == name)
    value = getattr(given, field, "")
    if not value:
        return ""
    url = request.url.include_query_params(**{name: value})
    return f'<{url.path}?{url.query}>; rel="next"'
