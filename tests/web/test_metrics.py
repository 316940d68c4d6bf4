"""What Prometheus gets, and from whom."""

from __future__ import annotations

import time

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.web.conftest import Running, message

pytestmark = pytest.mark.slow


def scraped(client: httpx.Client, url: str) -> dict[tuple[str, str], float]:
    found = {}
    for family in text_string_to_metric_families(client.get(url).text):
        for sample in family.samples:
            found[sample.name, ",".join(sample.labels.values())] = sample.value
    return found


def test_every_count_is_there_and_no_value_of_a_message(running: Running) -> None:
    running.send(message("M1", "7001234"), message("M2", "7001234", sex="Q"))
    client = running.with_token("viewer")
    url = running.url + "/metrics"
    until = time.monotonic() + 10
    while scraped(client, url).get(("corridor_delivered_total", "charges,billing")) != 1:
        assert time.monotonic() < until
        time.sleep(0.3)
    found = scraped(client, url)
    assert found["corridor_up", ""] == 1
    assert found["corridor_messages_received_total", "charges,revenue"] == 2
    assert found["corridor_messages_total", "charges,quarantined"] == 1
    assert found["corridor_accept_seconds_count", "charges"] == 2
    assert found["corridor_attempt_seconds_bucket", "charges,billing,+Inf"] == 1
    assert found["corridor_queue_depth", "charges,billing"] == 0
    assert "7001234" not in client.get(url).text


def test_metrics_are_for_who_has_a_token(running: Running) -> None:
    assert httpx.get(running.url + "/metrics", follow_redirects=False).status_code == 303
    secret = running.directory.tokens.issue("lab", ["viewer"], "root", tags=["lab"])
    header = {"authorization": f"Bearer {secret}"}
    text = httpx.get(running.url + "/metrics", headers=header).text
    assert 'channel="lab"' in text and 'channel="charges"' not in text
