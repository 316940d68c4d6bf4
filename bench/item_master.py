"""
A file of a million items into the store: python bench/item_master.py [--rows 1000000] [--snapshot].

The engine takes the file from a folder, while a live channel beside it gets a message every 10 ms. Tells seconds, rows a second,
memory of all processes together, how long the sender beside waited, with and without the file, and the ratio to a plain
insert of the same rows in chunks of the same size. With --snapshot the file replaces itself once more, one row in a hundred changed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import apsw
from load import message
from run import HERE, memory, running

from engine.store.schema import open_writer

NEIGHBOUR = 9193
EVERY = 0.010
CHUNK = 64
LONGEST = 600.0
COLUMNS = b"item_number,description,unit,price,vendor,gtin,category,status\n"


def row(number: int, price: int = 0) -> bytes:
    """One item; two in a million cannot be read."""
    if number % 500_000 == 499_999:
        return b"A-%08d,cut off\n" % number
    return (
        b'A-%08d,"GLOVE, NITRILE, SIZE %d, BOX OF 100",BX,%d.%02d,VENDOR%04d,%014d,SURGICAL,ACTIVE\n'
        % (number, number % 9, number % 1000, price % 100, number % 500, 10**13 + number)
    )


def write(path: Path, rows: int, changed: int = 0) -> int:
    """The file; every `changed`-th row has another price. Its bytes."""
    with open(path, "wb") as file:
        file.write(COLUMNS)
        for number in range(rows):
            file.write(row(number, int(bool(changed) and number % changed == 0)))
        return file.tell()


class Neighbour:
    """A sender on the live channel, one message every 10 ms; how long each acknowledgement took."""

    def __init__(self) -> None:
        self.waits: list[tuple[float, float]] = []

    async def run(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", NEIGHBOUR)
        number, due = 0, time.perf_counter()
        try:
            while True:
                writer.write(message(number))
                began = time.perf_counter()
                await reader.readuntil(b"\x1c\r")
                self.waits.append((began, time.perf_counter() - began))
                number += 1
                due = max(due + EVERY, time.perf_counter())
                await asyncio.sleep(due - time.perf_counter())
        finally:
            writer.close()

    def between(self, begin: float, end: float) -> dict[str, float]:
        found = sorted(wait for at, wait in self.waits if begin <= at < end)
        if not found:
            return {}
        at = {"p50": 0.50, "p99": 0.99, "p999": 0.999}
        told = {name: found[int(share * (len(found) - 1))] for name, share in at.items()}
        told["max"] = found[-1]
        return {name: round(wait * 1000, 2) for name, wait in told.items()}


def loading(home: Path) -> Any:
    """The newest loading as a row: message, met, unchanged, vanished, rejected, phase; None where there is none."""
    connection = apsw.Connection(str(home / "data/store.db"), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.set_busy_timeout(1000)
        sql = "SELECT message, met, unchanged, vanished, rejected, phase FROM loading ORDER BY message DESC LIMIT 1"
        return next(iter(connection.execute(sql)), None)
    finally:
        connection.close()


async def one(home: Path, pid: int, made: Path, neighbour: Neighbour) -> dict[str, Any]:
    """Put a file into the folder and wait until it is through."""
    before = loading(home)
    size = made.stat().st_size
    made.rename(home / "in" / made.name)
    began, most, accepted = time.perf_counter(), 0.0, 0.0
    while True:
        await asyncio.sleep(0.2)
        most = max(most, memory(pid))
        found = loading(home)
        if found is not None and (before is None or found[0] != before[0]):
            accepted = accepted or time.perf_counter()
            if found[5] == 2:
                break
        assert time.perf_counter() - began < LONGEST, "it takes too long"
    ended = time.perf_counter()
    seconds = ended - began
    return {
        "mb": round(size / 1e6, 1), "read": found[1], "unchanged": found[2], "vanished": found[3], "rejected": found[4],
        "seconds": round(seconds, 1), "taken_after": round(accepted - began, 1),
        "rows_per_second": round(found[1] / seconds), "rss_mb": round(most, 1), "beside_ms": neighbour.between(began, ended),
    }  # fmt: skip


async def measure(home: Path, pid: int, rows: int, snapshot: bool) -> list[dict[str, Any]]:
    neighbour = Neighbour()
    sending = asyncio.create_task(neighbour.run())
    began = time.perf_counter()
    await asyncio.sleep(5)
    quiet = neighbour.between(began + 1, time.perf_counter())
    told: list[dict[str, Any]] = [{"beside_alone_ms": quiet, "rss_mb": round(memory(pid), 1)}]
    made = home / "first.csv"
    write(made, rows)
    told.append(await one(home, pid, made, neighbour))
    if snapshot:
        made = home / "second.csv"
        write(made, rows, changed=100)
        told.append(await one(home, pid, made, neighbour))
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    return told


def bare(folder: Path, rows: int) -> float:
    """Seconds to insert what the engine keeps of as many rows, in chunks, each on the disk before the next."""
    connection = open_writer(str(folder / "bare.db"))
    began = time.perf_counter()
    payload = b"x" * 160
    for first in range(1, rows + 1, CHUNK):
        some = range(first, min(first + CHUNK, rows + 1))
        with connection:
            connection.executemany(
                "INSERT INTO content VALUES (?, 0, 0, 1, ?)",
                (
                    (2 * n + at, COLUMNS + row(n) if at else payload)
                    for n in some
                    for at in (0, 1)
                ),
            )
            connection.executemany(
                "INSERT INTO message (id, channel, arrival, received_at, verdict, reason, detail, owner, kind, control, peer,"
                " facts, parent, replay_of, original, summary, release, size, content, depth, flags, planned, keys)"
                " VALUES (?, 1, ?, 1.0, 0, '', '', '', 'items', '', 'in', '{\"file_name\":\"a\",\"line\":\"1\"}', 1, 0, 0,"
                " 'json', 'abcdefabcdefabcd', 100, ?, 0, 5, 1, '[[\"item\",\"A\"]]')",
                ((n, n, 2 * n) for n in some),
            )
            keys = [(n, f"A-{n:08d}") for n in some]
            connection.executemany(
                "INSERT INTO seen VALUES (1, ?2, ?1, x'00112233445566778899001122334455')", keys
            )
            connection.executemany("INSERT INTO search VALUES (?2, 1, ?1)", keys)
            connection.executemany(
                "INSERT INTO delivery (id, destination, part, state, attempt, crashes, due_at, lane, lanes, holds_lane,"
                " content, options, shows, queued_at, flags, keyed) VALUES (?1 * 65536 + 1, 1, 1, 0, 0, 0, 0.0, 0, NULL, 1,"
                " ?2, NULL, 'json', 1.0, 0, ?1)",
                ((n, 2 * n + 1) for n in some),
            )
            connection.executemany(
                "INSERT INTO queue VALUES (1, 0, ?1 * 65536 + 1)", ((n,) for n in some)
            )
        if first // CHUNK % 200 == 0:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    seconds = time.perf_counter() - began
    connection.close()
    return seconds


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--snapshot", action="store_true")
    arguments.add_argument("--no-bare", action="store_true")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="corridor-bench-") as scratch:
        home = Path(scratch) / "home"
        shutil.copytree(HERE / "items", home)
        (home / "in").mkdir()
        if chosen.snapshot:
            layout = home / "mappings/layouts/items.yaml"
            more = "snapshot: {key: item_number, stop_at: 5%, only_changed: true}\n"
            layout.write_text(layout.read_text() + more)
            channel = home / "channels/items.yaml"
            text = channel.read_text().replace(
                "unique: item_number", 'unique: "{item_number} {price}"'
            )
            channel.write_text(text)
        command = [
            sys.executable,
            "-m",
            "engine.cli",
            "--home",
            str(home),
            "run",
            "--no-console",
        ]
        with running(command, NEIGHBOUR, stderr=subprocess.STDOUT) as process:
            told = asyncio.run(measure(home, process.pid, chosen.rows, chosen.snapshot))
        for each in told:
            print(json.dumps(each))
        sizes = {path.name: path.stat().st_size for path in (home / "data").glob("store.db*")}
        print(json.dumps({"store_mb": round(sum(sizes.values()) / 1e6)}))
        if not chosen.no_bare:
            seconds = statistics.median([bare(Path(scratch), chosen.rows)])
            ratio = round(told[1]["seconds"] / seconds, 1)
            print(json.dumps({"bare_seconds": round(seconds, 1), "ratio": ratio}))


if __name__ == "__main__":
    main()
