"""Lanes: order, retry, breaker, holds, rates, and what a person decides; on a real store, with simulated time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.channel import Link, Route
from engine.connectors import Answer
from engine.errors import DeliveryError, Misconfigured, Refused, Unavailable, Uncertain
from engine.lanes import Lanes
from engine.lanes.state import state_of
from engine.message import Inbound, Outbound, Plan, State, Verdict
from engine.pipeline import Attempt, Clock
from engine.retry import Policy, Retry
from engine.settings import Duration
from engine.store import Hold
from engine.store.archive import SqliteArchive
from engine.store.sqlite import SqliteStore

Script = dict[bytes, list[DeliveryError]]


class Time:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self.at = 1_000_000.0

    def clock(self) -> Clock:
        return Clock(now=lambda: self.at, monotonic=lambda: self.at, random=lambda: 0.5)


class Partner:
    """A destination that fails as scripted, per payload, and else takes everything."""

    def __init__(self) -> None:
        self.script: Script = {}
        self.down: DeliveryError | None = None
        self.took: list[bytes] = []
        self.tries: list[bytes] = []
        self.keys: list[str] = []
        self.now = self.most = 0
        self.gate: asyncio.Event | None = None

    async def send(self, delivery: Any, payload: bytes) -> Answer:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(0)
            if self.gate is not None:
                await self.gate.wait()
            self.tries.append(payload)
            if self.down is not None:
                raise self.down
            if self.script.get(payload):
                raise self.script[payload].pop(0)
            self.took.append(payload)
            self.keys.append(delivery.key)
            return Answer(status="200")
        finally:
            self.now -= 1

    async def close(self) -> None:
        pass


class Bench:
    """One destination of one channel on a store of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.time = Time()
        self.partner = Partner()
        self.told: list[Attempt] = []

    async def open(self, *, policy: Policy = Policy(), **route: Any) -> Lanes:
        self.store = await SqliteStore.open(
            self.home, asyncio.get_running_loop(), lambda: self.time.at
        )
        return await self.lanes_of(policy=policy, **route)

    async def lanes_of(self, *, policy: Policy = Policy(), **route: Any) -> Lanes:
        link = Link(kind="partner", module=SimpleNamespace(), settings=None)  # type: ignore[arg-type]
        self.route = Route(name="partner", link=link, policy=policy, **route)
        number = self.store.destination("charges", "partner")
        self.lanes = Lanes(
            number, self.route, self.partner, self.store, self.time.clock(),
            lambda lanes, delivery, attempt: self.told.append(attempt),
        )  # fmt: skip
        self.store.listen(self.lanes.add)
        await self.lanes.start()
        return self.lanes

    async def put(self, *bodies: bytes, lane: int | tuple[int, ...] = 0) -> list[int]:
        lanes = lane if isinstance(lane, tuple) else (lane,)
        made = []
        for body in bodies:
            outbound = Outbound(destination="partner", payload=body, lanes=lanes)
            plan = Plan(
                verdict=Verdict.ACCEPTED, outbound=(outbound,), digest=body.ljust(16)[:16]
            )
            inbound = Inbound(raw=body, received_at=self.time.at)
            receipt = await self.store.accept("charges", inbound, plan, self.store.reserve())
            made.append(receipt.deliveries[0].id)
        return made

    async def until(self, what: Any, within: float = 5.0) -> None:
        end = time.monotonic() + within
        while not what():
            assert time.monotonic() < end, "it did not happen in time"
            await asyncio.sleep(0.002)

    async def pass_time(self, seconds: float) -> None:
        """Let simulated time pass and what became due be tried."""
        self.time.at += seconds
        tries = len(self.partner.tries)
        self.lanes.pump()
        for _ in range(50):
            await asyncio.sleep(0.001)
            if len(self.partner.tries) > tries and not self.lanes.sending:
                break

    def states(self) -> dict[str, int]:
        (row,) = SqliteArchive(self.home).counts()
        found: dict[str, int] = row["states"]
        return found

    async def close(self) -> None:
        await self.lanes.stop(2.0)
        await self.store.close()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path)
    yield made
    await made.close()


async def test_a_destination_without_order_by_is_one_lane(bench: Bench) -> None:
    await bench.open(concurrency=8)
    bodies = [b"%d" % number for number in range(50)]
    await bench.put(*bodies)
    await bench.until(lambda: len(bench.partner.took) == 50)
    assert bench.partner.took == bodies
    assert bench.partner.most == 1


async def test_lanes_go_side_by_side_up_to_the_concurrency_and_in_order_within(
    bench: Bench,
) -> None:
    await bench.open(order_by=(object(),), concurrency=3)
    bench.partner.gate = asyncio.Event()
    for round_ in range(5):
        for lane in range(1, 7):
            await bench.put(b"%d/%d" % (lane, round_), lane=lane)
    await bench.until(lambda: bench.partner.now == 3)
    bench.partner.gate.set()
    await bench.until(lambda: len(bench.partner.took) == 30)
    assert bench.partner.most == 3
    for lane in range(1, 7):
        of_lane = [body for body in bench.partner.took if body.startswith(b"%d/" % lane)]
        assert of_lane == [b"%d/%d" % (lane, round_) for round_ in range(5)]


