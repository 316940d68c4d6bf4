"""Versions: immutable, numbered, with who and why; whole or not there, whenever the machine stops."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from engine.errors import CommandError, StoreError
from engine.mapping.lookups import Definition
from engine.store.sqlite import SqliteStore
from engine.store.tables import build, files, publishing, rows, table_file, tables_folder
from engine.store.tables.reading import StoreTables
from engine.store.tables.rows import TableRows

NOW = 1_800_000_000.0
UNITS = Definition(name="units", owner="supply", keys=("unit",), columns=("code",))


class Stewards:
    """What people do to one home's tables."""

    def __init__(self, bench):
        self.bench, self.home = bench, bench.home

    async def bring(
        self, rows, reason="because", who="ann", definition=UNITS, at=NOW, approver=""
    ):
        path = self.home / "in.csv"
        names = (*definition.keys, *definition.columns)
        path.write_text("\n".join([",".join(names), *rows]) + "\n")
        with publishing.imported(self.home, definition, path, approver=approver) as prepared:
            if prepared.same:
                return None
            return await publishing.publish(
                self.bench.store, self.home, prepared.wanted, who, reason, at
            )

    def tables(self):
        return StoreTables.open(self.home, lambda: NOW)

    def files(self):
        return sorted(path.name for path in tables_folder(self.home).glob("*/*"))


@pytest.fixture
def stewards(bench):
    return Stewards(bench)


async def test_an_import_is_a_version_with_who_and_why(stewards):
    one = await stewards.bring(["BX,10"], "first list")
    two = await stewards.bring(["BX,12", "EA,1"], "second list", "bob", approver="chief")
    assert [one.version, two.version] == [1, 2]
    rows = TableRows(stewards.home)
    assert rows.versions("units") == [one, two]
    assert rows.newest() == [two]
    assert (two.who, two.reason, two.approver, two.owner) == (
        "bob",
        "second list",
        "chief",
        "supply",
    )
    assert (two.rows, two.changes.added, two.changes.changed) == (2, 1, 1)
    with stewards.bench.archive() as archive:
        audits = [(a["who"], a["action"], a["what"], a["reason"]) for a in archive.audits()]
    assert audits[:2] == [
        (
            "bob",
            "table import",
            "table units version 2, 2 rows, approved by chief",
            "second list",
        ),
        ("ann", "table import", "table units version 1, 1 rows", "first list"),
    ]


async def test_the_same_rows_again_are_no_version(stewards):
    await stewards.bring(["BX,10", "EA,1"])
    assert await stewards.bring(["EA,1", "BX,10"]) is None
    assert len(stewards.files()) == 1, "nothing is left of it"
    assert await stewards.bring(["EA,1"]) is not None


async def test_the_same_rows_for_a_wider_declaration_are_a_version(stewards):
    await stewards.bring(["BX,10"])
    wider = Definition(name="units", owner="supply", keys=("unit",), columns=("code", "name"))
    assert (await stewards.bring(["BX,10,"], definition=wider)).version == 2
    assert stewards.tables().columns("units") == ("unit", "code", "name")


async def test_a_file_is_on_the_disk_before_it_has_its_name_and_its_name_before_it_counts(
    stewards, monkeypatch
):
    done = []

    def told(what, function):
        return lambda *args, **named: (done.append(what), function(*args, **named))[1]

    monkeypatch.setattr(build.os, "fsync", told("fsync", build.os.fsync))
    monkeypatch.setattr(files.os, "rename", told("rename", files.os.rename))
    monkeypatch.setattr(rows, "publish", told("publish", rows.publish))
    await stewards.bring(["BX,10"])
    last = len(done) - done[::-1].index("rename") - 1
    assert done[last - 1 : last + 3] == ["fsync", "rename", "fsync", "publish"]


async def test_a_change_needs_a_reason(stewards):
    with pytest.raises(CommandError, match="reason"):
        await stewards.bring(["BX,10"], "  ")
    assert TableRows(stewards.home).versions("units") == []


async def test_rolling_back_is_a_version_too(stewards):
    for number in range(1, 4):
        await stewards.bring([f"BX,{number}"])
    wanted = publishing.rolled_back(stewards.home, UNITS, to=1)
    back = await publishing.publish(
        stewards.bench.store, stewards.home, wanted, "ann", "wrong", NOW
    )
    assert (back.version, back.rolled_back_to, back.rows, back.changes.changed) == (4, 1, 1, 1)
    assert stewards.tables().find("units", ("BX",), None) == ["1"]
    assert publishing.rolled_back(stewards.home, UNITS).rolled_back_to == 3
    with stewards.bench.archive() as archive:
        assert (
            archive.audits()[0]["what"]
            == "table units version 4, 1 rows, the rows of version 1"
        )


