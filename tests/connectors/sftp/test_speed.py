"""
At least 500 small files a second over several connections to a real server, each kept durably; on a machine so busy that the
bare library itself crawls, at least a tenth of what that reaches.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.connectors import Site
from engine.connectors.sftp import Destination, DestinationSettings, Source, SourceSettings
from engine.connectors.sftp.session import connect
from engine.connectors.sftp.settings import Access
from engine.message import Delivery, Inbound, Receipt, Reply, Verdict
from engine.runtime.remembered import Remembered
from engine.settings import Duration
from engine.store.sqlite import SqliteStore
from tests.openssh import OpenSsh

from .conftest import of_openssh, until

pytestmark = [pytest.mark.slow, pytest.mark.alone]
COUNT, LEAST = 1500, 500.0


async def test_small_files_out_and_in(openssh: OpenSsh, site: Site, tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path, asyncio.get_running_loop(), time.time)
    given = of_openssh(openssh)
    standing = msgspec.structs.replace(site, remember=Remembered(store, "bench/x"))
    try:
        rates = [await _both(standing, given, turn) for turn in range(2)]
        least = min(LEAST, (await _bare(standing, given)) / 10)
    finally:
        await store.close()
    out, back = (max(pair) for pair in zip(*rates, strict=True))
    assert out >= least and back >= least, f"out {out:.0f}/s, in {back:.0f}/s"


async def _bare(site: Site, server: Any) -> float:
    """Files that the library alone writes a second, over four connections."""

    def loop(at: int) -> None:
        session = connect(Access(**server.given), site.home)
        for number in range(100):
            with session.sftp.open(f"{server.root}/bare-{at}-{number}", "wb", 0) as file:
                file.write(b"x" * 2000)
        session.close()

    began = time.perf_counter()
    await asyncio.gather(*(asyncio.to_thread(loop, at) for at in range(4)))
    return 400 / (time.perf_counter() - began)


async def _both(site: Site, server: Any, turn: int) -> tuple[float, float]:
    destination = Destination(DestinationSettings(**server.access(name="{x}")), site)
    waiting = iter(range(COUNT))

    async def carrier() -> None:
        for number in waiting:
            sent = Delivery(
                id=number, message=number, destination=1, key=f"{turn}-{number}", options={"name": f"{turn}-{number}"}
            )  # fmt: skip
            assert (await destination.send(sent, b"x" * 2000)).failure is None
            await destination.settled(sent)

    began = time.perf_counter()
    await asyncio.gather(*(carrier() for _ in range(8)))
    out = COUNT / (time.perf_counter() - began)
    await destination.close()
    return out, await _in(site, server)


async def _in(site: Site, server: Any) -> float:
    times: list[float] = []

    async def receive(inbound: Inbound) -> Reply:
        assert inbound.mark is not None
        times.append(time.perf_counter())
        await site.remember.put(*inbound.mark[1:])
        return Reply(receipt=Receipt(id=len(times), verdict=Verdict.ACCEPTED))

    settings = SourceSettings(
        **server.access(every=Duration(0.05), minimum_age=Duration(0), after="delete")
    )
    task = asyncio.create_task(Source(settings, site).run(receive))
    await until(lambda: not list(Path(server.drop).iterdir()), within=60)
    ended = time.perf_counter()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len(times) == COUNT
    return COUNT / (ended - times[0])
