"""Carriers and lines under bad luck: nothing gets stuck, nothing goes twice, order holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine.channel import Replies
from engine.errors import Refused, StoreError, Uncertain
from engine.formats import load
from engine.mapping import Expression
from engine.message import State
from engine.retry import Policy, Retry
from engine.store import Hold
from tests.test_lanes import Bench


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path)
    yield made
    await made.close()


def held(bench: Bench, yes: bool) -> None:
    bench.lanes.set_hold(Hold(destination=bench.lanes.number, held=yes))


async def test_a_payload_that_cannot_be_read_now_is_sent_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.open()
    held(bench, True)
    await bench.put(b"a", b"b")
    await bench.lanes.stop(1.0)
    real, failures = bench.store.payload, [StoreError("busy"), OSError(5, "disk")]

    async def payload(delivery: int) -> Any:
        if failures:
            raise failures.pop()
        return await real(delivery)

    monkeypatch.setattr(bench.store, "payload", payload)
    await bench.lanes_of()
    for _ in range(4):
        await bench.pass_time(10)
    await bench.until(lambda: bench.partner.took == [b"a", b"b"])


async def test_what_stands_behind_is_read_again_when_the_store_could_not(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.lanes.lines.IN_LINE", 3)
    await bench.open()
    held(bench, True)
    bodies = [b"%d" % number for number in range(10)]
    await bench.put(*bodies)
    real, failures = bench.store.behind, [StoreError("busy")]

    async def behind(*values: int) -> Any:
        if failures:
            raise failures.pop()
        return await real(*values)

    monkeypatch.setattr(bench.store, "behind", behind)
    held(bench, False)
    await bench.until(lambda: bench.partner.took == bodies)


async def test_an_answer_that_breaks_the_reader_of_replies_is_still_an_answer(
    bench: Bench,
) -> None:
    class Breaks:
        def run(self, scope: Any) -> Any:
            raise RecursionError

    keep: tuple[tuple[str, Expression], ...] = (("number", Breaks()),)  # type: ignore[assignment]
    await bench.open(replies=Replies(format=load("json"), keep=keep))
    await bench.put(b"a", b"b")
    await bench.until(lambda: bench.partner.took == [b"a", b"b"])
    await asyncio.sleep(0.05)
    assert bench.states() == {"delivered": 2}


async def test_what_comes_while_the_lanes_are_read_joins_behind_what_waited(
    bench: Bench,
) -> None:
    await bench.open()
    held(bench, True)
    await bench.put(b"a", b"b")
    await bench.lanes.stop(1.0)
    real, late = bench.store.heads, [b"c"]

    async def heads(*values: int) -> Any:
        found = await real(*values)
        await bench.put(*late)
        late.clear()
        return found

    bench.store.heads = heads  # type: ignore[method-assign, assignment]
    await bench.lanes_of()
    await bench.until(lambda: len(bench.partner.took) == 3)
    assert bench.partner.took == [b"a", b"b", b"c"]


async def test_more_lanes_than_fit_are_all_found_after_a_restart(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.lanes.lines.LINES", 10)
    await bench.open(order_by=(object(),))
    held(bench, True)
    for lane in range(1, 48):
        await bench.put(b"%d" % lane, lane=lane)
    await bench.close()
    await bench.open(order_by=(object(),), concurrency=3)
    await bench.until(lambda: len(bench.partner.took) == 47)


async def test_a_merge_waits_for_lanes_that_do_not_stand_in_memory(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.lanes.lines.LINES", 4)
    await bench.open(order_by=(object(),), concurrency=8)
    held(bench, True)
    for lane in range(1, 10):
        await bench.put(b"%d" % lane, lane=lane)
    await bench.put(b"merge", lane=(8, 9))
    await bench.put(b"after", lane=8)
    held(bench, False)
    await bench.until(lambda: len(bench.partner.took) == 11)
    order = bench.partner.took.index
    assert max(order(b"8"), order(b"9")) < order(b"merge") < order(b"after")


async def test_a_send_that_a_stop_cuts_short_is_recorded_and_goes_again(bench: Bench) -> None:
    await bench.open()
    bench.partner.gate = asyncio.Event()
    await bench.put(b"a", b"b")
    await bench.until(lambda: bench.partner.now == 1)
    await bench.lanes.stop(0.01)
    bench.partner.gate.set()
    await bench.lanes_of()
    await bench.pass_time(60)
    await bench.until(lambda: bench.partner.took == [b"a", b"b"])


async def test_or_is_left_to_a_person_where_it_must_not_be_repeated(bench: Bench) -> None:
    policy = Policy(on_uncertain="hold")
    await bench.open(policy=policy)
    bench.partner.gate = asyncio.Event()
    (a, _) = await bench.put(b"a", b"b")
    await bench.until(lambda: bench.partner.now == 1)
    await bench.lanes.stop(0.01)
    bench.partner.gate.set()
    await bench.lanes_of(policy=policy)
    await bench.pass_time(3600)
    assert bench.partner.took == []
    assert await bench.store.move([a], State.DELIVERED, "ann", "seen there", bench.time.at) == 1
    bench.lanes.decided(set(), {a})
    await bench.until(lambda: bench.partner.took == [b"b"])


async def test_without_order_one_that_waits_for_a_person_holds_nobody_up(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.lanes.lines.IN_LINE", 4)
    await bench.open(order_by=None, concurrency=2, policy=Policy(on_uncertain="hold"))
    held(bench, True)
    bench.partner.script = {b"0": [Uncertain("time-out")]}
    await bench.put(*[b"%d" % number for number in range(12)])
    held(bench, False)
    await bench.until(lambda: len(bench.partner.took) == 11)


async def test_without_order_sending_one_again_repeats_none_that_waited(bench: Bench) -> None:
    await bench.open(order_by=None, policy=Policy(retry=Retry(attempts=1)))
    bench.partner.script = {b"a": [Uncertain("time-out")]}
    (a,) = await bench.put(b"a")
    await bench.until(lambda: bool(bench.lanes.stuck))
    held(bench, True)
    await bench.put(b"b", b"c", b"d")
    await bench.store.move([a], State.QUEUED, "ann", "not there", bench.time.at)
    held(bench, False)
    await bench.until(lambda: len(bench.partner.took) >= 4)
    await asyncio.sleep(0.05)
    assert sorted(bench.partner.took) == [b"a", b"b", b"c", b"d"]


async def test_a_refused_one_sent_again_is_found_behind_a_long_line(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.lanes.lines.IN_LINE", 3)
    await bench.open()
    bench.partner.script = {b"bad": [Refused("422")]}
    (bad,) = await bench.put(b"bad")
    await bench.until(lambda: bool(bench.partner.tries) and not bench.lanes.sending)
    held(bench, True)
    await bench.put(*[b"%d" % number for number in range(8)])
    await bench.store.move([bad], State.QUEUED, "ann", "they mended it", bench.time.at)
    held(bench, False)
    await bench.until(lambda: len(bench.partner.took) == 9)


async def test_several_that_wait_in_one_lane_can_be_sent_again_in_any_order(
    bench: Bench,
) -> None:
    policy = Policy(on_uncertain="hold")
    await bench.open(order_by=None, concurrency=3, policy=policy)
    bodies = [b"a", b"b", b"c"]
    bench.partner.script = {body: [Uncertain("time-out")] for body in bodies}
    a, b, c = await bench.put(*bodies)
    await bench.until(lambda: len(bench.lanes.stuck) == 3)
    await bench.lanes.stop(1.0)
    await bench.lanes_of(policy=policy)
    await bench.until(lambda: bench.lanes.stuck == {a})
    await bench.store.move([a], State.QUEUED, "ann", "not there", bench.time.at)
    await bench.until(lambda: bench.lanes.stuck == {b})
    for one in (c, b):
        await bench.store.move([one], State.QUEUED, "ann", "not there", bench.time.at)
    await bench.until(lambda: bench.partner.took == bodies)


async def test_what_stands_behind_one_that_has_just_left_is_found_by_new_lanes(
    bench: Bench,
) -> None:
    await bench.open(order_by=(object(),))
    bench.partner.gate = asyncio.Event()
    await bench.put(b"a", b"b", lane=1)
    await bench.until(lambda: bench.partner.now == 1)
    stopping = asyncio.ensure_future(bench.lanes.stop(1.0))
    await asyncio.sleep(0.03)
    bench.partner.gate.set()
    await stopping
    await bench.lanes_of(order_by=(object(),))
    await bench.until(lambda: bench.partner.took == [b"a", b"b"])
