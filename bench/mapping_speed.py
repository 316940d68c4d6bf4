"""
How long expressions and mappings take on one core, in microseconds; parsing the message is not counted.

    python bench/mapping_speed.py

The message is parsed and every expression ran once before it is measured: its segments are split into fields already,
values are read anew each time. A look-up is measured against a table that is a dict, so that what it costs beside the
store shows, and against the store's tables, of which one has a million rows: `--store` (building it takes half a minute).
Seconds are those of the processor, the best of many short rounds: what the machine does besides is not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import cycle
from pathlib import Path

from engine.formats import Reading, Scope, Shape, load
from engine.mapping import Language, expression, lookups
from engine.mapping import load as load_mapping
from engine.mapping.tables import Tables
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes, Place, Scalar
from engine.store.sqlite import SqliteStore
from engine.store.tables import publishing
from engine.store.tables.reading import StoreTables

MESSAGE = (
    b"MSH|^~\\&|ADT1|MERCY|LAB|CORRIDOR|20261121103000-0600||ADT^A08^ADT_A01|MSG00042|P|2.5.1\r"
    b"EVN|A08|20261121103000\r"
    b"PID|1||100234^^^MERCY^MR~999-11-2222^^^SSA^SS||TEST^ANNA^M||19800102|F|||1 MAIN ST^^CHICAGO^IL^60601\r"
    b"PV1|1|I|4W^401^A^MERCY|||||1234^ADAMS^JOHN||||||||||||V0004711|||||||||||||||||||||||||20261120080000\r"
    b"FT1|1|||20261121101500|20261121|CG|IMP-4471^STEM^LOCAL|||12|4200.00\r"
)
EXPRESSIONS = (
    "MSH-9.1",
    'MSH-9.1 == "ADT" and FT1-10 | decimal > 10',
    'PID-3[.5 == "MR"].1 ?? PID-3.1',
    "FT1-4 | datetime",
    "FT1-11 | decimal * 2",
    'PV1-2 in ["I", "O"]',
    'lookup("item_master", "unit", code=FT1-7.1)',
    'lookup("cdm", "charge_code", facility=MSH-4, code=FT1-7.1, at=FT1-4)',
)
FIELDS = """from: hl7v2
to: json
fields:
  id: MSH-10
  sender: MSH-3
  facility: MSH-4
  event: MSH-9.2
  at: MSH-7
  version: MSH-12
  mrn: PID-3.1
  family: PID-5.1
  given: PID-5.2
  born: PID-7
  sex: PID-8
  street: PID-11.1
  city: PID-11.3
  zip: PID-11.5
  class: PV1-2
  ward: PV1-3.1
  visit: PV1-19.1
  quantity: FT1-10 | decimal
"""
#: A usage line as its ERP takes it: 40 fields, 5 of them look-ups in data tables.
CHARGE = """from: hl7v2
to: json
each: FT1
when: FT1-6.1 in ["CG", "CR"]
let:
  mrn: PID-3[.5 == "MR"].1 ?? PID-3.1
  facility: MSH-4.1
fields:
  source_id: "{MSH-10}-{FT1-1}"
  sender: MSH-3.1
  receiver: MSH-5.1
  facility: facility
  event: MSH-9.2
  sent_at: MSH-7 | datetime
  version: MSH-12
  recorded_at: EVN-2 | datetime
  account.mrn: mrn
  account.number: PID-18.1 ?? PV1-19.1
  account.family: PID-5.1
  account.given: PID-5.2
  account.born: PID-7 | date
  account.sex: PID-8
  account.street: PID-11.1
  account.city: PID-11.3
  account.state: PID-11.4
  account.zip: PID-11.5
  visit.class: PV1-2
  visit.ward: PV1-3.1
  visit.room: PV1-3.2
  visit.bed: PV1-3.3
  visit.doctor: PV1-8.1
  visit.doctor_name: "{PV1-8.2}, {PV1-8.3}"
  visit.number: PV1-19.1
  visit.admitted_at: PV1-44 | datetime
  occurred_at: FT1-4 | datetime
  posted_on: FT1-5 | date
  quantity: FT1-10 | decimal ?? 1
  price: FT1-11 | decimal
  status: if(FT1-6.1 == "CR", "credit", "charge")
  item.code: FT1-7.1
  item.text: FT1-7.2 | trim | upper
  item.system: FT1-7.3
  number: index
  charge_code: lookup("cdm", "charge_code", facility=facility, code=FT1-7.1, at=FT1-4)
  revenue_code: lookup("cdm", "revenue_code", facility=facility, code=FT1-7.1, at=FT1-4)
  item.erp_code: lookup("item_master", "erp_code", code=FT1-7.1)
  item.unit: lookup("item_master", "unit", code=FT1-7.1) ?? "EA"
  cost_centre: lookup("ward", "cost_centre", facility=facility, ward=PV1-3.1)
