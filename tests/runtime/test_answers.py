"""Answers passed back to senders that repeat themselves or send batches; partners' answers while nobody takes them."""

from __future__ import annotations

import asyncio

import pytest

from engine import simulate
from engine.runtime import answers
from tests.runtime.conftest import House, charge, until
from tests.runtime.test_sequels import ANSWER, REPLIES, TO


async def test_a_sender_that_repeats_itself_joins_the_wait_for_the_answer(house: House) -> None:
    async with simulate.mllp_partner("registry", fault="slow", delay=0.4) as registry:
        house.channel(ANSWER, registry=registry.port, within="3s", otherwise="AE")
        await house.start()
        first = asyncio.create_task(house.send(charge("Q1")))
        await asyncio.sleep(0.15)
        again = await house.send(charge("Q1"))
        assert again == await first
        assert b"ACK|AQ1" in again[0], "the partner's answer, not our own"
        assert registry.unique == 1


async def test_a_sender_that_repeats_itself_later_gets_the_kept_answer(house: House) -> None:
    async with simulate.mllp_partner("registry") as registry:
        house.channel(ANSWER, registry=registry.port, within="3s", otherwise="AE")
        await house.start()
        (first,) = await house.send(charge("Q1"))
        assert await house.send(charge("Q1")) == [first], "before the disk shows it"
        await house.stop()
        await house.start()
        assert await house.send(charge("Q1")) == [first], "from the disk"
        assert registry.unique == 1


async def test_a_batch_of_queries_is_not_answered_with_a_plain_yes(house: House) -> None:
    async with simulate.mllp_partner("registry") as registry:
        house.channel(ANSWER, registry=registry.port, within="3s", otherwise="AE")
        await house.start()
        batch = b"BHS|^~\\&|POU|OR\r" + charge("Q1") + charge("Q2") + b"BTS|2\r"
        (answer,) = await house.send(batch)
        assert b"ACK|AQ" not in answer and b"MSA|AA" not in answer


async def test_a_delivery_that_ends_without_an_answer_is_told_at_once(house: House) -> None:
    text = ANSWER.replace("order_by: none", "order_by: none\n    retry: {{attempts: 1}}")
    text = text.replace("timeout: 5s", "timeout: 100ms")
    text += "    on_uncertain: hold\n"
    async with simulate.mllp_partner("registry", fault="slow", delay=2) as registry:
        house.channel(text, registry=registry.port, within="5s", otherwise="AE")
        await house.start()
        (answer,) = await asyncio.wait_for(house.send(charge("Q1")), 3)
        assert b"MSA|AE|Q1" in answer


async def test_an_answer_whose_channel_does_not_run_waits_and_says_so(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "TRY_AGAIN", 0.02)
    async with simulate.mllp_partner("lab") as lab:
        house.channel(REPLIES, "lab_replies")
        house.channel(TO, registry=lab.port)
        engine = await house.start()
        replies = engine.stations.pop("lab_replies")
        await house.send(charge("O1"), charge("O2"))
        await until(lambda: "answer_not_kept" in house.log())
        status = await house.order("status")
        (waits,) = [
            one
            for channel in status["channels"]
            for one in channel["destinations"]
            if one["name"] == "lab"
        ]
        assert "lab_replies" in waits["why"]
        await asyncio.sleep(0.2)
        assert house.log().count("answer_not_kept") == 1, "told once"
        engine.stations["lab_replies"] = replies
        await until(lambda: house.partner.unique == 2)
        await until(lambda: house.states("O2") == {"delivered": 1})
        assert lab.unique == 2


async def test_whatever_goes_wrong_with_an_answer_its_delivery_is_not_left_behind(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "TRY_AGAIN", 0.02)
    async with simulate.mllp_partner("lab") as lab:
        house.channel(REPLIES, "lab_replies")
        house.channel(TO, registry=lab.port)
        engine = await house.start()
        replies, fails = engine.stations["lab_replies"], [1]
        receive = replies.receive

        async def receives(inbound):
            if fails:
                fails.pop()
                raise RuntimeError
            return await receive(inbound)

        monkeypatch.setattr(replies, "receive", receives)
        await house.send(charge("O1"), charge("O2"))
        await until(lambda: house.partner.unique == 2)
