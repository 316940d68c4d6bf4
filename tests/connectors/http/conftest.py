"""A partner that does what a test says, over real sockets."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest
import uvloop

from engine.connectors import Site
from engine.message import Delivery, Spooled


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The product runs on uvloop."""
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.SelectorEventLoop}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The other loop is left to the slow run."""
    for item in items:
        if item.path.parent.name == "http" and "[asyncio" in item.nodeid:
            item.add_marker(pytest.mark.slow)


Behaviour = Callable[["Partner", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Asked(msgspec.Struct):
    """One request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes


class Partner:
    """An HTTP server of few words: answers with `answer` unless a behaviour says otherwise."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"
        self.behaviour: Behaviour | None = None
        self.port = 0

    async def read(self, reader: asyncio.StreamReader) -> Asked:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        headers = {name.lower(): value for name, value in headers.items()}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        asked = Asked(head[0], headers, body)
        self.asked.append(asked)
        return asked

    async def __call__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.connections += 1
        try:
            if self.behaviour is not None:
                await self.behaviour(self, reader, writer)
            else:
                while True:
                    await self.read(reader)
                    writer.write(self.answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


Serve = Callable[..., Awaitable[Partner]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    servers: list[asyncio.Server] = []

    async def start(context: ssl.SSLContext | None = None) -> Partner:
        partner = Partner()
        server = await asyncio.start_server(partner, "127.0.0.1", 0, ssl=context)
        servers.append(server)
        partner.port = server.sockets[0].getsockname()[1]
        return partner

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def spooled(tmp_path: Path) -> Path:
    """Where the only spooled body goes."""
    return tmp_path / "spooled"


@pytest.fixture
def site(tmp_path: Path, notices: Any, spooled: Path) -> Site:
    async def spool(chunks: list[bytes]) -> Spooled:
        with open(spooled, "wb") as file:
            size = file.write(b"".join(chunks))
        return Spooled(path=str(spooled), size=size, digest=b"d" * 16)

    async def read(body: Any) -> bytes:
        raise AssertionError("nothing reads here")

    return Site(
        channel="charges",
        name="billing",
        home=tmp_path,
        notice=notices,
        now=time.time,
        spool=spool,
        read=read,
        pressure=lambda: False,
    )


@pytest.fixture
def delivery() -> Delivery:
    return Delivery(id=7, message=236_691, destination=1, key="a1b2-236691-1-1")


class Issuer(Protocol):
    """The authority of tests/connectors/conftest.py."""

    pem: str

    def issue(self, name: str, *hosts: str, days: int = 30) -> tuple[str, str]: ...


@pytest.fixture
def tls_server() -> Callable[..., ssl.SSLContext]:
    """Makes a partner's side of TLS, here under the names `localhost` and 127.0.0.1."""

    def make(issuer: Issuer, days: int = 2, clients: Issuer | None = None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(
            *issuer.issue(f"server{days}", "localhost", "127.0.0.1", days=days)
        )
        if clients is not None:
            context.load_verify_locations(clients.pem)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    return make
