"""Messages by the clock: one for each time, whatever happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from engine import schedule
from engine.connectors import Site, timer
from engine.connectors.timer import Source, SourceSettings
from engine.message import Inbound, Receipt, Reply, Verdict
from engine.settings import Duration


class Memory(dict[str, bytes]):
    async def put(self, name: str, value: bytes) -> None:
        self[name] = value

    async def get(self, name: str) -> bytes | None:  # type: ignore[override]
        return dict.get(self, name)

    def mark(self, name: str, value: bytes) -> tuple[str, str, bytes]:
        return "t/source", name, value


class Stand:
    """A timer's source, its line and its clock, which stands at 05:00 on 15 March 2026, UTC."""

    def __init__(self, make: Callable[..., Site]) -> None:
        self.moment, self.memory, self.keeps = 1_773_550_800.0, Memory(), True
        self.inbound: list[Inbound] = []
        self.site = make(now=lambda: self.moment, remember=self.memory)

    async def receive(self, inbound: Inbound) -> Reply:
        if not self.keeps:
            return Reply(receipt=None)
        assert inbound.mark is not None
        self.memory[inbound.mark[1]] = inbound.mark[2]
        self.inbound.append(inbound)
        return Reply(receipt=Receipt(id=1, verdict=Verdict.ACCEPTED))

    async def run(self, seconds: float = 0.1, **settings: Any) -> None:
        given = SourceSettings(**({"cron": "0 6 * * *"} | settings))
        task = asyncio.create_task(Source(given, self.site).run(self.receive))
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def stand(site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> Stand:
    monkeypatch.setattr(schedule, "LOOK", 0.01)
    monkeypatch.setattr(timer, "AGAIN", 0.01)
    return Stand(site)


async def test_each_time_is_one_message_over_restarts(stand: Stand) -> None:
    await stand.run()
    assert stand.inbound == []
    stand.moment += 3601
    for _ in range(3):
        await stand.run(body='{"at": "{at}"}')
    (inbound,) = stand.inbound
    assert inbound.raw == b'{"at": "2026-03-15T06:00:00+00:00"}'


async def test_a_message_that_nobody_keeps_is_made_again(stand: Stand) -> None:
    await stand.run()
    stand.moment, stand.keeps = stand.moment + 3601, False
    await stand.run()
    stand.keeps = True
    await stand.run()
    assert len(stand.inbound) == 1


@pytest.mark.parametrize(("missed", "messages"), [("once", 1), ("skip", 0)])
async def test_times_that_were_missed_are_said(
    stand: Stand, notices: Any, missed: str, messages: int
) -> None:
    await stand.run()
    stand.moment += 3 * 86400 + 7200
    await stand.run(missed=missed)
    await stand.run(missed=missed)
    assert len(stand.inbound) == messages
    assert notices == [("warning", "times_missed", {"count": 4})]


async def test_an_interval(site: Callable[..., Site]) -> None:
    stand = Stand(site)
    stand.site = site(now=time.time, remember=stand.memory)
    await stand.run(0.4, cron="", every=Duration(0.05))
    assert 3 <= len(stand.inbound) <= 8
