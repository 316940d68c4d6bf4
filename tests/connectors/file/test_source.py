"""Files as senders leave them: whole, half, again, under odd names, while something crashes."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine import schedule
from engine.connectors import Site
from engine.connectors.file import Source, SourceSettings
from engine.connectors.file import source as source_module
from engine.message import Inbound, Plan, Receipt, Reply, Spooled, Verdict
from engine.settings import Duration, Size
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


# -- what is taken ------------------------------------------------------------------------------------


async def test_a_file_is_one_message_and_is_archived(
    watch: Any, line: Line, folder: Path
) -> None:
    (folder / "a.hl7").write_bytes(b"one")
    await watch()
    await until((folder / "archive/a.hl7").exists)
    (inbound,) = line.inbound
    assert (inbound.raw, inbound.facts) == (b"one", {"file_name": "a.hl7", "folder": "in"})
    assert not (folder / "a.hl7").exists()
    await until(lambda: not line.memory.values)  # what is gone needs no remembering


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


@pytest.mark.parametrize("order", ["name", "time"])
async def test_order(watch: Any, line: Line, folder: Path, order: str) -> None:
    for at, name in enumerate(["c", "a", "b"]):
        (folder / name).write_text(name)
        os.utime(folder / name, (1000 + at, 1000 + at))
    await watch(order=order, after="delete")
    await until(lambda: len(line.inbound) == 3)
    assert b"".join(line.bodies) == (b"abc" if order == "name" else b"cab")
    await until(lambda: not list(folder.iterdir()))


async def test_a_file_that_grows_is_waited_for(watch: Any, line: Line, folder: Path) -> None:
    await watch(minimum_age=Duration(0.15))
    with (folder / "slow.csv").open("wb", buffering=0) as file:
        for _ in range(10):
            file.write(b"line\n")
            await asyncio.sleep(0.03)
        assert not line.inbound
    await until(lambda: bool(line.inbound))
    assert line.bodies == [b"line\n" * 10]


async def test_a_file_must_look_the_same_twice(watch: Any, line: Line, folder: Path) -> None:
    """A copy that keeps its sender's time looks old while it is still growing."""
    await watch(every=Duration(0.05))
    path = folder / "kept.csv"
    for size in range(1, 6):
        path.write_bytes(b"x" * size)
        os.utime(path, (1000, 1000))
        await asyncio.sleep(0.03)
    assert not line.inbound
    await until(lambda: bool(line.inbound))
    assert line.bodies == [b"xxxxx"]


async def test_a_done_file_says_when(watch: Any, line: Line, folder: Path) -> None:
    await watch(done="{stem}.ok", after="archive")
    (folder / "a.csv").write_bytes(b"whole")
    await rest()
    assert not line.inbound
    (folder / "a.ok").touch()
    await until((folder / "archive/a.csv").exists)
    await until(lambda: not (folder / "a.ok").exists())
    assert line.bodies == [b"whole"]


async def test_a_large_file_is_spooled_and_one_too_large_is_left(
    watch: Any, line: Line, folder: Path, notices: Any
) -> None:
    (folder / "large").write_bytes(b"x" * 300_000)
    (folder / "too_large").write_bytes(b"x" * 300_001)
    await watch(max_size=Size(300_000))
    await until((folder / "archive/large").exists)
    await rest()
    assert isinstance(line.inbound[0].raw, Spooled) and line.inbound[0].raw.size == 300_000
    assert (folder / "too_large").exists() and notices.events() == ["file_too_large"]
    assert "too_large" not in str([facts for _, _, facts in notices]), "names may be patients'"


# -- never twice --------------------------------------------------------------------------------------


async def test_a_file_left_in_place_is_read_once(watch: Any, line: Line, folder: Path) -> None:
    path = folder / "daily.csv"
    path.write_bytes(b"monday")
    task = await watch(after="leave")
    await until(lambda: bool(line.inbound))
    await rest()
    os.utime(path)  # touched
    await rest()
    task.cancel()
    await watch(after="leave")  # after a restart
    await rest()
    assert line.bodies == [b"monday"]
    path.write_bytes(b"tuesday")  # sent again with other content
    await until(lambda: len(line.inbound) == 2)
    (folder / "copy.csv").write_bytes(b"tuesday")  # another name is another file
    await until(lambda: len(line.inbound) == 3)
    await rest()
    assert line.bodies == [b"monday", b"tuesday", b"tuesday"]


