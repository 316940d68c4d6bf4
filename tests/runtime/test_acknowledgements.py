"""A running engine: orders leave in an envelope, the partner's 997 is awaited, rejected orders and silence are told."""

from __future__ import annotations

import asyncio

from engine.message import short_id
from engine.runtime.releases import rejected, unconfirmed
from tests.planning.conftest import CONFIG, INBOX, ORDER
from tests.planning.test_sealed import answer, order
from tests.runtime.conftest import House, until

ORDERS = """
description: Orders to a supplier
owner: purchasing
source: {{file: {{folder: orders, pattern: "*.json", minimum_age: 0s, every: 50ms}}}}
format: json
transform: order
destinations:
  medline:
    file: {{partner: medline, name: "{{number}}.850"}}
    expect_ack: {{from: medline_in, within: 400ms}}
"""


async def test_what_is_rejected_and_what_does_not_come_is_told(house: House) -> None:
    house.write("config.yaml", CONFIG.replace("environment: test", "environment: production"))
    house.write("mappings/order.yaml", ORDER)
    house.channel(ORDERS, "medline_orders")
    inbox = INBOX.replace("{channel: {}}", '{file: {folder: in, pattern: "*", minimum_age: 0s, every: 50ms}}')  # fmt: skip
    house.write("channels/medline_in.yaml", inbox)
    for folder in ("orders", "in"):
        (house.home / folder).mkdir()
    engine = await house.start()
    for number in (1, 2):
        house.write(f"orders/{number}.json", order(number))
        await until((house.home / f"out/{number}.850").exists)
    group = int((house.home / "out/1.850").read_text().split("~")[1].split("*")[6])
    text = answer(group, "AK2*850*0001~AK5*R*5~", "R*1*1*0").replace("*0*T*:~", "*0*P*:~")
    house.write("in/reply.997", text)
    await until(lambda: _refused(house) == 1)
    (told,) = rejected(engine)
    with house.archive() as archive:
        first, second = sorted(one.id for one in archive.search(channel="medline_orders"))
    assert told.kind == "rejected_by_partner" and short_id(first) in told.text
    assert "5 segments are in error" in told.text
    await asyncio.sleep(0.6)
    await house.committed()
    (late,) = unconfirmed(engine)
    assert short_id(second) in late.text and rejected(engine) == []


def _refused(house: House) -> int:
    with house.archive() as archive:
        counts = [one for one in archive.counts() if one["destination"] == "medline"]
    return int(counts[0]["acknowledged"].get("rejected", 0)) if counts else 0
