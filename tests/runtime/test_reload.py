"""Edited while it runs: a right edit takes over, a wrong one changes nothing."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import ConfigError
from tests.ports import free_port
from tests.runtime.conftest import CHANNEL, MAPPING, House, charge, until


async def test_an_edited_mapping_takes_over_without_closing_a_connection(house: House) -> None:
    engine = await house.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(b"\x0b" + charge("C1") + b"\x1c\r")
    await reader.readuntil(b"\x1c\r")
    house.write("mappings/charges.yaml", MAPPING + "  event: MSH-9.2\n")
    assert await engine.reload() == ["charges"]
    writer.write(b"\x0b" + charge("C2") + b"\x1c\r")
    await reader.readuntil(b"\x1c\r")
    await until(lambda: house.partner.unique == 2)
    assert b'"event":"P03"' in house.bodies()[1]
    writer.close()


async def test_a_broken_edit_leaves_the_running_channel_in_place(house: House) -> None:
    engine = await house.start()
    house.channel(CHANNEL.replace("transform: charges", "transfrom: charges"))
    with pytest.raises(ConfigError, match="did you mean 'transform'"):
        await engine.reload()
    (answer,) = await house.send(charge("C1"))
    assert b"MSA|AA" in answer
    await until(lambda: house.partner.unique == 1)


async def test_a_destination_with_queued_deliveries_cannot_vanish(house: House) -> None:
    house.partner.fault = "503"
    engine = await house.start()
    await house.send(charge("C1"))
    house.channel(CHANNEL.replace("  billing:", "  revenue:"))
    with pytest.raises(ConfigError, match="1 deliver"):
        await engine.reload()
    house.channel(CHANNEL.replace("  billing:", "  revenue:\n    renamed_from: billing"))
    assert await engine.reload() == ["charges"]
    house.partner.fault = "none"
    await until(lambda: house.partner.unique == 1)


async def test_a_new_channel_starts_and_a_removed_one_stops(house: House) -> None:
    engine = await house.start()
    other = free_port()
    house.channel(name="more", port=other)
    assert await engine.reload() == ["more"]
    await until(
        lambda: (
            engine.stations["more"].receiving.source is not None
            and engine.stations["more"].receiving.source.ready.is_set()
        )
    )
    (answer,) = await house.send(charge("M1"), port=other)
    assert b"MSA|AA" in answer
    await until(lambda: house.partner.unique == 1)
    await house.committed()
    (house.home / "channels/more.yaml").unlink()
    assert await engine.reload() == ["more"]
    with pytest.raises(ConnectionRefusedError):
        await house.send(charge("M2"), port=other)


async def test_a_taken_port_is_said_and_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.runtime.receiving.START_AGAIN", 0.1)
    blocker = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", house.port)
    engine = await house.start()
    assert engine.stations["charges"].receiving.trouble
    blocker.close()
    await blocker.wait_closed()
    await until(lambda: not engine.stations["charges"].receiving.trouble)
    await until(lambda: bool(engine.stations["charges"].receiving.source))
    await asyncio.wait_for(engine.stations["charges"].receiving.source.ready.wait(), 5)
    (answer,) = await house.send(charge("C1"))
    assert b"MSA|AA" in answer
