"""Groups over crashes: whatever the moment, nothing is in no group, nothing in two, and a due group is released once."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import time

import apsw
import pytest

from engine.effects import Join
from engine.errors import CommitRefused, CommitUnknown
from engine.message import Outbound, Plan, Verdict
from engine.store.archive import SqliteArchive
from engine.store.home import store_file
from engine.store.schema import Rows, open_reader

NOW = 1_800_000_000.0


def collected(member, key="A", **more):
    join = Join(key=key, member=member, of="ChargeEvent", quiet=0.01, source=None, **more)
    return Plan(verdict=Verdict.COLLECTED, joins=(join,))


async def release_due(bench, at=NOW + 1e6):
    """Release all that is due, as the engine does; the members that were in it."""
    out = (Outbound(destination="d", payload=b"claim"),)
    plan = Plan(verdict=Verdict.ACCEPTED, outbound=out, kind="group")
    members = []
    while due := bench.store.due(at):
        for listed in due:
            group = bench.store.group(listed.id)
            raw = b",".join(member.member for member in group.members)
            await bench.accept(plan, raw=raw, group=group.id, version=group.version)
            members += raw.split(b",")
    return members


def released(home):
    """Members by how often they were in a released group, over the store's whole life."""
    found = {}
    connection = open_reader(str(store_file(home)))
    rows = connection.execute(
        "SELECT bytes FROM message JOIN content ON content.id = message.content WHERE grouping > 0"
    ).fetchall()
    connection.close()
    for (raw,) in rows:
        for member in raw.split(b","):
            found[member] = found.get(member, 0) + 1
    return found


# -- the transaction is cut at each of its statements -------------------------------------------------------


def cut(monkeypatch, at):
    """Let the statement number `at` of the next transactions fail."""
    count = [0]
    run = Rows.run

    def failing(self, flat):
        if flat:
            count[0] += 1
            if count[0] == at:
                raise apsw.SQLError("cut")
        run(self, flat)

    monkeypatch.setattr(Rows, "run", failing)
    return count


async def cuts(bench, monkeypatch, attempt):
    """Fail at each statement in turn until the attempt succeeds; the number of cuts."""
    for at in range(1, 20):
        with monkeypatch.context() as patch:
            cut(patch, at)
            try:
                await attempt()
            except CommitRefused:
                patch.undo()
                assert await bench.verified() == []
                continue
        return at - 1
    raise AssertionError("it never succeeds")


async def test_a_join_that_is_cut_leaves_the_group_as_it_was(bench, monkeypatch):
    await bench.accept(collected(b"1"))
    assert await cuts(bench, monkeypatch, lambda: bench.accept(collected(b"2"))) >= 4
    assert await release_due(bench) == [b"1", b"2"]
    assert await bench.verified() == []


async def test_the_opening_of_a_group_that_is_cut_leaves_none(bench, monkeypatch):
    assert await cuts(bench, monkeypatch, lambda: bench.accept(collected(b"1"))) >= 4
    assert await release_due(bench) == [b"1"]


async def test_a_release_that_is_cut_leaves_the_group_open(bench, monkeypatch):
    await bench.accept(collected(b"1"))
    await bench.accept(collected(b"2"))
    assert await cuts(bench, monkeypatch, lambda: release_due(bench)) >= 4
    assert released(bench.home) == {b"1": 1, b"2": 1}
    assert await release_due(bench) == [] and len(bench.announced) == 1
    assert await bench.verified() == []


async def test_a_batch_of_joins_and_a_release_that_is_cut_is_taken_apart(bench, monkeypatch):
    await bench.accept(collected(b"0", complete=True))
    with monkeypatch.context() as patch:
        cut(patch, 1)
        joins = [bench.accept(collected(b"%d" % n)) for n in range(1, 6)]
        await asyncio.gather(*joins, release_due(bench))
    assert set(released(bench.home).values()) == {1}
    await release_due(bench)
    assert released(bench.home) == {b"%d" % n: 1 for n in range(6)}
    assert await bench.verified() == []


async def test_nobody_knows_about_a_commit_and_the_restart_does(on_disk, disk):
    await on_disk.accept(collected(b"1"))

    def broken(what, name):
        if what == "sync":
            raise apsw.IOError("broken")

    disk.fails = broken
    with pytest.raises(CommitUnknown):
        await release_due(on_disk)
    disk.fails = None
    await on_disk.again()
    await release_due(on_disk)
    assert released(on_disk.home) == {b"1": 1}
    assert await on_disk.verified() == []


# -- the power is cut at any moment ---------------------------------------------------------------------------


async def traffic(bench, disk):
    """Joins and releases side by side; each acknowledged member and release is marked in the disk's log."""

    async def sender(name):
        for number in range(12):
            member = f"{name}-{number}".encode()
            await bench.accept(collected(member, key=f"K{number % 3}", most=4))
            disk.log.append(("joined", "", 0, member))

    async def closer():
        for _ in range(60):
            for member in await release_due(bench, NOW):
                disk.log.append(("released", "", 0, member))
            await asyncio.sleep(0)

    await asyncio.gather(*(sender(name) for name in "abcd"), closer())


