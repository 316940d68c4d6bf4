"""An EDIFACT partner through the line: orders sealed and awaited, what it sends answered by CONTRL, once, in the same commit."""

from __future__ import annotations

import asyncio

import pytest

from engine.message import Receipt, Verdict
from tests.planning.conftest import CONFIG, Line
from tests.planning.test_sealed import order, states

ENVELOPE = """
    edifact:
      us: {id: "5412345000013", qualifier: "14"}
      them: {id: "4012345000094", qualifier: "14"}
      acknowledge: CONTRL
      first_number: 41
"""
MAPPING = """
from: json
to: edifact/D96A/ORDERS
set: {BGM01-1: "220", BGM02: number, BGM03: "9", DTM01-1: "137", DTM01-2: "20260302", DTM01-3: "102"}
groups:
  SG25: {each: lines, set: {LIN01: index, LIN03-1: item, LIN03-2: "SA", QTY01-1: "21", QTY01-2: quantity}}
"""
ORDERS = """
description: Orders to a supplier
owner: purchasing
zone: Europe/Vienna
source: {channel: {}}
format: json
transform: edifact_order
destinations:
  supplier:
    file: {partner: medline, name: "{number}.edi"}
    expect_ack: {from: edifact_in, within: 4h}
"""
INBOX = """
description: What the supplier sends
owner: purchasing
source: {channel: {}}
format: edifact
accept:
  when: not exists(BGM02) or BGM02 != "FOREIGN"
  otherwise: reject
destinations:
  erp:
    when: exists(BGM02)
    file: {folder: erp, name: "{BGM02}.edi"}
  acknowledgements:
    of: acknowledgement
    file: {partner: medline, name: "{UNB05}.contrl"}
"""
SPLIT = INBOX.replace("format: edifact", "format: edifact\nsplit: UNH")


@pytest.fixture
def edifact(line: Line) -> Line:
    line.write("config.yaml", CONFIG + ENVELOPE.lstrip("\n"))
    line.write("mappings/edifact_order.yaml", MAPPING)
    line.write("channels/edifact_orders.yaml", ORDERS)
    line.write("channels/edifact_in.yaml", INBOX)
    return line


def came(*orders: str, reference: str = "REF7") -> str:
    """An interchange of orders from the partner."""
    messages = "".join(
        f"UNH+{at}+ORDERS:D:96A:UN'BGM+220+{number}+9'DTM+137:20261121:102'NAD+BY+B1::91'"
        f"LIN+1++G7:SA'QTY+21:2'UNS+S'UNT+8+{at}'"
        for at, number in enumerate(orders, 1)
    )
    return (
        f"UNB+UNOC:3+4012345000094:14+5412345000013:14+260302:1600+{reference}++++1++1'{messages}"
        f"UNZ+{len(orders)}+{reference}'"
    )


def contrl(reference: str, *said: str, own: str = "C1") -> str:
    """What the partner says became of what it was sent."""
    lines = "".join(f"{each}'" for each in said)
    return (
        f"UNB+UNOC:3+4012345000094:14+5412345000013:14+260302:1600+{own}++++++1'UNH+1+CONTRL:D:3:UN'"
        f"UCI+{reference}+5412345000013:14+4012345000094:14{lines}UNT+{2 + len(said)}+1'UNZ+1+{own}'"
    )


async def told(line: Line, receipt: Receipt) -> str:
    number = line.store.destination("edifact_in", "acknowledgements")
    found = [one for one in receipt.deliveries if one.destination == number]
    return await line.sent(found[0]) if found else ""


def said(text: str) -> list[str]:
    return [one for one in text.split("'") if one[:3] in ("UCI", "UCM")]


def reference(text: str) -> str:
    unb = next(one for one in text.split("'") if "UNB+" in one)
    return unb.split("+")[5]


