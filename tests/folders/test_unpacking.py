"""Archives that partners leave: each member a message, all of them once, whatever happens in the middle."""

from __future__ import annotations

import asyncio
import gzip
import io
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine.connectors import Site
from engine.errors import Misconfigured
from engine.folders import watching
from engine.message import Delivery, Inbound, Reply, Spooled
from engine.packing.opening import unpacked
from engine.packing.sealing import packed
from engine.packing.settings import MakePgp, OpenPgp, Packing, Unpacking
from engine.settings import Duration, Secret, Size

from .conftest import until

QUICK: dict[str, Any] = {"every": Duration(0.02), "minimum_age": Duration(0)}
ZIP, GZIP = Unpacking.read("zip"), Unpacking.read("gzip")


@pytest.fixture
async def watch(site: Site, line: Any, place: Any) -> AsyncIterator[Any]:
    running: list[asyncio.Task[None]] = []

    async def start(receive: Any = None, **settings: Any) -> Any:
        source = place.source(site, **{**QUICK, "unpack": ZIP, **settings})
        running.append(asyncio.create_task(source.run(receive or line)))
        await source.ready.wait()
        return source

    yield start
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def zipped(*members: tuple[str, bytes]) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members:
            archive.writestr(name, body)
    return into.getvalue()


def archived(place: Any, name: str) -> Any:
    return (place.drop / "archive" / name).exists


async def test_each_member_is_a_message_that_knows_its_archive(
    watch: Any, line: Any, place: Any, memory: Any
) -> None:
    large = os.urandom(300_000)
    content = zipped(("b.csv", b"2"), ("north/a.csv", b"1"), ("large.csv", large))
    (place.drop / "day.zip").write_bytes(content)
    await watch()
    await until(archived(place, "day.zip"))
    assert line.bodies[:2] == [b"2", b"1"]
    assert isinstance(line.bodies[2], Spooled) and line.bodies[2].size == 300_000
    facts = [inbound.facts or {} for inbound in line.inbound]
    assert [each["file_name"] for each in facts] == ["b.csv", "a.csv", "large.csv"]
    assert {each["archive"] for each in facts} == {"day.zip"}
    (place.drop / "day.zip").write_bytes(content)
    await until(archived(place, "day_2.zip"))
    assert len(line.inbound) == 3, "the same archive again is nothing new"


@pytest.mark.parametrize("again", ["changed", "always"])
@pytest.mark.parametrize("kept", range(4))
async def test_a_crash_in_the_middle_neither_loses_nor_doubles(
    watch: Any, line: Any, place: Any, site: Site, kept: int, again: str
) -> None:
    class Crash(BaseException):
        """The engine is gone."""

    async def crashing(inbound: Inbound) -> Reply:
        if len(line.inbound) == kept:
            raise Crash
        return await line(inbound)

    (place.drop / "day.zip").write_bytes(zipped(*((f"{n}", b"%d" % n) for n in range(4))))
    dying = place.source(site, **QUICK, unpack=ZIP, again=again)
    with pytest.raises(Crash):
        await dying.run(crashing)
    assert (place.drop / "day.zip").exists()
    await watch(again=again)
    await until(archived(place, "day.zip"))
    assert line.bodies == [b"0", b"1", b"2", b"3"]


async def test_what_nobody_keeps_is_taken_up_with_the_next_member(
    watch: Any, line: Any, place: Any
) -> None:
    async def full_now_and_then(inbound: Inbound) -> Reply:
        nonlocal turn
        turn += 1
        return await line(inbound) if turn % 3 else Reply(receipt=None, error="full")

    turn = 0
    (place.drop / "1.zip").write_bytes(zipped(*((f"{n}", b"%d" % n) for n in range(5))))
    (place.drop / "2.zip").write_bytes(zipped(("5", b"5")))
    await watch(full_now_and_then)
    await until(archived(place, "2.zip"))
    assert line.bodies == [b"%d" % n for n in range(6)]


async def test_an_archive_that_changed_between_is_taken_anew(
    watch: Any, line: Any, place: Any, site: Site
) -> None:
    async def once(inbound: Inbound) -> Reply:
        if line.inbound:
            raise asyncio.CancelledError
        return await line(inbound)

    (place.drop / "day.zip").write_bytes(zipped(("a", b"1"), ("b", b"2")))
    with pytest.raises(asyncio.CancelledError):
        await place.source(site, **QUICK, unpack=ZIP).run(once)
    (place.drop / "day.zip").write_bytes(zipped(("a", b"3"), ("b", b"4"), ("c", b"5")))
    await watch()
    await until(archived(place, "day.zip"))
    assert line.bodies == [b"1", b"3", b"4", b"5"]


