"""Entries that travel together: what becomes of those that wait when the destination closes, and of those that nobody waits for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.connectors import Answer
from engine.connectors.fhir import destination_batches
from engine.connectors.fhir.destination_batches import Batches
from engine.errors import Unavailable, Uncertain


class Partner:
    """Answers a batch once it is let go."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.free = asyncio.Event()

    async def post(self, body: bytes, key: str) -> Answer:
        self.bodies.append(body)
        await self.free.wait()
        entries = b",".join([b'{"response":{"status":"201"}}'] * body.count(b"{}"))
        whole = b'{"resourceType":"Bundle","type":"batch-response","entry":[%b]}'
        return Answer(status="200", body=whole % entries)


def sends(batches: Batches, count: int, entry: bytes = b"{}") -> list[asyncio.Task[Any]]:
    return [asyncio.create_task(batches.send(f"k{at}", entry)) for at in range(count)]


async def test_what_waits_when_it_closes_was_not_sent_and_what_is_under_way_is_uncertain() -> (
    None
):
    partner = Partner()
    batches = Batches(partner.post, 2, lambda: 0.0)
    tasks = sends(batches, 5)
    await asyncio.sleep(0.01)
    await asyncio.wait_for(batches.close(), 1)
    done = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 1)
    assert [type(each) for each in done] == [Uncertain, Uncertain] + [Unavailable] * 3
    assert len(partner.bodies) == 1
    partner.free.set()
    again = await asyncio.wait_for(batches.send("k9", b"{}"), 1)
    assert again.status == "201", "a destination that is used again sends again"


async def test_what_nobody_waits_for_is_not_sent() -> None:
    partner = Partner()
    batches = Batches(partner.post, 1, lambda: 0.0)
    first, second, third = sends(batches, 3)
    await asyncio.sleep(0.01)
    second.cancel()
    partner.free.set()
    await asyncio.gather(first, third)
    assert len(partner.bodies) == 2


async def test_what_travels_together_is_not_too_much_for_one_body(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(destination_batches, "MOST_BYTES", 100)
    partner = Partner()
    partner.free.set()
    batches = Batches(partner.post, 50, lambda: 0.0)
    entries = [b"{}" + b" " * size for size in (40, 40, 40, 500, 10)]
    answers = await asyncio.gather(*(batches.send(f"k{at}", each) for at, each in enumerate(entries)))  # fmt: skip
    assert all(each.failure is None for each in answers)
    assert [body.count(b"{}") for body in partner.bodies] == [2, 1, 1, 1]
