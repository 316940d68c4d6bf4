"""Looking up: the version in force, seen at once, the same in another process; what is used and missed is counted."""

from __future__ import annotations

import asyncio
import gc
import pickle
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from engine import formats
from engine.errors import MessageError
from engine.formats import Reading, Scope, Shape
from engine.mapping import expression, lookups
from engine.mapping.language import Language
from engine.mapping.lookups import Definition, Effective
from engine.mapping.tables import Tables
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes, Place, Scalar
from engine.store.tables import drift as drifting
from engine.store.tables import publishing, usage
from engine.store.tables.reading import StoreTables
from engine.store.tables.rows import MISSES, TableRows

NOW = 1_800_000_000.0  # 2027-01-15
DAY = 86_400
UNITS = Definition(name="units", owner="supply", keys=("unit",), columns=("code", "name"))
PRICES = Definition(
    name="prices",
    owner="buying",
    keys=("item",),
    columns=("price",),
    effective=Effective(from_="since", to="until"),
)


class Home:
    """A home whose tables are changed, and the clock that its look-ups read."""

    def __init__(self, bench):
        self.bench, self.home, self.now = bench, bench.home, NOW
        self.tables = StoreTables.open(self.home, lambda: self.now)

    async def bring(self, text, definition=UNITS):
        path = self.home / "in.csv"
        path.write_text(text)
        with publishing.imported(self.home, definition, path) as prepared:
            version = await publishing.publish(
                self.bench.store, self.home, prepared.wanted, "ann", "because", self.now
            )
        self.tables.use(version)
        return version

    async def flush(self):
        await self.tables.flush(self.bench.store)

    def drift(self, table="units", days=90):
        return drifting.drift(self.home, table, self.now, days)


@pytest.fixture
def home(bench):
    return Home(bench)


async def test_a_table_without_data_has_no_version(home):
    assert home.tables.version("units") == 0
    assert home.tables.columns("units") == ()
    assert home.tables.find("units", ("BX",), None) is None


async def test_the_next_look_up_sees_the_new_version(home):
    await home.bring("unit,code,name\nBX,10,Box\n")
    assert home.tables.find("units", ("BX",), None) == ["10", "Box"]
    await home.bring("unit,code,name\nBX,11,Box\n")
    assert home.tables.find("units", ("BX",), None) == ["11", "Box"]
    assert home.tables.version("units") == 2
    assert StoreTables.open(home.home).version("units") == 2


async def test_without_a_day_a_dated_table_is_asked_for_today(home):
    await home.bring("item,since,until,price\nA,,2027-01-15,1\nA,2027-01-16,,2\n", PRICES)
    assert home.tables.find("prices", ("A",), None) == ["1"]
    home.now += DAY
    assert home.tables.find("prices", ("A",), None) == ["2"]
    assert home.tables.find("prices", ("A",), "2020-01-01") == ["1"]


async def test_old_versions_are_let_go(home):
    await home.bring("unit,code,name\nBX,10,Box\n")
    for number in range(3):
        await home.bring(f"unit,code,name\nBX,{number},Box\n")
    gc.collect()
    with open("/proc/self/maps") as maps:
        mapped = {
            line.split()[-1] for line in maps if str(home.home) in line and ".table" in line
        }
    assert len(mapped) == 1


def asked(tables: StoreTables):
    return tables.find("units", ("BX",), None), tables.version("units"), tables.find("units", ("X",), None), tables.noted()  # fmt: skip


async def test_another_process_reads_the_versions_of_the_one_that_asks(home):
    await home.bring("unit,code,name\nBX,10,Box\n")
    sent = pickle.dumps(home.tables)
    await home.bring("unit,code,name\nBX,11,Box\n")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found, version, missed, noted = pool.submit(asked, pickle.loads(sent)).result(30)
    assert (found, version, missed) == (["10", "Box"], 1, None)
    assert noted.found == (("units", "BX"),)
    assert noted.missed == (("units", "X", "", 1),)
    home.tables.note(noted)
    await home.flush()
    assert TableRows(home.home).used("units", 0) == {"BX"}
    assert TableRows(home.home).misses("units")[0].count == 1


# -- data and declaration change one by one -------------------------------------------------------------------------

MESSAGE = b"MSH|^~\\&|A\rFT1|1||||||BX\r"


