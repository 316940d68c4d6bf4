"""
Killed while FHIR comes in and goes out: what was acknowledged arrives, what was refused does not, and the record is whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine import simulate
from engine.store.archive import SqliteArchive
from tests.ports import free_port
from tests.test_crash import start

KILLS = int(os.environ.get("CORRIDOR_KILLS", "6"))
CHANNEL = """
description: FHIR in and out, killed again and again
source:
  fhir: {{port: {port}}}
{answer}format: fhir
split: entry
destinations:
  ehr:
    fhir: {{url: "{url}", timeout: 2s}}
    order_by: none
    concurrency: 8
    retry: {{first_wait: 50ms, longest_wait: 300ms}}
"""


def put(id: str, bad: bool = False) -> dict[str, Any]:
    patient = {"resourceType": "Patient", "id": id, "gender": "purple" if bad else "female"}
    return {"resource": patient, "request": {"method": "PUT", "url": f"Patient/{id}"}}


class Callers:
    """They write patients alone, in batches of which one entry is bad, and in transactions of which some are."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}/fhir"
        self.taken: set[str] = set()
        self.refused: set[str] = set()
        self.number = 0
        self.stopping = False

    async def run(self) -> None:
        async with httpx.AsyncClient(timeout=3) as client:
            while not self.stopping:
                self.number += 1
                ask = (self.alone, self.batch, self.transaction)[self.number % 3]
                try:
                    await ask(client, f"p{self.number}")
                except (httpx.HTTPError, OSError):
                    await asyncio.sleep(0.02)  # nobody knows: it is neither taken nor refused

    async def alone(self, client: httpx.AsyncClient, id: str) -> None:
        url = f"{self.base}/Patient/{id}"
        if (await client.put(url, json=put(id)["resource"])).status_code in (200, 201, 504):
            self.taken.add(id)  # 504: kept, but nobody has answered in time

    async def post(self, client: httpx.AsyncClient, kind: str, *entries: Any) -> httpx.Response:
        sent = {"resourceType": "Bundle", "type": kind, "entry": entries}
        return await client.post(self.base, json=sent)

    async def batch(self, client: httpx.AsyncClient, id: str) -> None:
        ids = [f"{id}a", f"{id}bad", f"{id}c"]
        made = await self.post(client, "batch", *(put(each, each.endswith("bad")) for each in ids))  # fmt: skip
        if made.status_code != 200:
            return
        statuses = [each["response"]["status"][:3] for each in made.json()["entry"]]
        assert statuses == ["200", "422", "200"], statuses
        self.taken |= {ids[0], ids[2]}
        self.refused.add(ids[1])

    async def transaction(self, client: httpx.AsyncClient, id: str) -> None:
        bad = self.number % 2 == 0
        made = await self.post(client, "transaction", put(f"{id}d"), put(f"{id}e", bad))
        if made.status_code in (200, 422):
            assert (made.status_code == 422) is bad
            (self.refused if bad else self.taken).update({f"{id}d", f"{id}e"})


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer", ["", "  answer: {from: ehr, within: 200ms, otherwise: 504}\n"]
)
async def test_killed_again_and_again_what_was_acknowledged_arrives_and_nothing_else(
    tmp_path: Path, answer: str
) -> None:
    port = free_port()
    async with simulate.fhir_partner() as ehr:
        (tmp_path / "channels").mkdir()
        text = CHANNEL.format(port=port, url=ehr.ways()["url"], answer=answer)
        (tmp_path / "channels/killed.yaml").write_text(text)
        callers = Callers(port)
        process = await asyncio.to_thread(start, tmp_path, port)
        tasks = [asyncio.create_task(callers.run()) for _ in range(8)]
        try:
            for _ in range(KILLS):
                await asyncio.sleep(0.3 + random.random() * 0.7)
                ehr.fault = random.choice([simulate.Fault.NONE, simulate.Fault.DROPS])
                process.send_signal(signal.SIGKILL)
                await asyncio.to_thread(process.wait)
                found = await asyncio.to_thread(lambda: list(SqliteArchive(tmp_path).verify()))
                assert found == []
                process = await asyncio.to_thread(start, tmp_path, port)
            ehr.fault = simulate.Fault.NONE
            await asyncio.sleep(0.5)
        finally:
            callers.stopping = True
            done, _ = await asyncio.wait(tasks, timeout=10)
            until = time.monotonic() + 30
            kept = ehr.resources.kept
            while time.monotonic() < until and any(f"Patient/{id}" not in kept for id in callers.taken):  # fmt: skip
                await asyncio.sleep(0.1)
            process.terminate()
            with contextlib.suppress(Exception):
                await asyncio.to_thread(process.wait, 20)
        for task in done:
            task.result()
        arrived = {name.removeprefix("Patient/") for name in ehr.resources.kept}
        assert len(callers.taken) > KILLS * 20 and len(callers.refused) > KILLS
        assert callers.taken <= arrived, f"lost: {sorted(callers.taken - arrived)[:10]}"
        assert not callers.refused & arrived, "what was refused arrived"
        assert list(SqliteArchive(tmp_path).verify()) == []
