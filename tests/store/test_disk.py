"""A disk that is full, read-only, broken, or of another machine; and a clock that jumps."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

import apsw
import pytest

from engine.errors import CommitRefused, CommitUnknown, StoreError
from engine.message import Settlement, State
from engine.store import home as homes
from engine.store import verify
from engine.store.sqlite import SqliteStore

NOW = 1_800_000_000.0


def full(what, name):
    if what == "write" and name.endswith("-wal"):
        raise apsw.FullError("full")


def unreadable_after(count):
    left = [count]

    def fails(what, name):
        if what == "write" and name.endswith("-wal"):
            left[0] -= 1
            if left[0] < 0:
                raise apsw.FullError("full")

    return fails


async def test_a_full_disk_refuses_and_keeps_nothing(on_disk, disk):
    (delivery,) = await on_disk.queue()
    disk.fails = full
    results = await asyncio.gather(
        *(on_disk.accept() for _ in range(3)), return_exceptions=True
    )
    assert all(isinstance(result, CommitRefused) for result in results)
    assert "the disk is full" in str(results[0])
    disk.fails = None
    assert (await on_disk.accept()).verdict == "accepted"
    assert [one.id for one in await on_disk.heads()] == [delivery.id]
    assert await on_disk.verified() == []


@pytest.mark.parametrize("writes", [1, 4, 9])
async def test_a_disk_that_fills_up_in_the_middle_of_a_commit_refuses(
    on_disk, disk, writes, tmp_path
):
    await on_disk.queue(3)
    disk.fails = unreadable_after(writes)
    with pytest.raises(CommitRefused):
        await on_disk.accept(on_disk.plan(key="k"))
    disk.fails = None
    assert (await on_disk.accept(on_disk.plan(key="k"))).verdict == "accepted"
    assert await on_disk.verified() == []


async def test_settlements_wait_while_the_disk_is_full(on_disk, disk):
    (delivery,) = await on_disk.queue()
    disk.fails = full
    told = []
    on_disk.store.claim(delivery, NOW, lambda: told.append("claim"))
    on_disk.store.settle(
        Settlement(delivery=delivery.id, state=State.DELIVERED, at=NOW, attempt=1),
        lambda: told.append("settled"),
    )
    on_disk.store.hurry()
    await asyncio.sleep(0.05)
    assert told == []
    disk.fails = None
    async with asyncio.timeout(5):
        while not told:
            await asyncio.sleep(0.02)
    assert told == ["claim", "settled"]
    assert on_disk.states(delivery.message) == {"delivered": 1}


async def test_a_failed_fsync_answers_nobody_and_ends_the_store(on_disk, disk, make_bench):
    await on_disk.queue()
    syncs = []

    def broken(what, name):
        if what == "sync":
            syncs.append(name)
            raise apsw.IOError("broken")

    disk.fails = broken
    waiting = [on_disk.accept() for _ in range(3)]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, CommitUnknown) for result in results)
    assert len(syncs) == 1, "an fsync is never tried again"
    with pytest.raises(CommitUnknown):
        await on_disk.accept()
    with pytest.raises(CommitUnknown):
        await on_disk.store.put("a", "b", b"")
    disk.fails = None
    await on_disk.again()
    assert await on_disk.verified() == []
    assert (await on_disk.accept()).verdict == "accepted"


async def test_a_disk_of_64_pages_fills_up_and_loses_nothing(tmp_path, make_bench):
    """A real, small file system: every message is either acknowledged and there, or refused."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = (
        shutil.which("mount")
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(small)],
            capture_output=True,
            check=False,
        ).returncode
    )
    if not mounted:
        pytest.skip("mounting a small file system is not allowed here")
    try:
        bench = make_bench(small)
        await bench.open()
        kept, refused = [], 0
        for number in range(400):
            try:
                kept.append(
                    (await bench.accept(bench.plan(key=str(number)), raw=b"x" * 3000)).id
                )
            except CommitRefused:
                refused += 1
        assert kept and refused
        await bench.close()
        with bench.archive() as archive:
            assert all(archive.raw(id) == b"x" * 3000 for id in kept)
        assert list(verify.findings(small)) == []
    finally:
        await bench.close()
        subprocess.run(["umount", "-l", str(small)], check=True)


async def test_a_read_only_store_says_so(on_disk):
    await on_disk.queue()
    on_disk.store._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(CommitRefused, match="read-only"):
        await on_disk.accept()
    on_disk.store._connection.execute("PRAGMA query_only = OFF")
    assert (await on_disk.accept()).verdict == "accepted"


async def test_a_store_of_a_later_release_is_left_alone(bench):
    bench.store._connection.pragma("user_version", 99)
    await bench.close()
    with pytest.raises(StoreError, match="later release"):
        await bench.open()


async def test_a_file_that_is_no_store_is_left_alone(tmp_path, make_bench):
    homes.prepare(tmp_path)
    homes.store_file(tmp_path).write_bytes(b"not a store" * 1000)
    with pytest.raises(StoreError, match="cannot be opened"):
        await make_bench(tmp_path).open()


async def test_a_network_file_system_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(homes, "file_system", lambda path: 0x6969)
    with pytest.raises(StoreError, match="NFS"):
        await SqliteStore.open(tmp_path, asyncio.get_running_loop(), lambda: NOW)


def test_the_kind_of_a_file_system_is_told():
    wanted = subprocess.run(
        ["stat", "-f", "-c", "%t", "/"], capture_output=True, text=True, check=True
    ).stdout
    assert homes.file_system(Path("/")) == int(wanted, 16)


async def test_only_the_owner_can_read_the_store(bench):
    assert os.stat(homes.data_folder(bench.home)).st_mode & 0o077 == 0


async def test_a_clock_that_jumps_back_changes_no_order(bench):
    first = await bench.accept(received_at=NOW)
    second = await bench.accept(received_at=NOW - 86_400)
    assert [one.id for one in await bench.heads()] == [first.deliveries[0].id]
    number = first.deliveries[0].destination
    behind = await bench.store.behind(number, 0, first.deliveries[0].id, 10)
    assert [one.id for one in behind] == [second.deliveries[0].id]
    bench.store.claim(first.deliveries[0], NOW)
    delivery = first.deliveries[0].id
    bench.store.settle(
        Settlement(delivery=delivery, state=State.DELIVERED, at=NOW - 99_999, attempt=1)
    )
    await bench.settled()
    with bench.archive() as archive:
        assert [message.id for message in archive.recent("c")] == [second.id, first.id]
        assert archive.trail(first.id)[-1].what == "delivered"
    assert await bench.verified() == []