@pytest.mark.parametrize(
    ("to", "why"), [(3, "in force already"), (4, "has 1 to 3"), (-1, "has 1 to 3")]
)
async def test_there_must_be_something_to_roll_back_to(stewards, to, why):
    for number in range(1, 4):
        await stewards.bring([f"BX,{number}"])
    with pytest.raises(CommandError, match=why):
        publishing.rolled_back(stewards.home, UNITS, to)


async def test_one_version_and_none_cannot_be_rolled_back(stewards):
    with pytest.raises(CommandError, match="no version yet"):
        publishing.rolled_back(stewards.home, UNITS)
    await stewards.bring(["BX,1"])
    with pytest.raises(CommandError, match="none before it"):
        publishing.rolled_back(stewards.home, UNITS)


async def test_of_two_imports_at_once_the_second_is_told(stewards):
    await stewards.bring(["BX,1"])
    path = stewards.home / "late.csv"
    path.write_text("unit,code\nBX,9\n")
    with publishing.imported(stewards.home, UNITS, path) as late:
        await stewards.bring(["BX,2"])
        with pytest.raises(StoreError, match="version 2 of the table 'units' came in between"):
            await publishing.publish(
                stewards.bench.store, stewards.home, late.wanted, "bob", "late", NOW
            )
    assert stewards.tables().find("units", ("BX",), None) == ["2"]
    assert len(stewards.files()) == 2
    assert await stewards.bench.verified() == []


async def test_versions_are_append_only(stewards):
    await stewards.bring(["BX,1"])
    for sql in ("DELETE FROM table_version", "UPDATE table_version SET reason = ''"):
        with pytest.raises(Exception, match="append-only"):
            await stewards.bench.store.write(
                lambda connection, sql=sql: connection.execute(sql)
            )


async def test_a_file_that_was_changed_is_not_published_and_verify_finds_it(stewards):
    path = stewards.home / "in.csv"
    path.write_text("unit,code\nBX,1\n")
    with publishing.imported(stewards.home, UNITS, path) as prepared:
        made = table_file(stewards.home, "units", prepared.wanted.file)
        whole = made.read_bytes()
        made.write_bytes(whole.replace(b"BX", b"BY"))
        with pytest.raises(StoreError, match="not what was built"):
            await publishing.publish(
                stewards.bench.store, stewards.home, prepared.wanted, "ann", "x", NOW
            )
    version = await stewards.bring(["BX,1"])
    kept = table_file(stewards.home, "units", version.file)
    assert list(files.findings(stewards.home)) == []
    kept.write_bytes(kept.read_bytes().replace(b"BX", b"BY"))
    assert "is not what was written" in next(iter(files.findings(stewards.home)))
    kept.unlink()
    assert "cannot be read: No such file" in next(iter(files.findings(stewards.home)))
    assert StoreTables.open(stewards.home).version("units") == 0
    assert "cannot be read" in StoreTables.open(stewards.home).troubles["units"]


@pytest.mark.parametrize("file", ["../../store.db", "x.table", "", "a/b.table"])
async def test_an_order_cannot_name_any_file(stewards, file):
    wanted = publishing.Wanted(
        table="units",
        owner="o",
        file=file,
        rows=1,
        digest=b"",
        changes=publishing.Changes(),
        after=0,
    )
    with pytest.raises(CommandError, match="no file"):
        await publishing.publish(stewards.bench.store, stewards.home, wanted, "ann", "x", NOW)


async def test_an_order_is_obeyed_as_it_travels(stewards):
    tables = stewards.tables()
    path = stewards.home / "in.csv"
    path.write_text("unit,code\nBX,1\n")
    with publishing.imported(stewards.home, UNITS, path) as prepared:
        arguments = msgspec.json.decode(
            msgspec.json.encode(msgspec.to_builtins(prepared.wanted))
        )
        answer = await publishing.obey(
            stewards.bench.store, tables, stewards.home, arguments, "ann", "first", NOW
        )
    assert answer == {"table": "units", "version": 1}
    assert (tables.find("units", ("BX",), None), tables.version("units")) == (["1"], 1)
    with pytest.raises(CommandError, match="not an order"):
        await publishing.obey(
            stewards.bench.store, tables, stewards.home, {"table": 1}, "ann", "x", NOW
        )


