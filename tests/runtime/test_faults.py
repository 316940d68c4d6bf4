"""Each fault of a partner, under each policy: nothing is lost, and what happens is what the table says."""

from __future__ import annotations

import asyncio

import pytest

from engine.lanes.state import state_of
from tests.runtime.conftest import CHANNEL, House, charge, until

PASSING = ["down", "429", "503"]
UNCERTAIN = ["500", "drops", "late"]


def with_policy(text: str) -> str:
    return CHANNEL + "".join(f"    {line}\n" for line in text.splitlines())


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize(
    "policy", ["on_uncertain: resend", "on_uncertain: hold", "on_refused: wait"]
)
async def test_a_partner_that_cannot_now_gets_everything_later_in_order(
    house: House, fault: str, policy: str
) -> None:
    house.channel(with_policy(policy))
    house.partner.fault = fault
    await house.start()
    answers = await house.send(*[charge(f"C{number}") for number in range(5)])
    assert all(b"MSA|AA" in answer for answer in answers)
    await asyncio.sleep(0.3)
    assert house.partner.unique == 0
    house.partner.fault = "none"
    await until(lambda: house.partner.unique == 5)
    assert [body[12:14] for body in house.bodies()] == [b"C%d" % number for number in range(5)]


@pytest.mark.parametrize("fault", UNCERTAIN)
async def test_what_may_have_arrived_is_sent_again_under_the_same_key(
    house: House, fault: str
) -> None:
    house.channel(
        with_policy("on_uncertain: resend")
        .replace("attempts: 3", "attempts: 50")
        .replace("timeout: 1s", "timeout: 200ms")
    )
    house.partner.fault = fault
    await house.start()
    await house.send(charge("C1"))
    await asyncio.sleep(0.5)
    house.partner.fault = "none"
    await until(lambda: house.partner.unique == 1)
    await house.committed()
    await until(lambda: house.states("C1") == {"delivered": 1})
    assert len({received.key for received in house.partner.received}) == 1


@pytest.mark.parametrize("fault", UNCERTAIN)
async def test_or_is_left_to_a_person_and_blocks_its_lane(house: House, fault: str) -> None:
    house.channel(with_policy("on_uncertain: hold").replace("timeout: 1s", "timeout: 200ms"))
    house.partner.fault = fault
    await house.start()
    await house.send(charge("C1"), charge("C2"))
    await house.committed()
    await until(lambda: house.states("C1") == {"uncertain": 1})
    house.partner.fault = "none"
    await asyncio.sleep(0.3)
    assert house.states("C2") == {"queued": 1}
    (row,) = house.archive().deliveries(house.archive().search(control="C1")[0].id)
    assert (await house.order("resend", deliveries=[row["id"]]))["moved"] == 1
    await until(lambda: house.states("C2") == {"delivered": 1})
    assert house.states("C1") == {"delivered": 1}


async def test_refused_is_parked_and_the_lane_goes_on(house: House) -> None:
    house.partner.fault = "400"
    await house.start()
    await house.send(charge("C1"))
    await house.committed()
    await until(lambda: house.states("C1") == {"refused": 1})
    house.partner.fault = "none"
    await house.send(charge("C2"))
    await until(lambda: house.partner.unique == 1)
    assert house.states("C1") == {"refused": 1}


async def test_or_the_lane_waits(house: House) -> None:
    house.channel(with_policy("on_refused: wait"))
    house.partner.fault = "400"
    await house.start()
    await house.send(charge("C1"))
    await house.committed()
    await until(lambda: house.states("C1") == {"refused": 1})
    house.partner.fault = "none"
    await house.send(charge("C2"), charge("D1", "2"))
    await until(lambda: house.partner.unique == 1)
    assert b"D1" in house.bodies()[0]
    (row,) = house.archive().deliveries(house.archive().search(control="C1")[0].id)
    await house.order("discard", deliveries=[row["id"]])
    await until(lambda: house.partner.unique == 2)


async def test_wrong_credentials_pause_the_destination_until_a_person_acts(
    house: House,
) -> None:
    house.channel(CHANNEL.replace("longest_wait: 200ms", "longest_wait: 10m"))
    house.partner.fault = "401"
    engine = await house.start()
    await house.send(charge("C1"), charge("C2", "2"))
    lanes = engine.stations["charges"].lanes["billing"]
    await until(lambda: state_of(lanes)["state"] == "paused")
    house.partner.fault = "none"
    await asyncio.sleep(0.2)
    assert house.partner.unique == 0
    with house.archive() as archive:
        step = archive.trail(archive.search(control="C1")[0].id)[-1]
    assert (step.what, step.due_at) == ("waiting", 0.0)
    assert step.detail.endswith("paused; tried again in 10 min or when it is released")
    await house.order("release", channel="charges")
    await until(lambda: house.partner.unique == 2)


async def test_a_slow_partner_slows_nobody_but_itself(house: House) -> None:
    house.partner.fault, house.partner.delay = "slow", 0.3
    await house.start()
    loop = asyncio.get_running_loop()
    began = loop.time()
    answers = await house.send(*[charge(f"C{number}", str(number)) for number in range(8)])
    assert loop.time() - began < 0.3
    assert all(b"MSA|AA" in answer for answer in answers)
    await until(lambda: house.partner.unique == 8)
