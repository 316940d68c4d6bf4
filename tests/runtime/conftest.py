"""A whole engine in the test's own loop, on a home of its own, with simulated partners."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from engine import simulate
from engine.orders import Ordered
from engine.runtime import listening
from engine.runtime.desk import Desk
from engine.runtime.engine import Engine
from engine.runtime.releases import releases
from engine.store import Step
from engine.store.archive import SqliteArchive
from tests.ports import free_port

CHANNEL = """
description: Charges for the partner
owner: integration
source:
  mllp: {{port: {port}}}
format: hl7v2
keys:
  mrn: PID-3.1
transform: charges
destinations:
  billing:
    http: {{url: "http://127.0.0.1:{partner}/charges", timeout: 1s}}
    order_by: PID-3.1
    concurrency: 4
    retry: {{first_wait: 50ms, longest_wait: 200ms, attempts: 3}}
"""
MAPPING = """
from: hl7v2
to: json
fields:
  control: MSH-10
  mrn: PID-3.1
"""


def charge(control: str, mrn: str = "1", extra: str = "") -> bytes:
    return (
        f"MSH|^~\\&|POU|OR|CORRIDOR|HOSP|20260315101500||DFT^P03|{control}|P|2.5.1\r"
        f"PID|1||{mrn}^^^HOSP^MR||SAMPLE^TEST{extra}\r"
    ).encode()


async def until(holds: Callable[[], bool], within: float = 8.0) -> None:
    """Wait for something that others make true."""
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.005)


class House:
    """A home, its engine and its partners."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_port()
        self.engine: Engine | None = None
        self.partner: simulate.HttpPartner

    def write(self, name: str, text: str) -> None:
        """A file of the home; `{port}` and `{partner}` are filled in for channels."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def channel(self, text: str = CHANNEL, name: str = "charges", **more: Any) -> None:
        values = {"port": self.port, "partner": self.partner.port, **more}
        self.write(f"channels/{name}.yaml", text.format(**values))

    async def start(self, hold_all: bool = False) -> Engine:
        engine = self.engine = await Engine.open(self.home, hold_all)
        await engine.start()
        await listening(engine)
        works = (releases(engine), engine.apart.run())
        self.working = [asyncio.create_task(work) for work in works]
        return engine

    async def stop(self) -> None:
        engine, self.engine = self.engine, None
        if engine is not None:
            for work in self.working:
                work.cancel()
            await asyncio.gather(*self.working, return_exceptions=True)
            await engine.stop()

    async def send(self, *messages: bytes, port: int = 0) -> list[bytes]:
        """One after the other over one connection; the acknowledgements. Empty where the connection was closed."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port or self.port)
        answers = []
        try:
            for message in messages:
                writer.write(b"\x0b" + message + b"\x1c\r")
                try:
                    answers.append(await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 10))
                except (asyncio.IncompleteReadError, ConnectionError):
                    answers.append(b"")
                    break
        finally:
            writer.close()
        return answers

    async def order(self, verb: str, **arguments: Any) -> dict[str, Any]:
        assert self.engine is not None
        ordered = Ordered(verb=verb, arguments=arguments, who="ann", reason="a test")
        return await Desk(self.engine).obey(ordered)

    def archive(self) -> SqliteArchive:
        return SqliteArchive(self.home)

    async def committed(self) -> None:
        """Wait until everything that rides is on the disk."""
        assert self.engine is not None
        self.engine.store.hurry()
        await asyncio.sleep(0.05)

    def trail(self, control: str) -> list[Step]:
        archive = self.archive()
        (found,) = archive.search(control=control)
        return archive.trail(found.id)

    def states(self, control: str) -> dict[str, int]:
        (found,) = self.archive().search(control=control)
        return {state: count for state, count in found.states.items() if count}

    def bodies(self) -> list[bytes]:
        return [received.body for received in self.partner.received]

    def log(self, name: str = "charges") -> str:
        path = self.home / f"logs/{name}.log"
        return path.read_text() if path.exists() else ""


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    async with simulate.http_partner("billing", retry_after=0) as partner:
        made.partner = partner
        made.channel()
        made.write("mappings/charges.yaml", MAPPING)
        try:
            yield made
        finally:
            await made.stop()
            assert list(SqliteArchive(tmp_path).verify()) == []
