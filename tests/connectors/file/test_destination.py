"""Deliveries as files and lines, through the destination, against a real folder and real kills."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.connectors import Site
from engine.connectors.file import Destination, DestinationSettings, appender
from engine.connectors.file.rotation import Rotate, closes_at
from engine.connectors.file.whole import publish
from engine.errors import Misconfigured, Refused, Unavailable
from engine.message import Delivery
from engine.settings import Size, Zone


def delivery(number: int, name: str = "") -> Delivery:
    options = {"name": name} if name else None
    return Delivery(
        id=number, message=number, destination=1, key=f"a1-{number}-1-1", options=options
    )


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.fixture
async def to(site: Site, out: Path) -> AsyncIterator[Any]:
    opened: list[Destination] = []

    def make(name: str = "a.json", **settings: Any) -> Destination:
        opened.append(
            Destination(DestinationSettings(folder="out", name=name, **settings), site)
        )
        return opened[-1]

    yield make
    for destination in opened:
        await destination.close()


def visible(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name[0] != "."}


# -- a file of its own --------------------------------------------------------------------------------


async def becomes(out: Path, wanted: dict[str, bytes]) -> None:
    """The folder holds this, soon."""
    for _ in range(500):
        with suppress(FileNotFoundError):  # one was renamed while it was looked at
            if visible(out) == wanted:
                return
        await asyncio.sleep(0.01)
    assert visible(out) == wanted


async def test_a_delivery_is_a_file(to: Any, out: Path) -> None:
    destination = to("{id}.json")
    answer = await destination.send(delivery(1, "one.json"), b'{"a":1}\n')
    assert (answer.status, answer.failure) == ("written", None)
    await destination.settled(delivery(1))
    assert os.listdir(out) == ["one.json"]
    assert visible(out) == {"one.json": b'{"a":1}\n'}


async def test_a_name_that_is_taken(to: Any, out: Path) -> None:
    (out / "a.json").write_bytes(b"old")
    answer = await to().send(delivery(1), b"new")
    assert isinstance(answer.failure, Refused) and visible(out) == {"a.json": b"old"}
    assert os.listdir(out) == ["a.json"]
    await to(exists="number").send(delivery(2), b"two")
    await to(exists="number").send(delivery(3), b"three")
    assert visible(out) == {"a.json": b"old", "a_2.json": b"two", "a_3.json": b"three"}
    await to(exists="overwrite").send(delivery(4), b"four")
    assert visible(out)["a.json"] == b"four"


@pytest.mark.parametrize("exists", ["refuse", "number", "overwrite"])
async def test_sent_again_it_is_still_one_file(to: Any, out: Path, exists: str) -> None:
    for _ in range(3):
        assert (await to(exists=exists).send(delivery(1), b"x")).failure is None
    assert visible(out) == {"a.json": b"x"}
    (out / "a.json").unlink()  # the consumer was quick
    await to(exists=exists).send(delivery(1), b"x")
    assert visible(out) == {}
    destination = to(exists=exists)
    await destination.settled(delivery(1))
    assert not os.listdir(out)


CALLS = ("open", "fsync", "link", "unlink", "replace", "rename", "close")


@pytest.mark.slow
@pytest.mark.parametrize("exists", ["refuse", "number", "overwrite"])
def test_published_once_whatever_crashes_when(tmp_path: Path, exists: str) -> None:
    for crash_at in range(1, 20):
        folder = tmp_path / str(crash_at)
        folder.mkdir()
        if (child := os.fork()) == 0:
            _die_at(crash_at)
            publish(folder / "a", "k-1", b"whole", exists)
            os._exit(9)
        os.waitpid(child, 0)
        assert set(visible(folder).values()) <= {b"whole"}, "never half a file under its name"
        publish(folder / "a", "k-1", b"whole", exists)
        assert visible(folder) == {"a": b"whole"}, crash_at


def _die_at(crash_at: int) -> None:
    calls = 0

    def watched(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **more: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == crash_at:
                os._exit(9)
            return call(*arguments, **more)

        return counted

    for name in CALLS:
        setattr(os, name, watched(getattr(os, name)))


@pytest.mark.parametrize("name", ["../a", "a/b", ".a", "", "a\0b", "x" * 300, "a\nb"])
async def test_a_name_never_leaves_its_folder(to: Any, out: Path, name: str) -> None:
    for settings in ({}, {"append": True}):
        destination = to("{name}", **settings)
        given = Delivery(id=1, message=1, destination=1, key="k", options={"name": name})
        with pytest.raises(Refused) as caught:
            await destination.send(given, b"x")
        assert not name or name not in str(caught.value)
    assert not os.listdir(out)


@pytest.mark.parametrize("append", [False, True])
async def test_a_missing_folder_pauses_and_goes_on(to: Any, out: Path, append: bool) -> None:
    destination = to(append=append)
    os.rmdir(out)
    with pytest.raises(Misconfigured, match="folder does not exist"):
        await destination.send(delivery(1), b"x")
    os.mkdir(out)
    await destination.send(delivery(1), b"x")
    assert visible(out) == {"a.json": b"x\n" if append else b"x"}


async def test_a_full_disk_waits(to: Any, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    destination = to()
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(Unavailable, match="no space left"):
            await destination.send(delivery(1), b"x")
    assert visible(out) == {}
    await destination.send(delivery(1), b"x")
    assert visible(out) == {"a.json": b"x"}


# -- lines of a file that grows -----------------------------------------------------------------------


async def test_lines_with_a_header_and_line_ends(to: Any, out: Path) -> None:
    destination = to("n.csv", append=True, header="key;amount", line_end="crlf")
    for number, payload in enumerate([b"a;1", b"b;2\n", b"c;3\r\n"]):
        await destination.send(delivery(number), payload)
        await destination.settled(delivery(number))
    await destination.close()
    assert visible(out) == {"n.csv": b"key;amount\r\na;1\r\nb;2\r\nc;3\r\n"}
    assert len(os.listdir(out)) == 1, "nothing is left beside it"


async def test_many_at_a_time_share_their_fsyncs(
    to: Any, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs = 0
    real = os.fdatasync

    def counted(handle: int) -> None:
        nonlocal syncs
        syncs += 1
        time.sleep(0.01)
        real(handle)

    monkeypatch.setattr(os, "fdatasync", counted)
    destination = to("n.csv", append=True)
    await asyncio.gather(*(destination.send(delivery(n), b"%d" % n) for n in range(200)))
    assert sorted(map(int, visible(out)["n.csv"].split())) == list(range(200))
    assert syncs < 10


async def test_holes_make_several_files(to: Any, out: Path) -> None:
    destination = to("{facility}.csv", append=True)
    await asyncio.gather(
        *(destination.send(delivery(n, f"f{n % 3}.csv"), b"x") for n in range(9))
    )
    assert visible(out) == {f"f{n}.csv": b"x\n" * 3 for n in range(3)}


async def test_files_that_rest_are_let_go(
    to: Any, out: Path, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appender, "LOOK", 0.01)
    destination = to("n.csv", append=True)
    await destination.send(delivery(1), b"1")
    await destination.settled(delivery(1))
    await destination.send(delivery(2), b"2")
    await destination.settled(delivery(2))
    clock.ahead = appender.REST + 1
    await asyncio.sleep(0.1)
    await destination.send(delivery(3), b"3")
    assert visible(out) == {"n.csv": b"1\n2\n3\n"}


# -- closing it at its time ---------------------------------------------------------------------------


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appender, "LOOK", 0.02)


async def test_a_nightly_file_is_closed_at_its_time(
    to: Any, out: Path, clock: Any, quick: None
) -> None:
    clock.ahead = at("2026-11-21T22:59:00") - time.time()
    destination = to("billing.csv", append=True, header="h", rotate=Rotate(daily="23:00"))
    await destination.send(delivery(1), b"1")
    assert visible(out) == {"billing.csv.open": b"h\n1\n"}
    clock.ahead += 120
    await becomes(out, {"billing_20261121.csv": b"h\n1\n"})
    await destination.send(delivery(1), b"1")  # sent again after it was closed
    await destination.send(delivery(2), b"2")
    assert visible(out) == {"billing_20261121.csv": b"h\n1\n", "billing.csv.open": b"h\n2\n"}


async def test_a_restart_closes_what_is_overdue_and_without_a_line_there_is_no_file(
    to: Any, out: Path, clock: Any, quick: None
) -> None:
    clock.ahead = at("2026-11-21T12:00:00") - time.time()
    settings = {"append": True, "rotate": Rotate(daily="00:00")}
    destination = to("{name}", **settings)
    await destination.send(delivery(1, "north.csv"), b"1")
    await destination.close()
    clock.ahead += 3 * 86_400
    to("{name}", **settings)
    await becomes(out, {"north_20261121.csv": b"1\n"})


async def test_a_file_is_closed_at_its_size(to: Any, out: Path, clock: Any) -> None:
    clock.ahead = at("2026-11-21T12:00:00") - time.time()
    destination = to("b.csv", append=True, rotate=Rotate(size=Size(10)))
    for number in range(5):
        await destination.send(delivery(number), b"%05d" % number)
    assert visible(out) == {
        "b_20261121.csv": b"00000\n00001\n",
        "b_20261121_2.csv": b"00002\n00003\n",
        "b.csv.open": b"00004\n",
    }


@pytest.mark.parametrize(
    ("since", "daily", "zone", "closing"),
    [
        ("2026-11-21T22:00:00", "23:00", "UTC", "2026-11-21T23:00:00"),
        ("2026-11-21T23:00:00", "23:00", "UTC", "2026-11-22T23:00:00"),
        ("2026-11-21T12:00:00", "23:00", "America/Chicago", "2026-11-22T05:00:00"),
        ("2026-03-08T00:00:00", "02:30", "America/Chicago", "2026-03-08T08:30:00"),
        ("2026-11-01T01:00:00", "01:30", "America/Chicago", "2026-11-01T06:30:00"),
        ("2026-11-01T06:45:00", "01:30", "America/Chicago", "2026-11-02T07:30:00"),
    ],
)
def test_the_closing_time_in_every_season(
    since: str, daily: str, zone: str, closing: str
) -> None:
    assert closes_at(at(since), Rotate(daily=daily, zone=Zone(zone))) == at(closing)


# -- settings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"name": "../a"}, "name"),
        ({"name": "a", "header": "h"}, "append"),
        ({"name": "a", "append": True, "exists": "number"}, "exists"),
    ],
)
def test_settings_that_cannot_be_are_mistakes(settings: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        DestinationSettings(folder="out", **settings)


@pytest.mark.parametrize(("rotate", "word"), [({}, "daily"), ({"daily": "25:00"}, "daily")])
def test_rotations_that_cannot_be_are_mistakes(rotate: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Rotate(**rotate)


# -- real kills ---------------------------------------------------------------------------------------

LIFE = """
import asyncio, sys, time
from pathlib import Path
from engine.connectors import Site
from engine.connectors.file import Destination, DestinationSettings
from engine.connectors.file.rotation import Rotate
from engine.message import Delivery
from engine.settings import Size