# -- what is swept --------------------------------------------------------------------------------------------------


async def test_a_file_without_a_row_is_swept_and_one_that_is_held_is_not(stewards):
    version = await stewards.bring(["BX,1"])
    folder = tables_folder(stewards.home) / "units"
    (folder / ".abc").write_bytes(b"half")
    (folder / f"{'0' * 16}-{'0' * 8}.table").write_bytes(b"never published")
    with files.draft(stewards.home, "units") as held:
        held.write_bytes(b"on its way")
        assert files.sweep(stewards.home) == 2
        assert held.exists()
    assert stewards.files() == [version.file]


async def test_nothing_is_swept_where_the_store_cannot_be_read(tmp_path):
    folder = tables_folder(tmp_path) / "units"
    folder.mkdir(parents=True)
    (folder / "x.table").write_bytes(b"")
    assert files.sweep(tmp_path) == 0


# -- crashes --------------------------------------------------------------------------------------------------------

#: Imports a sheet into a store; is killed at the moment that is named.
PROGRAM = """
import asyncio, os, signal, sys, time
from pathlib import Path
from engine.mapping.lookups import Definition
from engine.store.sqlite import SqliteStore
from engine.store.tables import build, files, publishing, rows

home, moment = Path(sys.argv[1]), sys.argv[2]
die = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
if moment == "while it is written":
    build._Writer.finish = die
if moment == "before the fsync":
    build.os.fsync = die
if moment == "before it has its name":
    files.os.rename = die
if moment == "before the commit":
    rows.publish.__globals__["_told"] = die

async def main():
    store = await SqliteStore.open(home, asyncio.get_running_loop(), time.time)
    units = Definition(name="units", owner="supply", keys=("unit",), columns=("code",))
    with publishing.imported(home, units, home / "next.csv") as prepared:
        await publishing.publish(store, home, prepared.wanted, "ann", "next", time.time())
        die()

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("moment", "version"),
    [
        ("while it is written", 1),
        ("before the fsync", 1),
        ("before it has its name", 1),
        ("before the commit", 1),
        ("after the commit", 2),
    ],
)
async def test_killed_during_an_import_there_is_the_old_version_or_the_new(
    stewards, moment, version
):
    await stewards.bring(["BX,1", "EA,1"])
    await stewards.bench.close()
    (stewards.home / "next.csv").write_text("unit,code\nBX,2\nEA,2\n")
    command = [sys.executable, "-c", PROGRAM, str(stewards.home), moment]
    ended = subprocess.run(command, check=False, timeout=30, capture_output=True)
    assert ended.returncode == -9, ended.stderr.decode()
    tables = stewards.tables()
    assert tables.version("units") == version
    assert [tables.find("units", (unit,), None) for unit in ("BX", "EA")] == [
        [str(version)]
    ] * 2
    files.sweep(stewards.home)
    assert len(stewards.files()) == version, "nothing half is left"
    await stewards.bench.open()
    assert (await stewards.bring(["BX,3"])).version == version + 1
    assert list(files.findings(stewards.home)) == []
    with stewards.bench.archive() as archive:
        assert len(archive.audits()) == version + 1


async def test_a_store_of_an_earlier_release_has_no_tables(tmp_path):
    store = await SqliteStore.open(
        tmp_path, __import__("asyncio").get_running_loop(), lambda: NOW
    )
    await store.write(lambda connection: connection.execute("DROP TABLE table_version"))
    await store.close()
    assert TableRows(tmp_path).newest() == []
    assert TableRows(tmp_path).files() is None


async def test_a_backup_has_the_tables_too(stewards, tmp_path):
    await stewards.bring(["BX,1"])
    await stewards.bring(["BX,2"])
    target = tmp_path / "copy"
    await stewards.bench.store.backup(target)
    assert StoreTables.open(target).find("units", ("BX",), None) == ["2"]
    assert list(files.findings(target)) == []
    lost = table_file(stewards.home, "units", stewards.tables()._versions["units"][1])
    lost.unlink()
    with pytest.raises(StoreError, match="cannot be copied: No such file"):
        await stewards.bench.store.backup(tmp_path / "another")
