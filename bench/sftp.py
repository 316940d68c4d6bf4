"""
Small files over SFTP to and from an OpenSSH server on loopback, against the bare library in the same run.

    python bench/sftp.py [FILES] [CONNECTIONS]
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.connectors import Site
from engine.connectors.sftp import DestinationSettings, SourceSettings
from engine.connectors.sftp.destination import Destination
from engine.connectors.sftp.session import connect
from engine.connectors.sftp.settings import Access
from engine.connectors.sftp.source import Source
from engine.message import Delivery, Inbound, Receipt, Reply, Verdict
from engine.runtime.remembered import Remembered
from engine.settings import Duration, Secret
from engine.store.sqlite import SqliteStore

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.openssh import OpenSsh

SIZE = 2000


def bare(access: Access, home: Path, count: int, one: Callable[[Any, int], None]) -> float:
    """Files a second of plain loops, one a connection."""
    sessions = [connect(access, home) for _ in range(access.connections)]

    def loop(at: int) -> None:
        for number in range(at, count, len(sessions)):
            one(sessions[at].sftp, number)

    threads = [threading.Thread(target=loop, args=(at,)) for at in range(len(sessions))]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - began
    for session in sessions:
        session.close()
    return count / taken


async def run(count: int, connections: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        server = OpenSsh(folder)
        await server.start()
        home = folder / "home"
        home.mkdir()
        store = await SqliteStore.open(home, asyncio.get_running_loop(), time.time)
        try:
            await measure(server, home, store, count, connections)
        finally:
            await store.close()
            server.kill()


async def measure(
    server: OpenSsh, home: Path, store: SqliteStore, count: int, connections: int
) -> None:
    given: dict[str, Any] = {
        "host": "127.0.0.1", "port": server.port, "user": server.user, "host_key": server.host_key,
        "key": Secret(file=str(server.folder / "login")), "connections": connections,
    }  # fmt: skip
    site = Site(
        channel="bench", name="x", home=home, notice=print, now=time.time, spool=store.spool, read=store.read,
        pressure=lambda: False, remember=Remembered(store, "bench/x"),
    )  # fmt: skip
    content, drop = os.urandom(SIZE), str(server.drop)

    def put(sftp: Any, number: int) -> None:
        with sftp.open(f"{drop}/.{number}.part", "wb", 0) as file:
            file.write(content)
        sftp.rename(f"{drop}/.{number}.part", f"{drop}/bare-{number}")

    def get(sftp: Any, number: int) -> None:
        with sftp.open(f"{drop}/bare-{number}", "rb", 0) as file:
            assert len(file.read(SIZE)) == SIZE
        sftp.rename(f"{drop}/bare-{number}", f"{drop}/archive/bare-{number}")

    (server.drop / "archive").mkdir()
    access = Access(**given)
    bare_out = await asyncio.to_thread(bare, access, home, count, put)
    bare_in = await asyncio.to_thread(bare, access, home, count, get)
    out = await ours_out(given, site, drop, content, count)
    back = await ours_in(given, site, drop, count)
    for name, ours, plain in (("out", out, bare_out), ("in", back, bare_in)):
        print(
            f"{name}: {ours:.0f} files/s; bare paramiko {plain:.0f}/s; ratio {ours / plain:.2f}"
        )


async def ours_out(
    given: dict[str, Any], site: Site, drop: str, content: bytes, count: int
) -> float:
    destination = Destination(DestinationSettings(**given, folder=drop, name="{x}"), site)
    waiting = iter(range(count))

    async def carrier() -> None:
        for number in waiting:
            sent = Delivery(id=number, message=number, destination=1, key=f"b-{number}", options={"name": f"f{number}"})  # fmt: skip
            assert (await destination.send(sent, content)).failure is None
            await destination.settled(sent)

    began = time.perf_counter()
    await asyncio.gather(*(carrier() for _ in range(2 * given["connections"])))
    taken = time.perf_counter() - began
    await destination.close()
    return count / taken


async def ours_in(given: dict[str, Any], site: Site, drop: str, count: int) -> float:
    """From the second look until the last file is put away; kept by a store's record each."""
    settings = SourceSettings(
        **given, folder=drop, every=Duration(0.05), minimum_age=Duration(0), pattern="f*"
    )
    times: list[float] = []

    async def receive(inbound: Inbound) -> Reply:
        times.append(time.perf_counter())
        assert inbound.mark is not None
        await site.remember.put(*inbound.mark[1:])
        return Reply(receipt=Receipt(id=len(times), verdict=Verdict.ACCEPTED))

    task = asyncio.create_task(Source(settings, site).run(receive))
    while len(list(Path(drop, "archive").glob("f*"))) < count:
        await asyncio.sleep(0.05)
    taken = time.perf_counter() - times[0]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return count / taken


if __name__ == "__main__":
    import uvloop

    numbers = [int(each) for each in sys.argv[1:]]
    uvloop.run(run(*(numbers or [2000]), *([4] if len(numbers) < 2 else [])))