def compiled(folder, text):
    """An expression over a message, compiled in a home."""
    mistakes = Mistakes()
    hl7 = formats.load("hl7v2")
    language = Language(
        shape=Shape(format="hl7v2"),
        format=hl7,
        mistakes=mistakes,
        tables=Tables(folder, mistakes),
    )
    place = Place(file="x", line=1, column=1)
    found = expression(Scalar(text=text, style="plain", place=place), language)
    assert found is not None, list(map(str, mistakes))

    def run(tables):
        context = Context(now=NOW, lookups=tables)
        facts = Facts(inbound=Inbound(raw=MESSAGE, received_at=NOW), context=context)
        return found.run(Scope(hl7.parse(MESSAGE, Reading()), facts)), facts.notes.tables

    return run


def declare(home, columns, keys="unit"):
    folder = home.home / lookups.FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "units.yaml").write_text(f"owner: o\nkeys: [{keys}]\ncolumns: [{columns}]\n")


async def test_an_expression_finds_its_column_whichever_declaration_the_data_came_with(home):
    declare(home, "code, name")
    old = compiled(home.home, 'lookup("units", "name", unit=FT1-7.1)')
    await home.bring("unit,code,name\nBX,10,Box\n")
    assert old(home.tables) == ("Box", {"units": 1})
    wider = Definition(name="units", owner="o", keys=("unit",), columns=("gs1", "name", "code"))
    await home.bring("unit,code,name,gs1\nBX,10,Box,B\n", wider)
    assert old(home.tables) == ("Box", {"units": 2}), "a channel that was not reloaded goes on"
    declare(home, "gs1, name, colour, code")
    assert compiled(home.home, 'lookup("units", "gs1", unit=FT1-7.1)')(home.tables)[0] == "B"
    new = compiled(home.home, 'lookup("units", "colour", unit=FT1-7.1)')
    with pytest.raises(MessageError, match="without the column 'colour' of its declaration"):
        new(home.tables)


async def test_other_keys_are_never_taken_for_these(home):
    await home.bring("unit,code,name\nBX,10,Box\n")
    declare(home, "code, name", keys="item")
    with pytest.raises(MessageError, match="without the keys of its declaration"):
        compiled(home.home, 'lookup("units", "name", item=FT1-7.1)')(home.tables)


# -- usage and drift ------------------------------------------------------------------------------------------------


