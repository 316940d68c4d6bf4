"""
Killed at random moments while accepts and sends are in flight: nothing acknowledged is lost.

The lists of what was acknowledged and what was delivered live in this process; the engine is another one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.store.archive import SqliteArchive
from tests.ports import free_port

KILLS = int(os.environ.get("CORRIDOR_KILLS", "20"))
CONCURRENCY = 8
CHANNEL = """
description: Killed again and again
owner: integration
source:
  mllp:
    port: {port}
format: hl7v2
transform: killed
destinations:
  partner:
    http:
      url: http://127.0.0.1:{partner}/charges
    order_by: PID-3.1
    concurrency: {concurrency}
    retry:
      first_wait: 100ms
      longest_wait: 500ms
"""
MAPPING = """
from: hl7v2
to: json
fields:
  control: MSH-10
  mrn: PID-3.1
"""


def message(number: int) -> bytes:
    text = (
        f"MSH|^~\\&|POU|OR|CORRIDOR|HOSP|20260315101500||ADT^A08|K{number:08d}|P|2.5.1\r"
        f"PID|1||{number % 40}^^^HOSP^MR||SAMPLE^TEST\r"
    )
    return b"\x0b" + text.encode() + b"\x1c\r"


class Partner:
    """Takes every POST and remembers which control ids it saw, with their idempotency keys."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.keys: dict[str, set[str]] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                fields = dict(
                    line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line
                )
                body = await reader.readexactly(int(fields["content-length"]))
                control = body.split(b'"control":"')[1][:9].decode()
                self.seen[control] += 1
                self.keys.setdefault(control, set()).add(fields["idempotency-key"])
                await asyncio.sleep(random.random() * 0.004)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")
        writer.close()


class Senders:
    """Connections that send the next message when the last is acknowledged, and again what was not."""

    def __init__(self, port: int, make: Callable[[int], bytes] = message) -> None:
        self.port, self.number, self.make = port, 0, make
        self.acknowledged: set[str] = set()
        self.stopping = False

    async def run(self) -> None:
        while not self.stopping:
            self.number += 1
            await self._deliver(self.number)

    async def _deliver(self, number: int) -> None:
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                try:
                    while True:
                        writer.write(self.make(number))
                        answer = await reader.readuntil(b"\x1c\r")
                        if b"MSA|AA|K%08d" % number in answer:
                            self.acknowledged.add(f"K{number:08d}")
                            if self.stopping:
                                return
                            self.number += 1
                            number = self.number
                finally:
                    writer.close()
            if self.stopping:
                return
            await asyncio.sleep(0.02)


def start(home: Path, port: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "engine.cli", "--home", str(home), "run"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.02)
    process.kill()
    raise TimeoutError("the engine did not start")


def interrupted(archive: SqliteArchive, control: str) -> bool:
    """Whether the record says that a delivery of this message was cut off."""
    for found in archive.search(control=control):
        if any(step.what in ("interrupted", "uncertain") for step in archive.trail(found.id)):
            return True
    return False


@pytest.mark.slow
async def test_killed_again_and_again_it_loses_nothing_that_was_acknowledged(
    tmp_path: Path,
) -> None:
    partner, port = Partner(), free_port()
    server = await asyncio.start_server(partner.serve, "127.0.0.1", 0)
    partner_port = server.sockets[0].getsockname()[1]
    for folder in ("channels", "mappings"):
        (tmp_path / folder).mkdir()
    channel = CHANNEL.format(port=port, partner=partner_port, concurrency=CONCURRENCY)
    (tmp_path / "channels/killed.yaml").write_text(channel)
    (tmp_path / "mappings/killed.yaml").write_text(MAPPING)
    process = await asyncio.to_thread(start, tmp_path, port)
    senders = Senders(port)
    tasks = [asyncio.create_task(senders.run()) for _ in range(12)]
    try:
        for _ in range(KILLS):
            await asyncio.sleep(0.1 + random.random() * 0.6)
            before = Counter(partner.seen)
            process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(process.wait)
            archive = SqliteArchive(tmp_path)
            assert await asyncio.to_thread(lambda a=archive: list(a.verify())) == []
            process = await asyncio.to_thread(start, tmp_path, port)
            await asyncio.sleep(0.3)
            again = [c for c in before if partner.seen[c] > before[c]]
            archive = SqliteArchive(tmp_path)
            unclaimed = [c for c in again if not interrupted(archive, c)]
            assert len(unclaimed) <= CONCURRENCY, unclaimed
    finally:
        senders.stopping = True
        await asyncio.wait(tasks, timeout=10)
        until = time.monotonic() + 30
        while time.monotonic() < until and senders.acknowledged - set(partner.seen):
            await asyncio.sleep(0.1)
        process.terminate()
        await asyncio.to_thread(process.wait, 20)
        server.close()
    lost = senders.acknowledged - set(partner.seen)
    assert not lost, f"{len(lost)} of {len(senders.acknowledged)} acknowledged were lost"
    assert len(senders.acknowledged) > KILLS * 20
    assert all(len(keys) == 1 for keys in partner.keys.values()), (
        "a repeat came under another key"
    )
    assert list(SqliteArchive(tmp_path).verify()) == []


