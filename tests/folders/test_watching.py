"""Files that partners leave in a folder, of this machine or of a server: whole, half, again, under odd names, in archives."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine import schedule
from engine.connectors import Site
from engine.folders import watching
from engine.message import Spooled
from engine.schedule import Schedule
from engine.settings import Duration, Size

from .conftest import until

QUICK: dict[str, Any] = {"every": Duration(0.02), "minimum_age": Duration(0)}


@pytest.fixture
async def watch(site: Site, line: Any, place: Any) -> AsyncIterator[Any]:
    running: list[asyncio.Task[None]] = []

    async def start(**settings: Any) -> asyncio.Task[None]:
        source = place.source(site, **{**QUICK, **settings})
        running.append(asyncio.create_task(source.run(line)))
        ready = asyncio.create_task(source.ready.wait())
        await asyncio.wait({ready, running[-1]}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        return running[-1]

    yield start
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def looks(seconds: float = 0.25) -> None:
    await asyncio.sleep(seconds)


def put(folder: Path, name: str, content: bytes = b"content", at: int = 0) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (1_000_000 + at, 1_000_000 + at))
    return path


# -- what is taken ------------------------------------------------------------------------------------


async def test_a_file_is_one_message_and_is_archived(watch: Any, line: Any, place: Any) -> None:
    put(place.drop, "a.edi", b"one")
    await watch()
    await until((place.drop / "archive/a.edi").exists)
    (inbound,) = line.inbound
    assert inbound.raw == b"one"
    assert inbound.facts == {"file_name": "a.edi", "folder": place.root}
    assert not (place.drop / "a.edi").exists()


async def test_names_that_are_not_taken_and_links_that_are_not_followed(
    watch: Any, line: Any, place: Any, tmp_path: Path
) -> None:
    for name in (".hidden.edi", "a.edi.tmp", "b.edi.part", "~c.edi", "f.txt"):
        put(place.drop, name)
    outside = put(tmp_path, "outside/secret.edi")
    (place.drop / "link.edi").symlink_to(outside)
    (place.drop / "linked").symlink_to(outside.parent)
    (place.drop / "folder.edi").mkdir()
    put(place.drop, ".ssh/in.edi")
    put(place.drop, "yes.edi")
    await watch(pattern="*.edi", subfolders=True)
    await until(lambda: line.names)
    await looks()
    assert line.names == ["yes.edi"]


@pytest.mark.parametrize("order", ["name", "time"])
async def test_order(watch: Any, line: Any, place: Any, order: str) -> None:
    for at, name in enumerate("ecadb"):
        put(place.drop, name, name.encode(), at)
    await watch(order=order, after="delete")
    await until(lambda: len(line.inbound) == 5)
    assert "".join(line.names) == ("abcde" if order == "name" else "ecadb")
    await until(lambda: not list(place.drop.iterdir()))


async def test_sub_folders_keep_their_place_in_the_archive(
    watch: Any, line: Any, place: Any
) -> None:
    put(place.drop, "north/a.edi")
    put(place.drop, "b.edi")
    await watch(subfolders=True, archive_by_day=True)
    await until(lambda: len(list(place.drop.glob("archive/*/north/a.edi"))) == 1)
    await until(lambda: len(list(place.drop.glob("archive/*/b.edi"))) == 1)
    await looks()
    assert sorted(line.names) == ["a.edi", "b.edi"], "the archive is not looked into"
    folders = {(inbound.facts or {})["folder"] for inbound in line.inbound}
    assert folders == {place.root, place.root.rstrip("/") + "/north"}


async def test_a_growing_file_is_waited_for(watch: Any, line: Any, place: Any) -> None:
    await watch(every=Duration(0.05))
    for size in range(1, 8):  # a copy that keeps its sender's time looks old while it grows
        put(place.drop, "kept.csv", b"x" * size)
        await asyncio.sleep(0.03)
    assert not line.inbound
    await until(lambda: line.inbound)
    assert line.bodies == [b"x" * 7]


async def test_minimum_age(watch: Any, line: Any, place: Any, clock: Any) -> None:
    await watch(minimum_age=Duration(60))
    (place.drop / "young.csv").write_bytes(b"young")
    await looks()
    assert not line.inbound
    clock.ahead = 61
    await until(lambda: line.inbound)


async def test_a_done_file_says_when_and_goes_too(watch: Any, line: Any, place: Any) -> None:
    await watch(done="{name}.done")
    put(place.drop, "a.csv", b"whole")
    await looks()
    assert not line.inbound
    put(place.drop, "a.csv.done", b"")
    await until((place.drop / "archive/a.csv").exists)
    await until(lambda: not (place.drop / "a.csv.done").exists())
    assert line.bodies == [b"whole"]


async def test_move_and_a_name_that_is_taken_there(watch: Any, line: Any, place: Any) -> None:
    put(place.drop, "read/a.csv", b"older")
    put(place.drop, "a.csv", b"newer")
    await watch(after="move", move_to="read")
    await until((place.drop / "read/a_2.csv").exists)
    assert (place.drop / "read/a.csv").read_bytes() == b"older"
    assert (place.drop / "read/a_2.csv").read_bytes() == b"newer"


async def test_a_large_file_is_spooled_and_one_too_large_is_left(
    watch: Any, line: Any, place: Any, notices: Any, site: Site
) -> None:
    content = os.urandom(5_000_000)
    put(place.drop, "large", content)
    put(place.drop, "too_large", content + b"x")
    await watch(max_size=Size(5_000_000))
    await until((place.drop / "archive/large").exists)
    await looks()
    (inbound,) = line.inbound
    assert isinstance(inbound.raw, Spooled) and inbound.raw.size == 5_000_000
    assert Path(inbound.raw.path).read_bytes() == content
    assert (place.drop / "too_large").exists() and notices.events() == ["file_too_large"]
    assert "too_large" not in str([facts for _, _, facts in notices]), "names may be patients'"
    assert sorted(path.name for path in site.home.iterdir() if path.is_file()) == ["spooled"], (
        "no draft is left"
    )


async def test_files_of_one_look_are_limited(watch: Any, line: Any, place: Any) -> None:
    for number in range(10):
        put(place.drop, f"{number}")
    await watch(max_files=3)
    await until(lambda: len(line.inbound) == 10)
    assert line.names == [str(number) for number in range(10)]


async def test_a_rare_look_waits_for_a_file_to_settle(
    watch: Any, line: Any, place: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "LOOK", 0.02)
    monkeypatch.setattr(watching, "SETTLE", 0.1)
    put(place.drop, "daily.csv")
    await watch(schedule=Schedule(cron="0 6 * * *"), minimum_age=Duration(0.1))
    await looks()
    assert not line.inbound, "it is not six o'clock"
    clock.ahead = 24 * 3600 + 1
    await until(lambda: line.inbound)


# -- never twice --------------------------------------------------------------------------------------


async def test_a_name_that_comes_again_is_new_only_with_new_content(
    watch: Any, line: Any, place: Any, notices: Any
) -> None:
    await watch()
    put(place.drop, "daily.csv", b"monday")
    await until((place.drop / "archive/daily.csv").exists)
    put(place.drop, "daily.csv", b"monday", at=100)
    await until((place.drop / "archive/daily_2.csv").exists)
    assert notices.events() == ["file_taken_before"]
    put(place.drop, "daily.csv", b"tuesday", at=200)
    await until((place.drop / "archive/daily_3.csv").exists)
    assert line.bodies == [b"monday", b"tuesday"]


async def test_a_name_that_comes_again_is_new_where_the_channel_says_so(
    watch: Any, line: Any, place: Any, memory: Any
) -> None:
    await watch(again="always", after="delete")
    for number in range(1, 4):
        put(place.drop, "daily.csv", b"nothing today")
        await until(lambda number=number: len(line.inbound) == number)
        await until(lambda: not (place.drop / "daily.csv").exists())
    await until(lambda: not [name for name in memory.values if name.startswith("file/")])


async def test_a_file_left_in_place_is_read_once(watch: Any, line: Any, place: Any) -> None:
    put(place.drop, "daily.csv", b"monday")
    task = await watch(after="leave")
    await until(lambda: line.inbound)
    put(place.drop, "daily.csv", b"monday", at=100)  # touched
    await looks()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await watch(after="leave")  # after a restart
    await looks()
    assert line.bodies == [b"monday"]
    put(place.drop, "daily.csv", b"tuesday", at=200)
    await until(lambda: len(line.inbound) == 2)


@pytest.mark.parametrize("again", ["changed", "always"])
async def test_taken_but_not_put_away_is_only_put_away(
    watch: Any, line: Any, place: Any, again: str
) -> None:
    """As after a crash between the commit and the rename."""
    (place.drop / "archive").write_bytes(b"a file stands where the folder should be")
    put(place.drop, "a.csv")
    task = await watch(pattern="*.csv", again=again)
    await until(lambda: line.inbound)
    await looks()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    (place.drop / "archive").unlink()
    await watch(pattern="*.csv", again=again)
    await until((place.drop / "archive/a.csv").exists)
    assert len(line.inbound) == 1


async def test_what_nobody_keeps_is_read_again(watch: Any, line: Any, place: Any) -> None:
    line.keeps = False
    put(place.drop, "a")
    put(place.drop, "b")
    await watch()
    await looks()
    assert (place.drop / "a").exists()
    line.keeps = True
    await until(lambda: line.names == ["a", "b"])


async def test_old_names_are_forgotten(
    watch: Any, line: Any, place: Any, clock: Any, memory: Any
) -> None:
    await watch(remember=Duration(5 * 86400))
    put(place.drop, "a.csv")
    await until((place.drop / "archive/a.csv").exists)
    await until(lambda: any(name.endswith("days") for name in memory.values))
    clock.ahead = 7 * 86400
    await until(lambda: not any(name.endswith("/a.csv") for name in memory.values))
    put(place.drop, "a.csv")
    await until(lambda: len(line.inbound) == 2)
