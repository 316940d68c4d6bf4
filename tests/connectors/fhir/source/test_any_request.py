"""Whatever is sent to the endpoint, the answer is a FHIR one and none is an accident (schemathesis)."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from typing import Any

import pytest

from tests.connectors.fhir.source.conftest import Home

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

#: Examples for each operation, and seconds for all of them.
EXAMPLES, WITHIN = 15, 60.0
_FHIR = {"application/fhir+json": {"schema": {"type": "object", "properties": {"resourceType": {"enum": ["Patient", "Bundle", "Parameters"]}, "id": {"type": "string"}, "gender": {"type": "string"}, "entry": {"type": "array"}, "type": {"enum": ["batch", "transaction", "history"]}}}}}  # fmt: skip
_XML = {"application/fhir+xml": {"schema": {"type": "string"}}}
_FORM = {"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": {"identifier": {"type": "string"}}}}}  # fmt: skip
_ANSWERS = {str(status): {"description": "told"} for status in (200, 201, 202, 204, 400, 404, 405, 406, 413, 415, 422)}  # fmt: skip


def operation(body: bool, *path: str) -> dict[str, Any]:
    places = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in path
    ]
    headers = [
        {"name": name, "in": "header", "schema": {"type": "string"}}
        for name in ("Prefer", "If-Match", "If-None-Exist", "X-Request-Id")
    ]
    query = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in ("_format", "identifier")]  # fmt: skip
    said: dict[str, Any] = {"parameters": [*places, *headers, *query], "responses": _ANSWERS}
    return {**said, "requestBody": {"content": {**_FHIR, **_XML}}} if body else said


def search() -> dict[str, Any]:
    return {**operation(False), "requestBody": {"content": _FORM}}


DESCRIPTION = {
    "openapi": "3.1.0",
    "info": {"title": "endpoint", "version": "1"},
    "paths": {
        "/metadata": {"get": operation(False)},
        "/": {"post": operation(True)},
        "/Patient": {"post": operation(True), "get": operation(False), "put": operation(True)},
        "/Patient/{id}": {way: operation(way in ("put", "patch"), "id") for way in ("get", "put", "patch", "delete")},
        "/Patient/{id}/_history/{version}": {"get": operation(False, "id", "version")},
        "/Patient/_search": {"post": search()},
        "/{type}/{id}": {"get": operation(False, "type", "id"), "put": operation(True, "type", "id")},
        "/$validate": {"post": operation(True)},
        "/{type}/$validate": {"post": operation(True, "type")},
        "/$convert": {"post": operation(True)},
        "/$process-message": {"post": operation(True)},
    },
}  # fmt: skip


def fuzz(base: str) -> list[str]:
    """What was answered otherwise than it should be."""
    import hypothesis
    import schemathesis

    schema = schemathesis.openapi.from_dict(DESCRIPTION)
    until, wrong, asked = time.monotonic() + WITHIN, list[str](), 0

    def judge(case: Any, response: Any) -> None:
        (kind,) = response.headers.get("content-type") or [""]
        if str(response.status_code) not in _ANSWERS:
            wrong.append(f"{case.method} {case.path}: {response.status_code}")
        elif response.status_code >= 400 and b"OperationOutcome" not in response.content:
            wrong.append(
                f"{case.method} {case.path}: {response.status_code} without an outcome"
            )
        elif response.content and not kind.startswith("application/fhir+"):
            wrong.append(f"{case.method} {case.path}: {kind}")

    def one(case: Any) -> None:
        nonlocal asked
        if time.monotonic() < until:
            asked += 1
            judge(case, case.call(base_url=base, timeout=20))

    bounded = hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
        phases=[hypothesis.Phase.generate], suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    every = [found.ok() for found in schema.get_all_operations()]
    for mode, each in itertools.product(schemathesis.GenerationMode, every):
        cases = each.as_strategy(generation_mode=mode)
        with contextlib.suppress(hypothesis.errors.Unsatisfiable):  # it takes nothing at all
            bounded(hypothesis.given(case=cases)(one))()
    assert asked > 10 * len(every)
    return wrong


async def test_whatever_is_sent_the_answer_is_fhir(home: Home) -> None:
    home.channel("", "split: entry")
    await home.start()
    base = f"http://127.0.0.1:{home.port}/fhir"
    assert await asyncio.to_thread(fuzz, base) == []
    assert "receive_failed" not in home.log() and "engine_error" not in home.log()
