"""
The engine against the bare line, both in one run: python bench/run.py [--seconds 5] [--rounds 1] [--json].

For 1, 8 and 32 connections: the bare line, the engine, the engine, the bare line (A-B-B-A), medians. Rates count what arrived at
the partner until the last one did (drain included). The bare line (bare_line.py) does the least work one message can cost:
the ratio to it can be compared between machines, the rates cannot.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SINK, BARE, ENGINE = 9090, 9191, 9192
LANES = 32
TICKS = os.sysconf("SC_CLK_TCK")


def stats() -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{SINK}/stats", timeout=10) as reply:
        found: dict[str, Any] = json.load(reply)
        return found


def reset() -> None:
    urllib.request.urlopen(f"http://127.0.0.1:{SINK}/reset", timeout=10).read()


def listens(port: int, within: float = 20.0) -> float:
    began = time.perf_counter()
    while time.perf_counter() - began < within:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return time.perf_counter() - began
        time.sleep(0.01)
    raise TimeoutError(f"nothing listens on {port}")


def processes(pid: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    found = [pid]
    for child in children.read_text().split() if children.exists() else ():
        found += processes(int(child))
    return found


def cpu(pid: int) -> float:
    """CPU seconds of a process and its children so far."""
    total = 0.0
    for each in processes(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def memory(pid: int) -> float:
    """Resident memory of a process and its children, in MB."""
    pages = sum(
        int(Path(f"/proc/{each}/statm").read_text().split()[1]) for each in processes(pid)
    )
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


@contextmanager
def running(command: list[str], port: int, **more: Any) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, **more)
    try:
        listens(port)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def load(
    port: int,
    connections: int,
    seconds: float,
    first: int,
    most: int = 1 << 40,
    sample: Path | None = None,
) -> dict[str, Any]:
    command = [
        sys.executable,
        str(HERE / "load.py"),
        str(port),
        str(connections),
        str(seconds),
        str(first),
        str(most),
    ]
    if sample is not None:
        command.append(str(sample))
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def settle() -> None:
    """Wait until nothing arrives any more."""
    before = -1
    while (now := stats()["total"]) != before:
        before = now
        time.sleep(0.3)


def measure(
    pid: int,
    port: int,
    connections: int,
    seconds: float,
    first: int,
    each: int = 1,
    sample: Path | None = None,
) -> dict[str, Any]:
    """One measured load, from the first byte to the last delivery; `each` message makes that many at the sink."""
    load(port, connections, 0.5, first + 50_000_000, sample=sample)
    settle()
    reset()
    began, used = time.time(), cpu(pid)
    figures = load(port, connections, seconds, first, sample=sample)
    until = time.time() + 60
    while (now := stats())["total"] < figures["acknowledged"] * each and time.time() < until:
        time.sleep(0.02)
    took = now["last"] - began
    return {
        "rate": figures["acknowledged"] / took,
        "deliveries": now["total"] / took,
        "p99_ms": figures["p99_ms"],
        "p50_ms": figures["p50_ms"],
        "cpu_ms": (cpu(pid) - used) / max(1, figures["acknowledged"]) * 1000,
        "memory_mb": memory(pid),
        "lost": figures["acknowledged"] * each - now["total"],
        "repeated": now["total"] - now["unique"] if each == 1 else 0,
    }


def bare(connections: int, seconds: float, first: int) -> dict[str, Any]:
    command = [sys.executable, str(HERE / "bare_line.py"), str(BARE), str(LANES)]
    with running(command, BARE) as process:
        return measure(process.pid, BARE, connections, seconds, first)


@contextmanager
def engine(
    source: Path = HERE / "home", port: int = ENGINE
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """The engine as shipped, in a scratch copy of a home."""
    scratch = Path(tempfile.mkdtemp(prefix="corridor-bench-"))
    home = scratch / "home"
    shutil.copytree(source, home)
    try:
        with running(
            [sys.executable, "-m", "engine.cli", "--home", str(home), "run"], port
        ) as process:
            yield process, home
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def corridor(connections: int, seconds: float, first: int) -> dict[str, Any]:
    with engine() as (process, _):
        return measure(process.pid, ENGINE, connections, seconds, first)


def compare(connections: int, seconds: float, rounds: int) -> dict[str, Any]:
    ours: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    for _ in range(rounds):
        for run, into in ((bare, theirs), (corridor, ours), (corridor, ours), (bare, theirs)):
            into.append(run(connections, seconds, 1))

    def middle(runs: list[dict[str, Any]]) -> dict[str, float]:
        return {
            name: round(statistics.median(run[name] for run in runs), 3) for name in runs[0]
        }

    a, b = middle(theirs), middle(ours)
    return {
        "connections": connections,
        "bare": a,
        "engine": b,
        "ratio": round(b["rate"] / a["rate"], 3),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=5.0)
    arguments.add_argument("--rounds", type=int, default=1)
    arguments.add_argument("--connections", default="1,8,32")
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    with running([sys.executable, str(HERE / "sink.py"), str(SINK)], SINK):
        rows = [
            compare(int(count), chosen.seconds, chosen.rounds)
            for count in chosen.connections.split(",")
        ]
    if chosen.json:
        print(json.dumps(rows))
        return
    print(
        "connections   bare/s  engine/s  ratio   p99 ms   CPU ms (bare)   MB   lost  repeated"
    )
    for row in rows:
        a, b = row["bare"], row["engine"]
        print(
            f"{row['connections']:>11} {a['rate']:>8.0f} {b['rate']:>9.0f} {row['ratio']:>6.2f} {b['p99_ms']:>8.1f}"
            f" {b['cpu_ms']:>8.3f} ({a['cpu_ms']:.3f}) {b['memory_mb']:>5.0f} {b['lost']:>6.0f} {b['repeated']:>8.0f}"
        )


if __name__ == "__main__":
    main()