"""
TABLES = {
    "cdm": """owner: revenue-integrity
keys: [facility, code]
columns: [charge_code, revenue_code]
effective: {from: valid_from, to: valid_to}
""",
    "item_master": "owner: supply\nkeys: [code]\ncolumns: [erp_code, unit]\n",
    "ward": "owner: finance\nkeys: [facility, ward]\ncolumns: [cost_centre]\n",
}
COLUMNS = {
    "cdm": ("facility", "code", "charge_code", "revenue_code"),
    "item_master": ("code", "erp_code", "unit"),
    "ward": ("facility", "ward", "cost_centre"),
}
ROWS = {
    ("cdm", "MERCY", "IMP-4471"): ("27811", "0278"),
    ("item_master", "IMP-4471"): ("5000192", "EA"),
    ("ward", "MERCY", "4W"): ("CC-410",),
}
EDIT = """from: hl7v2
to: hl7v2
keep: [MSH, EVN, PID, PD1, PV1, PV2, OBX, AL1, DG1]
set:
  MSH-5: "DOWNSTREAM"
  MSH-12: "2.3"
edit:
  - {each: OBX, when: OBX-11 == "X", remove: true}
  - {each: OBX, set: {OBX-1: index}}
add:
  - {segment: ZPV, after: PV1, when: exists(PV1-19), set: {ZPV-1: PV1-19.1}}
"""
ADMISSION = Path(__file__).parents[1] / "samples/hl7v2/adt_a01_full.hl7"


class Rows:
    """Data tables without a store: what remains is the language's own share of a look-up."""

    def find(self, table: str, keys: tuple[str, ...], at: str | None) -> tuple[str, ...] | None:
        """The row of these keys."""
        return ROWS.get((table, *keys))

    def version(self, table: str) -> int:
        """All tables have data."""
        return 1

    def columns(self, table: str) -> tuple[str, ...]:
        """The keys, then the columns in the order of a row."""
        return COLUMNS[table]


