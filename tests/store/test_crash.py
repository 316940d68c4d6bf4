"""SIGKILL at random moments: what was acknowledged is there, what was delivered stays delivered."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import time

import pytest

from engine.message import State
from engine.store.archive import SqliteArchive
from engine.store.home import store_file
from engine.store.schema import open_reader

#: Accepts, claims and settles as fast as it can; says on stdout what it was told is durable.
PROGRAM = """
import asyncio, os, sys, time
from pathlib import Path
from engine.message import Inbound, Outbound, Plan, Settlement, State, Verdict
from engine.store.sqlite import SqliteStore

async def main():
    store = await SqliteStore.open(Path(sys.argv[1]), asyncio.get_running_loop(), time.time)
    for delivery in await store.recover():
        store.settle(Settlement(delivery=delivery.id, state=State.QUEUED, at=0.0))

    def settle(delivery):
        step = Settlement(delivery=delivery.id, state=State.DELIVERED, at=time.time(), attempt=1)
        store.settle(step, lambda: os.write(1, b"delivered %d\\n" % delivery.id))

    def queued(deliveries):
        for delivery in deliveries:
            store.claim(delivery, time.time())
            asyncio.get_running_loop().call_later(0.002, settle, delivery)

    store.listen(queued)
    os.write(1, b"ready\\n")

    async def sender(name):
        while True:
            out = (Outbound(destination="d", payload=b"payload", lanes=(name,)),)
            plan = Plan(verdict=Verdict.ACCEPTED, outbound=out, unique=os.urandom(8).hex(), digest=b"d")
            receipt = await store.accept("c", Inbound(raw=b"raw", received_at=time.time()), plan)
            os.write(1, b"accepted %d\\n" % receipt.id)

    await asyncio.gather(*(sender(name) for name in range(8)))

asyncio.run(main())
"""


def run_and_kill(home, seconds):
    """Messages acknowledged and deliveries reported durable before the kill."""
    command = [sys.executable, "-c", PROGRAM, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        lines = [line.split() for line in process.stdout.read().splitlines() if b" " in line]
    said = {b"accepted": set(), b"delivered": set()}
    for what, number in lines:
        said[what].add(int(number))
    return said[b"accepted"], said[b"delivered"]


async def kills(home, make_bench, count):
    chance = random.Random(3)
    accepted, delivered = set(), set()
    for _ in range(count):
        more = await asyncio.to_thread(run_and_kill, home, chance.uniform(0.05, 0.3))
        accepted |= more[0]
        delivered |= more[1]
        with SqliteArchive(home) as archive:
            assert list(archive.verify()) == []
        connection = open_reader(str(store_file(home)))
        states = dict(connection.execute("SELECT id, state FROM delivery").fetchall())
        messages = {row[0] for row in connection.execute("SELECT id FROM message")}
        connection.close()
        assert accepted <= messages
        assert all(states[id] == list(State).index(State.DELIVERED) for id in delivered)
    assert len(accepted) > 10 * count and delivered
    bench = make_bench(home)
    await bench.open()
    await bench.store.recover()
    assert await bench.verified() == []
    await bench.close()


@pytest.mark.slow
async def test_a_kill_loses_nothing(tmp_path, make_bench):
    await kills(tmp_path, make_bench, 3)


@pytest.mark.slow
async def test_twenty_kills_in_a_row_lose_nothing(tmp_path, make_bench):
    await kills(tmp_path, make_bench, 20)
