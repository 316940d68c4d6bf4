"""Alerts: one when it starts, one when it clears, and a webhook that never stands in the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiohttp import web

from engine.alerts import WAITING, Alert, AlertState, Fact, Webhook, judge

ERP = Fact(channel="or_supply", destination="erp", owner="supply-chain IT", queue_age=600)
SOURCE = Fact(channel="adt", owner="integration", silent=7200)

SITUATIONS = {
    "queue_age": (ERP, {"oldest_at": 1000.0, "depth": 3}, 1600.0),
    "paused": (ERP, {"paused": "401: token refused", "paused_at": 1000.0, "depth": 3}, 1000.0),
    "breaker": (ERP, {"breaker_open_at": 1000.0, "depth": 3}, 1060.0),
    "silent": (SOURCE, {"last_message_at": 1000.0}, 8200.0),
}


def changed(fact: Fact, **facts: Any) -> Fact:
    return msgspec.structs.replace(fact, **facts)


@pytest.mark.parametrize("kind", SITUATIONS)
def test_each_alert_is_told_once_when_it_starts_and_once_when_it_clears(kind: str) -> None:
    fact, facts, starts = SITUATIONS[kind]
    state: AlertState = {}
    told: list[tuple[float, str, bool]] = []
    for now in (starts - 0.5, starts, starts + 1, starts + 100, starts + 101, starts + 102):
        wrong = now < starts + 100 and not (kind == "paused" and now < starts)
        state, alerts = judge(state, [changed(fact, **facts) if wrong else fact], now)
        told += [(now, alert.kind, alert.cleared) for alert in alerts]
    assert told == [(starts, kind, False), (starts + 100, kind, True)]
    assert not state


@pytest.mark.parametrize("kind", SITUATIONS)
def test_the_text_says_where_who_since_when_and_what_to_do(kind: str) -> None:
    fact, facts, starts = SITUATIONS[kind]
    state, [alert] = judge({}, [changed(fact, **facts)], starts)
    assert (alert.channel, alert.destination) == (fact.channel, fact.destination)
    assert (alert.owner, alert.since) == (fact.owner, 1000.0)
    for part in (fact.channel, fact.destination, fact.owner, "1970-01-01 00:16:40Z"):
        assert part in alert.text
    assert "corridor" in alert.text or "ask the partner" in alert.text
    [over] = judge(state, [fact], starts + 30)[1]
    assert over.text.startswith(fact.channel)
    assert over.since == 1000.0


def test_a_destination_on_hold_is_not_late_and_a_paused_one_has_one_alert() -> None:
    late = changed(ERP, oldest_at=0.0, depth=9, held=True)
    assert judge({}, [late], 9999.0)[1] == []
    paused = changed(ERP, paused="404", paused_at=0.0, breaker_open_at=0.0)
    assert [alert.kind for alert in judge({}, [paused], 9999.0)[1]] == ["paused"]


def test_a_destination_that_is_gone_clears_its_alerts() -> None:
    state, _ = judge({}, [changed(ERP, oldest_at=0.0)], 600.0)
    state, [alert] = judge(state, [], 700.0)
    assert alert.cleared
    assert not state


def test_what_is_not_watched_is_never_late() -> None:
    fact = Fact(channel="a", destination="b", oldest_at=0.0, last_message_at=0.0)
    assert judge({}, [fact], 1e9) == ({}, [])


ALERT = Alert(kind="queue_age", channel="a", destination="b", owner="o", since=0.0, text="late")


class Notices(list[tuple[str, str, dict[str, Any]]]):
    def __call__(self, level: str, event: str, **facts: Any) -> None:
        self.append((level, event, facts))


@asynccontextmanager
async def posted_to(
    answers: list[int], headers: Callable[[], dict[str, str]] = dict, console: str = ""
) -> AsyncIterator[tuple[Webhook, list[Any], Notices]]:
    """A webhook's sender against a real server that answers these in turn, the last for ever."""
    got: list[Any] = []

    async def take(request: web.Request) -> web.Response:
        got.append((await request.json(), dict(request.headers)))
        return web.Response(status=answers.pop(0) if len(answers) > 1 else answers[0])

    server = web.Application()
    server.router.add_post("/alerts", take)
    runner = web.AppRunner(server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    notices = Notices()
    hook = Webhook(f"http://127.0.0.1:{port}/alerts", notices, headers, (0.01, 0.01), console)
    task = asyncio.create_task(hook.run())
    try:
        yield hook, got, notices
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await runner.cleanup()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.005)


async def test_an_alert_is_posted_with_its_facts_and_secret() -> None:
    async with posted_to([204], lambda: {"Authorization": "Bearer x"}) as (hook, got, notices):
        hook.send(ALERT)
        hook.send(msgspec.structs.replace(ALERT, cleared=True))
        await until(lambda: len(notices) == 2)
    assert [body["state"] for body, _ in got] == ["firing", "cleared"]
    assert got[0][0] == {
        "alert": "queue_age",
        "state": "firing",
        "channel": "a",
        "destination": "b",
        "owner": "o",
        "since": "1970-01-01 00:00:00Z",
        "text": "late",
    }
    assert got[0][1]["Authorization"] == "Bearer x"
    assert "Bearer" not in str(notices)


async def test_an_alert_leads_to_the_channel_in_the_console() -> None:
    async with posted_to([204], console="https://corridor.example.org/") as (hook, got, _):
        hook.send(msgspec.structs.replace(ALERT, channel="or supply"))
        await until(lambda: len(got) == 1)
    assert got[0][0]["link"] == "https://corridor.example.org/channels/or%20supply"


async def test_a_webhook_that_fails_is_tried_again() -> None:
    async with posted_to([503, 500, 200]) as (hook, got, notices):
        hook.send(ALERT)
        await until(lambda: len(notices) == 3)
    assert [event for _, event, _ in notices] == [
        "alert_not_sent",
        "alert_not_sent",
        "alert_sent",
    ]
    assert (len(got), hook.lost) == (3, 0)


async def test_one_that_never_takes_it_is_given_up_and_the_next_goes_on() -> None:
    async with posted_to([500, 500, 500, 200]) as (hook, _got, notices):
        hook.send(ALERT)
        hook.send(msgspec.structs.replace(ALERT, channel="other"))
        await until(lambda: notices[-1:] != [] and notices[-1][1] == "alert_sent")
    assert "alert_given_up" in [event for _, event, _ in notices]
    assert hook.lost == 1


async def test_nobody_at_the_webhook_is_a_notice_not_an_error() -> None:
    notices = Notices()
    hook = Webhook("http://127.0.0.1:1/secret?token=canary", notices, waits=())
    task = asyncio.create_task(hook.run())
    hook.send(ALERT)
    await until(lambda: hook.lost == 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert "canary" not in str(notices)


async def test_too_many_alerts_push_out_the_oldest() -> None:
    hook = Webhook("http://127.0.0.1:1/", Notices())
    for _ in range(WAITING + 5):
        hook.send(ALERT)
    assert hook.lost == 5