home, most = Path(sys.argv[1]), int(sys.argv[2])

class Memory:
    async def get(self, name):
        path = home / ("memory-" + name)
        return path.read_bytes() if path.exists() else None
    async def put(self, name, value):
        (home / "memory.tmp").write_bytes(value)
        (home / "memory.tmp").rename(home / ("memory-" + name))

async def main():
    store = home / "settled"
    done = set(store.read_text().split()) if store.exists() else set()
    settings = DestinationSettings(
        folder="out", name="n.csv", append=True, header="h", rotate=Rotate(size=Size(4000)))
    site = Site(channel="c", name="nightly", home=home, notice=lambda *a, **k: None, now=time.time,
                spool=None, read=None, pressure=lambda: False, remember=Memory())
    destination = Destination(settings, site)
    waiting = iter([number for number in range(most) if str(number) not in done])
    with store.open("a", buffering=1) as settled:
        async def carry():
            for number in waiting:
                delivery = Delivery(id=number, message=number, destination=1, key=f"a1-{number}-1-1")
                await destination.send(delivery, b"%06d;a line of the nightly file" % number)
                await asyncio.sleep(0)
                settled.write(f"{number}\\n")
                await destination.settled(delivery)
        print("begins", flush=True)
        await asyncio.gather(*(carry() for _ in range(8)))
    await destination.close()

