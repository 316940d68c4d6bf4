"""
A store that is full of messages: python bench/full_store.py [--messages 1000000].

The engine's rate at 32 connections on an empty store and on one with a million delivered messages of the same kind (A-B-B-A,
medians); then on the full one while a backup runs and 20 `corridor tail` are open.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop
from load import message
from run import ENGINE, HERE, SINK, corridor, measure, running

from engine import pipeline
from engine.channel import load_all
from engine.message import Context, Inbound, Settlement, State
from engine.store.sqlite import SqliteStore

COMMAND = [sys.executable, "-m", "engine.cli", "--home"]


async def fill(home: Path, messages: int) -> None:
    """Through the channel's own plan, delivered at once."""
    channel = load_all(home).channels["bench"]
    store = await SqliteStore.open(home, asyncio.get_running_loop(), time.time)
    for start in range(0, messages, 256):
        waiting = []
        for number in range(start, min(start + 256, messages)):
            raw = message(100_000_000 + number)[1:-2]
            inbound = Inbound(raw=raw, received_at=time.time(), peer="127.0.0.1")
            context = Context(now=time.time(), id=store.reserve())
            planned = pipeline.plan(channel, inbound, context)
            waiting.append(store.accept("bench", inbound, planned, context.id))
        for receipt in await asyncio.gather(*waiting):
            for delivery in receipt.deliveries:
                at = time.time()
                store.claim(delivery, at)
                store.settle(
                    Settlement(
                        delivery=delivery.id,
                        state=State.DELIVERED,
                        at=at,
                        attempt=1,
                        status="200",
                        duration=0.001,
                    )
                )
    await store.close()


def on(home: Path, seconds: float, first: int) -> dict[str, Any]:
    with running([*COMMAND, str(home), "run"], ENGINE) as process:
        return measure(process.pid, ENGINE, 32, seconds, first)


@contextmanager
def watched(home: Path, scratch: Path, count: int, copied: bool) -> Iterator[None]:
    """Some tails, and a backup."""
    tails = [
        subprocess.Popen(
            [*COMMAND, str(home), "tail", "bench"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(count)
    ]
    time.sleep(4)
    others = tails
    if copied:
        words = [*COMMAND, str(home), "backup", str(scratch / f"backup-{time.time_ns()}")]
        others = [*tails, subprocess.Popen(words, stdout=subprocess.DEVNULL)]
    try:
        yield
    finally:
        if copied:
            running_still = others[-1].poll() is None
            print(
                f"the backup {'was still running' if running_still else 'had ended'} at the end of the load"
            )
        for process in others:
            process.terminate()
        for process in others:
            process.wait()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--messages", type=int, default=1_000_000)
    arguments.add_argument("--seconds", type=float, default=6.0)
    arguments.add_argument("--rounds", type=int, default=2)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="corridor-bench-") as folder:
        scratch = Path(folder)
        home = scratch / "home"
        for file in (HERE / "home").rglob("*.yaml"):
            target = home / file.relative_to(HERE / "home")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(file.read_text("utf-8"))
        began = time.perf_counter()
        uvloop.run(fill(home, chosen.messages))
        print(f"filled with {chosen.messages} in {time.perf_counter() - began:.0f} s")
        with running([sys.executable, str(HERE / "sink.py"), str(SINK)], SINK):
            empty, full = [], []
            for round_ in range(chosen.rounds):
                empty.append(corridor(32, chosen.seconds, 1)["rate"])
                full.append(on(home, chosen.seconds, 1 + round_ * 2_000_000)["rate"])
                full.append(on(home, chosen.seconds, 1_000_000 + round_ * 2_000_000)["rate"])
                empty.append(corridor(32, chosen.seconds, 1)["rate"])
            a, b = statistics.median(empty), statistics.median(full)
            print(f"empty {a:.0f}/s, full {b:.0f}/s, ratio {b / a:.2f}")
            with running([*COMMAND, str(home), "run"], ENGINE) as process:
                alone = measure(process.pid, ENGINE, 32, chosen.seconds, 10_000_000)["rate"]
                for count, copied in ((20, False), (0, True), (20, True)):
                    with watched(home, scratch, count, copied):
                        busy = measure(
                            process.pid,
                            ENGINE,
                            32,
                            chosen.seconds,
                            11_000_000 + count * 1_000_000 + copied * 500_000,
                        )["rate"]
                    said = f"{count} tails" + (" and a backup" if copied else "")
                    print(
                        f"full, alone {alone:.0f}/s; with {said} {busy:.0f}/s, ratio {busy / alone:.2f}"
                    )


if __name__ == "__main__":
    main()
