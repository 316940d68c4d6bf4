"""What only a folder of this machine does; the promises of picking up are in tests/folders."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from engine.connectors import Site
from engine.connectors.file import Source, SourceSettings
from engine.message import Inbound, Plan, Receipt, Reply, Verdict
from engine.settings import Duration
from engine.store.sqlite import SqliteStore

QUICK = {"every": Duration(0.01), "minimum_age": Duration(0)}


class Line:
    """Keeps what came, together with its mark, as the store does."""

    def __init__(self, memory: Any) -> None:
        self.memory = memory
        self.inbound: list[Inbound] = []
        self.keeps = True

    async def __call__(self, inbound: Inbound) -> Reply:
        if not self.keeps:
            return Reply(receipt=None, error="full")
        self.memory.commit(inbound)
        self.inbound.append(inbound)
        return Reply(receipt=Receipt(id=len(self.inbound), verdict=Verdict.ACCEPTED))

    @property
    def bodies(self) -> list[Any]:
        return [inbound.raw for inbound in self.inbound]


@pytest.fixture
def line(memory: Any) -> Line:
    return Line(memory)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "in"
    path.mkdir()
    return path


@pytest.fixture
async def watch(site: Site, line: Line, folder: Path) -> AsyncIterator[Any]:
    running: list[asyncio.Task[None]] = []

    async def start(**settings: Any) -> asyncio.Task[None]:
        source = Source(SourceSettings(folder="in", **{**QUICK, **settings}), site)
        running.append(asyncio.create_task(source.run(line)))
        await source.ready.wait()
        return running[-1]

    yield start
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.005)


async def rest(looks: int = 8) -> None:
    await asyncio.sleep(0.01 * looks + 0.05)


async def test_names_that_are_not_taken(watch: Any, line: Line, folder: Path) -> None:
    for name in (
        ".hidden.hl7",
        "a.hl7.tmp",
        "b.hl7.part",
        "~c.hl7",
        "d.hl7~",
        "e.hl7.filepart",
        "f.txt",
    ):
        (folder / name).write_bytes(b"no")
    (folder / "sub.hl7").mkdir()
    (folder / "secret").write_bytes(b"no")
    (folder / "link.hl7").symlink_to(folder / "secret")
    (folder / "yes.hl7").write_bytes(b"yes")
    await watch(pattern="*.hl7*")
    await until(lambda: bool(line.inbound))
    await rest()
    assert line.bodies == [b"yes"]


@pytest.mark.parametrize("after", ["archive", "delete", "leave"])
async def test_a_crash_between_accepting_and_archiving(
    site: Site, watch: Any, line: Line, folder: Path, after: Any
) -> None:
    class Crash(BaseException):
        """The engine is gone."""

    async def crashing(inbound: Inbound) -> Reply:
        await line(inbound)
        raise Crash

    (folder / "a").write_bytes(b"once")
    dying = Source(SourceSettings(folder="in", after=after, **QUICK), site)
    with pytest.raises(Crash):
        await dying.run(crashing)
    assert (folder / "a").exists()
    await watch(after=after)
    await until(lambda: (folder / "a").exists() == (after == "leave"))
    await rest()
    assert line.bodies == [b"once"]


async def test_the_store_keeps_the_mark_in_the_messages_commit(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path, asyncio.get_running_loop(), time.time)
    inbound = Inbound(
        raw=b"x", received_at=time.time(), mark=("orders/source", "in/a", b"seen")
    )
    await store.accept(
        "orders", inbound, Plan(verdict=Verdict.FILTERED, reason="no_destination")
    )
    assert await store.get("orders/source", "in/a") == b"seen"
    await store.close()


async def test_a_missing_folder_says_so_and_works_once_it_is_there(
    site: Site, watch: Any, line: Line, folder: Path
) -> None:
    os.rmdir(folder)
    with pytest.raises(OSError, match=r"in does not exist"):
        await Source(SourceSettings(folder="in"), site).run(line)
    os.mkdir(folder)
    (folder / "a").write_bytes(b"a")
    await watch()
    await until(lambda: bool(line.inbound))


@pytest.mark.parametrize("settings", [{"done": "ready.ok"}, {"pattern": "in/*.hl7"}])
def test_settings_that_cannot_be_are_mistakes(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        SourceSettings(folder="in", **settings)
