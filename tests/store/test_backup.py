"""Backup while the engine works, and restore."""

from __future__ import annotations

import asyncio

import apsw
import pytest

from engine.effects import Numbered
from engine.errors import StoreError, StoreInUse
from engine.message import LARGE, Outbound, Plan, Verdict
from engine.store import backup, verify
from engine.store.archive import SqliteArchive
from engine.store.home import large_folder, prepare, store_file


async def test_a_backup_is_a_sound_copy(bench, tmp_path):
    spooled = await bench.store.spool([b"x" * (LARGE + 1)])
    out = (Outbound(destination="d", payload=spooled),)
    receipt = await bench.accept(Plan(verdict=Verdict.ACCEPTED, outbound=out), raw=b"raw")
    target = tmp_path / "copy"
    await bench.store.backup(target)
    assert list(verify.findings(target)) == []
    with SqliteArchive(target) as archive:
        assert archive.raw(receipt.id) == b"raw"
        assert archive.payload(receipt.deliveries[0].id) == b"x" * (LARGE + 1)


async def test_a_backup_does_not_hold_up_accepts(bench, tmp_path, monkeypatch):
    monkeypatch.setattr(backup, "BUSY", 16)
    monkeypatch.setattr(backup, "IDLE", 16)
    await asyncio.gather(*(bench.accept(raw=b"x" * 2000) for _ in range(300)))
    copying = asyncio.create_task(bench.store.backup(tmp_path / "copy"))
    accepted = 0
    while not copying.done():
        await bench.accept(raw=b"y" * 2000)
        accepted += 1
        await asyncio.sleep(0.005)
    await copying
    assert accepted > 10
    assert list(verify.findings(tmp_path / "copy")) == []


async def test_a_backup_may_begin_while_a_commit_is_under_way(bench, tmp_path):
    for number in range(4):
        accepts = [bench.accept(raw=b"%d" % other) for other in range(50)]
        await asyncio.gather(*accepts, bench.store.backup(tmp_path / f"copy-{number}"))
        assert list(verify.findings(tmp_path / f"copy-{number}")) == []


async def test_a_backup_does_not_write_over_anything(bench, tmp_path):
    target = tmp_path / "copy"
    target.mkdir()
    (target / "something").touch()
    with pytest.raises(StoreError, match="not empty"):
        await bench.store.backup(target)


async def test_a_backup_of_a_damaged_store_fails_and_leaves_nothing(bench, tmp_path):
    spooled = await bench.store.spool([b"x" * (LARGE + 1)])
    await bench.accept(bench.plan(), raw=spooled)
    (large_folder(bench.home) / spooled.digest.hex()).write_bytes(b"y")
    target = tmp_path / "copies" / "copy"
    with pytest.raises(StoreError, match="not sound"):
        await bench.store.backup(target)
    assert list(target.parent.iterdir()) == []


async def test_a_restored_store_is_as_backed_up_with_a_new_incarnation_and_on_hold(
    bench, tmp_path, make_bench
):
    before = await bench.accept(bench.plan(key="k"))
    await bench.store.backup(tmp_path / "copy")
    lost = await bench.accept()
    old = bench.store.incarnation
    await bench.close()
    aside = backup.restore(tmp_path / "copy", bench.home)
    with SqliteArchive(bench.home) as archive:
        assert [message.id for message in archive.recent()] == [before.id]
    assert aside is not None and (aside / "store.db").exists()
    await bench.open()
    assert bench.store.incarnation != old
    (hold,) = bench.store.holds().values()
    assert (hold.held, hold.reason) == (True, "restored")
    (head,) = await bench.heads()
    assert head.key == before.deliveries[0].key, "what was queued before keeps its key"
    again = await bench.accept()
    assert again.id > lost.id, "what is made of ids is not made twice"
    assert again.deliveries[0].key != lost.deliveries[0].key
    assert (await bench.accept(bench.plan(key="k"))).verdict == "duplicate"
    assert await bench.verified() == []


async def test_a_backup_is_restored_into_an_empty_home(bench, tmp_path):
    await bench.accept()
    await bench.store.backup(tmp_path / "copy")
    assert backup.restore(tmp_path / "copy", tmp_path / "new") is None
    assert list(verify.findings(tmp_path / "new")) == []


async def test_a_home_in_use_is_not_restored_into(bench, tmp_path):
    await bench.accept()
    await bench.store.backup(tmp_path / "copy")
    with pytest.raises(StoreInUse):
        backup.restore(tmp_path / "copy", bench.home)


async def test_a_backup_that_is_not_sound_is_not_restored(bench, tmp_path):
    await bench.accept()
    await bench.store.backup(tmp_path / "copy")
    await bench.close()
    connection = apsw.Connection(str(store_file(tmp_path / "copy")))
    connection.execute("DELETE FROM delivery").fetchall()
    connection.close()
    with pytest.raises(StoreError, match="not sound"):
        backup.restore(tmp_path / "copy", bench.home)
    with pytest.raises(StoreError, match="not a backup"):
        backup.restore(tmp_path / "nothing", bench.home)
    with SqliteArchive(bench.home) as archive:
        assert len(archive.recent()) == 1


async def test_a_backup_is_for_its_owner_alone(bench, tmp_path):
    await bench.store.backup(tmp_path / "copy")
    for folder in ("copy", "copy/data", "copy/data/large"):
        assert (tmp_path / folder).stat().st_mode & 0o077 == 0


async def test_the_store_is_for_its_owner_alone_wherever_it_came_from(tmp_path):
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    prepare(tmp_path)
    assert data.stat().st_mode & 0o777 == 0o700


async def test_sequences_of_a_restored_store_leave_out_what_partners_may_have_seen(
    bench, tmp_path
):
    await bench.accept(numbered("po_file", 17))
    await bench.store.numbers("block", 10)
    await bench.store.backup(tmp_path / "copy")
    await bench.accept(numbered("po_file", 18))
    await bench.close()
    backup.restore(tmp_path / "copy", bench.home)
    await bench.open()
    assert bench.store.sequences.next("po_file") == 18 + backup.AHEAD
    assert await bench.store.numbers("block", 1) == 11 + backup.AHEAD


def numbered(sequence, value):
    taken = (Numbered(sequence=sequence, value=value),)
    return Plan(verdict=Verdict.FILTERED, numbers=taken)