async def test_no_more_than_concurrency_sends_are_unrecorded(bench: Bench) -> None:
    await bench.open(order_by=None, concurrency=4)
    recorded: list[int] = []
    claim = bench.store.claim

    def counted(delivery: Any, at: float, durable: Any = None) -> None:
        recorded.append(1)

        def done() -> None:
            recorded.pop()
            durable()

        most.append(len(recorded))
        claim(delivery, at, done)

    most: list[int] = []
    bench.store.claim = counted  # type: ignore[method-assign]
    await bench.put(*[b"%d" % number for number in range(60)])
    await bench.until(lambda: len(bench.partner.took) == 60)
    assert max(most) <= 4


async def test_order_none_lets_sends_run_freely(bench: Bench) -> None:
    await bench.open(order_by=None, concurrency=4)
    bench.partner.gate = asyncio.Event()
    await bench.put(*[b"%d" % number for number in range(12)])
    await bench.until(lambda: bench.partner.now == 4)
    bench.partner.gate.set()
    await bench.until(lambda: len(bench.partner.took) == 12)


async def test_a_merge_waits_in_both_its_lanes(bench: Bench) -> None:
    await bench.open(order_by=(object(),), concurrency=8)
    bench.partner.gate = asyncio.Event()
    await bench.put(b"a1", lane=1)
    await bench.put(b"b1", lane=2)
    await bench.put(b"merge", lane=(1, 2))
    await bench.put(b"a2", lane=1)
    await bench.put(b"b2", lane=2)
    await bench.until(lambda: bench.partner.now == 2)
    bench.partner.gate.set()
    await bench.until(lambda: len(bench.partner.took) == 5)
    assert bench.partner.took[2] == b"merge"
    assert set(bench.partner.took[:2]) == {b"a1", b"b1"}


@pytest.mark.slow
async def test_an_outage_of_hours_loses_and_quarantines_nothing(bench: Bench) -> None:
    await bench.open(order_by=(object(),), concurrency=4)
    bench.partner.down = Unavailable("connection refused")
    bodies = [b"%d" % number for number in range(40)]
    for number, body in enumerate(bodies):
        await bench.put(body, lane=1 + number % 8)
    await bench.until(lambda: bench.partner.tries and not bench.lanes.sending)
    for _ in range(12 * 12):
        await bench.pass_time(300)
    assert state_of(bench.lanes)["breaker"] == "open"
    assert bench.partner.took == []
    assert len(bench.partner.tries) < 400, "a partner that is down is not hammered"
    bench.partner.down = None
    await bench.pass_time(400)
    await bench.until(lambda: len(bench.partner.took) == 40)
    await asyncio.sleep(0.05)
    assert bench.states() == {"delivered": 40}
    for lane in range(8):
        assert [b for b in bench.partner.took if int(b) % 8 == lane] == bodies[lane::8]


async def test_after_an_outage_one_trial_goes_first(bench: Bench) -> None:
    await bench.open(order_by=(object(),), concurrency=4)
    bench.partner.down = Unavailable("503")
    for number in range(8):
        await bench.put(b"%d" % number, lane=number + 1)
    await bench.until(lambda: bench.partner.tries and not bench.lanes.sending)
    before = len(bench.partner.tries)
    await bench.pass_time(10)
    assert len(bench.partner.tries) == before + 1


async def test_the_partner_s_retry_after_is_honoured(bench: Bench) -> None:
    await bench.open()
    bench.partner.script = {b"x": [Unavailable("429", retry_after=120.0)]}
    await bench.put(b"x")
    await bench.until(lambda: bench.partner.tries and not bench.lanes.sending)
    await bench.pass_time(100)
    assert bench.partner.took == []
    await bench.pass_time(21)
    await bench.until(lambda: bench.partner.took == [b"x"])


async def test_wrong_credentials_pause_the_destination_and_keep_the_head(bench: Bench) -> None:
    await bench.open()
    bench.partner.down = Misconfigured("401")
    await bench.put(b"a", b"b")
    await bench.until(lambda: bench.partner.tries and not bench.lanes.sending)
    await bench.pass_time(30)
    assert bench.partner.tries == [b"a"]
    assert state_of(bench.lanes)["state"] == "paused"
    bench.partner.down = None
    bench.lanes.set_hold(Hold(destination=bench.lanes.number, held=False))
    await bench.until(lambda: bench.partner.took == [b"a", b"b"])


async def test_a_poison_message_is_parked_and_its_lane_goes_on(bench: Bench) -> None:
    await bench.open()
    bench.partner.script = {b"bad": [Refused("422")]}
    await bench.put(b"bad", b"good")
    await bench.until(lambda: bench.partner.took == [b"good"])
    await asyncio.sleep(0.05)
    assert bench.states() == {"refused": 1, "delivered": 1}


