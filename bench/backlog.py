"""
A million deliveries that wait in 100,000 lanes: python bench/backlog.py [--messages 1000000] [--lanes 100000].

Fills a store, starts the engine with the partner down, and tells: seconds until it is ready, memory, CPU while it waits, and what
`status`, `messages` and `show` take meanwhile, as commands.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from hashlib import blake2b
from pathlib import Path

import uvloop
from run import ENGINE, HERE, cpu, memory, running

from engine.message import Inbound, Outbound, Plan, Verdict, short_id
from engine.store.sqlite import SqliteStore


async def fill(home: Path, messages: int, lanes: int) -> None:
    """Messages as the bench channel keeps them: 1.4 KB raw, 330 bytes queued, two keys."""
    store = await SqliteStore.open(home, asyncio.get_running_loop(), time.time)
    raw, payload = b"x" * 1395, b'{"control":"x"}'.ljust(330)
    waiting = []
    for number in range(messages):
        patient = number % lanes
        lane = int.from_bytes(blake2b(b"%d" % patient, digest_size=8).digest(), "big") >> 1
        plan = Plan(
            verdict=Verdict.ACCEPTED,
            kind="ADT^A01",
            control=f"LB{number:010d}",
            unique=f"EPICADT\x1fGENHOSP\x1fLB{number:010d}",
            digest=number.to_bytes(16, "big"),
            keys=(("mrn", str(patient)), ("account", str(7_000_000 + patient))),
            outbound=(Outbound(destination="billing", payload=payload, lanes=(lane,)),),
        )
        inbound = Inbound(raw=raw, received_at=time.time(), peer="127.0.0.1")
        waiting.append(store.accept("bench", inbound, plan, store.reserve()))
        if len(waiting) >= 512:
            await asyncio.gather(*waiting)
            waiting.clear()
    await asyncio.gather(*waiting)
    await store.close()


def command(home: Path, *words: str) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", "--home", str(home), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    took = time.perf_counter() - began
    if done.returncode not in (0, 1):
        print(done.stdout[-500:], done.stderr[-500:])
    return took


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--messages", type=int, default=1_000_000)
    arguments.add_argument("--lanes", type=int, default=100_000)
    arguments.add_argument("--seconds", type=float, default=10.0)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="corridor-bench-") as scratch:
        home = Path(scratch)
        for file in (HERE / "home").rglob("*.yaml"):
            target = home / file.relative_to(HERE / "home")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(file.read_text("utf-8").replace("127.0.0.1:9090", "127.0.0.1:9"))
        began = time.perf_counter()
        uvloop.run(fill(home, chosen.messages, chosen.lanes))
        print(f"filled with {chosen.messages} in {time.perf_counter() - began:.0f} s")
        began = time.perf_counter()
        with running(
            [sys.executable, "-m", "engine.cli", "--home", str(home), "run"], ENGINE
        ) as process:
            ready = time.perf_counter() - began
            time.sleep(3)
            used, at = cpu(process.pid), time.perf_counter()
            time.sleep(chosen.seconds)
            share = (cpu(process.pid) - used) / (time.perf_counter() - at)
            print(
                f"ready in {ready:.2f} s, {memory(process.pid):.0f} MB, {share:.1%} CPU while it waits"
            )
            some = short_id(chosen.messages // 2)
            for words in (
                ("status",),
                ("messages", "--key", "mrn=4711"),
                ("show", some),
                ("tail", "--last", "20", "--no-follow"),
            ):
                print(f"corridor {' '.join(words)}: {command(home, *words) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
