"""Two real servers, OpenSSH and the simulated partner, a place to stand, and a memory like the store's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from engine import simulate
from engine.connectors import Site
from engine.message import Inbound, Receipt, Reply, Spooled, Verdict
from engine.settings import Secret
from tests.openssh import OpenSsh


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


class Line:
    """Keeps what came, together with its mark, as the store does."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.inbound: list[Inbound] = []
        self.keeps = True

    async def __call__(self, inbound: Inbound) -> Reply:
        if not self.keeps:
            return Reply(receipt=None, error="full")
        assert inbound.mark is not None
        for _, name, value in (inbound.mark, *inbound.marks):
            self.memory.values[name] = value
        self.inbound.append(inbound)
        return Reply(receipt=Receipt(id=len(self.inbound), verdict=Verdict.ACCEPTED))

    @property
    def bodies(self) -> list[Any]:
        return [inbound.raw for inbound in self.inbound]

    @property
    def names(self) -> list[str]:
        return [(inbound.facts or {})["file_name"] for inbound in self.inbound]


class Server:
    """A server as a test sees it: how a channel names it, and the folder it serves, from this side."""

    def __init__(self, given: dict[str, Any], drop: Path, root: str) -> None:
        self.given = {"host": "127.0.0.1", **given}
        self.drop = drop
        self.root = root

    def access(self, **changes: Any) -> dict[str, Any]:
        return {**self.given, "folder": self.root, **changes}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def line(memory: Memory) -> Line:
    return Line(memory)


@pytest.fixture
def site(tmp_path: Path, notices: Any, clock: Clock, memory: Memory) -> Site:
    home = tmp_path / "home"
    home.mkdir()

    async def spool(chunks: Any) -> Spooled:
        path = home / "spooled"
        path.write_bytes(b"".join(chunks))
        assert b"".join(chunks) == path.read_bytes(), "it can be gone through again"
        return Spooled(path=str(path), size=path.stat().st_size, digest=b"d" * 16)

    async def read(body: Any) -> bytes:
        raise AssertionError("nothing reads here")

    return Site(
        channel="orders",
        name="source",
        home=home,
        notice=notices,
        now=clock,
        spool=spool,
        read=read,
        pressure=lambda: False,
        remember=memory,
    )


@pytest.fixture
async def openssh(tmp_path: Path) -> AsyncIterator[OpenSsh]:
    folder = tmp_path / "sshd"
    folder.mkdir()
    server = OpenSsh(folder)
    await server.start()
    yield server
    server.kill()


@pytest.fixture
async def partner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[simulate.SftpPartner]:
    drop = tmp_path / "partner"
    drop.mkdir()
    monkeypatch.setenv("DROPBOX_PASSWORD", "corridor")
    async with simulate.sftp_partner(folder=drop) as made:
        yield made


def of_partner(partner: simulate.SftpPartner) -> Server:
    given = {
        "port": partner.port,
        "user": partner.user,
        "password": Secret(env="DROPBOX_PASSWORD"),
        "host_key": partner.host_key,
    }
    return Server(given, partner.folder, "/")


def of_openssh(openssh: OpenSsh) -> Server:
    given = {
        "port": openssh.port,
        "user": openssh.user,
        "key": Secret(file=str(openssh.folder / "login")),
        "host_key": openssh.host_key,
    }
    return Server(given, openssh.drop, str(openssh.drop))


@pytest.fixture(params=["simulated", pytest.param("openssh", marks=pytest.mark.slow)])
def server(request: pytest.FixtureRequest) -> Server:
    """Every promise is kept towards both."""
    if request.param == "simulated":
        return of_partner(request.getfixturevalue("partner"))
    return of_openssh(request.getfixturevalue("openssh"))


async def until(holds: Callable[[], Any], within: float = 8.0) -> None:
    async with asyncio.timeout(within):
        while not holds():
            await asyncio.sleep(0.005)
