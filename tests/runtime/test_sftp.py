"""Files over SFTP with a whole engine in the loop: servers that die, crawl and fill up. Nothing lost, nothing taken twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import time
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import simulate
from engine.alerts import judge
from engine.runtime import receiving
from engine.runtime.state import state_of
from engine.runtime.watch import facts
from tests.openssh import OpenSsh

from .conftest import House, until

pytestmark = pytest.mark.slow

IN = """
description: Orders that a partner leaves
owner: integration
source:
  sftp:
    host: 127.0.0.1
    port: {sftp}
    user: {user}
    {secret}
    host_key: {host_key}
    folder: {root}/in
    every: 50ms
    minimum_age: 0s
    timeout: 2s
    {picks}
format: json
{more}
destinations:
  billing:
    http: {{url: "http://127.0.0.1:{partner}/orders", timeout: 1s}}
    order_by: none
    concurrency: 4
"""
OUT = """
description: Orders for a partner
owner: integration
source:
  http: {{port: {port}, path: /orders}}
format: json
destinations:
  partner:
    sftp:
      host: 127.0.0.1
      port: {sftp}
      user: {user}
      {secret}
      host_key: {host_key}
      folder: {root}/out
      name: '{file_name}'
      timeout: 2s
      connections: 2
    order_by: none
    concurrency: 4
    retry: {{first_wait: 20ms, longest_wait: 100ms}}
