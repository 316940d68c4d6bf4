"""`corridor tables`: with and without a running engine; the next message sees the new version."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from engine import orders
from engine.message import Inbound, short_id
from engine.runtime.desk import Desk
from engine.runtime.engine import Engine
from engine.store.archive import SqliteArchive
from engine.store.tables.reading import StoreTables

from .conftest import Corridor

CDM = """owner: revenue-integrity
keys: [facility, code]
columns: [charge_code, price]
effective: {from: valid_from, to: valid_to}
"""
FIRST = """facility,code,valid_from,valid_to,charge_code,price
NORTH,IMP-1,2026-01-01,2026-06-30,C1,10.00
NORTH,IMP-1,2026-07-01,,C1,12.00
NORTH,IMP-2,,,"C2, old",5
"""
SECOND = FIRST.replace("12.00", "13.00").replace(
    'NORTH,IMP-2,,,"C2, old",5', "NORTH,IMP-3,,,C3,1"
)
CHANNEL = """owner: interfaces
source: {mllp: {port: 2575}}
format: hl7v2
transform: charge
destinations:
  out: {file: {folder: out, name: "{MSH-10}.json"}}
"""
MAPPING = """from: hl7v2
to: json
each: FT1
fields:
  code: lookup("cdm", "charge_code", facility=MSH-4, code=FT1-7.1, at=FT1-4)
  price: >-
    lookup("cdm", "price", facility=MSH-4, code=FT1-7.1, at=FT1-4)
  sex: PID-8 | table("sex")
