"""What channels remember, and sequences: written with their message, seen by the next plan at once."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import apsw
import pytest

from engine.effects import Numbered, Remembered
from engine.errors import CommitRefused
from engine.message import Plan, Settlement, State, Verdict
from engine.store import memory

NOW = 1_800_000_000.0
OTHER = b"0123456789abcdef"


def visit(value=b'{"class":"I"}', key="V1", until=NOW + 60):
    return Remembered(name="visit", key=key, value=value, until=until)


def remembering(bench, *records, **more):
    return bench.plan(to=(), verdict=Verdict.FILTERED, reason="kept", remembers=records, **more)


def numbering(bench, *numbers, **more):
    taken = tuple(Numbered(sequence="po", value=number) for number in numbers)
    return bench.plan(to=(), verdict=Verdict.FILTERED, reason="kept", numbers=taken, **more)


# -- memory -------------------------------------------------------------------------------------------------


async def test_what_was_remembered_is_recalled_also_after_a_restart(bench):
    assert bench.store.memory.recall("visit", "V1") is None
    await bench.accept(remembering(bench, visit()))
    assert bench.store.memory.recall("visit", "V1") == {"class": "I"}
    await bench.again()
    assert bench.store.memory.recall("visit", "V1") == {"class": "I"}
    assert bench.store.memory.recall("visit", "V2") is None
    assert bench.store.memory.recall("order", "V1") is None


async def test_numbers_are_recalled_as_they_were_written(bench):
    await bench.accept(remembering(bench, visit(b'{"a":1.10,"b":2,"c":[0.1]}')))
    recalled = bench.store.memory.recall("visit", "V1")
    assert str(recalled["a"]) == "1.10" and recalled["c"] == [Decimal("0.1")]
    recalled["a"] = 7
    assert str(bench.store.memory.recall("visit", "V1")["a"]) == "1.10", "a record of its own"


async def test_the_next_plan_sees_it_before_the_commit(bench):
    waiting = [
        bench.accept(remembering(bench, visit(b'{"n":%d}' % number))) for number in range(3)
    ]
    tasks = [asyncio.ensure_future(one) for one in waiting]
    await asyncio.sleep(0)
    assert bench.store.memory.recall("visit", "V1") == {"n": 2}
    assert not any(task.done() for task in tasks)
    await asyncio.gather(*tasks)
    assert bench.store.memory.recall("visit", "V1") == {"n": 2}
    assert not bench.store.memory._on_its_way


async def test_it_is_recalled_while_a_commit_is_under_way(on_disk, disk):
    await on_disk.accept(remembering(on_disk, visit()))
    seen = []

    def slow(what, name):
        if what == "sync":
            seen.append(what)

    disk.fails = slow
    task = asyncio.ensure_future(on_disk.accept(remembering(on_disk, visit(b'{"n":2}'))))
    while not task.done():
        assert on_disk.store.memory.recall("visit", "V1") in ({"class": "I"}, {"n": 2})
        await asyncio.sleep(0)
    assert seen and on_disk.store.memory.recall("visit", "V1") == {"n": 2}


async def test_a_refused_commit_takes_its_memory_with_it(bench):
    await bench.accept(remembering(bench, visit()))
    bad = asyncio.ensure_future(
        bench.accept(remembering(bench, visit(b'{"class":"O"}'), control="\ud800"))
    )
    await asyncio.sleep(0)
    assert bench.store.memory.recall("visit", "V1") == {"class": "O"}
    with pytest.raises(CommitRefused):
        await bad
    assert bench.store.memory.recall("visit", "V1") == {"class": "I"}


async def test_a_full_disk_takes_its_memory_with_it(on_disk, disk):
    def full(what, name):
        if what == "write" and name.endswith("-wal"):
            raise apsw.FullError("full")

    disk.fails = full
    with pytest.raises(CommitRefused):
        await on_disk.accept(remembering(on_disk, visit()))
    assert on_disk.store.memory.recall("visit", "V1") is None
    disk.fails = None


async def test_a_sender_that_went_away_changes_nothing_about_memory(bench):
    task = asyncio.ensure_future(bench.accept(remembering(bench, visit())))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    assert bench.store.memory.recall("visit", "V1") == {"class": "I"}
    await bench.settled()
    assert bench.store.memory.recall("visit", "V1") == {"class": "I"}


async def test_a_duplicate_remembers_nothing(bench):
    await bench.accept(remembering(bench, visit(), key="k"))
    again = await bench.accept(remembering(bench, visit(b'{"class":"O"}'), key="k"))
    reused = await bench.accept(
        remembering(bench, visit(b'{"class":"E"}'), key="k", digest=OTHER)
    )
    assert (again.verdict, reused.reason) == ("duplicate", "key_reused")
    assert bench.store.memory.recall("visit", "V1") == {"class": "I"}


async def test_none_forgets(bench):
    await bench.accept(remembering(bench, visit()))
    task = asyncio.ensure_future(bench.accept(remembering(bench, visit(None))))
    await asyncio.sleep(0)
    assert bench.store.memory.recall("visit", "V1") is None
    await task
    assert bench.store.memory.recall("visit", "V1") is None
    await bench.accept(remembering(bench, visit(), visit(None), visit(b'{"n":3}')))
    assert bench.store.memory.recall("visit", "V1") == {"n": 3}


async def test_it_is_forgotten_when_its_time_is_over(bench):
    await bench.accept(remembering(bench, visit(until=NOW), visit(key="V2", until=NOW + 1)))
    assert bench.store.memory.recall("visit", "V1") is None
    assert bench.store.memory.recall("visit", "V2") == {"class": "I"}


async def test_what_is_over_is_dropped_in_small_steps(bench):
    over = [visit(key=f"V{number}", until=NOW - number) for number in range(25)]
    await bench.accept(remembering(bench, *over, visit(key="stays")))
    steps = []
    while dropped := await bench.store.forget(10):
        steps.append(dropped)
    assert steps == [10, 10, 5]
    rows = bench.store._connection.execute("SELECT key FROM remembered").fetchall()
    assert rows == [("stays",)]


async def test_pruning_forgets_too(bench):
    await bench.accept(remembering(bench, *(visit(key=str(n), until=1.0) for n in range(25))))
    while await bench.store.prune(0.0, 10):
        pass
    assert not bench.store._connection.execute("SELECT 1 FROM remembered").fetchall()


async def test_parts_and_handed_over_messages_remember_too(bench):
    part = remembering(bench, visit(), part_raw=b"one")
    handed = remembering(bench, visit(key="V2"), part_raw=b"two", channel="second")
    split = Plan(verdict=Verdict.SPLIT, parts=(part, handed), unique="k", digest=b"d")
    task = asyncio.ensure_future(bench.accept(split))
    await asyncio.sleep(0)
    assert bench.store.memory.recall("visit", "V2") == {"class": "I"}
    await task
    await bench.again()
    assert bench.store.memory.recall("visit", "V1") == {"class": "I"}
    assert bench.store.memory.recall("visit", "V2") == {"class": "I"}
    gone = remembering(bench, visit(b'{"n":1}'), part_raw=b"one")
    again = Plan(verdict=Verdict.SPLIT, parts=(gone,), unique="k", digest=b"d")
    assert (await bench.accept(again)).verdict == "duplicate"
    assert bench.store.memory.recall("visit", "V1") == {"class": "I"}


# -- sequences ----------------------------------------------------------------------------------------------


async def test_numbers_go_on_where_the_last_kept_one_was(bench):
    assert [bench.store.sequences.next("po") for _ in range(3)] == [1, 2, 3]
    await bench.accept(numbering(bench, 2))
    assert bench.store.sequences.next("po") == 4, "given out is given out"
    await bench.again()
    assert bench.store.sequences.next("po") == 3, "3 and 4 were in no message"
    assert bench.store.sequences.next("other") == 1


async def test_a_later_commit_of_an_earlier_number_takes_nothing_back(bench):
    await bench.accept(numbering(bench, 7))
    await bench.accept(numbering(bench, 6))
    await bench.again()
    assert bench.store.sequences.next("po") == 8


async def test_a_duplicate_takes_no_number(bench):
    await bench.accept(numbering(bench, 1, key="k"))
    await bench.accept(numbering(bench, 2, key="k"))
    await bench.again()
    assert bench.store.sequences.next("po") == 2


async def test_a_refused_plan_s_number_is_not_given_out_again(bench):
    assert bench.store.sequences.next("po") == 1
    with pytest.raises(CommitRefused):
        await bench.accept(numbering(bench, 1, control="\ud800"))
    assert bench.store.sequences.next("po") == 2


async def test_a_number_that_was_not_used_is_the_next_one(bench):
    number = bench.store.sequences.next("batch")
    bench.store.unused("batch", number)
    assert bench.store.sequences.next("batch") == number
    assert bench.store.sequences.next("batch") == number + 1
    bench.store.unused("batch", number)
    assert bench.store.sequences.next("batch") == number + 2, "a later one was given out since"


async def test_a_number_that_was_used_is_never_the_next_one(bench):
    number = bench.store.sequences.next("po")
    await bench.accept(numbering(bench, number))
    bench.store.unused("po", number)
    assert bench.store.sequences.next("po") == number + 1


async def test_many_sequences_do_not_fill_the_memory(bench, monkeypatch):
    monkeypatch.setattr(memory, "SEQUENCES", 10)
    assert bench.store.sequences.next("first") == 1
    for number in range(50):
        name = f"s{number}"
        taken = Numbered(sequence=name, value=bench.store.sequences.next(name))
        await bench.accept(bench.plan(to=(), numbers=(taken,)))
    assert len(bench.store.sequences._last) <= 12
    assert bench.store.sequences.next("first") == 2, "handed out, and in no message"
    assert bench.store.sequences.next("s0") == 2


# -- what ordinary messages pay -----------------------------------------------------------------------------


async def test_a_message_that_uses_none_of_it_runs_the_same_statements(bench):
    await bench.accept()
    statements = []
    bench.store._connection.trace_v2(
        apsw.SQLITE_TRACE_STMT, lambda event: statements.append(event["sql"].split()[:3])
    )
    receipt = await bench.accept(bench.plan(key="k", keys=(("mrn", "1"),)))
    bench.store.claim(receipt.deliveries[0], NOW)
    bench.store.settle(
        Settlement(delivery=receipt.deliveries[0].id, state=State.DELIVERED, at=NOW, attempt=1)
    )
    await bench.settled()
    bench.store._connection.trace_v2(0, None)
    words = {" ".join(words) for words in statements}
    touched = ("remembered", "sequence", "grouping", "member", "expectation")
    assert not [one for one in words if any(name in one for name in touched)], words
