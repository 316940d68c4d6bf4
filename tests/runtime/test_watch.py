"""What the engine watches: old bodies go, a dead store ends it, alerts are told."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import StoreError
from engine.runtime import watch
from tests.runtime.conftest import House, charge, until


async def test_bodies_are_dropped_when_their_time_is_over_and_the_trail_stays(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "PRUNE_EVERY", 0.05)
    house.write("config.yaml", "store:\n  sqlite: {bodies: 1ms}\n")
    engine = await house.start()
    await house.send(charge("C1"))
    await until(lambda: house.partner.unique == 1)
    await house.committed()
    (found,) = house.archive().search(control="C1")
    pruning = asyncio.create_task(watch.prune(engine))

    def gone() -> bool:
        try:
            house.archive().raw(found.id)
        except StoreError:
            return True
        return False

    await until(gone)
    pruning.cancel()
    assert [step.what for step in house.trail("C1")][-1] == "delivered"


async def test_a_store_that_knows_no_more_ends_the_engine(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = await house.start()
    watching = asyncio.create_task(watch.lag(engine))
    monkeypatch.setattr(engine.store, "fatal", lambda: "the disk is gone")
    await asyncio.wait_for(engine.ended.wait(), 2)
    assert engine.fatal == "the disk is gone"
    monkeypatch.undo()
    engine.fatal = ""
    await watching


async def test_an_alert_is_told_when_a_queue_grows_old_and_when_it_is_over(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "LOOK_EVERY", 0.05)
    from tests.runtime.conftest import CHANNEL

    house.channel(CHANNEL + "alerts: {{queue_age: 100ms}}\n")
    house.partner.fault = "503"
    engine = await house.start()
    watching = asyncio.create_task(watch.alerts(engine))
    await house.send(charge("C1"))
    await until(lambda: "queue_age" in house.log() or "waits since" in house.log())
    house.partner.fault = "none"
    await until(lambda: "alert_cleared" in house.log())
    watching.cancel()


async def test_a_watch_that_fails_is_said_and_begins_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.runtime.watch.BEGIN_AGAIN", 0.01)
    engine = await house.start()
    begun: list[str] = []

    async def looking(engine: object) -> None:
        begun.append("again" if begun else "first")
        if len(begun) == 1:
            raise StoreError("the name of somebody")

    await asyncio.wait_for(watch.lasting(engine, looking), 2)
    assert begun == ["first", "again"]
    logged = house.home / "logs"
    await until(
        lambda: any("watch_failed" in path.read_text() for path in logged.glob("*.log"))
    )
    assert not any("somebody" in path.read_text() for path in logged.glob("*.log"))
