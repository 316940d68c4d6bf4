"""A store of an earlier release is brought up to date when it is opened, with all that is in it."""

from __future__ import annotations

import apsw
import pytest

from engine.effects import Join
from engine.errors import StoreError
from engine.message import Plan, State, Verdict
from engine.store import backup, schema, verify
from engine.store.archive import SqliteArchive
from engine.store.home import data_folder, store_file

NOW = 1_800_000_000.0


def downgraded(source, home, version=1):
    """A store of an earlier schema with the same rows, as that release would have written them."""
    data_folder(home).mkdir(parents=True)
    old = apsw.Connection(str(store_file(home)))
    old.execute("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL")
    for number, sql in schema.migrations():
        if number <= version:
            old.execute(sql)
    old.execute("ATTACH ? AS new", (str(store_file(source)),))
    tables = old.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'").fetchall()
    for (table,) in tables:
        columns = ", ".join(
            row[1] for row in old.execute(f"PRAGMA main.table_info({table})").fetchall()
        )
        old.execute(
            f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}"
        ).fetchall()
    old.pragma("user_version", version)
    old.close()


@pytest.fixture
async def earlier(bench, tmp_path):
    """A home of the first release with something of everything in it."""
    done, _, refused = await bench.queue(3)
    await bench.accept(bench.plan(key="k", keys=(("mrn", "1"),), to=()))
    await bench.accept(bench.plan(key="k", keys=(("mrn", "1"),), to=()))
    await bench.step(done, State.DELIVERED, attempt=1)
    await bench.step(refused, State.REFUSED, attempt=1, reply=b"no")
    await bench.store.put("files", "a", b"1")
    await bench.close()
    home = tmp_path / "earlier"
    downgraded(bench.home, home)
    return home


@pytest.mark.parametrize("version", range(1, len(schema.migrations())))
async def test_a_backup_of_any_earlier_release_is_verified_and_restored(
    earlier, tmp_path, version
):
    source, home = tmp_path / "backup", tmp_path / "home"
    downgraded_from = await _newest(earlier)
    downgraded(downgraded_from, source, version)
    assert list(verify.findings(source)) == []
    home.mkdir()
    assert backup.restore(source, home) is None


async def _newest(home):
    """The same home, brought up to date."""
    schema.open_writer(str(store_file(home))).close()
    return home


async def test_a_store_of_the_first_release_is_brought_up_to_date(earlier, make_bench):
    bench = make_bench(earlier)
    await bench.open()
    newest = schema.migrations()[-1][0]
    assert bench.store._connection.pragma("user_version") == newest > 1
    assert await bench.verified() == []
    assert [one.after for one in await bench.heads()] == [0]
    again = await bench.accept(bench.plan(key="k", to=()))
    assert again.verdict == "duplicate"
    plan = Plan(verdict=Verdict.COLLECTED, joins=(Join(key="A", member=b"m", quiet=1.0),))
    await bench.accept(plan)
    assert len(bench.store.due(NOW + 1)) == 1
    with bench.archive() as archive:
        assert archive.message(1).states == {"delivered": 1}
        assert [step.what for step in archive.trail(1)][-1] == "delivered"
        assert archive.tables(1) == []
    assert await bench.verified() == []
    await bench.again()
    assert await bench.verified() == []
    await bench.close()


async def test_it_is_sound_before_and_reading_it_says_what_to_do(earlier):
    assert list(verify.findings(earlier)) == []
    with pytest.raises(StoreError, match="start it once with: corridor run"):
        SqliteArchive(earlier)


async def test_a_backup_of_the_first_release_is_restored(earlier, tmp_path, make_bench):
    home = tmp_path / "restored"
    home.mkdir()
    assert backup.restore(earlier, home) is None
    bench = make_bench(home)
    await bench.open()
    assert await bench.verified() == []
    assert all(hold.held for hold in bench.store.holds().values())
    await bench.close()


async def test_a_step_that_fails_leaves_the_schema_as_it_was(earlier, monkeypatch, make_bench):
    good = schema.migrations()
    bad = (good[-1][0] + 1, "CREATE TABLE half (a); INSERT INTO nothing VALUES (1)")
    monkeypatch.setattr(schema, "migrations", lambda: [*good, bad])
    with pytest.raises(StoreError, match="cannot be opened"):
        await make_bench(earlier).open()
    monkeypatch.undo()
    bench = make_bench(earlier)
    await bench.open()
    assert bench.store._connection.pragma("user_version") == good[-1][0]
    rows = bench.store._connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'half'")
    assert rows.fetchall() == []
    await bench.close()


def test_the_steps_are_numbered_without_a_gap():
    numbers = [number for number, _ in schema.migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_a_later_release_s_store_is_not_read(bench):
    bench.store._connection.pragma("user_version", 99)
    with pytest.raises(StoreError, match="use a later release"):
        bench.archive()