"""


class Side:
    """A server as these tests see it."""

    def __init__(
        self, drop: Path, values: dict[str, Any], fault: Callable[[str], None]
    ) -> None:
        self.drop, self.values, self.fault = drop, values, fault
        (drop / "in").mkdir()
        (drop / "out").mkdir()

    def put(self, number: int, size: int = 2000) -> None:
        body = json.dumps({"n": number, "pad": "x" * size}).encode()
        path = self.drop / f"in/{number:04}.json"
        path.with_suffix(".part").write_bytes(body)
        path.with_suffix(".part").rename(path)

    def delivered(self) -> list[int]:
        return sorted(
            json.loads(path.read_bytes())["n"] for path in self.drop.glob("out/[!.]*")
        )


@pytest.fixture
async def simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Side]:
    monkeypatch.setenv("DROPBOX_PASSWORD", "corridor")
    drop = tmp_path / "drop"
    drop.mkdir()
    async with simulate.sftp_partner(folder=drop, delay=0.01) as partner:
        values = {
            "sftp": partner.port, "user": partner.user, "host_key": partner.host_key, "root": "",
            "secret": "password: {env: DROPBOX_PASSWORD}",
        }  # fmt: skip
        yield Side(drop, values, lambda fault: setattr(partner, "fault", fault))


@pytest.fixture
async def openssh(tmp_path: Path) -> AsyncIterator[tuple[Side, OpenSsh]]:
    folder = tmp_path / "sshd"
    folder.mkdir()
    server = OpenSsh(folder)
    await server.start()
    values = {
        "sftp": server.port, "user": server.user, "host_key": server.host_key, "root": server.drop,
        "secret": f"key: {{file: {server.folder}/login}}",
    }  # fmt: skip
    yield Side(server.drop, values, lambda _: None), server
    server.kill()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(receiving, "START_AGAIN", 0.05)
    monkeypatch.setattr(receiving, "TRUST_AGAIN", 0.05)
    yield


def numbers(house: House) -> list[int]:
    return sorted(json.loads(body)["n"] for body in house.bodies())


async def post(house: House, *given: int, size: int = 2000) -> None:
    import aiohttp

    async with aiohttp.ClientSession() as session:
        for number in given:
            body = json.dumps({"n": number, "pad": "x" * size})
            async with session.post(
                f"http://127.0.0.1:{house.port}/orders", data=body
            ) as reply:
                assert reply.status < 300, await reply.text()


async def begin(house: House, side: Side, text: str, **more: Any) -> None:
    (house.home / "channels/charges.yaml").unlink()
    house.channel(
        text,
        "orders",
        **{"more": "", "picks": "", "file_name": "{n}.json", **side.values, **more},
    )
    engine = await house.start()
    assert engine.mistakes == ()


async def ended(house: House) -> None:
    await house.committed()
    open_ = {state for found in house.archive().search(limit=1000) for state in found.states}
    assert not open_ - {"delivered"}, open_


@pytest.mark.parametrize("fault", ["drops", "slow", "down"])
async def test_pickup_from_a_faulty_partner_loses_nothing_and_doubles_nothing(
    house: House, simulated: Side, fault: str
) -> None:
    for number in range(20):
        simulated.put(number, 20_000 if number % 2 else 100)
    simulated.fault(fault)
    starting = asyncio.create_task(begin(house, simulated, IN))
    await asyncio.sleep(0.8)
    simulated.fault("none")
    await starting
    await until(lambda: len(numbers(house)) >= 20)
    await until(lambda: len(list(simulated.drop.glob("in/archive/*"))) == 20)
    assert numbers(house) == list(range(20))
    assert house.partner.repeats == 0


@pytest.mark.parametrize("fault", ["drops", "full", "slow", "down"])
async def test_delivery_to_a_faulty_partner_loses_nothing_and_doubles_nothing(
    house: House, simulated: Side, fault: str
) -> None:
    await begin(house, simulated, OUT)
    simulated.fault(fault)
    await post(house, *range(12), size=12_000)
    await asyncio.sleep(0.5)
    simulated.fault("none")
    await until(lambda: len(simulated.delivered()) >= 12, within=20)
    await asyncio.sleep(0.2)
    assert simulated.delivered() == list(range(12))
    assert sorted(path.name for path in simulated.drop.glob("out/.*")) == []


async def test_a_changed_host_key_stops_the_channel_and_says_so(
    house: House, simulated: Side
) -> None:
    await begin(house, simulated, IN)
    simulated.put(1)
    await until(lambda: numbers(house) == [1])
    simulated.fault("stranger")
    simulated.put(2)
    assert house.engine is not None
    station = house.engine.stations["orders"]
    await until(lambda: "none of those that are pinned" in station.receiving.trouble)
    assert numbers(house) == [1]
    await house.committed()
    assert "host key changed" in house.log("orders")
    simulated.fault("none")
    await until(lambda: numbers(house) == [1, 2])


async def test_a_changed_host_key_pauses_the_destination(house: House, simulated: Side) -> None:
    await begin(house, simulated, OUT)
    simulated.fault("stranger")
    await post(house, 1)
    assert house.engine is not None
    station = house.engine.stations["orders"]
    await until(lambda: station.lanes["partner"].breaker.paused)
    assert simulated.delivered() == []


@pytest.mark.slow
async def test_an_sshd_killed_in_the_middle_of_downloads(
    house: House, openssh: tuple[Side, OpenSsh]
) -> None:
    """Killed again and again while files of 200 bytes to 3 MB are read; each is one message."""
    side, server = openssh
    count = 60
    for number in range(count):
        side.put(number, 600_000 if number % 10 == 0 else 200)
    await begin(house, side, IN)
    for _ in range(4):
        before = len(numbers(house))
        await until(lambda before=before: len(numbers(house)) > before or before >= count)
        server.kill()
        await asyncio.sleep(0.2)
        await server.start()
    await until(lambda: len(numbers(house)) >= count, within=40)
    await until(lambda: len(list(side.drop.glob("in/archive/*"))) == count)
    assert numbers(house) == list(range(count))


@pytest.mark.slow
async def test_an_sshd_killed_in_the_middle_of_uploads(
    house: House, openssh: tuple[Side, OpenSsh]
) -> None:
    side, server = openssh
    await begin(house, side, OUT)
    count = 60
    sending = asyncio.create_task(post(house, *range(count), size=200_000))
    for _ in range(4):
        before = len(list(side.drop.glob("out/[!.]*")))
        await until(
            lambda before=before: (
                len(list(side.drop.glob("out/[!.]*"))) > before or before >= count
            )
        )
        server.kill()
        await asyncio.sleep(0.2)
        await server.start()
    await sending
    await until(lambda: len(side.delivered()) >= count, within=40)
    await asyncio.sleep(0.3)
    assert side.delivered() == list(range(count))
    assert list(side.drop.glob("out/.*")) == []


@pytest.mark.slow
async def test_the_engine_stopped_and_started_between_looks(
    house: House, openssh: tuple[Side, OpenSsh]
) -> None:
    side, _ = openssh
    await begin(house, side, IN)
    for start in range(0, 40, 10):
        for number in range(start, start + 10):
            side.put(number)
        await asyncio.sleep(0.15)
        await house.stop()
        await house.start()
    await until(lambda: len(numbers(house)) >= 40)
    assert numbers(house) == list(range(40))


@pytest.mark.parametrize("text", [IN, OUT], ids=["in", "out"])
async def test_an_sshd_that_stands_still_in_the_middle(
    house: House, openssh: tuple[Side, OpenSsh], text: str
) -> None:
    """Longer than the timeout: what was under way may have been done, and is not done twice."""
    side, server = openssh
    count = 40
    await begin(house, side, text)
    if text is IN:
        for number in range(count):
            side.put(number, 300_000 if number % 10 == 0 else 200)
        found: Callable[[], list[int]] = lambda: numbers(house)  # noqa: E731
        sending = None
    else:
        found = side.delivered
        sending = asyncio.create_task(post(house, *range(count), size=100_000))
    await until(lambda: len(found()) > 3)
    server.stand_still()
    await asyncio.sleep(3)
    server.go_on()
    if sending is not None:
        await sending
    await until(lambda: len(found()) >= count, within=40)
    await asyncio.sleep(0.3)
    assert found() == list(range(count))


async def test_an_sshd_whose_disk_is_full_takes_everything_once_it_has_room(
    house: House, openssh: tuple[Side, OpenSsh]
) -> None:
    side, _ = openssh
    with small_disk(side.drop / "out", "1m"):
        await begin(house, side, OUT)
        await post(house, *range(12), size=200_000)
        await until(lambda: len(side.delivered()) >= 3)
        assert house.engine is not None
        partner = house.engine.stations["orders"].lanes["partner"]
        await until(lambda: "disk may be full" in partner.breaker.why)
        taken: list[int] = []
        async with asyncio.timeout(40):
            while len(taken) < 12:  # the partner takes away what it has
                for path in side.drop.glob("out/[!.]*"):
                    taken.append(json.loads(path.read_bytes())["n"])
                    path.unlink()
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        assert sorted(taken) == list(range(12)) and side.delivered() == []
        await ended(house)


async def test_archives_and_their_numbers_through_a_whole_engine(
    house: House, simulated: Side
) -> None:
    """Members as messages, the number of the file in the store, and what people are told, also after a restart."""
    picks = 'unpack: zip\n    sequence: "day_{number}.zip"'
    await begin(house, simulated, IN, picks=picks, more="keys: {archive: meta.archive}")
    for day in (1, 2, 5):
        zipped(simulated.drop / f"in/day_{day}.zip", day * 10, 4)
    expected = [day * 10 + at for day in (1, 2, 5) for at in range(4)]
    await until(lambda: numbers(house) == expected)
    await until(lambda: len(list(simulated.drop.glob("in/archive/*"))) == 3)
    assert alerted(house) == ["file_sequence_gap"]
    await house.stop()
    await house.start()
    await until(lambda: alerted(house) == ["file_sequence_gap"])
    assert house.engine is not None
    (station,) = (await state_of(house.engine))["channels"]
    assert "3 to 4 are missing" in station["warnings"][0]
    for day in (3, 4):
        zipped(simulated.drop / f"in/day_{day}.zip", day * 10, 1)
    await until(lambda: len(numbers(house)) == 14 and not alerted(house))
    found = house.archive().search(limit=100, key=("archive", "day_2.zip"))
    assert len(list(found)) == 4


async def test_names_with_date_and_number(house: House, simulated: Side) -> None:
    name = '{now() | format("%Y%m%d")}_{sequence("po_file", width=4)}.json'
    await begin(house, simulated, OUT, file_name=name)
    await post(house, 7, 8, 9)
    await until(lambda: simulated.delivered() == [7, 8, 9])
    names = sorted(path.name for path in simulated.drop.glob("out/[!.]*"))
    assert [each.partition("_")[2] for each in names] == ["0001.json", "0002.json", "0003.json"]
    assert all(each[:8].isdigit() for each in names)


def zipped(path: Path, first: int, count: int) -> None:
    with zipfile.ZipFile(path.with_suffix(".part"), "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(first, first + count):
            archive.writestr(f"{number}.json", json.dumps({"n": number}))
    path.with_suffix(".part").rename(path)


def alerted(house: House) -> list[str]:
    assert house.engine is not None
    _, said = judge({}, facts(house.engine), time.time())
    return [alert.kind for alert in said]


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A file system of that size in the folder's place; skips where one may not make one."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "none", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except OSError:
        pytest.skip("no mount on this machine")
    if done.returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
