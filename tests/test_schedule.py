"""Moments by the clock: cron and intervals, zones and their changes, hours, jitter, and what was missed."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine import schedule as module
from engine.hours import Hours
from engine.schedule import Schedule, Ticker, following, missed
from engine.settings import Duration, Zone

CHICAGO = "America/Chicago"


def at(text: str, zone: str = CHICAGO) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def next_three(cron: str, start: str, active: str = "") -> list[str]:
    hours = Hours.read(active) if active else None
    moment, found = at(start), []
    for _ in range(3):
        moment = following(Schedule(cron=cron, active=hours), CHICAGO, moment) or 0
        found.append(f"{datetime.fromtimestamp(moment, ZoneInfo(CHICAGO)):%a %d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("cron", "start", "come"),
    [
        (
            "0 6 * * mon-fri",
            "2026-11-19T06:00",
            ["Fri 20 06:00", "Mon 23 06:00", "Tue 24 06:00"],
        ),
        ("0 6 * * 1-5", "2026-11-20T06:00", ["Mon 23 06:00", "Tue 24 06:00", "Wed 25 06:00"]),
        ("0 6 * * 0", "2026-11-20T06:00", ["Sun 22 06:00", "Sun 29 06:00", "Sun 06 06:00"]),
        ("0 6 * * 7", "2026-11-20T06:00", ["Sun 22 06:00", "Sun 29 06:00", "Sun 06 06:00"]),
        ("0 0 31 * *", "2026-11-20T06:00", ["Thu 31 00:00", "Sun 31 00:00", "Wed 31 00:00"]),
        ("*/20 * * * *", "2026-11-20T06:10", ["Fri 20 06:20", "Fri 20 06:40", "Fri 20 07:00"]),
    ],
)
def test_cron(cron: str, start: str, come: list[str]) -> None:
    assert next_three(cron, start) == come


def test_the_hour_that_autumn_repeats_and_the_one_that_spring_skips() -> None:
    autumn = next_three("30 1 * * *", "2026-10-31T20:00")
    assert autumn == ["Sun 01 01:30", "Mon 02 01:30", "Tue 03 01:30"]
    spring = next_three("30 2 * * *", "2026-03-07T20:00")
    assert spring == ["Sun 08 03:30", "Mon 09 02:30", "Tue 10 02:30"]
    every_half_hour = missed(
        Schedule(cron="*/30 * * * *"), CHICAGO, at("2026-11-01T00:00"), at("2026-11-01T04:00")
    )
    assert len(every_half_hour) == 10, "five hours long: what comes in every hour comes in both"


def test_within_hours() -> None:
    come = next_three("0 * * * *", "2026-11-20T16:00", active="mon-fri 08:00-18:00")
    assert come == ["Fri 20 17:00", "Mon 23 08:00", "Mon 23 09:00"]
    pause = Schedule(every=Duration(600), active=Hours.read("mon-fri 08:00-18:00"))
    assert following(pause, CHICAGO, at("2026-11-20T17:55")) == at("2026-11-23T08:00")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, "one of them"),
        ({"every": Duration(5), "cron": "0 6 * * *"}, "one of them"),
        ({"every": Duration(0)}, "above zero"),
        ({"cron": "0 6 * *"}, "these are 4"),
        ({"cron": "61 * * * *"}, "maximum value"),
        ({"cron": "0 6 * * funday"}, "no day of the week"),
        ({"cron": "0 6 * * 8"}, "no day of the week"),
        ({"cron": "0 0 31 2 *"}, "no such day"),
    ],
)
def test_what_is_no_schedule(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError) as caught:
        Schedule(**wrong)
    assert says in str(caught.value)


class Clock:
    def __init__(self, moment: float) -> None:
        self.moment = moment

    def __call__(self) -> float:
        return self.moment


def ticker(clock: Clock, last: float | None = None, **more: Any) -> Ticker:
    more = more or {"cron": "0 6 * * *"}
    return Ticker(Schedule(**more), CHICAGO, clock, last, chance=lambda: 0.5)


async def test_in_time_and_once() -> None:
    clock = Clock(at("2026-11-20T05:59:59"))
    ticks = ticker(clock)
    assert await ticks.wait(at_most=0) is None
    clock.moment = at("2026-11-20T06:00:01")
    due = await ticks.wait()
    assert due is not None and (due.at, due.missed) == (at("2026-11-20T06:00"), 0)
    assert await ticks.wait(at_most=0) is None


async def test_what_was_missed_is_counted_and_made_up_for_once() -> None:
    clock = Clock(at("2026-11-20T09:00"))
    ticks = ticker(clock, last=at("2026-11-17T06:00"))
    due = await ticks.wait()
    assert due is not None and (due.at, due.missed, due.late) == (
        at("2026-11-20T06:00"),
        3,
        True,
    )
    assert await ticks.wait(at_most=0) is None
    clock.moment = at("2026-11-22T06:00:05")
    due = await ticks.wait()
    assert due is not None and (due.missed, due.late) == (1, False), "one missed, one in time"


async def test_a_clock_that_is_set_back_does_not_stop_it() -> None:
    clock = Clock(at("2026-11-20T06:00:01"))
    ticks = ticker(clock, last=at("2026-11-20T05:00"))
    assert await ticks.wait() is not None
    clock.moment = at("2026-11-19T05:00")
    assert await ticks.wait(at_most=0) is None
    clock.moment = at("2026-11-19T06:00:01")
    assert await ticks.wait() is not None


async def test_jitter_is_late_and_counts_as_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(at("2026-11-20T06:01:00"))
    ticks = ticker(clock, last=at("2026-11-20T05:00"), cron="0 6 * * *", jitter=Duration(600))
    assert await ticks.wait(at_most=0) is None
    clock.moment = at("2026-11-20T06:05:01")
    due = await ticks.wait()
    assert due is not None and due.missed == 0


async def test_an_interval_counts_from_the_end_of_the_run() -> None:
    clock = Clock(1000.0)
    ticks = ticker(clock, every=Duration(30))
    clock.moment = 1030.0
    assert await ticks.wait() is not None
    clock.moment = 1100.0  # the run took long
    ticks.done()
    clock.moment = 1129.0
    assert await ticks.wait(at_most=0) is None
    clock.moment = 1130.0
    assert await ticks.wait() is not None


async def test_its_own_zone_comes_before_the_installations() -> None:
    clock = Clock(at("2026-11-20T06:00:01", "Europe/Vienna"))
    ticks = ticker(clock, last=clock.moment - 60, cron="0 6 * * *", zone=Zone("Europe/Vienna"))
    assert await ticks.wait(at_most=0) is not None


async def test_a_wait_ends_when_the_clock_is_set_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK", 0.01)
    clock = Clock(at("2026-11-20T01:00"))
    waiting = asyncio.create_task(ticker(clock).wait())
    await asyncio.sleep(0.03)
    clock.moment = at("2026-11-20T06:00:01")
    assert await asyncio.wait_for(waiting, 2) is not None
