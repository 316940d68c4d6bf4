"""Groups in a running engine: collected, batched, remembered, confirmed."""

from __future__ import annotations

import asyncio
import re

import msgspec

from engine.message import short_id
from engine.runtime.releases import unconfirmed
from tests.ports import free_port
from tests.runtime.conftest import House, until

COLLECT = """
description: Charges of one account, billed together
owner: integration
source:
  mllp: {{port: {port}}}
format: hl7v2
transform: charge
collect:
  key: patient_account.number
  replace_by: source_id
  release: {{when: ZEN-1 == "LAST", latest: 1h}}
  then: bill
destinations:
  billing:
    http: {{url: "http://127.0.0.1:{partner}/bills", timeout: 1s}}
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
  quantity: FT1-10 | decimal
"""
BILL = """
from: [ChargeEvent]
to: json
fields:
  account: key
  lines: count
  quantity: sum(members[*], .quantity)
"""
BATCH = """
description: Lines of a nightly file
owner: integration
source:
  mllp: {{port: {port}}}
format: hl7v2
transform: charge
destinations:
  nightly:
    render: line
    file: {{folder: out, name: "nightly_{{number}}.txt"}}
    batch: {{close: {{most: 3, latest: 1h}}, head: "H|{{number}}", foot: "T|{{count}}|{{sum(members[*], .quantity)}}"}}
"""
LINE = """
from: ChargeEvent
to: delimited/line
fields:
  account: patient_account.number
  quantity: quantity
"""
MEMORY = """
description: Orders with the visit's class
owner: integration
source:
  mllp: {{port: {port}}}
format: hl7v2
remember:
  visit: {{key: PID-18.1, fields: {{ward: PV1-3.1}}, for: 30d, when: exists(PV1-3.1)}}
transform: ward
destinations:
  billing:
    http: {{url: "http://127.0.0.1:{partner}/wards", timeout: 1s}}
"""
WARD = """
from: hl7v2
to: json
fields:
  ward: recall("visit", PID-18.1).ward
  moved: changed("visit")
  number: sequence("ward_file", width=3)
"""


def usage(
    control: str, account: str, charge: str, quantity: int, last: bool = False, ward: str = ""
) -> bytes:
    text = (
        f"MSH|^~\\&|POU|OR|CORRIDOR|HOSP|20260315101500||DFT^P03|{control}|P|2.5.1\r"
        f"PID|1||77^^^HOSP^MR||SAMPLE^TEST|||||||||||||{account}\r"
        f"PV1|1|I|{ward}\r"
        f"FT1|{charge}|||20260315||CG|IMP1|||{quantity}\r"
    )
    return (text + ("ZEN|LAST\r" if last else "")).encode()


async def test_what_is_collected_goes_out_once_when_it_is_complete(house: House) -> None:
    house.channel(COLLECT)
    house.write("mappings/charge.yaml", CHARGE)
    house.write("mappings/bill.yaml", BILL)
    await house.start()
    answers = await house.send(
        usage("C1", "A1", "1", 2), usage("C2", "A2", "1", 9), usage("C3", "A1", "2", 3),
        usage("C4", "A1", "1", 5),
    )  # fmt: skip
    assert all(b"MSA|AA" in answer for answer in answers)
    await asyncio.sleep(0.3)
    assert house.partner.unique == 0
    await house.send(usage("C5", "A1", "3", 1, last=True))
    await until(lambda: house.partner.unique == 1)
    bill = msgspec.json.decode(house.bodies()[0])
    assert bill == {"account": "A1", "lines": 3, "quantity": 9}, (
        "the second charge 1 replaced the first"
    )
    await house.committed()
    (found,) = house.archive().search(control="C3")
    assert found.verdict == "collected"
    assert any(step.what == "delivered" for step in house.archive().trail(found.id)), (
        "linked to what came of it"
    )


async def test_a_group_whose_mapping_fails_is_kept_and_can_be_replayed(house: House) -> None:
    house.channel(COLLECT)
    house.write("mappings/charge.yaml", CHARGE)
    house.write(
        "mappings/bill.yaml",
        BILL.replace("lines: count", 'lines: if(count > 0, key, "1") | decimal'),
    )
    await house.start()
    await house.send(usage("C1", "A1", "1", 2, last=True))
    await until(lambda: bool(house.archive().search(verdict="quarantined")))
    (held,) = house.archive().search(verdict="quarantined")
    house.write("mappings/bill.yaml", BILL)
    await house.order("reload")
    await house.order("replay", messages=[held.id])
    await until(lambda: house.partner.unique == 1)