COLLECT = """
description: Collected while it is killed
owner: integration
source:
  mllp: {{port: {port}}}
format: hl7v2
transform: charge
collect:
  key: patient_account.number
  release: {{quiet: 150ms, latest: 1s, most: 15}}
  then: bill
destinations:
  partner:
    http: {{url: "http://127.0.0.1:{partner}/bills"}}
    retry: {{first_wait: 100ms, longest_wait: 300ms}}
"""
BATCH = """
description: Batched while it is killed
owner: integration
source:
  mllp: {{port: {port}}}
format: hl7v2
transform: charge
destinations:
  partner:
    render: line
    http: {{url: "http://127.0.0.1:{partner}/files"}}
    retry: {{first_wait: 100ms, longest_wait: 300ms}}
    batch: {{close: {{quiet: 150ms, latest: 1s, most: 25}}, head: "H|{{number}}", foot: "T|{{count}}"}}
"""
CHARGE = """
from: hl7v2
to: ChargeEvent
fields:
  source_id: MSH-10
  status: "charge"
  occurred_at: MSH-7 | datetime
  patient_account.number: PID-18.1
  item.code: PID-18.1
  quantity: PID-1 | decimal
"""
BILL = """
from: [ChargeEvent]
to: json
fields:
  charges: members[*].source_id
"""
LINE = """
from: ChargeEvent
to: delimited/line
fields:
  id: source_id
"""


def charge(number: int) -> bytes:
    text = (
        f"MSH|^~\\&|POU|OR|CORRIDOR|HOSP|20260315101500||DFT^P03|K{number:08d}|P|2.5.1\r"
        f"PID|1||1^^^HOSP^MR||SAMPLE^TEST|||||||||||||A{number % 7}\r"
    )
    return b"\x0b" + text.encode() + b"\x1c\r"


class Keeper:
    """Takes every POST and keeps its body by its idempotency key; it answers late, so that kills meet sends."""

    def __init__(self) -> None:
        self.bodies: dict[str, dict[str, set[bytes]]] = {"/bills": {}, "/files": {}}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                lines = head.lower().split("\r\n")
                fields = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
                body = await reader.readexactly(int(fields["content-length"]))
                place = self.bodies[head.split()[1]]
                place.setdefault(fields["idempotency-key"], set()).add(body)
                await asyncio.sleep(random.random() * 0.03)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")
        writer.close()

    def charges(self, place: str) -> Counter[str]:
        """How often each charge came, each idempotency key counted once."""
        bodies = [body for kept in self.bodies[place].values() for body in kept]
        return Counter(re.findall(r"K\d{8}", b"\n".join(bodies).decode()))

    def numbers(self) -> list[int]:
        """The numbers of the batches that came, each idempotency key counted once."""
        bodies = [body for kept in self.bodies["/files"].values() for body in kept]
        return sorted(int(body.split(b"\n")[0].removeprefix(b"H|")) for body in bodies)


def grouping_home(home: Path, partner: int) -> tuple[int, int]:
    """A home that collects and batches; the ports of its two channels."""
    ports = free_port(), free_port()
    (home / "channels").mkdir()
    (home / "mappings/layouts").mkdir(parents=True)
    for name, text, port in zip(("collected", "batched"), (COLLECT, BATCH), ports, strict=True):
        (home / f"channels/{name}.yaml").write_text(text.format(port=port, partner=partner))
    for name, text in (("charge", CHARGE), ("bill", BILL), ("line", LINE)):
        (home / f"mappings/{name}.yaml").write_text(text)
    (home / "mappings/layouts/line.yaml").write_text("columns: [id]\n")
    return ports


@pytest.mark.slow
async def test_killed_while_it_collects_and_batches_nothing_is_in_no_group_and_nothing_in_two(
    tmp_path: Path,
) -> None:
    keeper = Keeper()
    server = await asyncio.start_server(keeper.serve, "127.0.0.1", 0)
    ports = grouping_home(tmp_path, server.sockets[0].getsockname()[1])
    process = await asyncio.to_thread(start, tmp_path, ports[1])
    both = [Senders(port, charge) for port in ports]
    tasks = [asyncio.create_task(one.run()) for one in both for _ in range(4)]
    try:
        for _ in range(KILLS):
            await asyncio.sleep(0.2 + random.random() * 0.8)
            process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(process.wait)
            archive = SqliteArchive(tmp_path)
            assert await asyncio.to_thread(lambda a=archive: list(a.verify())) == []
            process = await asyncio.to_thread(start, tmp_path, ports[1])
    finally:
        for one in both:
            one.stopping = True
        await asyncio.wait(tasks, timeout=10)
        until = time.monotonic() + 30
        while time.monotonic() < until and _waits(tmp_path):
            await asyncio.sleep(0.2)
        process.terminate()
        await asyncio.to_thread(process.wait, 20)
        server.close()
    for one, place in zip(both, ("/bills", "/files"), strict=True):
        came = keeper.charges(place)
        assert len(one.acknowledged) > KILLS * 10
        assert not one.acknowledged - set(came), f"{place}: something is in no group"
        assert set(came.values()) == {1}, f"{place}: something is in two groups"
        assert all(len(kept) == 1 for kept in keeper.bodies[place].values()), "other bytes"
    numbers = keeper.numbers()
    assert numbers == list(range(1, len(numbers) + 1)), "a number is missing or came twice"
    assert list(SqliteArchive(tmp_path).verify()) == []


def _waits(home: Path) -> bool:
    """Whether groups or deliveries wait."""
    with SqliteArchive(home) as archive:
        states = [row["states"] for row in archive.counts()]
        return bool(archive.groups()) or any(
            state not in ("delivered",) for one in states for state in one
        )