async def test_a_name_used_again_after_archiving_is_a_new_file(
    watch: Any, line: Line, folder: Path
) -> None:
    await watch()
    for number in range(1, 4):
        (folder / "daily.csv").write_bytes(b"nothing today")
        await until(lambda number=number: len(line.inbound) == number)  # type: ignore[misc]
        await until(lambda: not (folder / "daily.csv").exists())
    archived = sorted(path.name for path in (folder / "archive").iterdir())
    assert archived == ["daily.csv", "daily_2.csv", "daily_3.csv"]


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


# -- trouble ------------------------------------------------------------------------------------------


async def test_what_nobody_kept_is_tried_again_in_order(
    watch: Any, line: Line, folder: Path
) -> None:
    for name in "abc":
        (folder / name).write_text(name)
    line.keeps = False
    await watch()
    await rest()
    assert sorted(os.listdir(folder)) == ["a", "b", "c"]
    line.keeps = True
    await until(lambda: len(line.inbound) == 3)
    assert line.bodies == [b"a", b"b", b"c"]


async def test_pressure_stops_taking(site: Site, line: Line, folder: Path) -> None:
    pressed = True
    stood = msgspec.structs.replace(site, pressure=lambda: pressed)
    (folder / "a").write_bytes(b"a")
    task = asyncio.create_task(Source(SourceSettings(folder="in", **QUICK), stood).run(line))
    await rest()
    assert not line.inbound
    pressed = False
    await until(lambda: bool(line.inbound))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


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


async def test_stopping_finishes_the_file_under_way(
    site: Site, line: Line, folder: Path
) -> None:
    entered = asyncio.Event()

    async def slowly(inbound: Inbound) -> Reply:
        entered.set()
        await asyncio.sleep(0.1)
        return await line(inbound)

    for name in "ab":
        (folder / name).write_text(name)
    task = asyncio.create_task(Source(SourceSettings(folder="in", **QUICK), site).run(slowly))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert line.bodies == [b"a"] and (folder / "archive/a").exists() and (folder / "b").exists()


@pytest.mark.parametrize("settings", [{"done": "ready.ok"}, {"pattern": "in/*.hl7"}])
def test_settings_that_cannot_be_are_mistakes(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        SourceSettings(folder="in", **settings)


# -- sub-folders, days and schedules ------------------------------------------------------------------


async def test_sub_folders_keep_their_place_in_the_archive(
    watch: Any, line: Line, folder: Path
) -> None:
    for name in ("a.csv", "north/a.csv", ".hidden/a.csv"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(name)
    (folder / "linked").symlink_to(folder / "north")
    (folder / "north/a.ok").touch()
    (folder / "a.ok").touch()
    await watch(subfolders=True, archive_by_day=True, done="{stem}.ok")
    await until(lambda: len(list(folder.glob("archive/20*/north/a.csv"))) == 1)
    await until(lambda: len(list(folder.glob("archive/20*/a.csv"))) == 1)
    await rest()
    assert sorted(line.bodies) == [b"a.csv", b"north/a.csv"], "neither links nor the archive"
    folders = {(inbound.facts or {})["folder"] for inbound in line.inbound}
    assert folders == {"in", "in/north"}
    assert not (folder / "north/a.ok").exists()


async def test_a_look_by_the_clock(
    watch: Any,
    line: Line,
    folder: Path,
    clock: Any,
    notices: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schedule, "LOOK", 0.01)
    monkeypatch.setattr(source_module, "SETTLE", 0.02)
    (folder / "a.csv").write_bytes(b"one")
    task = await watch(schedule=schedule.Schedule(cron="0 6 * * *"))
    await rest()
    assert not line.inbound
    clock.ahead = 86_400
    await until(lambda: bool(line.inbound))
    await until(lambda: "//looked" in line.memory.values)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    clock.ahead = 5 * 86_400
    notices.clear()
    await watch(schedule=schedule.Schedule(cron="0 6 * * *"))
    await until(lambda: "looks_missed" in notices.events())