async def test_an_order_leaves_and_the_partner_s_word_comes_back(edifact: Line) -> None:
    line = edifact
    sent = [await line.receive("edifact_orders", order(number)) for number in (1, 2, 3)]
    assert [one.detail for one in sent] == [""] * 3
    texts = [await line.sent(one.deliveries[0]) for one in sent]
    assert [reference(text) for text in texts] == ["41", "42", "43"]
    assert "+5412345000013:14+4012345000094:14+260302:1615+41++++1++1'" in texts[0]
    for one in sent:
        await line.deliver(one)
    assert [each[1] for each in states(line, sent[0])] == ["", ""]
    good = await line.receive("edifact_in", contrl("41", "+7", own="C1"))
    assert (good.verdict, good.reason) == (Verdict.FILTERED, "acknowledgement")
    assert await told(line, good) == "", "nobody acknowledges an acknowledgement"
    bad = await line.receive(
        "edifact_in", contrl("42", "+7", "UCM+1+ORDERS:D:96A:UN+4+12", own="C2")
    )
    assert bad.reason == "acknowledgement"
    assert [each[1] for each in states(line, sent[0])] == ["accepted", "accepted"]
    assert [each[1] for each in states(line, sent[1])] == ["accepted", "rejected"]
    (refused,) = line.store.refused(line.now)
    assert refused.message == sent[1].id
    line.now += 5 * 3600
    (overdue,) = line.store.overdue(line.now)
    assert overdue.message == sent[2].id
    await line.settled()


@pytest.mark.parametrize("channel", [INBOX, SPLIT])
async def test_what_comes_is_answered_and_what_comes_twice_as_before(
    edifact: Line, channel: str
) -> None:
    line = edifact
    line.write("channels/edifact_in.yaml", channel)
    texts = [came("1"), came("1"), came("2")]
    first, same, other = await asyncio.gather(
        *(line.receive("edifact_in", each) for each in texts)
    )
    before = await told(line, first)
    assert said(before) == [
        "UCI+REF7+4012345000094:14+5412345000013:14+7",
        "UCM+1+ORDERS:D:96A:UN+7",
    ]
    assert same.verdict is Verdict.DUPLICATE and await told(line, same) == before
    assert (other.verdict, other.reason) == (Verdict.QUARANTINED, "duplicate_interchange")
    refused = await told(line, other)
    assert said(refused) == ["UCI+REF7+4012345000094:14+5412345000013:14+4+26"]
    assert reference(before) != reference(refused)
    await line.again()
    again = await line.receive("edifact_in", came("1"))
    assert again.verdict is Verdict.DUPLICATE and await told(line, again) == before
    ordered = await line.receive("edifact_orders", order(9))
    mine = [
        reference(each) for each in (before, refused, await line.sent(ordered.deliveries[0]))
    ]
    assert len({*mine}) == 3, "orders and answers share the references of the pair"


async def test_each_message_follows_its_part(edifact: Line) -> None:
    line = edifact
    line.write("channels/edifact_in.yaml", SPLIT)
    receipt = await line.receive("edifact_in", came("1", "FOREIGN", "3"))
    assert [part.verdict.value for part in receipt.parts] == [
        "accepted",
        "quarantined",
        "accepted",
    ]
    ucm = [
        each.rpartition("+")[2] for each in said(await told(line, receipt)) if each[:3] == "UCM"
    ]
    assert ucm == ["7", "4", "7"]


async def test_a_batch_is_one_interchange_and_each_order_is_awaited(edifact: Line) -> None:
    line = edifact
    line.write("channels/edifact_orders.yaml", ORDERS + "    batch: {close: {most: 2}}\n")
    members = [await line.receive("edifact_orders", order(number)) for number in (1, 2)]
    released = await line.release()
    text = await line.sent(released.deliveries[0])
    assert [one.split("+")[1] for one in text.split("'") if "UNH+" in one] == ["1", "2"]
    await line.deliver(released)
    await line.receive(
        "edifact_in", contrl(reference(text), "+7", "UCM+2+ORDERS:D:96A:UN+4+12")
    )
    (refused,) = line.store.refused(line.now)
    assert refused.message == members[1].id
    await line.settled()