def microseconds(run: Callable[[], object], times: int = 20_000) -> float:
    """The best of many short rounds."""
    best = float("inf")
    rounds, times = 70, max(times // 10, 1)
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(times):
            run()
        best = min(best, time.process_time() - start)
    return best / times * 1e6


#: Rows of the charge master in the store, and messages that ask for rows all over it.
MANY, ASKED = 1_000_000, 512


def code_of(number: int) -> str:
    """The code of a row."""
    return f"IMP-{10_000_000 + number * 7}"


async def bring(home: Path) -> None:
    """Import the tables into the store of a home."""
    store = await SqliteStore.open(home, asyncio.get_running_loop(), time.time)
    master = (f"MERCY,{code_of(n)},CHG{n:08d},{n % 900:04d},2020-01-01,\n" for n in range(MANY))
    items = (f"{code_of(n)},{n},EA\n" for n in range(0, MANY, MANY // ASKED))
    rows = {
        "cdm": ("facility,code,charge_code,revenue_code,valid_from,valid_to\n", master),
        "item_master": ("code,erp_code,unit\n", items),
        "ward": ("facility,ward,cost_centre\n", ["MERCY,4W,CC-410\n"]),
    }
    for name, (head, lines) in rows.items():
        path = home / f"{name}.csv"
        with path.open("w") as file:
            file.write(head)
            file.writelines(lines)
        definition = lookups.load(name, home, Mistakes())
        assert definition is not None
        with publishing.imported(home, definition, path) as prepared:
            await publishing.publish(
                store, home, prepared.wanted, "bench", "bench", time.time()
            )
    await store.close()


def in_the_store(home: Path) -> None:
    """The mapping of 40 fields with its look-ups in the store's tables, each message asking for other rows."""
    asyncio.run(bring(home))
    tables = StoreTables.open(home)
    charge = load_mapping("charge", home, Mistakes())
    assert charge is not None
    hl7v2, context = load("hl7v2"), Context(now=time.time(), lookups=tables)
    asked = []
    for number in range(0, MANY, MANY // ASKED):
        raw = MESSAGE.replace(b"IMP-4471", code_of(number).encode())
        facts = Facts(inbound=Inbound(raw=raw, received_at=0.0), context=context)
        asked.append((hl7v2.parse(raw, Reading()), facts))
    turns = cycle(asked)
    taken = microseconds(lambda: charge.apply(*next(turns)), ASKED * 20)
    print(f"{taken:8.2f} us  the same, look-ups in the store's tables, one of {MANY} rows")
    keys = cycle([("MERCY", code_of(number)) for number in range(0, MANY, MANY // ASKED)])
    taken = microseconds(lambda: tables.find("cdm", next(keys), "2026-11-21"), ASKED * 50)
    print(f"{taken:8.2f} us  one look-up among them")


def main() -> None:
    """Print one line per measurement."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--store", action="store_true")
    with_store = words.parse_args().store
    hl7v2 = load("hl7v2")
    document = hl7v2.parse(MESSAGE, Reading())
    context = Context(now=0.0, lookups=Rows())
    facts = Facts(inbound=Inbound(raw=MESSAGE, received_at=0.0), context=context)
    scope = Scope(document, facts)
    with tempfile.TemporaryDirectory() as folder:
        home, mistakes = Path(folder), Mistakes()
        (home / "mappings" / "tables").mkdir(parents=True)
        for name, declared in TABLES.items():
            (home / "mappings" / "tables" / f"{name}.yaml").write_text(declared)
        language = Language(
            shape=Shape(format="hl7v2"),
            format=hl7v2,
            mistakes=mistakes,
            tables=Tables(home, mistakes),
        )
        for text in EXPRESSIONS:
            scalar = Scalar(text=text, style="plain", place=Place(file="", line=1, column=1))
            found = expression(scalar, language)
            assert found is not None, mistakes.found
            print(f"{microseconds(partial(found.run, scope)):8.2f} us  {text}")
        (home / "mappings" / "adt.yaml").write_text(FIELDS)
        mapping = load_mapping("adt", home, mistakes)
        assert mapping is not None, mistakes.found
        taken = microseconds(lambda: mapping.apply(document, facts), 3000)
        print(f"{taken:8.2f} us  18 fields to JSON, encoded")
        print(mapping.apply(document, facts)[0].payload.decode())
        (home / "mappings" / "charge.yaml").write_text(CHARGE)
        charge = load_mapping("charge", home, mistakes)
        assert charge is not None, mistakes.found
        taken = microseconds(lambda: charge.apply(document, facts), 3000)
        print(f"{taken:8.2f} us  40 fields with 5 look-ups to JSON, encoded")
        print(charge.apply(document, facts)[0].payload.decode())
        if with_store:
            in_the_store(home)
        (home / "mappings" / "edit.yaml").write_text(EDIT)
        edit = load_mapping("edit", home, mistakes)
        assert edit is not None, mistakes.found
        raw = ADMISSION.read_bytes()

        def edited() -> None:
            edit.apply(hl7v2.parse(raw, Reading()), facts)

        taken = microseconds(edited, 2000)
        taken -= microseconds(lambda: hl7v2.parse(raw, Reading()), 2000)
        print(f"{taken:8.2f} us  an edit of five rules on an ADT of {len(raw)} bytes, rendered")


if __name__ == "__main__":
    main()
