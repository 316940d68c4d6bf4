"""A message's life in a running engine: acknowledged, delivered, refused, repeated, too much."""

from __future__ import annotations

import asyncio

import pytest

from tests.runtime.conftest import CHANNEL, House, charge, until


async def test_a_message_is_acknowledged_kept_and_delivered(house: House) -> None:
    await house.start()
    (answer,) = await house.send(charge("C1"))
    assert b"MSA|AA|C1" in answer
    await until(lambda: house.partner.unique == 1)
    assert house.bodies() == [b'{"control":"C1","mrn":"1"}']
    await house.committed()
    assert house.states("C1") == {"delivered": 1}
    assert [step.what for step in house.trail("C1")][-1] == "delivered"


async def test_the_same_bytes_again_are_a_duplicate_and_answered_as_the_original_was(
    house: House,
) -> None:
    await house.start()
    answers = await house.send(charge("C1"), charge("C1"))
    assert all(b"MSA|AA|C1" in answer for answer in answers)
    await until(lambda: house.partner.unique == 1)
    await asyncio.sleep(0.1)
    assert (house.partner.unique, house.partner.repeats) == (1, 0)
    verdicts = sorted(found.verdict for found in house.archive().search(control="C1"))
    assert verdicts == ["accepted", "duplicate"]


async def test_the_same_key_with_other_bytes_waits_for_a_person(house: House) -> None:
    await house.start()
    answers = await house.send(charge("C1"), charge("C1", extra="^ANNA"))
    assert b"MSA|AA" in answers[0] and b"MSA|AE" in answers[1]
    (kept, _) = house.archive().search(control="C1")
    assert (kept.verdict, kept.reason) == ("quarantined", "key_reused")


async def test_what_cannot_be_read_is_kept_and_answered(house: House) -> None:
    await house.start()
    (answer,) = await house.send(b"not a message at all")
    assert b"MSA|A" in answer and b"MSA|AA" not in answer
    (kept,) = house.archive().recent()
    assert kept.verdict == "quarantined"
    assert house.archive().raw(kept.id) == b"not a message at all"


async def test_a_message_for_another_environment_is_refused(house: House) -> None:
    await house.start()
    (answer,) = await house.send(charge("C1").replace(b"|P|", b"|T|"))
    assert b"MSA|AR|C1" in answer
    (kept,) = house.archive().recent()
    assert (kept.verdict, kept.reason) == ("quarantined", "wrong_processing_id")


@pytest.mark.slow
async def test_a_full_queue_is_said_to_the_sender_and_kept_nowhere(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.connectors.mllp.source.PATIENCE", 0.3)
    house.channel(
        CHANNEL.replace("    concurrency: 4", "    concurrency: 4\n    queue_limit: 3")
    )
    house.partner.fault = "503"
    await house.start()
    answers: list[bytes] = []
    for number in range(6):
        try:
            answers += await asyncio.wait_for(house.send(charge(f"C{number}", str(number))), 3)
        except TimeoutError:
            answers.append(b"")
        await asyncio.sleep(0.05)
    taken = [answer for answer in answers if b"MSA|AA" in answer]
    assert 3 <= len(taken) < 6
    assert len(house.archive().recent()) == len(taken)
    house.partner.fault = "none"
    await until(lambda: house.partner.unique == len(taken))


async def test_a_message_handed_to_another_channel_is_kept_in_the_same_commit(
    house: House,
) -> None:
    house.write(
        "channels/entrance.yaml",
        CHANNEL.format(port=0, partner=1)
        .split("transform:")[0]
        .replace("port: 0", f"port: {house.port}")
        + "destinations:\n  inside:\n    channel: {name: charges}\n",
    )
    house.channel(port=0)
    engine = await house.start()
    assert not engine.mistakes, [str(mistake) for mistake in engine.mistakes]
    (answer,) = await house.send(charge("C1"))
    assert b"MSA|AA" in answer
    await until(lambda: house.partner.unique == 1)
    await house.committed()
    channels = {found.channel: found.verdict for found in house.archive().search(control="C1")}
    assert channels == {"entrance": "accepted", "charges": "accepted"}


async def test_delivered_means_delivered_before_the_answer(house: House) -> None:
    house.channel(
        CHANNEL.replace("port: {port}", "port: {port}, ack: delivered, ack_within: 3s")
    )
    house.partner.fault, house.partner.delay = "slow", 0.3
    await house.start()
    (answer,) = await house.send(charge("C1"))
    assert b"MSA|AA" in answer
    assert house.partner.unique == 1


async def test_no_positive_answer_when_the_limit_is_reached_and_a_repeat_joins_the_wait(
    house: House,
) -> None:
    house.channel(
        CHANNEL.replace("port: {port}", "port: {port}, ack: delivered, ack_within: 200ms")
    )
    house.partner.fault = "503"
    await house.start()
    (answer,) = await house.send(charge("C1"))
    assert b"MSA|AA" not in answer
    house.partner.fault = "none"
    await until(lambda: house.partner.unique == 1)
    (answer,) = await house.send(charge("C1"))
    assert b"MSA|AA" in answer
    assert house.partner.repeats == 0


async def test_a_large_message_is_planned_elsewhere_and_delivered_whole(house: House) -> None:
    mapping = "from: hl7v2\nto: json\nfields:\n  control: MSH-10\n  document: OBX-5.5\n"
    house.write("mappings/charges.yaml", mapping)
    await house.start()
    document = b"QUJD" * 300_000
    message = charge("BIG") + b"OBX|1|ED|PDF||^application^pdf^Base64^" + document + b"\r"
    (answer,) = await house.send(message)
    assert b"MSA|AA|BIG" in answer
    await until(lambda: house.partner.unique == 1, 15)
    assert document in house.bodies()[0]
    (found,) = house.archive().search(control="BIG")
    assert house.archive().raw(found.id) == message


async def test_a_batch_is_split_and_answered_as_one(house: House) -> None:
    await house.start()
    batch = (
        b"BHS|^~\\&|POU|OR|CORRIDOR|HOSP|20260315101500||||B1\r"
        + charge("B1-1")
        + charge("B1-2", "2")
        + b"BTS|2\r"
    )
    (answer,) = await house.send(batch)
    assert b"MSA|AA|B1-1" in answer and b"MSA|AA|B1-2" in answer
    await until(lambda: house.partner.unique == 2)
