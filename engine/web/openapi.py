"""The description of the API (OpenAPI 3.1), made of its endpoints: what is not in a table of endpoints is not there, and so not here."""

from __future__ import annotations

import inspect
import re
from typing import Any

import msgspec

from engine import __version__
from engine.web.endpoint import Endpoint, Nothing
from engine.web.problem import Details
from engine.web.tables import ROOT, of_api

#: What every endpoint may answer besides: by status, in words.
_WRONG = {
    "400": "What was sent cannot be read.",
    "401": "Nobody known asks.",
    "403": "The right for this is missing.",
    "404": "There is no such thing, or not for who asks.",
    "409": "It cannot be done as things stand; the detail says why.",
    "413": "The body is too large.",
    "415": "The body is neither JSON nor a form.",
    "422": "The message cannot be processed as it is.",
    "503": "The store or the engine cannot answer now.",
}


def description() -> dict[str, Any]:
    """The whole description, as plain values."""
    endpoints = of_api()
    types = [Details, *_types(endpoints)]
    schemas, components = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    known = dict(zip([repr(one) for one in types], schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(ROOT + endpoint.path, {})[endpoint.method.lower()] = _operation(
            endpoint, known
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Corridor",
            "version": __version__,
            "description": "Every action of the console. Times are seconds since 1970. Lists go on with `before` or `after` of the last one.",
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


def _operation(endpoint: Endpoint, known: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": _identity(endpoint),
        "summary": endpoint.summary,
        "description": inspect.getdoc(endpoint.handler) or endpoint.summary,
        "tags": [endpoint.path.strip("/").split("/")[0].split("{")[0].strip("/") or "api"],
        "parameters": [*_in_path(endpoint), *_in_query(endpoint)],
        "responses": {
            str(endpoint.status if endpoint.gives is not None else 204): _good(endpoint, known),
            **{name: {"$ref": f"#/components/responses/{name}"} for name in _wrong(endpoint)},
        },
    }
    if endpoint.right is not None:
        made["x-right"] = endpoint.right.value
    if endpoint.open:
        made["security"] = []
    if endpoint.changes and endpoint.body is not Nothing:
        body = known[repr(endpoint.body)]
        made["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": body}},
        }
    return made


def _wrong(endpoint: Endpoint) -> list[str]:
    if endpoint.changes:
        return list(_WRONG)
    return [name for name in _WRONG if name not in ("413", "415")]


def _good(endpoint: Endpoint, known: dict[str, Any]) -> dict[str, Any]:
    if endpoint.stream:
        return {"description": "Server-sent events.", "content": {"text/event-stream": {}}}
    if endpoint.raw:
        return {"description": "The content.", "content": {endpoint.raw: {}}}
    if endpoint.gives is None:
        return {"description": "Done."}
    schema = known[repr(endpoint.gives)]
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}


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


def _in_query(endpoint: Endpoint) -> list[dict[str, Any]]:
    if endpoint.query is Nothing:
        return []
    schema = msgspec.json.schema(endpoint.query)
    inner = schema["$defs"][endpoint.query.__name__]
    needed = set(inner.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in needed, "schema": one}
        for name, one in inner["properties"].items()
    ]
