"""What comes after: destinations one `after` the other, hours, answers passed back, replies that are messages."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime
from typing import Any

import msgspec

from engine import simulate
from engine.hours import Hours
from tests.runtime.conftest import MAPPING, House, charge, until

AFTER = """
description: A document, then the pointer to it
owner: integration
source:
  mllp: {{port: {port}}}
format: hl7v2
transform: charges
destinations:
  document:
    http: {{url: "http://127.0.0.1:{partner}/document", timeout: 1s}}
    order_by: none
    retry: {{first_wait: 50ms, longest_wait: 100ms, attempts: 3}}
  pointer:
    http: {{url: "http://127.0.0.1:{other}/pointer", timeout: 1s}}
    order_by: none
    after: document
"""
ANSWER = """
description: A query that a destination answers
owner: integration
source:
  mllp: {{port: {port}}}
  answer: {{from: registry, within: {within}, otherwise: {otherwise}}}
format: hl7v2
destinations:
  registry:
    mllp: {{host: 127.0.0.1, port: {registry}, timeout: 5s}}
    order_by: none
"""
TO = """
description: Orders whose answers are messages
owner: integration
source:
  mllp: {{port: {port}}}
format: hl7v2
destinations:
  lab:
    mllp: {{host: 127.0.0.1, port: {registry}, timeout: 5s}}
    reply: {{to: lab_replies}}
"""
REPLIES = """
description: What the laboratory answered
owner: integration
source:
  channel: {{}}
format: hl7v2
keys:
  answers: MSA-2
accept:
  unique: none
destinations:
  kept:
    http: {{url: "http://127.0.0.1:{partner}/answers"}}
"""


async def test_what_goes_after_waits_until_the_other_is_delivered(house: House) -> None:
    async with simulate.http_partner("pointer") as other:
        house.channel(AFTER, other=other.port)
        house.partner.fault = "503"
        engine = await house.start()
        await house.send(charge("C1"), charge("C2"))
        await asyncio.sleep(0.4)
        assert other.unique == 0
        assert house.states("C1") == {"queued": 2}
        house.partner.fault = "none"
        await until(lambda: other.unique == 2)
        assert house.partner.unique == 2
        await house.committed()
        assert house.states("C1") == {"delivered": 2}
        lanes = engine.stations["charges"].lanes["pointer"]
        assert lanes.attempts == 2, "waiting for another destination is no attempt"


async def test_what_goes_after_a_refused_one_waits_for_a_person(house: House) -> None:
    async with simulate.http_partner("pointer") as other:
        house.channel(AFTER, other=other.port)
        house.partner.fault = "400"
        await house.start()
        await house.send(charge("C1"))
        await until(lambda: house.states("C1") == {"queued": 1, "refused": 1})
        await asyncio.sleep(0.2)
        assert other.unique == 0
        house.partner.fault = "none"
        rows = house.archive().deliveries(house.archive().search(control="C1")[0].id)
        (refused,) = [row["id"] for row in rows if row["state"] == "refused"]
        await house.order("resend", deliveries=[refused])
        await until(lambda: other.unique == 1)


async def test_it_still_waits_when_the_engine_was_restarted(house: House) -> None:
    async with simulate.http_partner("pointer") as other:
        house.channel(AFTER, other=other.port)
        house.partner.fault = "503"
        await house.start()
        await house.send(charge("C1"))
        await house.stop()
        await house.start()
        await asyncio.sleep(0.3)
        assert other.unique == 0
        house.partner.fault = "none"
        await until(lambda: other.unique == 1)


async def test_a_closed_destination_keeps_its_deliveries_and_spends_no_attempt(
    house: House,
) -> None:
    house.channel()
    engine = await house.start()
    lanes = engine.stations["charges"].lanes["billing"]
    shut = Hours.read("mon 00:00-00:01") if _weekday() != 0 else Hours.read("tue 00:00-00:01")
    lanes.route = _with(lanes.route, open=shut)
    answers = await house.send(charge("C1"))
    assert b"MSA|AA" in answers[0]
    await asyncio.sleep(0.2)
    assert house.partner.unique == 0
    assert lanes.attempts == 0
    lanes.route = _with(lanes.route, open=None)
    lanes.pump()
    await until(lambda: house.partner.unique == 1)


async def test_the_sender_gets_the_destinations_answer(house: House) -> None:
    async with simulate.mllp_partner("registry") as registry:
        house.channel(ANSWER, registry=registry.port, within="3s", otherwise="AE")
        await house.start()
        (answer,) = await house.send(charge("Q1"))
        assert b"MSA|AA|Q1" in answer
        assert b"ACK|AQ1" in answer, "the partner's own acknowledgement, not ours"


async def test_when_no_answer_comes_in_time_the_sender_is_told_so_and_the_late_one_is_kept(
    house: House,
) -> None:
    async with simulate.mllp_partner("registry", fault="slow", delay=0.6) as registry:
        house.channel(ANSWER, registry=registry.port, within="200ms", otherwise="AE")
        await house.start()
        (answer,) = await house.send(charge("Q1"))
        assert b"MSA|AE|Q1" in answer
        await until(lambda: house.states("Q1") == {"delivered": 1})
        assert registry.unique == 1, "nothing is sent twice"
        assert "not_answered" in house.log()


async def test_a_partners_answer_becomes_a_message_of_its_own(house: House) -> None:
    async with simulate.mllp_partner("lab") as lab:
        house.channel(REPLIES, "lab_replies")
        house.channel(TO, registry=lab.port)
        await house.start()
        await house.send(charge("O1"))
        await until(lambda: house.partner.unique == 1)
        assert b"MSA|AA|O1" in house.bodies()[0]
        await house.committed()
        steps = [step.channel for step in house.trail("O1")]
        assert "lab_replies" in steps


def _with(route: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(route, **changes)


def _weekday() -> int:
    return datetime.now(UTC).weekday()


async def test_a_source_takes_nothing_outside_its_hours(house: House) -> None:
    shut = "mon 00:00-00:01" if _weekday() != 0 else "tue 00:00-00:01"
    text = f'  open: "{shut}"\nformat'
    house.write("mappings/charges.yaml", MAPPING)
    house.channel(
        AFTER.replace("format", text, 1).replace("after: document", "when: true"), other=1
    )
    engine = await house.start()
    assert engine.stations["charges"].receiving.closed
    with socket.socket() as knocking:
        assert knocking.connect_ex(("127.0.0.1", house.port)) != 0, (
            "it listens outside its hours"
        )
