"""What people decide about deliveries while they are under way; what a sender who waits is told."""

from __future__ import annotations

import asyncio

import pytest

from engine.store import Hold
from tests.runtime.conftest import CHANNEL, House, charge, until

WAITS = CHANNEL.replace("port: {port}", "port: {port}, ack: delivered, ack_within: 400ms")


def delivery_of(house: House, control: str) -> int:
    (row,) = house.archive().deliveries(house.archive().search(control=control)[0].id)
    return int(row["id"])


async def test_what_is_discarded_is_not_sent_while_the_disk_works(house: House) -> None:
    engine = await house.start()
    await house.order("hold", channel="charges")
    await house.send(charge("C1"), charge("C2", "2"))
    number = delivery_of(house, "C1")
    lanes = engine.stations["charges"].lanes["billing"]
    move = engine.store.move

    async def moving(*values: object) -> int:
        lanes.set_hold(Hold(destination=lanes.number, held=False))
        await asyncio.sleep(0)
        return await move(*values)  # type: ignore[arg-type]

    engine.store.move = moving  # type: ignore[method-assign]
    assert (await house.order("discard", deliveries=[number]))["moved"] == 1
    await until(lambda: house.partner.unique == 1)
    await asyncio.sleep(0.05)
    assert [body[12:14] for body in house.bodies()] == [b"C2"]


async def test_what_could_not_be_moved_still_goes(house: House) -> None:
    await house.start()
    await house.order("hold", channel="charges")
    await house.send(charge("C1"))
    answer = await house.order("delivered", deliveries=[delivery_of(house, "C1")])
    assert answer["moved"] == 0
    await house.order("release", channel="charges")
    await until(lambda: house.partner.unique == 1)


async def test_a_repeat_of_a_refused_message_is_not_called_delivered(house: House) -> None:
    house.channel(WAITS)
    house.partner.fault = "400"
    await house.start()
    first = await house.send(charge("C1"))
    await house.committed()
    second = await house.send(charge("C1"))
    assert b"MSA|AA" not in first[0] and b"MSA|AA" not in second[0]


async def test_a_batch_is_delivered_when_all_its_messages_are(house: House) -> None:
    house.channel(WAITS)
    house.partner.fault = "503"
    await house.start()
    batch = b"FHS|^~\\&|\rBHS|^~\\&|\r" + charge("C1") + charge("C2") + b"BTS|2\rFTS|1\r"
    (answer,) = await house.send(batch)
    assert b"|AA" not in answer


@pytest.mark.slow
async def test_large_messages_go_on_while_the_file_of_their_channel_is_broken(
    house: House,
) -> None:
    await house.start()
    house.write("channels/charges.yaml", "source: [\n")
    (answer,) = await house.send(charge("C1", extra="X" * 400_000))
    assert b"MSA|AA|C1" in answer
