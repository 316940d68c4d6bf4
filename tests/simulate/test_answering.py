"""Simulated partners that answer in the words of their trade: a payer asked by 270, a patient index asked by HL7."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine import simulate
from engine.formats import Reading, x12
from engine.wire import mllp

ROOT = Path(__file__).parents[2]
QUESTIONS = (ROOT / "samples/expected/cover_questions.270").read_bytes()
FIRST, SECOND = (b"ISA*" + each for each in QUESTIONS.split(b"ISA*")[1:])
X12 = {"Content-Type": "application/edi-x12"}


@pytest.mark.parametrize(
    ("member", "says", "counted"),
    [
        (b"W200300400", b"EB*1*IND*30*PR*GOLD PLAN~", {"active": 1}),
        (b"W200300409", b"EB*6~", {"inactive": 1}),
        (b"W200300408", b"AAA*N**75*C~", {"unknown": 1}),
    ],
)
async def test_a_270_gets_a_271_that_keeps_its_guide(
    member: bytes, says: bytes, counted: dict[str, int]
) -> None:
    async with simulate.eligibility_partner() as payer, httpx.AsyncClient() as caller:
        url = f"http://127.0.0.1:{payer.port}/questions"
        asked = FIRST.replace(b"W200300400", member)
        said = await caller.post(url, content=asked, headers=X12)
        assert said.status_code == 200 and says in said.content
        document = x12.parse(said.content, Reading())
        x12.validate(document, "guide")
        assert b"\nBHT*0022*11*Q-1001*" in said.content and b"NM1*IL*1*Testcase" in said.content
        assert payer.counts == {"270": 1, **counted}
        wrong = await caller.post(url, content=b"ISA*", headers=X12)
        assert (wrong.status_code, payer.refused) == (400, 1)


async def test_a_dependent_is_answered_for_alone() -> None:
    async with simulate.eligibility_partner() as payer, httpx.AsyncClient() as caller:
        said = await caller.post(f"http://127.0.0.1:{payer.port}/", content=SECOND)
        above, _, below = said.content.partition(b"\nHL*4*3*23*0~")
        assert b"EB*" not in above and below.count(b"EB*1*") == 2
        assert b"INS*N*19~" in below


async def ask(partner: Any, query: str) -> str:
    text = f"MSH|^~\\&|CORRIDOR|HERE|INDEX|THERE|2026||QBP^Q22^QBP_Q21|Q1|P|2.5.1\rQPD|IHE PDQ Query|T1|{query}\rRCP|I\r"
    reader, writer = await asyncio.open_connection("127.0.0.1", partner.port)
    try:
        writer.write(mllp.frame(text.encode()))
        return (await asyncio.wait_for(reader.readuntil(mllp.END), 1)).decode()
    finally:
        writer.close()


async def test_an_index_names_the_patients_that_a_query_fits() -> None:
    async with simulate.index_partner() as index:
        both = await ask(index, "@PID.5.1^testcase~@PID.8^F")
        assert both.count("\rPID|") == 2 and "\rQAK|T1|OK|IHE PDQ Query|2\r" in both
        assert both.startswith("\x0bMSH|^~\\&|INDEX|THERE|CORRIDOR|HERE|")
        assert "\rMSA|AA|Q1\r" in both
        for query in ("@PID.3.1^1000999", "@PID.5.1^testcase~@PID.8^M", "@PID.99^F", ""):
            assert "\rQAK|T1|NF|IHE PDQ Query|0\r" in await ask(index, query), query
        index.fault = "AE"
        assert "\rMSA|AE|Q1\r" in await ask(index, "@PID.3.1^1000123")
        assert index.counts == {"queries": 5, "patients": 2}