async def test_a_batch_is_closed_numbered_and_sent_as_one_file(house: House) -> None:
    house.channel(BATCH)
    house.write("mappings/charge.yaml", CHARGE)
    house.write("mappings/line.yaml", LINE)
    house.write("mappings/layouts/line.yaml", 'columns: [account, quantity]\nseparator: "|"\n')
    await house.start()
    for at in range(7):
        await house.send(usage(f"C{at}", f"A{at}", "1", at))
    files = house.home / "out"
    await until(lambda: files.exists() and len(list(files.glob("nightly_*.txt"))) == 2)
    texts = [path.read_text() for path in sorted(files.glob("nightly_*.txt"))]
    assert texts == ["H|1\nA0|0\nA1|1\nA2|2\nT|3|3\n", "H|2\nA3|3\nA4|4\nA5|5\nT|3|12\n"]
    (waiting,) = house.archive().groups()
    assert waiting["members"] == 1


async def test_memory_and_numbers_are_seen_by_the_next_message_and_after_a_restart(
    house: House,
) -> None:
    house.channel(MEMORY)
    house.write("mappings/ward.yaml", WARD)
    await house.start()
    await house.send(usage("C1", "A1", "1", 1, ward="ICU"), usage("C2", "A1", "1", 1))
    await until(lambda: house.partner.unique == 2)
    await house.stop()
    await house.start()
    await house.send(usage("C3", "A1", "1", 1), usage("C4", "A1", "1", 1, ward="ICU"))
    await until(lambda: house.partner.unique == 4)
    said = [msgspec.json.decode(body) for body in house.bodies()]
    assert [one.get("ward") for one in said] == [None, "ICU", "ICU", "ICU"]
    assert [one["moved"] for one in said] == [True, False, False, False]
    numbers = [one["number"] for one in said]
    assert len(set(numbers)) == 4 and all(re.fullmatch(r"\d{3}", number) for number in numbers)


ORDERS = """
description: Orders that are to be confirmed
owner: integration
source:
  mllp: {{port: {port}}}
format: hl7v2
transform: ward
remember:
  visit: {{key: PID-18.1, fields: {{ward: PV1-3.1}}, for: 30d}}
destinations:
  supplier:
    http: {{url: "http://127.0.0.1:{partner}/orders"}}
    order_by: none
    expect: {{from: confirmations, where: order, is: PID-18.1, within: {within}}}
"""
CONFIRMATIONS = """
description: What the supplier confirms
owner: integration
source:
  mllp: {{port: {confirm}}}
format: hl7v2
keys:
  order: PID-18.1
destinations:
  kept:
    http: {{url: "http://127.0.0.1:{partner}/kept"}}
"""


async def test_a_confirmation_that_does_not_come_is_told_once_and_one_that_comes_is_linked(
    house: House,
) -> None:
    confirm = free_port()
    house.channel(ORDERS, within="300ms")
    house.channel(CONFIRMATIONS, "confirmations", confirm=confirm)
    house.write("mappings/ward.yaml", WARD)
    engine = await house.start()
    await house.send(usage("C1", "A1", "1", 1), usage("C2", "A2", "1", 1))
    await until(lambda: house.partner.unique == 2)
    await house.committed()
    assert unconfirmed(engine) == []
    await house.send(usage("K1", "A2", "1", 1), port=confirm)
    await asyncio.sleep(0.4)
    await house.committed()
    told = [alert for _ in range(3) for alert in unconfirmed(engine)]
    assert [alert.destination for alert in told] == ["supplier"]
    assert "confirmations has brought no confirmation within" in told[0].text
    (late,) = house.archive().search(control="C1")
    assert short_id(late.id) in told[0].text
    assert any(step.what == "confirmed" for step in house.trail("C2"))
    await house.send(usage("K2", "A1", "1", 1), port=confirm)
    await house.committed()
    assert any(step.what == "confirmed" for step in house.trail("C1")), (
        "a late one is linked, too"
    )
