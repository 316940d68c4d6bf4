"""A whole engine with a FHIR endpoint, in the test's own loop, called over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from engine import simulate
from engine.runtime import listening
from engine.runtime.engine import Engine
from engine.simulate import FhirPartner
from engine.store.archive import SqliteArchive
from tests.ports import free_port

CHANNEL = """
description: Everything that is written to the endpoint
source:
  fhir: {{port: {port}{settings}}}
format: fhir
{more}
destinations:
  copy:
    file: {{folder: out, name: "{{meta.id}}.json"}}
"""
PATIENT = {"resourceType": "Patient", "name": [{"family": "Sample"}], "gender": "female"}


class Answer:
    """What a caller was told."""

    def __init__(self, response: httpx.Response) -> None:
        self.status, self.headers, self.body = (
            response.status_code, response.headers, response.content,
        )  # fmt: skip

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def issue(self) -> dict[str, Any]:
        """The first issue of an OperationOutcome, which it must be."""
        said = self.json
        assert said["resourceType"] == "OperationOutcome", said
        issue: dict[str, Any] = said["issue"][0]
        return issue


class Home:
    """A home, its engine, and a caller."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.engine: Engine | None = None
        self.caller = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}/fhir")

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def channel(
        self, settings: str = "", more: str = "", text: str = CHANNEL, **values: Any
    ) -> None:
        said = f", {settings}" if settings else ""
        filled = text.format(port=self.port, settings=said, more=more, **values)
        self.write("channels/endpoint.yaml", filled)

    async def start(self) -> None:
        self.engine = await Engine.open(self.folder, False)
        await self.engine.start()
        await listening(self.engine)

    async def stop(self) -> None:
        await self.caller.aclose()
        if self.engine is not None:
            await self.settled()
            await self.engine.stop()

    async def settled(self) -> None:
        """Wait until what was sent is settled, two seconds at most."""
        assert self.engine is not None
        for _ in range(200):
            if not any(self.engine.counts.values()):
                return
            await asyncio.sleep(0.01)

    async def call(self, method: str, path: str, content: Any = None, **headers: str) -> Answer:
        """One request; `content` is a resource or bytes, headers are named with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if content is not None and not isinstance(content, bytes):
            content = msgspec.json.encode(content)
            named = {"Content-Type": "application/fhir+json", **named}
        return Answer(await self.caller.request(method, path, content=content, headers=named))

    def verdicts(self) -> list[str]:
        """Of all messages, the oldest first; a part of one has its own."""
        with SqliteArchive(self.folder) as archive:
            return [
                str(each.verdict) for each in sorted(archive.search(), key=lambda one: one.id)
            ]

    def facts(self, id: int) -> dict[str, str]:
        with SqliteArchive(self.folder) as archive:
            found = archive.inbound(id)
        assert found is not None
        return found.facts or {}

    def content(self) -> list[bytes]:
        """What was kept of the messages, the oldest first."""
        with SqliteArchive(self.folder) as archive:
            ids = sorted(each.id for each in archive.search())
            found = [archive.inbound(id) for id in ids]
        assert all(found)
        return [each.raw for each in found if each is not None and isinstance(each.raw, bytes)]

    def log(self) -> str:
        return "".join(path.read_text() for path in (self.folder / "logs").glob("*.log"))

    async def logged(self, text: str) -> None:
        """Wait until the log says it."""
        for _ in range(400):
            if text in self.log():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"the log does not say {text}")

    async def copies(self, count: int) -> list[bytes]:
        """What the destination got, once there are so many."""
        for _ in range(400):
            files = sorted((self.folder / "out").glob("*.json"))
            if len(files) >= count:
                return [path.read_bytes() for path in files]
            await asyncio.sleep(0.01)
        raise AssertionError(f"there are not {count} copies")


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    made = Home(tmp_path)
    try:
        yield made
    finally:
        await made.stop()
        assert list(SqliteArchive(tmp_path).verify()) == []


@pytest.fixture
async def ehr() -> AsyncIterator[FhirPartner]:
    async with simulate.fhir_partner() as running:
        yield running
