"""A place to stand, a clock to turn, and a memory like the store's."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from engine.connectors import Site
from engine.message import Inbound, Spooled


class Clock:
    """Wall clock that a test may turn forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


class Memory:
    """What the store remembers for a connector, marks included."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    async def get(self, name: str) -> bytes | None:
        return self.values.get(name)

    async def put(self, name: str, value: bytes | None) -> None:
        self.values.pop(name, None)
        if value is not None:
            self.values[name] = value

    def mark(self, name: str, value: bytes) -> tuple[str, str, bytes]:
        return "orders/source", name, value

    def commit(self, inbound: Inbound) -> None:
        assert inbound.mark is not None
        self.values[inbound.mark[1]] = inbound.mark[2]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def site(tmp_path: Path, notices: Any, clock: Clock, memory: Memory) -> Site:
    async def spool(chunks: list[bytes]) -> Spooled:
        path = tmp_path / "spooled"
        path.write_bytes(b"".join(chunks))
        return Spooled(path=str(path), size=path.stat().st_size, digest=b"d" * 16)

    async def read(body: Any) -> bytes:
        raise AssertionError("nothing reads here")

    return Site(
        channel="orders",
        name="source",
        home=tmp_path,
        notice=notices,
        now=clock,
        spool=spool,
        read=read,
        pressure=lambda: False,
        remember=memory,
    )
