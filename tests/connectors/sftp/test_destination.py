"""Deliveries as files on a partner's server: whole or not at all, once, and every failure by its right name."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncssh
import msgspec
import pytest

from engine.connectors import Site
from engine.connectors.sftp import DestinationSettings
from engine.connectors.sftp import destination as module
from engine.connectors.sftp.destination import Destination
from engine.connectors.sftp.session import Lost, Session
from engine.connectors.sftp.upload import publish
from engine.errors import DeliveryError, Misconfigured, Refused, Unavailable, Uncertain
from engine.message import Delivery
from engine.settings import Duration
from engine.simulate import sftp as sftp_partner

from .conftest import of_partner


def delivery(name: str = "", number: int = 1) -> Delivery:
    options = {"name": name} if name else None
    return Delivery(
        id=number, message=number, destination=1, key=f"inc-{number}-1-1", options=options
    )


@pytest.fixture
async def to(site: Site, server: Any) -> AsyncIterator[Callable[..., Destination]]:
    made: list[Destination] = []

    def make(at: Any = None, **changes: Any) -> Destination:
        given = DestinationSettings(**(at or server).access(name="{x}", **changes))
        made.append(Destination(given, site))
        return made[-1]

    yield make
    for each in made:
        await each.close()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_delivery_is_a_file(to: Any, server: Any, memory: Any) -> None:
    destination = to()
    for number, size in enumerate([0, 1, 32768, 32769, 3_000_000]):
        content = os.urandom(size)
        sent = delivery(f"{number}.edi", number)
        assert (await destination.send(sent, content)).status == "written"
        assert (server.drop / f"{number}.edi").read_bytes() == content
        await destination.settled(sent)
    assert names(server.drop) == [f"{number}.edi" for number in range(5)]
    assert memory.values == {}


@pytest.mark.parametrize(
    ("exists", "kept"),
    [
        ("refuse", {"a.edi": b"old"}),
        ("number", {"a.edi": b"old", "a_2.edi": b"new"}),
        ("overwrite", {"a.edi": b"new"}),
    ],
)
async def test_where_the_name_is_taken(
    to: Any, server: Any, exists: str, kept: dict[str, bytes]
) -> None:
    (server.drop / "a.edi").write_bytes(b"old")
    answer = await to(exists=exists).send(delivery("a.edi"), b"new")
    assert isinstance(answer.failure, Refused) == (exists == "refuse")
    found = {path.name: path.read_bytes() for path in server.drop.iterdir()}
    assert found == kept, "and no temporary file is left"


async def test_the_name_is_one_safe_name(to: Any) -> None:
    for name in ("../a", "a/b", ".hidden", "a\\b", "x" * 201):
        with pytest.raises(Refused):
            await to().send(delivery(name), b"")


async def test_a_folder_that_is_missing_or_may_not_be_written(to: Any, server: Any) -> None:
    with pytest.raises(
        Misconfigured, match=r"does not exist on the server .folder: .*/missing"
    ):
        await to(folder=f"{server.root}/missing").send(delivery("a"), b"x")
    if os.geteuid() != 0:
        server.drop.chmod(0o500)
        with pytest.raises(Misconfigured, match="may not be written"):
            await to().send(delivery("a"), b"x")


async def test_no_server(to: Any) -> None:
    with pytest.raises(Unavailable, match="refused"):
        await to(port=1).send(delivery("a"), b"x")
    with pytest.raises(Unavailable, match="name is not known"):
        await to(host="no-such-host.invalid").send(delivery("a"), b"x")


async def test_several_at_once_over_a_few_connections(to: Any, server: Any) -> None:
    destination = to(connections=3)
    sends = [destination.send(delivery(f"{n}", n), b"%d" % n) for n in range(40)]
    await asyncio.gather(*sends)
    assert {int(path.read_bytes()) for path in server.drop.iterdir()} == set(range(40))
    assert len(destination._pool._open) <= 3


async def test_a_connection_that_died_while_it_rested_is_replaced(to: Any, server: Any) -> None:
    destination = to()
    await destination.send(delivery("a", 1), b"x")
    (session,) = destination._pool._idle
    session.transport.sock.shutdown(2)
    await destination.send(delivery("b", 2), b"x")
    assert names(server.drop) == ["a", "b"]


# -- the same delivery again ----------------------------------------------------------------------------


async def test_a_delivery_sent_again_is_one_file(to: Any, server: Any) -> None:
    """Also where the partner took the file away, and the engine died before it knew."""
    destination = to()
    await destination.send(delivery("a"), b"x")
    again = to()
    assert (await again.send(delivery("a"), b"x")).failure is None
    assert names(server.drop) == ["a"]
    (server.drop / "a").unlink()
    assert (await again.send(delivery("a"), b"x")).failure is None
    assert names(server.drop) == []


async def test_a_whole_temporary_file_is_only_renamed(
    to: Any, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any, **__: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(module, "publish", die)
        await to().send(delivery("a"), b"x")
    assert names(server.drop) == [".inc-1-1-1.part"]
    monkeypatch.setattr(module, "write", die)
    assert (await to().send(delivery("a"), b"x")).failure is None
    assert names(server.drop) == ["a"]


async def test_a_vanished_temporary_file_of_long_ago_is_left_to_a_person(
    to: Any, server: Any, clock: Any
) -> None:
    await to().send(delivery("a"), b"x")
    clock.ahead = 7200
    with pytest.raises(Uncertain, match="may have the file"):
        await to().send(delivery("a"), b"x")


# -- the connection breaks ------------------------------------------------------------------------------


@pytest.mark.parametrize("renamed", [True, False], ids=["after", "before"])
async def test_a_lost_rename_is_looked_up(
    to: Any, server: Any, monkeypatch: pytest.MonkeyPatch, renamed: bool
) -> None:
    def lose(session: Session, draft: str, target: str, exist: str) -> None:
        if renamed:
            publish(session, draft, target, exist)
        session.close()
        raise Lost("cut")

    monkeypatch.setattr(module, "publish", lose)
    destination = to()
    if renamed:
        assert (await destination.send(delivery("a"), b"x")).failure is None
        assert names(server.drop) == ["a"]
        return
    with pytest.raises(Unavailable, match="before the file was renamed"):
        await destination.send(delivery("a"), b"x")
    monkeypatch.setattr(module, "publish", publish)
    await destination.send(delivery("a"), b"x")
    assert names(server.drop) == ["a"]


async def test_a_lost_rename_of_a_server_that_is_gone_is_uncertain(
    to: Any, partner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = to(of_partner(partner))
    loop = asyncio.get_running_loop()

    def lose(session: Session, **_: Any) -> None:
        loop.call_soon_threadsafe(setattr, partner, "fault", "down")
        with session.asking() as sftp:
            while True:
                sftp.stat("/")

    monkeypatch.setattr(module, "publish", lose)
    with pytest.raises(Uncertain, match="cannot be asked"):
        await destination.send(delivery("a"), b"x")


FAULTS = [
    ("full", 100_000, Unavailable),
    ("full", 20_000, Unavailable),
    ("drops", 100_000, Unavailable),
]


@pytest.mark.parametrize(("fault", "size", "kind"), FAULTS)
async def test_a_fault_while_it_is_written_delivers_nothing(
    to: Any, partner: Any, fault: str, size: int, kind: type[DeliveryError]
) -> None:
    destination = to(of_partner(partner))
    partner.fault = fault
    with pytest.raises(kind):
        await destination.send(delivery("a"), b"x" * size)
    assert not (partner.folder / "a").exists()
    if fault == "full":
        assert names(partner.folder) == [], "a draft that was cut takes no room"
    partner.fault = "none"
    assert (await destination.send(delivery("a"), b"y" * size)).failure is None
    assert (partner.folder / "a").read_bytes() == b"y" * size
    assert (partner.unique, names(partner.folder)) == (1, ["a"])


async def test_one_write_of_many_that_is_refused_leaves_no_hole(
    to: Any, partner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk was full for a moment: the first write was refused, those behind it were taken, and the size is right."""
    refused, write = [], sftp_partner._Files.write

    async def once(self: Any, file: object, offset: int, data: bytes) -> int:
        if offset == 0 and not refused:
            refused.append(offset)
            raise asyncssh.SFTPFailure("no space")
        return await write(self, file, offset, data)

    monkeypatch.setattr(sftp_partner._Files, "write", once)
    destination = to(of_partner(partner))
    with pytest.raises(Unavailable, match="not written"):
        await destination.send(delivery("a"), b"x" * 200_000)
    assert names(partner.folder) == []
    assert (await destination.send(delivery("a"), b"x" * 200_000)).failure is None
    assert (partner.folder / "a").read_bytes() == b"x" * 200_000


@pytest.mark.slow
async def test_a_server_that_does_not_answer_in_time(to: Any, partner: Any) -> None:
    destination = to(of_partner(partner), timeout=Duration(0.3))
    await destination.send(delivery("a", 1), b"x")
    partner.fault, partner.delay = "slow", 2.0
    with pytest.raises(Unavailable, match="in time"):
        await destination.send(delivery("b", 2), b"x")


def test_settings_that_cannot_work() -> None:
    sound = {"host": "h", "user": "u", "password": None, "folder": "in", "name": "a"}
    with pytest.raises(ValueError, match="`password` or a `key`"):
        DestinationSettings(**sound, host_key="SHA256:" + "A" * 43)
    assert msgspec.structs.fields(DestinationSettings)