async def test_one_that_cannot_be_opened_stays_and_is_told_and_stops_no_other(
    watch: Any, line: Any, place: Any, notices: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = zipped(("a", b"x"))
    (place.drop / "SMITH_1.zip").write_bytes(sound[:-10])
    (place.drop / "2.zip").write_bytes(zipped(("../a", b"x")))
    (place.drop / "3.zip").write_bytes(sound)
    source = await watch()
    await until(archived(place, "3.zip"))
    await asyncio.sleep(0.1)
    assert (place.drop / "SMITH_1.zip").exists() and (place.drop / "2.zip").exists()
    said = [(event, facts.get("reason")) for _, event, facts in notices]
    assert sorted(said) == [
        ("file_not_unpacked", "archive_bad_name"), ("file_not_unpacked", "archive_damaged")
    ]  # fmt: skip
    ((kind, _, text),) = source.warned()
    assert kind == "file_not_unpacked" and text.startswith("2 files could not be opened")
    assert "SMITH" not in str(notices) + text
    monkeypatch.setattr(watching, "TRY_AGAIN", 0.0)  # or its sender sends it whole
    (place.drop / "SMITH_1.zip").write_bytes(sound)
    await until(archived(place, "SMITH_1.zip"))
    (place.drop / "2.zip").unlink()
    await until(lambda: not source.warned())
    assert line.bodies == [b"x", b"x"]


async def test_an_empty_archive_and_a_compressed_file(
    watch: Any, line: Any, place: Any, notices: Any
) -> None:
    (place.drop / "a.zip").write_bytes(zipped())
    await watch(pattern="*.zip")
    await until(archived(place, "a.zip"))
    assert notices.events() == ["archive_empty"]
    (place.drop / "b.csv.gz").write_bytes(gzip.compress(os.urandom(400_000)))
    await watch(pattern="*.gz", unpack=[GZIP])
    await until(archived(place, "b.csv.gz"))
    (inbound,) = line.inbound
    assert inbound.facts["file_name"] == "b.csv" and inbound.facts["archive"] == "b.csv.gz"
    assert inbound.raw.size == 400_000


async def test_a_member_longer_than_a_file_may_be(watch: Any, line: Any, place: Any) -> None:
    (place.drop / "a.zip").write_bytes(zipped(("a", b"x" * 2000)))
    source = await watch(max_size=Size(1000))
    await until(source.warned)
    assert not line.inbound and "max_size" in source.warned()[0][2]


async def test_what_is_delivered_packed_is_opened_again(place: Any, site: Site) -> None:
    steps = [Packing.read("zip"), Packing.read("gzip")]
    destination = place.destination(site, name="{x}", pack=steps)
    sent = Delivery(
        id=1, message=1, destination=1, key="inc-1-1-1", options={"name": "claims.837.zip.gz"}
    )
    body = os.urandom(100_000)
    assert (await destination.send(sent, body)).status == "written"
    assert (await destination.send(sent, body)).status == "written", "once"
    await destination.close()
    (path,) = [path for path in place.drop.iterdir() if not path.name.startswith(".")]
    members = unpacked(path.name, path.read_bytes(), [GZIP, ZIP], 10**6, site.home)
    assert [(one.name, b"".join(one.read())) for one in members] == [("claims.837", body)]


@pytest.mark.slow
async def test_encrypted_archives_and_a_key_that_is_put_right(
    watch: Any, line: Any, place: Any, site: Site
) -> None:
    """`[pgp, zip]`; without our key the source stops and says so, and nothing but the member is ever in clear."""
    if shutil.which("gpg") is None:
        pytest.skip("no GnuPG on this machine (Debian: gnupg)")
    ring = Path(tempfile.mkdtemp())

    def gpg(*words: str) -> bytes:
        command = [
            "gpg",
            "--homedir",
            str(ring),
            "--batch",
            "--quiet",
            "--passphrase",
            "",
            "--pinentry-mode",
            "loopback",
        ]
        return subprocess.run([*command, *words], check=True, capture_output=True).stdout

    try:
        gpg("--quick-gen-key", "us@example.org", "future-default", "default", "0")
        (site.home / "ours.pub").write_bytes(gpg("--export"))
        private = gpg("--export-secret-keys")
    finally:
        subprocess.run(["gpgconf", "--homedir", str(ring), "--kill", "all"], check=False)
        shutil.rmtree(ring, ignore_errors=True)
    steps = [Packing.read("zip"), Packing(pgp=MakePgp(encrypt_to=Secret(file="ours.pub")))]
    body = b"in clear " * 100
    (place.drop / "a.csv.zip.pgp").write_bytes(packed("a.csv.zip.pgp", body, steps, site.home))
    unpack = [Unpacking(pgp=OpenPgp(key=Secret(file="ours.asc"))), ZIP]
    with pytest.raises(Misconfigured, match=r"cannot read ours.asc"):
        await place.source(site, **QUICK, unpack=unpack).run(line)
    (site.home / "ours.asc").write_bytes(private)
    await watch(unpack=unpack)
    await until(archived(place, "a.csv.zip.pgp"))
    (inbound,) = line.inbound
    assert inbound.raw == body and inbound.facts["file_name"] == "a.csv"
    files = [path for path in site.home.rglob("*") if path.is_file()]
    assert not [path for path in files if body in path.read_bytes()]