async def test_or_its_lane_waits_for_a_person(bench: Bench) -> None:
    await bench.open(policy=Policy(on_refused="wait"))
    bench.partner.script = {b"bad": [Refused("422")]}
    (bad, _) = await bench.put(b"bad", b"good")
    await bench.until(lambda: bench.partner.tries and not bench.lanes.sending)
    await bench.pass_time(3600)
    assert bench.partner.tries == [b"bad"]
    await bench.store.move([bad], State.DISCARDED, "ann", "wrong code", bench.time.at)
    bench.lanes.decided(set(), {bad})
    await bench.until(lambda: bench.partner.took == [b"good"])


async def test_uncertain_is_sent_again_under_the_same_key(bench: Bench) -> None:
    await bench.open()
    bench.partner.script = {b"x": [Uncertain("time-out")]}
    await bench.put(b"x")
    await bench.until(lambda: bench.partner.tries and not bench.lanes.sending)
    await bench.pass_time(10)
    await bench.until(lambda: bench.partner.took == [b"x"])


async def test_uncertain_on_hold_blocks_its_lane_until_a_person_decides(bench: Bench) -> None:
    await bench.open(policy=Policy(on_uncertain="hold"), order_by=(object(),), concurrency=2)
    bench.partner.script = {b"x": [Uncertain("time-out")]}
    (x,) = await bench.put(b"x", lane=1)
    await bench.put(b"y", lane=1)
    await bench.put(b"other", lane=2)
    await bench.until(lambda: bench.partner.took == [b"other"])
    await bench.pass_time(3600)
    assert b"y" not in bench.partner.tries
    await bench.store.move([x], State.QUEUED, "ann", "they never got it", bench.time.at)
    await bench.until(lambda: bench.partner.took == [b"other", b"x", b"y"])


async def test_attempts_end_in_a_person_s_hands(bench: Bench) -> None:
    await bench.open(policy=Policy(retry=Retry(attempts=3, first_wait=Duration(1))))
    bench.partner.script = {b"x": [Uncertain("reset")] * 9}
    await bench.put(b"x")
    await bench.until(lambda: bench.partner.tries and not bench.lanes.sending)
    for _ in range(6):
        await bench.pass_time(60)
    await asyncio.sleep(0.05)
    assert len(bench.partner.tries) == 3
    assert bench.states() == {"uncertain": 1}


async def test_a_hold_stops_sends_and_the_drain_rate_lets_them_go_one_by_one(
    bench: Bench,
) -> None:
    lanes = await bench.open()
    lanes.set_hold(Hold(destination=lanes.number, held=True))
    await bench.put(*[b"%d" % number for number in range(10)])
    await bench.pass_time(60)
    assert bench.partner.tries == []
    lanes.set_hold(Hold(destination=lanes.number, held=False, rate=2.0))
    await bench.pass_time(0)
    await bench.until(lambda: len(bench.partner.took) >= 1)
    await asyncio.sleep(0.05)
    taken = len(bench.partner.took)
    assert taken <= 2
    await bench.pass_time(0.6)
    await bench.until(lambda: len(bench.partner.took) > taken)
    await asyncio.sleep(0.05)
    assert len(bench.partner.took) <= taken + 2


@pytest.mark.slow
@pytest.mark.parametrize("pause", [0.0, 0.02])
async def test_more_than_fits_into_memory_comes_from_the_store_in_order(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, pause: float
) -> None:
    """Also where the store takes so long that all lanes in memory are dry before it says of one that nothing is behind."""
    behind = SqliteStore.behind

    async def slowly(self: Any, *where: Any) -> Any:
        await asyncio.sleep(pause)
        return await behind(self, *where)

    monkeypatch.setattr(SqliteStore, "behind", slowly)
    monkeypatch.setattr("engine.lanes.lines.IN_LINE", 5)
    monkeypatch.setattr("engine.lanes.lines.LINES", 4)
    lanes = await bench.open(order_by=(object(),), concurrency=3)
    lanes.set_hold(Hold(destination=lanes.number, held=True))
    for round_ in range(12):
        for lane in range(1, 11):
            await bench.put(b"%d/%d" % (lane, round_), lane=lane)
    assert len(lanes.lines.lines) <= 4
    assert all(len(line.items) <= 5 for line in lanes.lines.lines.values())
    lanes.set_hold(Hold(destination=lanes.number, held=False))
    await bench.until(lambda: len(bench.partner.took) == 120)
    for lane in range(1, 11):
        of_lane = [body for body in bench.partner.took if body.startswith(b"%d/" % lane)]
        assert of_lane == [b"%d/%d" % (lane, round_) for round_ in range(12)]


async def test_what_waited_is_found_again_after_a_restart(bench: Bench) -> None:
    lanes = await bench.open(order_by=(object(),), concurrency=3)
    lanes.set_hold(Hold(destination=lanes.number, held=True))
    for round_ in range(4):
        for lane in range(1, 6):
            await bench.put(b"%d/%d" % (lane, round_), lane=lane)
    await bench.close()
    await bench.open(order_by=(object(),), concurrency=3)
    await bench.until(lambda: len(bench.partner.took) == 20)
    for lane in range(1, 6):
        of_lane = [body for body in bench.partner.took if body.startswith(b"%d/" % lane)]
        assert of_lane == [b"%d/%d" % (lane, round_) for round_ in range(4)]