async def test_what_is_used_and_missed_is_kept_by_flush(home):
    await home.bring("unit,code,name\nBX,10,Box\nEA,1,Each\nPK,2,Pack\n")
    for unit in ("BX", "BX", "EA", "CS", "CS", "CS", "x" * 500):
        home.tables.find("units", (unit,), None)
    await home.flush()
    rows = TableRows(home.home)
    assert rows.used("units", int(NOW // DAY)) == {"BX", "EA"}
    assert [(one.key, one.count, one.first_at) for one in rows.misses("units")] == [
        ("CS", 3, NOW),
        ("x" * usage.LONGEST, 1, NOW),
    ]
    home.now += 3 * DAY
    for unit in ("BX", "CS"):
        home.tables.find("units", (unit,), None)
    await home.flush()
    assert rows.used("units", int(home.now // DAY)) == set(), (
        "noted as of the day before: once a day"
    )
    home.tables.find("units", ("BX",), None)
    await home.flush()
    assert rows.used("units", int(home.now // DAY)) == {"BX"}
    assert rows.last_used("units") == int(home.now // DAY)
    miss = rows.misses("units")[0]
    assert (miss.count, miss.first_at, miss.last_at) == (4, NOW, home.now)


async def test_what_is_noted_is_bounded(home, monkeypatch):
    await home.bring("unit,code,name\n" + "".join(f"U{n},{n},x\n" for n in range(300)))
    monkeypatch.setattr(usage, "NOTED", 100)
    monkeypatch.setattr(usage, "WAITING", 50)
    for number in range(300):
        home.tables.find("units", (f"U{number}",), None)
        home.tables.find("units", (f"X{number}",), None)
    noted = home.tables.noted()
    assert (len(noted.found), len(noted.missed)) == (100, 50)
    home.tables.find("units", ("U299",), None)
    assert home.tables.noted().found == (("units", "U299"),), "and begins anew"


async def test_misses_in_the_store_are_bounded(home, monkeypatch):
    monkeypatch.setattr("engine.store.tables.rows.MISSES", 3)
    assert MISSES > 3
    await home.bring("unit,code,name\nBX,10,Box\n")
    for number in range(5):
        home.tables.find("units", (f"X{number}",), None)
    await home.flush()
    home.tables.find("units", ("X0",), None)
    await home.flush()
    misses = TableRows(home.home).misses("units")
    assert [(one.key, one.count) for one in misses] == [("X0", 2), ("X1", 1), ("X2", 1)]


async def test_drift_says_what_is_missing_unused_and_changed(home):
    await home.bring("unit,code,name\nBX,10,Box\nEA,1,Each\nPK,2,Pack\nCS,4,Case\n")
    home.now += 10 * DAY
    for unit in ("BX", "CS", "NIX", "SOON"):
        home.tables.find("units", (unit,), None)
    await home.flush()
    home.now += DAY
    await home.bring("unit,code,name\nBX,11,Box\nEA,1,Each\nPK,2,Pack\nSOON,5,Soon\n")
    found = home.drift(days=5)
    assert [one.keys for one in found.missing] == [("NIX",)], (
        "what has come since is not missing"
    )
    assert found.unused == (("EA",), ("PK",)), "SOON is too young to be unused"
    assert (found.compared_with, found.version, found.owner) == (1, 2, "supply")
    assert [(one.what, one.keys, one.columns, one.used) for one in found.changed] == [
        ("changed", ("BX",), ("code",), True),
        ("removed", ("CS",), (), True),
    ]
    assert (found.changes.added, found.changes.removed, found.changes.changed) == (1, 1, 1)
    home.now += 6 * DAY
    later = home.drift(days=5)
    assert (later.compared_with, later.changed) == (2, ())
    assert [keys[0] for keys in later.unused] == ["BX", "EA", "PK", "SOON"]


async def test_rows_that_do_not_hold_today_are_not_called_unused(home):
    await home.bring(
        "item,since,until,price\nA,,2026-01-15,1\nB,,,2\nC,2030-01-01,,2\n", PRICES
    )
    home.tables.find("prices", ("A",), "2027-01-01")
    await home.flush()
    found = home.drift("prices")
    assert found.unused == (("B",),)
    assert [(one.keys, one.at) for one in found.missing] == [(("A",), "2027-01-01")]


async def test_a_table_without_data_has_no_drift(home):
    assert home.drift() is None


# -- how fast, how small --------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.alone
async def test_a_million_rows_are_found_in_5_us_within_50_mb(home):
    path = home.home / "big.csv"
    with open(path, "w") as file:
        file.write("facility,code,charge_code,revenue_code,price\n")
        for n in range(1_000_000):
            file.write(
                f"NORTH{n % 7},{10_000_000 + n * 7},CHG{n:08d},{n % 900:04d},{n % 5000}.{n % 100:02d}\n"
            )
    definition = Definition(
        name="cdm",
        owner="o",
        keys=("facility", "code"),
        columns=("charge_code", "revenue_code", "price"),
    )
    began = time.perf_counter()
    with publishing.imported(home.home, definition, path) as prepared:
        version = await publishing.publish(
            home.bench.store, home.home, prepared.wanted, "ann", "because", NOW
        )
    assert time.perf_counter() - began < 120
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        fastest, mapped = await asyncio.get_running_loop().run_in_executor(
            pool, measured, home.home
        )
    assert version.rows == 1_000_000
    assert fastest < 5.0
    assert mapped < 50.0


def measured(home):
    """
    Microseconds of a look-up with distinct keys all over the table (the fastest of 500 rounds: what the others measure is
    the neighbours), and how many MB were added.
    """
    tables = StoreTables.open(home, lambda: NOW)
    before = resident()
    rounds = []
    for turn in range(500):
        keys = [
            (f"NORTH{n % 7}", f"{10_000_000 + n * 7}") for n in range(turn, 1_000_000, 1000)
        ]
        began = time.thread_time()
        for key in keys:
            if tables.find("cdm", key, None) is None:
                raise AssertionError(key)
        rounds.append((time.thread_time() - began) / len(keys) * 1e6)
    return min(rounds), resident() - before


def resident():
    """Resident memory of this process in MB, what it shares with others included."""
    with open("/proc/self/smaps_rollup") as rollup:
        return next(int(line.split()[1]) for line in rollup if line.startswith("Rss:")) / 1024