"""
MESSAGE = "MSH|^~\\&|A|NORTH|B|C|20260801||DFT^P03|{}|P|2.5.1\rPID|1||7||||19800101|F\rFT1|1|||20260801||CG|{}\r"


@pytest.fixture
def steward(corridor: Corridor) -> Corridor:
    home = corridor.home
    for name, text in {
        "config.yaml": "environment: production\n",
        "mappings/tables/cdm.yaml": CDM,
        "mappings/tables/sex.csv": "theirs,ours\nF,female\nM,male\n",
        "mappings/charge.yaml": MAPPING,
        "channels/charges.yaml": CHANNEL,
        "first.csv": FIRST,
        "second.csv": SECOND,
    }.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, "utf-8")
    return corridor


def brought(steward: Corridor, name: str = "first.csv", *more: str) -> str:
    ran = steward("tables", "import", "cdm", steward.home / name, "--reason", "because", *more)
    assert ran.code == 0, ran.err
    return ran.out


# -- changes --------------------------------------------------------------------------------------------------------


def test_an_import_says_what_it_changed(steward: Corridor) -> None:
    assert brought(steward) == "cdm: version 1, 3 rows: 3 added\n"
    assert (
        brought(steward, "second.csv")
        == "cdm: version 2, 3 rows: 1 added, 1 removed, 1 changed\n"
    )
    assert (
        brought(steward, "second.csv")
        == "cdm: version 2 says the same already; nothing was imported\n"
    )


def test_a_dry_run_changes_nothing(steward: Corridor) -> None:
    brought(steward)
    ran = steward("tables", "import", "cdm", steward.home / "second.csv", "--dry-run")
    assert (
        ran.out
        == "cdm: 3 rows: 1 added, 1 removed, 1 changed; nothing was imported (--dry-run)\n"
    )
    assert StoreTables.open(steward.home).version("cdm") == 1
    assert len(list((steward.home / "data/tables/cdm").iterdir())) == 1


def test_a_change_needs_a_reason(steward: Corridor) -> None:
    brought(steward)
    for command in (("import", "cdm", "first.csv"), ("rollback", "cdm")):
        ran = steward("tables", *command)
        assert (ran.code, "--reason" in ran.err) == (2, True)


def test_problems_are_named_by_file_and_line(steward: Corridor) -> None:
    bad = steward.home / "bad.csv"
    bad.write_text(FIRST.replace("2026-07-01", "2026-06-30").replace("IMP-2", ""), "utf-8")
    ran = steward("tables", "import", "cdm", bad, "--reason", "x")
    assert ran.code == 3
    assert ran.err.splitlines() == [
        f"{bad}:3: facility, code: this key holds at the same time as the row in line 2 already",
        f"{bad}:4: code: a key is empty",
        "nothing was imported",
    ]
    assert steward("tables", "import", "cdm", "none.csv", "--reason", "x").code == 3


def test_a_table_that_is_not_declared_says_what_to_write(steward: Corridor) -> None:
    ran = steward("tables", "import", "prices", steward.home / "first.csv", "--reason", "x")
    assert ran.code == 3
    assert "mappings/tables/prices.yaml:\n  description:" in ran.err
    assert "did you mean 'cdm'?" in steward("tables", "history", "cdn").err
    assert "import it: corridor tables import cdm" in steward("tables", "history", "cdm").err
    (steward.home / "mappings/tables/cdm.yaml").write_text("keys: [code]\n", "utf-8")
    ran = steward("tables", "import", "cdm", steward.home / "first.csv", "--reason", "x")
    assert (ran.code, "mappings/tables/cdm.yaml:1:1" in ran.err) == (1, True)


def test_a_rollback_is_a_version_and_history_tells_it_all(steward: Corridor) -> None:
    brought(steward, "first.csv", "--who", "ann", "--approved-by", "chief")
    brought(steward, "second.csv")
    ran = steward("tables", "rollback", "cdm", "--reason", "wrong prices", "--who", "bob")
    assert (
        ran.out
        == "cdm: version 3 says what version 1 said, 3 rows: 1 added, 1 removed, 1 changed\n"
    )
    listed = steward("tables", "history", "cdm", "--json").json
    assert [(v["version"], v["rolled_back_to"], v["reason"]) for v in listed] == [
        (3, 1, "wrong prices"),
        (2, 0, "because"),
        (1, 0, "because"),
    ]
    assert (listed[0]["who"], listed[2]["who"], listed[2]["approver"]) == (
        "bob",
        "ann",
        "chief",
    )
    lines = steward("tables", "history", "cdm").lines
    assert re.match(r"VERSION  WHEN +WHO +APPROVED BY +ROWS +CHANGE +REASON", lines[0])
    assert re.match(
        r" +3 .* bob .* 3  1 added, 1 removed, 1 changed \(back to 1\)  wrong prices", lines[1]
    )
    ran = steward("tables", "rollback", "cdm", "--to", "9", "--reason", "x")
    assert (ran.code, "it has 1 to 3" in ran.err) == (3, True)


# -- looking --------------------------------------------------------------------------------------------------------


def test_export_gives_back_what_was_imported(steward: Corridor) -> None:
    brought(steward)
    brought(steward, "second.csv")
    assert steward("tables", "export", "cdm", "--version", 1).out == FIRST
    target = steward.home / "out.csv"
    ran = steward("tables", "export", "cdm", target)
    assert ran.out == f"cdm: version 2, 3 rows to {target}\n"
    assert target.read_text("utf-8") == SECOND
    assert "says the same already" in brought(steward, "out.csv")


def test_diff_shows_the_rows(steward: Corridor) -> None:
    brought(steward)
    brought(steward, "second.csv")
    ran = steward("tables", "diff", "cdm")
    assert ran.code == 1
    assert ran.lines == [
        "cdm, version 1 to 2: 1 added, 1 removed, 1 changed",
        "  changed NORTH IMP-1 from 2026-07-01: price 12.00 -> 13.00",
        "  removed NORTH IMP-2: C2, old, 5",
        "  added   NORTH IMP-3: C3, 1",
    ]
    assert (
        steward("tables", "diff", "cdm", 1, "--limit", 1).lines[-1] == "  and 2 more (--limit)"
    )
    assert steward("tables", "diff", "cdm", 2, 2).code == 0
    found = steward("tables", "diff", "cdm", "--json").json
    assert found[0]["before"]["values"] == ["C1", "12.00"]
    assert steward("tables", "diff", "cdm", 7).code == 3


def test_list_shows_declared_tables_and_those_with_data(steward: Corridor) -> None:
    (steward.home / "mappings/tables/units.yaml").write_text(
        "owner: supply\nkeys: [unit]\ncolumns: [code]\n", "utf-8"
    )
    brought(steward, "first.csv", "--who", "ann")
    lines = steward("tables", "list").lines
    assert re.match(r"cdm +revenue-integrity +3 +1 +\d{4}-.* ann +never", lines[1])
    assert re.match(r"units +supply +0 +0 +no data yet", lines[2])
    (steward.home / "mappings/tables/cdm.yaml").unlink()
    listed = {one["table"]: one for one in steward("tables", "list", "--json").json}
    assert (listed["cdm"]["declared"], listed["cdm"]["owner"]) == (False, "revenue-integrity")


def test_uses_names_every_place_and_the_channels_behind_it(steward: Corridor) -> None:
    home = steward.home
    (home / "channels/templates").mkdir()
    (home / "channels/templates/site.yaml").write_text(CHANNEL, "utf-8")
    (home / "channels/north.yaml").write_text("like: site\n", "utf-8")
    (home / "channels/other.yaml").write_text(
        'keys:\n  code: lookup("cdm", "price", facility=MSH-4, code=FT1-7.1)\n', "utf-8"
    )
    (home / "mappings/unused.yaml").write_text(
        'fields:\n  a: lookup("cdm2", "price", x=.1)\n', "utf-8"
    )
    found = steward("tables", "uses", "cdm", "--json").json
    assert [(u["file"], u["line"], u["path"], u["what"], u["channels"]) for u in found] == [
        ("channels/other.yaml", 2, "keys.code", "lookup price", ["other"]),
        ("mappings/charge.yaml", 5, "fields.code", "lookup charge_code", ["charges", "north"]),
        ("mappings/charge.yaml", 6, "fields.price", "lookup price", ["charges", "north"]),
    ]
    assert steward("tables", "uses", "sex").lines[1].split() == [
        "mappings/charge.yaml:8", "table", "charges,", "north",
    ]  # fmt: skip
    assert steward("tables", "uses", "nix").code == 3


# -- beside the engine ----------------------------------------------------------------------------------------------


class Running:
    """An engine in this process, and its desk."""

    def __init__(self, steward: Corridor, engine: Engine) -> None:
        self.steward, self.engine, self.count = steward, engine, 0

    async def run(self, *arguments: object) -> Any:
        return await asyncio.to_thread(self.steward, *arguments)

    async def receive(self, code: str) -> Any:
        self.count += 1
        raw = MESSAGE.format(self.count, code).encode()
        inbound = Inbound(raw=raw, received_at=self.engine.clock.now())
        return (await self.engine.stations["charges"].receive(inbound)).receipt

    def payload(self, receipt: Any) -> str:
        with SqliteArchive(self.steward.home) as archive:
            return archive.payload(receipt.deliveries[0].id).decode()


@pytest.fixture
async def running(steward: Corridor):
    engine = await Engine.open(steward.home)
    assert engine.mistakes == ()
    server = await orders.serve(steward.home, Desk(engine).obey)
    yield Running(steward, engine)
    server.close()
    await server.wait_closed()
    await engine.stop()


async def test_the_next_message_sees_the_new_version(
    running: Running, steward: Corridor
) -> None:
    before = await running.receive("IMP-1")
    assert (before.verdict, before.reason) == ("quarantined", "unmapped_code")
    ran = await running.run(
        "tables", "import", "cdm", steward.home / "first.csv", "--reason", "first"
    )
    assert ran.out == "cdm: version 1, 3 rows: 3 added\n", ran.err
    assert '"12.00"' in running.payload(await running.receive("IMP-1"))
    ran = await running.run(
        "tables", "import", "cdm", steward.home / "second.csv", "--reason", "next"
    )
    assert "version 2" in ran.out, ran.err
    assert '"13.00"' in running.payload(await running.receive("IMP-1"))
    ran = await running.run("tables", "rollback", "cdm", "--reason", "back")
    assert "version 3" in ran.out, ran.err
    assert '"12.00"' in running.payload(await running.receive("IMP-1"))
    with SqliteArchive(steward.home) as archive:
        assert [one["verb"] for one in archive.orders()] == ["tables"] * 3
        assert [one["reason"] for one in archive.audits(4)] == ["back"] * 2 + ["next"] * 2
    said = '"owner":"revenue-integrity"'
    for _ in range(500):  # the log is written beside the engine
        log = "".join(path.read_text("utf-8") for path in (steward.home / "logs").glob("*"))
        if said in log:
            break
        await asyncio.sleep(0.01)
    assert said in log, "the table's owner is told, not the channel's"


async def test_show_says_which_version_a_message_was_planned_with(
    running: Running, steward: Corridor
) -> None:
    await running.run(
        "tables", "import", "cdm", steward.home / "first.csv", "--reason", "first"
    )
    receipt = await running.receive("IMP-1")
    await running.run(
        "tables", "import", "cdm", steward.home / "second.csv", "--reason", "next"
    )
    ran = await running.run("show", short_id(receipt.id))
    assert "tables   cdm@1" in ran.lines, ran.err
    shown = await running.run("show", short_id(receipt.id), "--json")
    assert shown.json["tables"] == ["cdm@1"]


async def test_drift_tells_unmapped_and_unused_codes_and_the_log_does_not(
    running: Running, steward: Corridor
) -> None:
    await running.run(
        "tables", "import", "cdm", steward.home / "first.csv", "--reason", "first"
    )
    for code in ("IMP-1", "CANARY-9", "CANARY-9"):
        await running.receive(code)
    await running.engine.tables.flush(running.engine.store)
    lines = (await running.run("tables", "drift")).lines
    assert lines[:3] == [
        "cdm (revenue-integrity): version 1, 3 rows",
        "  asked for and not found: 1 code",
        next(
            line
            for line in lines
            if re.match(r" {4}NORTH CANARY-9  2026-08-01  2 times  \S+  to \S+$", line)
        ),
    ]
    assert lines[3].startswith("  not used since ")
    assert lines[4:] == ["    NORTH IMP-2", "  changed since version 1: nothing changed"]
    found = (await running.run("tables", "drift", "cdm", "--json")).json
    assert found[0]["missing"][0]["count"] == 2
    listed = (await running.run("tables", "list", "--json")).json
    assert listed[0]["last_used"]
    async with asyncio.timeout(10):
        while (logs := _logs(steward.home)).count("unmapped_code") < 2:
            await asyncio.sleep(0.01)
    assert "CANARY" not in logs


def _logs(home: Path) -> str:
    """What the log says so far; a thread of its own writes it."""
    return "".join(path.read_text("utf-8") for path in (home / "logs").glob("*"))
