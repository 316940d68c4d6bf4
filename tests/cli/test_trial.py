"""`try`: tables and memory of the home, what waits, what is expected; and a whole folder at once."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from engine.effects import Remembered
from engine.message import Inbound, Plan, Verdict
from engine.store.sqlite import SqliteStore

MESSAGE = (
    "MSH|^~\\&|POU|OR|CORRIDOR|HOSP|20260315101500||DFT^P03|{control}|P|2.5.1\r"
    "PID|1||CANARY77^^^HOSP^MR||CANARYNAME^TEST|||||||||||||A1\r"
    "PV1|1|I|{ward}\rFT1|1|||20260315||CG|IMP1|||{quantity}\r"
)
CHANNEL = """
source:
  mllp: {port: 2575}
format: hl7v2
accept:
  - when: PV1-3.1 != "NONE"
    because: nobody is there
remember:
  visit: {key: PID-18.1, fields: {ward: PV1-3.1}, for: 30d}
transform: charge
collect:
  key: patient_account.number
  release: {quiet: 72h, latest: 30d, at: "02:00", most: 5}
destinations:
  billing:
    file: {folder: out, name: "{key}.json"}
"""
BATCH = """
source:
  mllp: {port: 2576}
format: hl7v2
destinations:
  nightly:
    file: {folder: out, name: "n.txt"}
    batch: {close: {at: "23:30", most: 3}}
  supplier:
    order_by: none
    after: kept
    file: {folder: out, name: "a.txt"}
    expect: {from: feed, where: order, is: PID-18.1, within: 4h}
  kept:
    file: {folder: out, name: "b.txt"}
"""
CHARGE = """
from: hl7v2
to: ChargeEvent
fields:
  source_id: "{MSH-10}-{sequence("charges")}"
  status: "charge"
  occurred_at: FT1-4 | datetime
  patient_account.number: PID-18.1
  patient_account.mrn: recall("visit", PID-18.1).ward
  item.code: FT1-7.1
  quantity: FT1-10 | decimal
"""


@pytest.fixture
def home(corridor) -> Path:
    place: Path = corridor.home
    files = {
        "channels/feed.yaml": CHANNEL.replace("remember:", "keys:\n  order: PID-18.1\nremember:"),
        "channels/lines.yaml": BATCH,
        "mappings/charge.yaml": CHARGE.replace('"{MSH-10}-{sequence("charges")}"', "'{MSH-10}-{sequence(\"charges\")}'"),
        "captured/a.hl7": MESSAGE.format(control="1", ward="ICU", quantity=2),
        "captured/b.hl7": MESSAGE.format(control="2", ward="ICU", quantity="many"),
        "captured/c.hl7": MESSAGE.format(control="3", ward="ICU", quantity="CANARYMANY"),
        "captured/d.hl7": MESSAGE.format(control="4", ward="NONE", quantity=1),
    }  # fmt: skip
    for name, text in files.items():
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text(text, newline="")
    return place


def test_what_waits_and_what_is_remembered_is_said_in_words(corridor, home: Path) -> None:
    ran = corridor("try", "feed", home / "captured/a.hl7")
    assert ran.code == 0, ran.out + ran.err
    assert ran.lines[0].startswith("collected")
    assert (
        "waits   ChargeEvent joins the group of its patient_account.number; released after 3d without a new member,"
        " 30d after the first member, at 02:00, with 5 members"
    ) in ran.lines
    assert "keeps   visit of PID-18.1 for 30d: ward" in ran.lines
    assert "number  of charges, here from a range of its own" in ran.lines
    assert any("source_id" in line and " 1-1 " in line for line in ran.lines), (
        "the trace takes no second number"
    )
    assert not (home / "data").exists(), "nothing is kept"


def test_batches_confirmations_and_what_goes_after(corridor, home: Path) -> None:
    ran = corridor("try", "lines", home / "captured/a.hl7")
    assert (
        "waits   a payload in the batch of nightly; closed at 23:30, with 3 members"
        in ran.lines
    )
    assert (
        "expects a confirmation of supplier on feed, by its key order, within 4h" in ran.lines
    )
    assert "after   supplier waits until kept has everything" in ran.lines
    kinds = {each["kind"] for each in corridor("try", "lines", home / "captured/a.hl7", "--json").json["effects"]}  # fmt: skip
    assert kinds == {"waits", "expects", "after"}


async def remember(home: Path) -> None:
    store = await SqliteStore.open(home, asyncio.get_running_loop(), time.time)
    record = Remembered(
        name="visit", key="A1", value=b'{"ward": "OLD"}', until=time.time() + 99
    )
    plan = Plan(verdict=Verdict.FILTERED, remembers=(record,))
    await store.accept("feed", Inbound(raw=b"", received_at=0.0), plan)
    await store.close()


async def test_memory_is_read_from_the_store(corridor, home: Path) -> None:
    await remember(home)
    before = (home / "data/store.db").read_bytes()
    ran = corridor("try", "feed", home / "captured/a.hl7")
    assert any("patient_account.mrn" in line and " OLD " in line for line in ran.lines)
    assert (home / "data/store.db").read_bytes() == before


def test_a_folder_is_summarised_without_any_value(corridor, home: Path) -> None:
    ran = corridor("try", "--all", home / "captured", "feed")
    assert ran.code == 1, ran.err
    assert ran.lines[0].startswith("feed: 4 messages")
    assert "CANARY" not in ran.out
    (bad,) = [line for line in ran.lines if "FT1-10" in line]
    assert bad.split()[:3] == ["2", "quarantined", "bad_value"]
    assert ran.lines[ran.lines.index(bad) + 1].strip() == "in b.hl7, c.hl7"
    (filtered,) = [line for line in ran.lines if "nobody is there" in line]
    assert filtered.split()[0] == "1"
    assert ran.lines[-1].startswith("slowest ")


def test_a_folder_for_programs_and_for_all_channels(corridor, home: Path) -> None:
    ran = corridor("try", "--all", home / "captured", "--json")
    found = {each["channel"]: each for each in ran.json}
    assert set(found) == {"feed", "lines"}
    assert found["feed"]["verdicts"] == {"collected": 1, "filtered": 1, "quarantined": 2}
    assert found["lines"]["deliveries"] == {"kept": 4, "supplier": 4}
    (home / "captured/x.edi").write_text("ISA*00*          *00*")
    said = corridor("try", "--all", home / "captured/x.edi")
    assert (said.code, "no channel reads the format" in said.err) == (2, True)


def test_it_says_what_is_missing(corridor, home: Path) -> None:
    ran = corridor("try", "feed")
    assert (ran.code, "name a channel and a sample" in ran.err) == (2, True)
