"""
Patients posted to a FHIR endpoint: python bench/fhir_post.py [--seconds 5] [--connections 1,8,32] [--deliver].

Each is answered 201 once it is on the disk. The bare limit beside it does the least that this can cost: HTTP by httptools, the
JSON decoded, one SQLite transaction for all that waits (WAL, synchronous=FULL), 201. The ratio can be compared between machines.
Without --deliver what is kept waits (its destination is closed), so that acceptance alone is measured; with it each Patient is
posted on to a partner meanwhile. Loopback only, bounded in time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import queue
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httptools
import msgspec
import run
import uvloop

ENGINE, BARE = 9194, 9195
CHANNEL = """
description: Patients, kept
source:
  fhir: {port: 9194, resources: [Patient]}
format: fhir
destinations:
  partner:
    http: {url: "http://127.0.0.1:9090/x"}
    queue_limit: 100000000
    concurrency: 32
    order_by: id
"""
CLOSED = '    open: "sun 03:00-03:01"\n'
PATIENT = (
    '{"resourceType":"Patient","identifier":[{"use":"usual","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203",'
    '"code":"MR"}]},"system":"urn:oid:1.2.36.146.595.217.0.1","value":"LB%010d"}],"active":true,"name":[{"use":"official","family":'
    '"Sample","given":["Sally","Jane"]}],"telecom":[{"system":"phone","value":"(555) 555-0123","use":"work","rank":1}],"gender":"female",'
    '"birthDate":"1974-12-25","address":[{"use":"home","type":"both","line":["534 Example St"],"city":"Springfield","state":"IL",'
    '"postalCode":"62701","period":{"start":"1974-12-25"}}],"maritalStatus":{"text":"Married"}}'
)


def request(number: int) -> bytes:
    body = (PATIENT % number).encode()
    head = "POST /fhir/Patient HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/fhir+json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Caller(asyncio.Protocol):
    """One connection: post, wait for the answer, post the next."""

    def __init__(self, load: Load) -> None:
        self.load = load

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.left = -1
        self.buffer = b""
        self.next()

    def next(self) -> None:
        load = self.load
        if time.perf_counter() >= load.until:
            load.idle()
            return
        load.number += 1
        self.began = time.perf_counter()
        self.transport.write(request(load.number))  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        at = self.buffer.find(b"Content-Length: ") + 16
        length = int(self.buffer[at : self.buffer.find(b"\r", at)])
        if len(self.buffer) < end + 4 + length:
            return
        load = self.load
        good = self.buffer.startswith(b"HTTP/1.1 201")
        load.good += good
        load.bad += not good
        load.waits.append(time.perf_counter() - self.began)
        self.buffer = b""
        self.next()

    def connection_lost(self, error: Exception | None) -> None:
        self.load.idle()


class Load:
    """What all connections share."""

    def __init__(self, connections: int, seconds: float) -> None:
        self.number, self.good, self.bad, self.busy = 0, 0, 0, connections
        self.until = time.perf_counter() + seconds
        self.waits: list[float] = []
        self.done = asyncio.Event()

    def idle(self) -> None:
        self.busy -= 1
        if self.busy <= 0:
            self.done.set()


async def call(port: int, connections: int, seconds: float) -> None:
    load = Load(connections, seconds)
    loop, began = asyncio.get_running_loop(), time.perf_counter()
    for _ in range(connections):
        await loop.create_connection(lambda: Caller(load), "127.0.0.1", port)
    await asyncio.wait_for(load.done.wait(), seconds + 30)
    took = time.perf_counter() - began
    waits = sorted(load.waits)
    figures = {"rate": load.good / took, "bad": load.bad, "p50_ms": waits[len(waits) // 2] * 1000, "p99_ms": waits[int(len(waits) * 0.99)] * 1000}  # fmt: skip
    print(json.dumps(figures))


# -- the bare limit -------------------------------------------------------------------------------------------


class Bare(asyncio.Protocol):
    """One connection of the bare limit."""

    waiting: queue.SimpleQueue[Any]
    loop: asyncio.AbstractEventLoop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)
        self.body = b""

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        body, self.body = self.body, b""
        msgspec.json.decode(body)
        self.waiting.put((body, self))

    def kept(self, number: int) -> None:
        head = (
            f"HTTP/1.1 201 Created\r\nLocation: /Patient/{number}\r\nContent-Length: 0\r\n\r\n"
        )
        self.transport.write(head.encode())  # type: ignore[attr-defined]


def keep(folder: str) -> None:
    """The writer: everything that waits in one transaction."""
    base = sqlite3.connect(f"{folder}/bare.db", isolation_level=None)
    base.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE message (id INTEGER PRIMARY KEY, raw BLOB);")  # fmt: skip
    number = 0
    while True:
        batch = [Bare.waiting.get()]
        while not Bare.waiting.empty():
            batch.append(Bare.waiting.get())
        base.execute("BEGIN")
        base.executemany("INSERT INTO message (raw) VALUES (?)", [(body,) for body, _ in batch])
        base.execute("COMMIT")
        for _, connection in batch:
            number += 1
            Bare.loop.call_soon_threadsafe(connection.kept, number)


async def bare(port: int) -> None:
    Bare.waiting, Bare.loop = queue.SimpleQueue(), asyncio.get_running_loop()
    with tempfile.TemporaryDirectory() as folder:
        threading.Thread(target=keep, args=(folder,), daemon=True).start()
        server = await Bare.loop.create_server(Bare, "127.0.0.1", port)
        await server.serve_forever()


# -- measuring ------------------------------------------------------------------------------------------------


def load(port: int, connections: int, seconds: float) -> dict[str, float]:
    command = [sys.executable, __file__, "--call", str(port), str(connections), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def measured(process: Any, port: int, connections: int, seconds: float) -> dict[str, float]:
    load(port, connections, 0.5)
    used = run.cpu(process.pid)
    figures = load(port, connections, seconds)
    cpu = (run.cpu(process.pid) - used) / max(1.0, figures["rate"] * seconds) * 1000
    return {**figures, "cpu_ms": cpu, "memory_mb": run.memory(process.pid)}


def ours(connections: int, seconds: float, deliver: bool) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        (home / "channels").mkdir(parents=True)
        (home / "channels/patients.yaml").write_text(CHANNEL + ("" if deliver else CLOSED))
        command = [sys.executable, "-m", "engine.cli", "--home", str(home), "run"]
        with run.running(command, ENGINE) as process:
            return measured(process, ENGINE, connections, seconds)


def theirs(connections: int, seconds: float) -> dict[str, float]:
    with run.running([sys.executable, __file__, "--bare", str(BARE)], BARE) as process:
        return measured(process, BARE, connections, seconds)


def compared(connections: int, seconds: float, deliver: bool) -> str:
    a = theirs(connections, seconds), theirs(connections, seconds)
    b = ours(connections, seconds, deliver), ours(connections, seconds, deliver)
    limit, rate = (statistics.mean(one["rate"] for one in each) for each in (a, b))
    bad = sum(one["bad"] for one in (*a, *b))
    return (
        f"{connections:>11} {limit:>8.0f} {rate:>9.0f} {rate / limit:>6.2f} {b[0]['p50_ms']:>7.1f} {b[0]['p99_ms']:>7.1f}"
        f" {b[0]['cpu_ms']:>7.3f} {b[0]['memory_mb']:>5.0f} {bad:>5.0f}"
    )


def main() -> None:
    if sys.argv[1:2] == ["--call"]:
        uvloop.run(call(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
        return
    if sys.argv[1:2] == ["--bare"]:
        uvloop.run(bare(int(sys.argv[2])))
        return
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=5.0)
    arguments.add_argument("--connections", default="1,8,32")
    arguments.add_argument("--deliver", action="store_true")
    chosen = arguments.parse_args()
    print("connections   bare/s  engine/s  ratio  p50 ms  p99 ms  CPU ms    MB   bad")
    with run.running([sys.executable, str(run.HERE / "sink.py"), str(run.SINK)], run.SINK):
        for count in chosen.connections.split(","):
            print(compared(int(count), chosen.seconds, chosen.deliver), flush=True)


if __name__ == "__main__":
    main()
