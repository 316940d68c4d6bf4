"""Work on many messages, without an engine: each step is answered here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from engine.errors import CommandError
from engine.message import short_id
from engine.web.jobs import Job, Jobs


def job(total: int = 4) -> Job:
    return Job("replay", "root", tuple(range(1, total + 1)), frozenset({"lab"}), "")


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def replayed(some: Sequence[int]) -> dict[str, Any]:
    made = [{"of": one, "id": one + 100, "verdict": "accepted"} for one in some if one != 3]
    return {"replayed": made, "failed": [{"of": 3, "why": "gone"}] if 3 in some else []}


def test_a_job_counts_what_became_of_each_and_names_what_could_not_be_done() -> None:
    one = job()
    assert one.start(one.messages, replayed, rate=0, reason="why")
    until(lambda: one.progress().state == "done")
    seen = one.progress()
    assert (seen.done, seen.total, seen.failed, seen.outcomes) == (4, 4, 1, {"accepted": 3})
    assert seen.first == short_id(101)
    assert [(trouble.id, trouble.why) for trouble in seen.troubles] == [(short_id(3), "gone")]
    assert not one.start(one.messages, replayed, rate=0, reason="twice")


def test_a_paused_job_does_nothing_until_it_goes_on_and_a_cancelled_one_never_again() -> None:
    one, asked, gate = job(200), list[int](), threading.Semaphore(1)

    def step(some: Sequence[int]) -> dict[str, Any]:
        gate.acquire()
        asked.extend(some)
        return {}

    one.start(one.messages, step, rate=0, reason="why")
    until(lambda: len(asked) == 50)
    assert one.pause() and not one.pause()
    gate.release()
    until(lambda: one.progress().done == 100)  # the step that was under way is ended
    time.sleep(0.05)
    assert (one.progress().state, one.progress().done) == ("paused", 100)
    assert one.resume()
    gate.release()
    until(lambda: one.progress().done == 150)
    assert one.cancel() and not one.cancel() and not one.resume()
    gate.release()
    time.sleep(0.05)
    assert one.progress().state == "cancelled"
    assert len(asked) <= 200


def test_where_the_engine_is_gone_a_job_stops_and_says_so() -> None:
    def step(some: Sequence[int]) -> dict[str, Any]:
        raise CommandError("no engine runs")

    one = job()
    one.start(one.messages, step, rate=0, reason="why")
    until(lambda: one.progress().state == "failed")
    assert (one.progress().why, one.progress().done) == ("no engine runs", 0)


def test_a_cancel_does_not_wait_for_a_slow_rate() -> None:
    one = job()
    one.start(one.messages, replayed, rate=0.01, reason="why")
    until(lambda: one.progress().done == 1)
    one.cancel()
    until(lambda: all(thread.name != f"job {one.id}" for thread in threading.enumerate()))


def test_what_nobody_started_is_forgotten() -> None:
    jobs, old = Jobs(), job()
    jobs.add(old)
    old.made_at -= 4000
    new = jobs.add(job())
    assert jobs.find(old.id) is None
    assert jobs.all() == [new]
