"""The description of the API (OpenAPI 3.1), made of its endpoints: what is not in a table of endpoints is not there, and so not here."""

from __future__ import annotations

import inspect
import re
from functools import cache
from typing import Any

import msgspec

from engine import __version__
from engine.web.described import describe
from engine.web.endpoint import Endpoint, Nothing
from engine.web.onward import parameter
from engine.web.problem import Details
from engine.web.tables import ROOT, of_api

#: What every endpoint may answer besides: by status, in words.
_WRONG = {
    "400": "What was sent cannot be read.",
    "401": "Nobody known asks.",
    "403": "The right for this is missing.",
    "404": "There is no such thing, or not for who asks.",
    "408": "The body did not come in time.",
    "409": "It cannot be done as things stand; the detail says why.",
    "413": "The body is too large.",
    "415": "The body is neither JSON nor a form.",
    "421": "This console does not go by the name in Host.",
    "422": "The message cannot be processed as it is, or an Idempotency-Key was sent with another request.",
    "503": "The store or the engine cannot answer now.",
}


#: What every body may be refused for.
_OF_BODIES = ("408", "413", "415")
_ABOUT = (
    "Every action of the console. Times are seconds since 1970. A long list answers where to go on, in a field (`before`, `next`)"
    " and in a Link header with rel=next. What goes wrong is told as problem details (RFC 9457); `instance` is the number of the"
    " request, which the header `x-request-id` has too. A POST or DELETE may be sent again with the same Idempotency-Key: for a"
    " day the same token gets the first answer again, whatever it was, and nothing is done twice."
)
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A word of your own for this one request, best a random one (UUID). Sent again by the same token within 24 hours"
    " it gets the first answer again, with the header Idempotent-Replayed; with another request it is a 422 `key_reused`,"
    " while the first is being done a 409 `in_progress`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}


@cache
def description() -> dict[str, Any]:
    """The whole description, as plain values."""
    endpoints = of_api()
    types = [Details, *_types(endpoints)]
    schemas, components = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    describe(components, types)
    known = dict(zip([repr(one) for one in types], schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(ROOT + endpoint.path, {})[endpoint.method.lower()] = _operation(
            endpoint, known, components
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Corridor",
            "version": __version__,
            "description": _ABOUT,
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {
                name: {
                    "description": words,
                    "content": {"application/problem+json": {"schema": known[repr(Details)]}},
                }
                for name, words in _WRONG.items()
            },
        },
    }


def _types(endpoints: tuple[Endpoint, ...]) -> list[Any]:
    found: dict[str, Any] = {}
    for endpoint in endpoints:
        for one in (endpoint.query, endpoint.body, endpoint.gives):
            if one is not None and one is not Nothing:
                found[repr(one)] = one
    return list(found.values())


def _operation(
    endpoint: Endpoint, known: dict[str, Any], components: dict[str, Any]
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": _identity(endpoint),
        "summary": endpoint.summary,
        "description": inspect.getdoc(endpoint.handler) or endpoint.summary,
        "tags": [endpoint.path.strip("/").split("/")[0].split("{")[0].strip("/") or "api"],
        "parameters": [*_in_path(endpoint), *_in_query(endpoint, known, components)],
        "responses": {
            str(_status(endpoint)): _good(endpoint, known),
            **{name: {"$ref": f"#/components/responses/{name}"} for name in _wrong(endpoint)},
        },
    }
    if endpoint.right is not None:
        made["x-right"] = endpoint.right.value
    if endpoint.changes and not endpoint.harmless:
        made["parameters"].append(_KEY)
    if endpoint.open:
        made["security"] = []
    if endpoint.changes and endpoint.body is not Nothing:
        body = known[repr(endpoint.body)]
        made["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": body}},
        }
    return made


def _status(endpoint: Endpoint) -> int:
    says = endpoint.gives is not None or endpoint.stream or endpoint.raw
    return endpoint.status if says else 204


def _wrong(endpoint: Endpoint) -> list[str]:
    if endpoint.changes:
        return list(_WRONG)
    return [name for name in _WRONG if name not in _OF_BODIES]


def _good(endpoint: Endpoint, known: dict[str, Any]) -> dict[str, Any]:
    if endpoint.stream:
        said = f" Their data: {known[repr(endpoint.gives)]['$ref'].rpartition('/')[2]}." if endpoint.gives else ""  # fmt: skip
        return {
            "description": f"Server-sent events.{said}",
            "content": {"text/event-stream": {}},
        }
    if endpoint.raw:
        return {
            "description": "The content.",
            "content": {kind: {} for kind in endpoint.raw.split(", ")},
        }
    if endpoint.gives is None:
        return {"description": "Done."}
    schema = known[repr(endpoint.gives)]
    made: dict[str, Any] = {
        "description": "Done.",
        "content": {"application/json": {"schema": schema}},
    }
    if parameter(endpoint):
        words = 'Where the list goes on, as `<address>; rel="next"`; absent where this was all.'
        made["headers"] = {"Link": {"description": words, "schema": {"type": "string"}}}
    return made


def _identity(endpoint: Endpoint) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", endpoint.path.lower()).strip("_")
    return f"{endpoint.method.lower()}_{words}"


def _in_path(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1},
        }
        for name in re.findall(r"\{(\w+)(?::\w+)?\}", endpoint.path)
    ]


def _in_query(
    endpoint: Endpoint, known: dict[str, Any], components: dict[str, Any]
) -> list[dict[str, Any]]:
    if endpoint.query is Nothing:
        return []
    inner = components[known[repr(endpoint.query)]["$ref"].rpartition("/")[2]]
    needed = set(inner.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in needed, "schema": one}
        for name, one in inner["properties"].items()
    ]
