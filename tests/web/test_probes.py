"""What machines ask, and addresses that are none."""

from __future__ import annotations

import time

import httpx
import pytest

from tests.web.conftest import Running

pytestmark = pytest.mark.slow


def test_ready_says_yes_to_all_and_why_not_only_to_who_is_known(running: Running) -> None:
    assert httpx.get(running.url + "/live").text == "live\n"
    assert httpx.get(running.url + "/ready").json() == {"ready": True, "reasons": []}
    running.write("channels/broken.yaml", "source: 1\n")
    client = running.signed_in()
    until = time.monotonic() + 15
    while client.get("/ready").status_code != 503:
        assert time.monotonic() < until, "it is still ready"
        time.sleep(0.2)
    assert httpx.get(running.url + "/ready").json() == {"ready": False, "reasons": []}
    assert "channels/broken.yaml" in client.get("/ready").text


def test_an_address_that_is_none_is_told_in_the_one_shape(running: Running) -> None:
    answer = httpx.get(running.url + "/api/v1/nothing")
    assert answer.status_code == 404
    assert set(answer.json()) == {"type", "title", "status", "detail", "instance"}
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert httpx.post(running.url + "/live").status_code == 405