async def after_cuts(bench, disk, power_cut, folder, make_bench, count):
    await traffic(bench, disk)
    await bench.close()
    log, chance = disk.log, random.Random(11)
    for number in range(count):
        point = chance.randrange(len(log) // 10, len(log))
        home = folder / f"after-{number}"
        power_cut(log, point, chance, home / "data")
        after = make_bench(home)
        await after.open()
        assert await after.verified() == [], f"at {point} of {len(log)}"
        before = released(home)
        said = {entry[3] for entry in log[:point] if entry[0] == "released"}
        assert said <= set(before), f"at {point} of {len(log)}"
        await release_due(after)
        found = released(home)
        joined = {entry[3] for entry in log[:point] if entry[0] == "joined"}
        assert joined <= set(found), f"at {point} of {len(log)}"
        assert set(found.values()) <= {1}, f"at {point} of {len(log)}"
        assert await after.verified() == [], f"at {point} of {len(log)}"
        await after.close()


async def test_a_power_cut_loses_and_doubles_no_member(
    on_disk, disk, power_cut, tmp_path, make_bench
):
    await after_cuts(on_disk, disk, power_cut, tmp_path, make_bench, 8)


@pytest.mark.slow
async def test_a_power_cut_at_any_of_150_moments_loses_and_doubles_no_member(
    on_disk, disk, power_cut, tmp_path, make_bench
):
    await after_cuts(on_disk, disk, power_cut, tmp_path, make_bench, 150)


# -- the process is killed --------------------------------------------------------------------------------------

#: Collects and releases as fast as it can; says on stdout what it was told is durable.
PROGRAM = """
import asyncio, os, sys, time
from pathlib import Path
from engine.effects import Join
from engine.errors import GroupChanged
from engine.message import Inbound, Outbound, Plan, Verdict
from engine.store.sqlite import SqliteStore

async def main():
    store = await SqliteStore.open(Path(sys.argv[1]), asyncio.get_running_loop(), time.time)
    out = (Outbound(destination="d", payload=b"claim"),)

    async def sender(name):
        number = 0
        while True:
            number += 1
            member = b"%d-%d-%d" % (os.getpid(), name, number)
            join = Join(key=str(number % 5), member=member, most=7, quiet=0.02, complete=number % 11 == 0)
            inbound = Inbound(raw=member, received_at=time.time())
            await store.accept("c", inbound, Plan(verdict=Verdict.COLLECTED, joins=(join,)))
            os.write(1, b"joined " + member + b"\\n")

    async def closer():
        while True:
            for listed in store.due(time.time()):
                group = store.group(listed.id)
                raw = b",".join(member.member for member in group.members)
                plan = Plan(verdict=Verdict.ACCEPTED, outbound=out, kind="group")
                inbound = Inbound(raw=raw, received_at=time.time(), group=group.id, version=group.version)
                try:
                    await store.accept("c", inbound, plan)
                except GroupChanged:
                    continue
                os.write(1, b"released %d\\n" % group.id)
            await asyncio.sleep(0.001)

    os.write(1, b"ready\\n")
    await asyncio.gather(closer(), *(sender(name) for name in range(6)))

asyncio.run(main())
"""


def run_and_kill(home, seconds):
    """Members and groups that were reported durable before the kill."""
    command = [sys.executable, "-c", PROGRAM, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        lines = [line.split() for line in process.stdout.read().splitlines() if b" " in line]
    joined = {words[1] for words in lines if words[0] == b"joined"}
    return joined, {int(words[1]) for words in lines if words[0] == b"released"}


async def kills(home, make_bench, count):
    chance = random.Random(5)
    joined, closed = set(), set()
    for _ in range(count):
        more = await asyncio.to_thread(run_and_kill, home, chance.uniform(0.05, 0.3))
        joined |= more[0]
        closed |= more[1]
        with SqliteArchive(home) as archive:
            assert list(archive.verify()) == []
            waiting = {group["id"] for group in archive.groups()}
        assert not waiting & closed, "what was released stays released"
    bench = make_bench(home)
    await bench.open()
    await release_due(bench, 1e12)
    found = released(home)
    assert joined <= set(found), "nothing is in no group"
    assert set(found.values()) == {1}, "nothing is in two"
    rows = bench.store._connection.execute("SELECT count(DISTINCT content) FROM member")
    assert rows.fetchall() == [(len(found),)]
    assert len(joined) > 10 * count and closed
    assert await bench.verified() == []
    await bench.close()


async def test_a_kill_loses_and_doubles_no_member(tmp_path, make_bench):
    await kills(tmp_path, make_bench, 2)


@pytest.mark.slow
async def test_twenty_kills_in_a_row_lose_and_double_no_member(tmp_path, make_bench):
    await kills(tmp_path, make_bench, 20)