asyncio.run(main())
"""


def live(home: Path, most: int, seconds: float | None) -> bool:
    """One life of the process, killed after so many seconds of work; whether it came to its end."""
    with subprocess.Popen(
        [sys.executable, "-c", LIFE, str(home), str(most)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == b"begins\n"
        try:
            return process.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return False


def killed_again_and_again(home: Path, most: int, kills: int) -> None:
    chance = random.Random(42)
    killed = sum(not live(home, most, chance.uniform(0.002, 0.06)) for _ in range(kills))
    assert killed >= kills // 2, "the lives were too short to be cut"
    assert live(home, most, None)
    lines = []
    for path in (home / "out").glob("n*"):
        text = path.read_text()
        assert text.startswith("h\n") and text.endswith("\n")
        lines += text.splitlines()[1:]
    assert sorted(lines) == [
        f"{number:06d};a line of the nightly file" for number in range(most)
    ]


@pytest.mark.slow
def test_killed_while_appending(tmp_path: Path, out: Path) -> None:
    killed_again_and_again(tmp_path, most=3000, kills=4)


@pytest.mark.slow
def test_killed_while_appending_20_times(tmp_path: Path, out: Path) -> None:
    killed_again_and_again(tmp_path, most=20_000, kills=20)


async def test_names_in_a_folder_we_make_are_not_for_everybody(
    site: Site, tmp_path: Path
) -> None:
    """A file's name may be a patient's number."""
    Destination(DestinationSettings(folder="out/billing", name="a.txt"), site)
    assert (tmp_path / "out/billing").stat().st_mode & 0o007 == 0
