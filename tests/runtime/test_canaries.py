"""What waits, is remembered, numbered, looked up and expected: none of it is in a log, an alert, an answer or a list."""

from __future__ import annotations

import asyncio

import pytest
from typer.testing import CliRunner

from engine.cli.commands import app
from engine.runtime.releases import unconfirmed
from tests.ports import free_port
from tests.runtime.conftest import House, until

MARK = "CANARY"
COLLECT = """
description: Charges of one account
owner: integration
source:
  mllp: {{port: {port}}}
format: hl7v2
split: FT1
on_part: {on_part}
transform: charge
remember:
  visit: {{key: [PID-18.1, PID-3.1], fields: {{name: PID-5.1}}, for: 30d, when: exists(PID-18.1)}}
collect:
  key: patient_account.number
  release: {{when: FT1-1 == "9", latest: 1h}}
  then: bill
destinations:
  billing:
    http: {{url: "http://127.0.0.1:{partner}/bills", timeout: 1s}}
    expect: {{from: confirmations, where: order, is: key, within: 100ms}}
  nightly:
    file: {{folder: out, name: "night_{{number}}.txt"}}
    batch: {{close: {{most: 1}}, head: "H|{{count}}"}}
"""
CONFIRMATIONS = """
description: What the supplier confirms
owner: integration
source:
  mllp: {{port: {confirm}}}
format: hl7v2
keys: {{order: PID-18.1}}
destinations:
  kept:
    http: {{url: "http://127.0.0.1:{partner}/kept"}}
"""
CHARGE = """
from: hl7v2
to: ChargeEvent
fields:
  source_id: FT1-1
  status: "charge"
  occurred_at: FT1-4 | datetime
  patient_account.number: PID-18.1
  item.code: FT1-7.1
  item.description: lookup("cdm", "text", code=FT1-7.1)
  quantity: FT1-10 | decimal
"""
BILL = """
from: [ChargeEvent]
to: json
fields:
  account: key
  visit: recall("visit", key, key).name ?? "none"
  number: sequence("bill", by=key)
  day: members[0].item.code | date
"""
CDM = "description: Charges\nowner: revenue\nkeys: [code]\ncolumns: [text]\n"


def charges(control: str, account: str = f"{MARK}ACCOUNT", *rows: str) -> bytes:
    head = (
        f"MSH|^~\\&|POU|OR|CORRIDOR|HOSP|20260315101500||DFT^P03|{control}|P|2.5.1\r"
        f"PID|1||{MARK}MRN^^^HOSP^MR||{MARK}NAME^TEST|||||||||||||{account}\r"
    )
    return (head + "".join(f"FT1|{row}\r" for row in rows)).encode()


GOOD = "1|||20260315||CG|IMP1|||2"


@pytest.mark.slow
@pytest.mark.parametrize("on_part", ["quarantine_part", "quarantine_message"])
async def test_no_new_way_to_fail_tells_whose_data_it_was(house: House, on_part: str) -> None:
    confirm = free_port()
    house.channel(COLLECT, on_part=on_part)
    house.channel(CONFIRMATIONS, "confirmations", confirm=confirm)
    house.write("mappings/charge.yaml", CHARGE)
    house.write("mappings/bill.yaml", BILL)
    house.write("mappings/tables/cdm.yaml", CDM)
    house.write("cdm.csv", "code,text\nIMP1,an implant\n20260101,another\n")
    table = ("tables", "import", "cdm", str(house.home / "cdm.csv"), "--reason", "a test")
    imported = await asyncio.to_thread(_said, house, *table)
    assert "version 1" in imported, imported
    engine = await house.start()
    assert not engine.mistakes, [str(each) for each in engine.mistakes]
    answers = await house.send(
        charges("C1", f"{MARK}ACCOUNT", GOOD, f"2|||{MARK}DAY||CG|IMP1|||2"),
        charges("C2", f"{MARK}ACCOUNT", GOOD, f"2|||20260315||CG|IMP1|||{MARK}AMOUNT"),
        charges("C3", f"{MARK}ACCOUNT", GOOD, f"2|||20260315||CG|{MARK}CODE|||2"),
        charges("C4", "", GOOD, GOOD),
        charges("C5", f"{MARK}\x1fACCOUNT", GOOD, GOOD),
        charges("C6", f"{MARK}ACCOUNT", GOOD, f"9|||20260315||CG|{MARK}CODE|||2"),
        charges("C7", f"{MARK}ACCOUNT", GOOD, "9|||20260315||CG|IMP1|||2"),
        charges(
            "C8",
            f"{MARK}OTHER",
            "8|||20260315||CG|20260101|||2",
            "9|||20260315||CG|20260101|||2",
        ),
        f"{MARK}, which is no message".encode(),
    )
    await until(lambda: house.partner.unique == 1 and "not a date" in house.log())
    await until(lambda: any((house.home / "out").glob("night_1.txt")))
    await house.committed()
    await asyncio.sleep(0.2)
    told = [alert.text for alert in unconfirmed(engine)]
    await house.committed()
    listed = [await asyncio.to_thread(_said, house, *command) for command in _COMMANDS]
    await house.stop()
    logs = [path.read_text() for path in (house.home / "logs").iterdir()]
    said = [*logs, *told, *listed, *(answer.decode("utf-8", "replace") for answer in answers)]
    assert "quarantined" in "".join(logs) and "no confirmation" in "".join(told)
    leaks = [text[max(0, text.find(MARK) - 200) :][:400] for text in said if MARK in text]
    assert leaks == []


_COMMANDS = [
    ("status",),
    ("messages",),
    ("messages", "--verdict", "quarantined"),
    ("show", "1-1"),
    ("show", "H-H"),
    ("tail", "--last", "200", "--no-follow"),
]


def _said(house: House, *words: str) -> str:
    return CliRunner().invoke(app, [*words, "--home", str(house.home)]).output
