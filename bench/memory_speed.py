"""
What memory, sequences and groups cost: a recall, a number, a message that remembers, one that joins, a release.

    python bench/memory_speed.py [--records 1000000] [--messages 5000]

Prints microseconds; of a message CPU of the whole process, accepts handed over 32 at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import uvloop

from engine.effects import Join, Numbered, Remembered
from engine.message import Inbound, Plan, Verdict
from engine.store.sqlite import SqliteStore

VALUE = (
    b'{"class":"I","unit":"4 WEST","bed":"12","since":"2026-11-21T08:00:00","balance":1204.50}'
)
BATCH = 32


async def fill(store: SqliteStore, records: int) -> None:
    """Remember so many visits."""
    until = time.time() + 1e7
    for first in range(0, records, 5000):
        told = tuple(
            Remembered(name="visit", key=f"V{number:08}", value=VALUE, until=until)
            for number in range(first, min(first + 5000, records))
        )
        plan = Plan(verdict=Verdict.FILTERED, remembers=told)
        await store.accept("c", Inbound(raw=b"", received_at=time.time()), plan)


def each(work: Callable[[int], object], times: int) -> float:
    """Microseconds of one call, on average."""
    began = time.perf_counter()
    for number in range(times):
        work(number)
    return (time.perf_counter() - began) / times * 1e6


async def accepts(store: SqliteStore, plan: Callable[[int], Plan], messages: int) -> float:
    """Microseconds of CPU for each message."""
    before = time.process_time()
    for first in range(0, messages, BATCH):
        await asyncio.gather(
            *(
                store.accept(
                    "c", Inbound(raw=b"x" * 1500, received_at=time.time()), plan(number)
                )
                for number in range(first, first + BATCH)
            )
        )
    return (time.process_time() - before) / messages * 1e6


def remembering(number: int) -> Plan:
    """A message that remembers one record."""
    until = time.time() + 1e7
    record = Remembered(name="visit", key=f"V{number:08}", value=VALUE, until=until)
    return Plan(verdict=Verdict.FILTERED, remembers=(record,))


def numbering(number: int) -> Plan:
    """A message with a number."""
    return Plan(verdict=Verdict.FILTERED, numbers=(Numbered(sequence="po", value=number + 1),))


def joining(number: int) -> Plan:
    """A message that joins one of a thousand groups."""
    join = Join(key=str(number % 1000), member=b"y" * 800, of="ChargeEvent", quiet=1e6)
    return Plan(verdict=Verdict.COLLECTED, joins=(join,))


async def recalls_beside_writes(store: SqliteStore, records: int) -> float:
    """The same while the writer commits as fast as it can: what was cached is read again."""
    total, times = 0.0, 0
    for first in range(0, 3000, BATCH):
        waiting = [
            store.accept(
                "c",
                Inbound(raw=b"x" * 1500, received_at=time.time()),
                remembering(first + number),
            )
            for number in range(BATCH)
        ]
        await asyncio.sleep(0)
        keys = [f"V{random.randrange(records):08}" for _ in range(20)]
        began = time.perf_counter()
        for key in keys:
            store.memory.recall("visit", key)
        total += time.perf_counter() - began
        times += len(keys)
        await asyncio.gather(*waiting)
    return total / times * 1e6


async def measured(folder: Path, records: int, messages: int) -> None:
    """Print the figures."""
    store = await SqliteStore.open(folder, asyncio.get_running_loop(), time.time)
    plain = await accepts(store, lambda number: Plan(verdict=Verdict.FILTERED), messages)
    await fill(store, records)
    keys = [f"V{random.randrange(records):08}" for _ in range(20_000)]
    recall, take = store.memory.recall, store.sequences.next
    print(
        f"recall one of {records:,}     {each(lambda n: recall('visit', keys[n]), 20_000):8.1f}"
    )
    print(f"recall beside commits     {await recalls_beside_writes(store, records):8.1f}")
    print(f"recall what is not there  {each(lambda n: recall('order', 'x'), 20_000):8.1f}")
    print(f"number                    {each(lambda n: take('claim'), 20_000):8.1f}")
    print(f"number, first of its day  {each(lambda n: take(f'po{n}'), 5_000):8.1f}")
    print(f"next_due                  {each(lambda n: store.next_due(), 20_000):8.1f}")
    print(f"message that does nothing {plain:8.1f}")
    for name, plan in (
        ("remembers", remembering),
        ("takes a number", numbering),
        ("joins", joining),
    ):
        print(f"message that {name:14} {await accepts(store, plan, messages):7.1f}")
    print(f"next_due                  {each(lambda n: store.next_due(), 20_000):8.1f}")
    print(f"due, 100 of 1,000 groups  {each(lambda n: store.due(1e12), 20):8.1f}")
    group = store.due(1e12)[0]
    members = messages // 1000
    print(
        f"group of {members} members        {each(lambda n: store.group(group.id), 100):8.1f}"
    )
    await store.close()


def main() -> None:
    """Measure in a temporary folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--messages", type=int, default=5_024)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="memory-speed-"))
    try:
        uvloop.run(measured(folder, given.records, given.messages))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
