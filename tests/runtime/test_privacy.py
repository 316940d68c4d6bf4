"""Canaries: what a message or a partner says is in no log; what is quarantined has an owner and a way back."""

from __future__ import annotations

import asyncio

from engine.message import LARGE, Inbound, short_id
from tests.runtime.conftest import CHANNEL, MAPPING, House, charge, until

CANARIES = ("CANARYMRN", "Canaryname", "CANARY-KIND", "CANARYNUMBER")


async def test_neither_messages_nor_answers_reach_a_log(house: House) -> None:
    text = CHANNEL + "    reply: {{keep: {{their_number: number}}}}\n"
    house.channel(text.replace('/charges"', '/charges", path: "/{{PID-3.1}}"'))
    house.partner._prefix = "CANARYNUMBER"
    await house.start()
    good = charge("C1", "CANARYMRN", "^Canaryname")
    odd = charge("C2", "CANARYMRN").replace(b"DFT^P03", b"CANARY-KIND^CANARYMRN")
    broken = charge("C3", "CANARYMRN", "\xff Canaryname").replace(b"2.5.1", b"2.5.1||||||ASCII")
    await house.send(good, odd, broken, b"CANARYMRN is no message")
    await until(lambda: house.partner.unique >= 2)
    await house.committed()
    await house.stop()
    logs = [path.read_text() for path in (house.home / "logs").iterdir()]
    assert "delivered" in "".join(logs) and "quarantined" in "".join(logs)
    assert [name for name in CANARIES for log in logs if name in log] == []


async def test_what_is_quarantined_has_reason_and_owner_and_is_replayed_after_a_fix(
    house: House,
) -> None:
    broken = MAPPING + '  birth: PID-5.2 | date | format("%Y")\n'
    house.write("mappings/charges.yaml", broken)
    await house.start()
    (answer,) = await house.send(charge("C1"))
    assert b"MSA|AE|C1" in answer and b"TEST" not in answer
    (bad,) = house.archive().search(verdict="quarantined")
    assert bad.reason and "PID-5.2" in house.trail("C1")[1].detail
    await until(lambda: '"quarantined"' in house.log())
    assert '"owner":"integration"' in house.log()
    assert house.partner.unique == 0

    house.write("mappings/charges.yaml", MAPPING)
    await house.order("reload")
    said = await house.order("replay", messages=[bad.id], mode="again")
    assert [one["verdict"] for one in said["replayed"]] == ["accepted"]
    await until(lambda: house.partner.unique == 1)
    await house.committed()
    steps = house.archive().trail(said["replayed"][0]["id"])
    assert (steps[2].what, steps[2].detail) == ("replayed", f"DFT^P03 of {short_id(bad.id)}")
    assert house.archive().message(bad.id).verdict == "quarantined"  # type: ignore[union-attr]
    (again,) = await house.send(charge("C1"))
    assert b"MSA|AA|C1" in again, "the sender's own repeat is a duplicate of the replay"
    await asyncio.sleep(0.1)
    assert house.partner.unique == 1


async def test_a_large_message_is_refused_under_its_own_number(house: House) -> None:
    """A sender that matches MSA-2 would else take the refusal for another message's."""
    large = charge("C1", "1", "x" * (LARGE + 1))
    house.channel(
        CHANNEL.replace("port: {port}", "port: {port}, ack: delivered, ack_within: 2s")
    )
    house.partner.fault = "400"
    engine = await house.start()
    (answer,) = await house.send(large)
    assert b"MSA|AE|C1" in answer

    engine.stations["charges"].pressure = lambda: True  # type: ignore[method-assign]
    reply = await engine.stations["charges"].receive(
        Inbound(raw=await engine.store.spool([large]), received_at=1.0, peer="")
    )
    assert reply.receipt is None and b"MSA|AR|C1" in reply.body
