"""The API keeps to its own description: whatever is sent, no answer is an accident and none is undocumented."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import hypothesis
import jsonschema
import pytest

from tests.web.conftest import Running, message

pytestmark = pytest.mark.slow

#: Examples for each operation, and seconds for all of them.
EXAMPLES, WITHIN = 60, 240.0


@pytest.fixture(scope="module")
def known(running: Running) -> dict[str, list[str]]:
    """What is really there, for the holes of paths."""
    running.send(message("K1"), message("K2", sex="Q"), message("K3"))
    client, until = running.with_token(), time.monotonic() + 10
    while len(found := client.get("/messages").json()["messages"]) < 3:
        assert time.monotonic() < until
    spare = running.directory.tokens
    spare.issue("spare", ["viewer"], "root")
    return {
        "channel": ["charges", "lab"],
        "id": [one["id"] for one in found],
        "name": ["auditor", "sex"],
        "token": [str(one.id) for one in spare.all() if one.name == "spare"],
        "release": ["files"],
    }


@pytest.fixture(scope="module")
def description(running: Running) -> dict[str, Any]:
    answer = running.with_token("viewer").get("/openapi.json")
    assert answer.status_code == 200
    return dict(answer.json())


def test_the_description_is_openapi_3_1_and_says_everything(
    description: dict[str, Any],
) -> None:
    from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

    assert [str(error) for error in OPENAPI_31_VALIDATOR.iter_errors(description)] == []
    seen = set()
    for path, method, operation in _operations(description):
        where = f"{method} {path}"
        assert len(operation["summary"]) > 5 and operation["description"], where
        assert operation["operationId"] not in seen, where
        seen.add(operation["operationId"])
        assert "x-right" in operation or path.endswith(("/me", "/openapi.json")), where
        for status in ("401", "403"):
            words = operation["responses"][status]["$ref"]
            assert _at(description, words)["content"].keys() == {"application/problem+json"}
        for name in set(re.findall(r"\{(\w+)\}", path)):
            assert any(one["name"] == name for one in operation["parameters"]), where
    for reference in _references(description):
        assert _at(description, reference)
    for name, schema in description["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema.get("description"), name


@pytest.mark.parametrize("role", ["administrator", "viewer"])
def test_whatever_is_sent_the_answer_is_a_documented_one(
    running: Running, known: dict[str, list[str]], description: dict[str, Any], role: str
) -> None:
    import schemathesis
    from schemathesis import GenerationMode
    from schemathesis.checks import load_all_checks
    from schemathesis.core.failures import FailureGroup
    from schemathesis.specs.openapi import checks

    load_all_checks()
    secret = running.directory.tokens.issue(f"fuzz-{role}", [role], "root")
    headers = {"authorization": f"Bearer {secret}"}
    ends, wrong, asked = time.monotonic() + WITHIN, list[str](), 0
    real = _real(known)
    fits = [
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]

    def ask(case: Any) -> None:
        nonlocal asked
        if time.monotonic() > ends:
            return
        if (names := next(real)) and case.path_parameters:
            given = dict(case.path_parameters)
            case.path_parameters = given | {k: v for k, v in names.items() if k in given}
        asked += 1
        response = case.call(base_url=running.url, headers=headers, timeout=20)
        where = f"{case.method} {case.formatted_path} -> {response.status_code}"
        if response.status_code == 500:
            wrong.append(f"{where} {case.body!r}")
        try:
            case.validate_response(response, checks=fits)
        except FailureGroup as error:
            wrong.extend(f"{where}: {one}" for one in error.exceptions)

    bounded = hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
        phases=[hypothesis.Phase.generate], suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    operations = [
        found.ok()
        for found in schemathesis.openapi.from_dict(
            _without_streams(description)
        ).get_all_operations()
    ]
    modes = [GenerationMode.POSITIVE] + [GenerationMode.NEGATIVE] * (role == "administrator")
    for mode, operation in itertools.product(modes, operations):
        cases = operation.as_strategy(generation_mode=mode)
        with contextlib.suppress(hypothesis.errors.Unsatisfiable):  # it takes nothing at all
            bounded(hypothesis.given(case=cases)(ask))()
    assert wrong == [], "\n\n".join(wrong[:10])
    assert asked > 3 * len(operations)
    assert httpx.get(f"{running.url}/api/v1/me", headers=headers).status_code == 200


def _real(known: dict[str, list[str]]) -> Iterator[dict[str, str] | None]:
    """Two of three times what is there, else what was made up."""
    for number in itertools.count():
        yield (
            None
            if number % 3 == 2
            else {
                name: values[number % len(values)] for name, values in known.items() if values
            }
        )


def _operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _without_streams(description: dict[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(json.dumps(description))
    for path, method, operation in list(_operations(whole)):
        if "text/event-stream" in operation["responses"].get("200", {}).get("content", {}):
            del whole["paths"][path][method]
    return whole


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def _at(whole: Any, reference: str) -> Any:
    for name in reference.removeprefix("#/").split("/"):
        whole = whole[name]
    return whole
