"""What is left after a power cut, and that nobody is answered before the disk has it."""

from __future__ import annotations

import asyncio
import random

import pytest

from engine.message import Settlement, State
from engine.store import checkpoint, verify
from engine.store.archive import SqliteArchive
from engine.store.batch import Batch

NOW = 1_800_000_000.0


async def traffic(bench, disk, rounds):
    """Accepts, claims and settlements in flight; each acknowledged message is marked in the disk's log."""
    store = bench.store

    def queued(deliveries):
        for delivery in deliveries:
            if delivery.id // 65536 % 3:
                store.claim(delivery, NOW)
            if delivery.id // 65536 % 3 == 2:
                state = State.DELIVERED if delivery.id // 65536 % 2 else State.QUEUED
                store.settle(Settlement(delivery=delivery.id, state=state, at=NOW, attempt=1))

    store.listen(queued)

    async def sender(name):
        for number in range(rounds):
            key = f"{name}-{number}"
            plan = bench.plan(key.encode(), key=key, keys=(("mrn", key),), to=("d", "e"))
            receipt = await bench.accept(plan, raw=key.encode() * 50)
            disk.log.append(("acknowledged", "", receipt.id, key.encode() * 50))

    await asyncio.gather(*(sender(name) for name in range(6)))


@pytest.fixture(autouse=True)
def early(monkeypatch):
    """Move the log often, so that cuts fall into that too."""
    monkeypatch.setattr(checkpoint, "SOON", 300_000)


async def test_nobody_is_answered_before_the_fsync_returned(on_disk, disk, monkeypatch):
    tell, told = Batch.tell, []

    def telling(batch):
        told.append(len(batch.accepts))
        disk.log.append(("told", "", 0, b""))
        tell(batch)

    monkeypatch.setattr(Batch, "tell", telling)
    await traffic(on_disk, disk, 5)
    written = [
        entry[0]
        for entry in disk.log
        if entry[1] in ("", "store.db-wal") and entry[0] != "acknowledged"
    ]
    answers = [at for at, what in enumerate(written) if what == "told"]
    assert sum(told) == 30 and len(answers) == len(told)
    assert all(written[at - 1] == "sync" for at in answers)


async def cuts(bench, disk, power_cut, tmp_path, count, make_bench):
    await traffic(bench, disk, 40)
    assert bench.store.state()["checkpoints"] > 2
    await bench.close()
    log, chance = disk.log, random.Random(7)
    for number in range(count):
        point = chance.randrange(len(log) // 20, len(log))
        home = tmp_path / f"after-{number}"
        power_cut(log, point, chance, home / "data")
        after = make_bench(home)
        await after.open()
        assert await after.verified() == [], f"at {point} of {len(log)}"
        with SqliteArchive(home) as archive:
            for what, _, id, raw in log[:point]:
                if what == "acknowledged":
                    assert archive.raw(id) == raw, f"at {point} of {len(log)}"
        await after.close()


async def test_a_power_cut_loses_nothing_that_was_acknowledged(
    on_disk, disk, power_cut, tmp_path, make_bench
):
    await cuts(on_disk, disk, power_cut, tmp_path, 20, make_bench)


@pytest.mark.slow
async def test_a_power_cut_at_any_of_200_moments_loses_nothing(
    on_disk, disk, power_cut, tmp_path, make_bench
):
    await cuts(on_disk, disk, power_cut, tmp_path, 200, make_bench)


async def test_a_damaged_end_of_the_log_is_left_behind(
    on_disk, disk, power_cut, tmp_path, make_bench
):
    await on_disk.queue(5)
    await on_disk.settled()
    home = tmp_path / "damaged"
    power_cut(disk.log, len(disk.log), random.Random(1), home / "data")
    log = home / "data" / "store.db-wal"
    content = bytearray(log.read_bytes())
    content[-100:] = b"x" * 100
    log.write_bytes(content + b"garbage" * 1000)
    after = make_bench(home)
    await after.open()
    assert await after.verified() == []
    assert len(await after.queue(2)) == 2
    await after.close()
    assert list(verify.findings(home)) == []
