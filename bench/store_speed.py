"""
What one message costs in the store: accept, claim and settle, beside the SQL of the bare line, in one run.

    python bench/store_speed.py [--messages 20000]

Prints microseconds of CPU and of wall clock per message for batches of 1, 8 and 32.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import queue
import random
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop

from engine.message import Delivery, Inbound, Outbound, Plan, Settlement, State, Verdict
from engine.store.sqlite import SqliteStore

RAW = os.urandom(750).hex().encode()
PAYLOAD = os.urandom(200).hex().encode()

#: Microseconds of other work on the loop for each message, as parsing and planning do; see --work.
WORK = 0


def other_work() -> None:
    """Keep the loop busy as the rest of the engine would."""
    ends = time.perf_counter() + WORK / 1e6
    while time.perf_counter() < ends:
        pass


BARE_SCHEMA = """
PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
create table message(id integer primary key, channel int, control text, at real, state int, raw blob);
create table seen(channel int, key text, message int, primary key(channel, key)) without rowid;
create table search(channel int, name int, value text, message int,
  primary key(channel, name, value, message)) without rowid;
create table delivery(id integer primary key, message int, destination int, state int, attempt int, payload blob);
create index queued on delivery(destination, id) where state = 0;
create table event(id integer primary key, message int, at real, kind int, detail text);
"""


def bare_writer(
    folder: Path, work: queue.SimpleQueue, loop: asyncio.AbstractEventLoop, accepted
) -> None:
    """The writer of the bare line, as it stands there."""
    db = sqlite3.connect(folder / "bare.db", isolation_level=None)
    db.executescript(BARE_SCHEMA)
    last = 0
    while (item := work.get()) is not None:
        items = [item]
        try:
            while len(items) < 512:
                items.append(work.get_nowait())
        except queue.Empty:
            pass
        if items[-1] is None:
            items.pop()
            work.put(None)
        new = [
            (last + i, *item[1:])
            for i, item in enumerate((x for x in items if x[0] == "accept"), 1)
        ]
        last += len(new)
        claimed = [(item[1],) for item in items if item[0] == "claim"]
        settled = [(item[1],) for item in items if item[0] == "settle"]
        now = time.time()
        db.execute("BEGIN IMMEDIATE")
        fresh = [
            db.execute("insert or ignore into seen values(1,?,?)", (m[1], i)).rowcount == 1
            for i, m, _ in new
        ]
        db.executemany(
            "insert into message values(?,1,?,?,?,?)",
            [(i, m[1], now, f, m[0]) for f, (i, m, _) in zip(fresh, new, strict=True)],
        )
        keep = [n for f, n in zip(fresh, new, strict=True) if f]
        db.executemany(
            "insert or ignore into search values(1,?,?,?)",
            [(k, m[2 + k], i) for i, m, _ in keep for k in (0, 1)],
        )
        db.executemany(
            "insert into delivery values(?,?,1,0,0,?)", [(i, i, m[4]) for i, m, _ in keep]
        )
        db.executemany("update delivery set state=1, attempt=attempt+1 where id=?", claimed)
        db.executemany("update delivery set state=2 where id=?", settled)
        db.executemany(
            "insert into event(message,at,kind,detail) values(?,?,2,'200')",
            [(i, now) for (i,) in settled],
        )
        db.execute("COMMIT")
        if new:
            loop.call_soon_threadsafe(accepted, new)
    db.close()


async def bare(folder: Path, batch: int, messages: int) -> None:
    """The SQL part of the bare line, driven as its loop drives it."""
    loop, chance = asyncio.get_running_loop(), random.Random(1)
    work: queue.SimpleQueue = queue.SimpleQueue()

    def accepted(new: Sequence[tuple]) -> None:
        for number, _, future in new:
            work.put(("claim", number))
            work.put(("settle", number))
            future.set_result(number)

    thread = threading.Thread(target=bare_writer, args=(folder, work, loop, accepted))
    thread.start()

    async def sender(first: int) -> None:
        for number in range(first, messages, batch):
            other_work()
            patient = chance.randrange(100_000)
            future = loop.create_future()
            message = (RAW, f"MSG{number:08}", f"{patient:08}", f"A{patient * 7:09}", PAYLOAD)
            work.put(("accept", message, future))
            await future

    await asyncio.gather(*(sender(first) for first in range(batch)))
    work.put(None)
    await asyncio.to_thread(thread.join)


async def engine(folder: Path, batch: int, messages: int) -> None:
    """The engine's store, driven as pipeline and lanes drive it."""
    loop, chance = asyncio.get_running_loop(), random.Random(1)
    store = await SqliteStore.open(folder, loop, time.time)

    def settle(deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            now = time.time()
            store.settle(
                Settlement(
                    delivery=delivery.id,
                    state=State.DELIVERED,
                    at=now,
                    attempt=1,
                    status="200",
                    duration=0.003,
                )
            )

    def queued(deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            store.claim(delivery, time.time())
        loop.call_later(0.001, settle, deliveries)

    store.listen(queued)

    async def sender(first: int) -> None:
        for number in range(first, messages, batch):
            other_work()
            patient = chance.randrange(100_000)
            plan = Plan(
                verdict=Verdict.ACCEPTED,
                kind="DFT^P03",
                control=f"MSG{number:08}",
                unique=f"POU\x1fOR\x1fMSG{number:08}",
                digest=b"0123456789abcdef",
                keys=(("mrn", f"{patient:08}"), ("account", f"A{patient * 7:09}")),
                outbound=(
                    Outbound(
                        destination="billing",
                        payload=PAYLOAD,
                        lanes=(patient + 1,),
                        shows="ChargeEvent",
                    ),
                ),
                summary="1 ChargeEvent",
                release="0123456789abcdef",
            )
            inbound = Inbound(raw=RAW, received_at=time.time(), peer="127.0.0.1:4444")
            await store.accept("pou", inbound, plan, store.reserve())

    await asyncio.gather(*(sender(first) for first in range(batch)))
    while sum(store.open_counts().values()):
        await asyncio.sleep(0.005)
    await store.close()


def measure(what, batch: int, messages: int) -> tuple[float, float]:
    """Microseconds of CPU and of wall clock per message."""
    folder = Path(tempfile.mkdtemp(prefix="store-speed-"))
    wall, cpu = time.perf_counter(), time.process_time()
    uvloop.run(what(folder, batch, messages))
    result = (
        (time.process_time() - cpu) / messages * 1e6,
        (time.perf_counter() - wall) / messages * 1e6,
    )
    shutil.rmtree(folder)
    return result


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument(
        "--work", type=int, default=0, help="microseconds of other work per message"
    )
    global WORK
    given = parser.parse_args()
    messages, WORK = given.messages, given.work
    print("batch   bare: cpu   wall     engine: cpu   wall     us per message")
    for batch in (1, 8, 32):
        rows = [measure(what, batch, messages) for what in (bare, engine, engine, bare)]
        base = [sum(pair) / 2 for pair in zip(rows[0], rows[3], strict=True)]
        ours = [sum(pair) / 2 for pair in zip(rows[1], rows[2], strict=True)]
        print(f"{batch:5} {base[0]:11.1f} {base[1]:7.1f} {ours[0]:15.1f} {ours[1]:7.1f}")


if __name__ == "__main__":
    main()
