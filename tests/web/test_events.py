"""What changes is told while somebody listens: by the API's stream, and in the overview."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from engine.web.standing import Channel, everything
from engine.web.watching import Watch
from tests.web.conftest import Running, message


def channel(name: str, received: int) -> Channel:
    from zoneinfo import ZoneInfo

    station = {"source": "receiving", "received": received, "destinations": []}
    (made,) = everything({name: station}, [], ZoneInfo("UTC"))
    return made


async def test_one_look_serves_all_and_only_changes_are_told() -> None:
    there, looks = {"a": 1, "b": 1}, 0

    def look() -> tuple[Channel, ...]:
        nonlocal looks
        looks += 1
        if looks == 3:
            raise OSError("the engine is gone for a moment")
        return tuple(channel(name, received) for name, received in there.items())

    watch = Watch(look, period=0.02)
    first = [watch.enter() for _ in range(20)]
    for watcher in first:
        assert (await watcher.take()).keys() == {"a", "b"}
    before = looks
    await asyncio.sleep(0.2)
    assert looks - before < 15, "each viewer looks for itself"
    there["a"] = 2
    for watcher in first:
        told = await watcher.take()
        assert told.keys() == {"a"} and told["a"] is not None and told["a"].received == 2
    late = watch.enter()
    assert (await late.take()).keys() == {"a", "b"}
    del there["b"]
    assert await late.take() == {"b": None}
    for watcher in [*first, late]:
        watch.leave(watcher)
    await asyncio.sleep(0.1)
    before = looks
    await asyncio.sleep(0.1)
    assert looks == before, "nobody watches, and it still looks"


def told(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    for line in answer.iter_lines():
        if line.startswith("data: {"):
            yield json.loads(line.removeprefix("data: "))


@pytest.mark.slow
def test_the_stream_tells_of_a_message_and_of_a_stop(running: Running) -> None:
    client = running.with_token()
    nurse = running.directory.tokens.issue("nurse", ["viewer"], "root", tags=["lab"])
    with client.stream("GET", "/events") as answer:
        events = told(answer)
        assert {one["name"] for one in next(events)["channels"]} == {"charges", "lab"}
        running.send(message("E1"), lab=True)
        (lab,) = next(events)["channels"]
        assert lab["name"] == "lab" and lab["received"] == 1
        client.post("/channels/charges/stop", json={"reason": "test"})
        until = time.monotonic() + 10
        for event in events:
            assert time.monotonic() < until
            if any(one["state"] == "stopped" for one in event["channels"]):
                break
        client.post("/channels/charges/start", json={"reason": "test"})
    with client.stream(
        "GET", "/events", headers={"authorization": f"Bearer {nurse}"}
    ) as answer:
        assert [one["name"] for one in next(told(answer))["channels"]] == ["lab"]


@pytest.mark.slow
def test_the_overview_goes_on_by_itself(running: Running, page: Any) -> None:
    from playwright.sync_api import expect

    page.goto("/")
    row = page.locator("tr[data-row=lab]")
    before = int(row.locator("td.count").nth(0).inner_text().replace(",", ""))
    page.locator("tr[data-row=lab] a").focus()
    page.evaluate("document.querySelector('tr[data-row=lab]').dataset.same = 'yes'")
    running.send(message("E2"), message("E3"), lab=True)
    expect(row.locator("td.count").nth(0)).to_have_text(str(before + 2), timeout=6000)
    assert row.get_attribute("data-same") == "yes", "the whole row was exchanged"
    assert page.evaluate("document.activeElement.textContent") == "lab"
    running.partner.status = 400
    running.send(message("E4"))
    expect(page.locator("tbody tr").nth(0)).to_contain_text("refused by billing", timeout=8000)
    running.partner.status = 201
