"""Every message leads to the files that decided about it."""

from __future__ import annotations

import apsw
import pytest

from engine.store import Used, verify
from engine.store.home import store_file

NOW = 1_800_000_000.0


def used(release, channel="c", **texts):
    files = {f"{name}.yaml": text for name, text in texts.items()}
    return Used(channel=channel, release=release, texts=files)


async def test_a_message_leads_to_the_very_files_after_a_restart(bench):
    text = "name: é\r\n".encode() * 1000
    await bench.store.put_to_use([used("r1", main=text, table=b"a,b\n")], "", NOW)
    receipt = await bench.accept(bench.plan(release="r1"))
    await bench.again()
    archive = bench.archive()
    release = archive.made_by(receipt.id)
    assert release == "r1"
    assert archive.release("c", release) == {"main.yaml": text, "table.yaml": b"a,b\n"}
    assert archive.release("c", "r9") is None and archive.release("other", "r1") is None


async def test_releases_are_kept_when_they_are_put_to_use_and_not_at_every_start(bench):
    first, second = used("r1", main=b"1"), used("r2", main=b"2")
    kept = [
        await bench.store.put_to_use([one], who, NOW + at)
        for at, (one, who) in enumerate([(first, ""), (first, ""), (second, "ann"), (first, "bob")])
    ]  # fmt: skip
    assert kept == [1, 0, 1, 1]
    found = bench.archive().releases("c")
    assert [(one.release, one.who, one.at - NOW) for one in found] == [
        ("r1", "bob", 3.0), ("r2", "ann", 2.0), ("r1", "", 0.0),
    ]  # fmt: skip
    assert found[0].files == found[2].files != found[1].files
    assert await bench.verified() == []


async def test_the_same_text_is_kept_once(bench):
    shared = b"x" * 10_000
    await bench.store.put_to_use(
        [used("r1", shared=shared), used("r1", channel="d", shared=shared)], "", NOW
    )
    rows = bench.store._connection.execute("SELECT count(*) FROM text").fetchall()
    assert rows == [(1,)]


async def test_a_release_is_never_changed_nor_forgotten(bench):
    await bench.store.put_to_use([used("r1", main=b"1")], "", NOW)
    for statement in ("DELETE FROM release", "UPDATE release SET who = 'x'", "DELETE FROM text", "UPDATE text SET bytes = x''"):  # fmt: skip
        with pytest.raises(apsw.ConstraintError, match="append-only"):
            bench.store._connection.execute(statement)


async def test_verify_finds_damage_and_a_backup_has_them(bench, tmp_path):
    await bench.store.put_to_use([used("r1", main=b"1", other=b"2")], "", NOW)
    await bench.store.backup(tmp_path / "copy")
    assert list(verify.findings(tmp_path / "copy")) == []
    await bench.close()
    damaged = apsw.Connection(str(store_file(bench.home)))
    damaged.execute("DROP TRIGGER text_is_kept; DROP TRIGGER text_is_fixed")
    damaged.execute(
        "UPDATE text SET bytes = x'00' WHERE digest = (SELECT min(digest) FROM text)"
    )
    damaged.execute("DELETE FROM text WHERE digest = (SELECT max(digest) FROM text)")
    damaged.close()
    found = " ".join(bench.archive().verify())
    assert "damaged" in found and "lacks 1 of its texts" in found
    copied = apsw.Connection(str(store_file(tmp_path / "copy")))
    assert copied.execute("SELECT count(*) FROM release").fetchall() == [(1,)]
