"""The logs in the page and the API: the last lines, those that come, and one reader for all who watch."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from engine.handling.follow import Follower, Which
from engine.log import Log
from engine.web import hub
from engine.web.hub import Hub
from tests.web.conftest import Running, message


async def test_twenty_viewers_cost_one_reader_and_a_slow_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    fresh = Follower.fresh

    def counted(self: Follower) -> list[Any]:
        nonlocal looks
        looks += 1
        return fresh(self)

    monkeypatch.setattr(Follower, "fresh", counted)
    monkeypatch.setattr(hub, "PERIOD", 0.02)
    monkeypatch.setattr(hub, "WAITING", 50)
    made = Hub(tmp_path / "logs")
    log = Log(tmp_path / "logs")
    viewers = [made.enter(lambda _: True) for _ in range(19)]
    choosy = made.enter(Which(level="error").fits)
    await asyncio.sleep(0.1)
    log.event("info", "adt", "accepted", 1)
    log.event("error", "adt", "refused", 2)
    for viewer in viewers:
        got: list[Any] = []
        while len(got) < 2:
            got += (await asyncio.wait_for(viewer.take(), 5))[1]
        assert [fact["event"] for fact in got] == ["accepted", "refused"]
    assert [fact["event"] for fact in (await choosy.take())[1]] == ["refused"]
    before = looks
    await asyncio.sleep(0.4)
    assert looks - before <= 25  # once for all of them, not once for each
    for number in range(120):
        log.event("info", "adt", "accepted", number + 1)
    await asyncio.sleep(0.4)
    skipped, lines = await viewers[0].take()
    assert skipped + len(lines) == 120 and len(lines) <= 50
    for viewer in (*viewers, choosy):
        made.leave(viewer)
    log.close()


@pytest.mark.slow
def test_lines_come_as_they_are_written(running: Running, page: Any) -> None:
    page.goto("/logs?event=accepted")
    page.wait_for_selector("text=Lines come as they are written.")
    running.send(message("L1"))
    line = page.locator(".log p", has_text="accepted").last
    line.wait_for()
    assert "mrn=*******" in line.inner_text()
    page.click("[data-pause]")
    shown = page.locator(".log p").count()
    running.send(message("L2"))
    page.wait_for_selector("text=Paused; more has come.")
    assert page.locator(".log p").count() == shown
    page.click("[data-pause]")
    page.wait_for_function(f"document.querySelectorAll('.log p').length > {shown}")
    line.locator("a").first.click()
    page.wait_for_url("**/messages/*")


@pytest.mark.slow
def test_whoever_stands_on_a_line_keeps_the_place_when_the_stream_begins(
    running: Running, page: Any
) -> None:
    running.send(message("L5"))
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route("**/logs/stream**", hold)
    page.goto("/logs?event=accepted")
    page.locator(".log a").last.focus()
    shown = page.locator(".log p").count()
    running.send(message("L6"))
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()
    page.locator(".log p").nth(shown).wait_for()
    assert page.evaluate("document.activeElement.closest('.log p') !== null")
    lines = page.locator(".log p").all_inner_texts()
    assert len(lines) == len(set(lines)), lines


@pytest.mark.slow
def test_a_filter_that_is_no_id_is_told_and_nobody_sees_other_channels(
    running: Running,
) -> None:
    running.send(message("L3"))
    running.send(message("L4"), lab=True)
    api = running.with_token("viewer")
    assert api.get("/logs", params={"message": "nonsense"}).status_code == 400
    assert {one["event"] for one in api.get("/logs", params={"event": "accepted"}).json()} == {"accepted"}  # fmt: skip
    exact = api.get("/logs", params={"event": "accepted"}).json()[-1]["message"]
    assert {one["message"] for one in api.get("/logs", params={"message": exact}).json()} == {exact}  # fmt: skip
    seen = running.signed_in("labnurse").get("/api/v1/logs").json()
    assert {one["channel"] for one in seen} == {"lab"}
    assert "charges" not in running.signed_in("labnurse").get("/logs").text


@pytest.mark.slow
def test_the_stream_of_the_api_and_its_end_with_the_session(running: Running) -> None:
    client = running.signed_in("labnurse")
    with client.stream("GET", "/api/v1/logs/stream", params={"last": 1}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        while "first" not in next(lines):
            pass
        first = json.loads(next(lines).removeprefix("data: "))
        assert {one["channel"] for one in first} <= {"lab"}
        running.directory.change("labnurse", disabled=True)
        assert any("ended" in one for one in lines)
    assert client.get("/api/v1/logs").status_code == 401
    running.directory.change("labnurse", disabled=False)
