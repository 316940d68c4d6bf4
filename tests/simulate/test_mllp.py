"""A simulated partner over MLLP, asked over real sockets."""

from __future__ import annotations

import asyncio

import pytest

from engine import simulate
from engine.simulate import MllpPartner
from engine.wire import mllp


def message(control: str) -> bytes:
    return (
        f"MSH|^~\\&|CORRIDOR|HERE|LAB|THERE|2026||ADT^A01|{control}|P|2.5.1\rPID|1\r".encode()
    )


async def send(partner: MllpPartner, *messages: bytes) -> list[bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", partner.port)
    try:
        writer.write(b"".join(map(mllp.frame, messages)))
        return [await asyncio.wait_for(reader.readuntil(mllp.END), 0.5) for _ in messages]
    finally:
        writer.close()


async def test_it_acknowledges_each_message_to_its_sender():
    async with simulate.mllp_partner() as partner:
        one, two = await send(partner, message("A1"), message("A2"))
        assert (
            one.startswith(b"\x0bMSH|^~\\&|LAB|THERE|CORRIDOR|HERE|")
            and b"\rMSA|AA|A1\r" in one
        )
        assert b"\rMSA|AA|A2\r" in two
        assert [received.key for received in partner.received] == ["A1", "A2"]


async def test_a_repeat_is_counted():
    async with simulate.mllp_partner() as partner:
        await send(partner, message("A1"), message("A1"))
        assert (partner.unique, partner.repeats) == (1, 1)


@pytest.mark.parametrize(
    ("fault", "code"),
    [("AE", b"AE"), ("AR", b"AR"), ("500", b"AE"), ("503", b"AR"), ("401", b"AR")],
)
async def test_a_refusing_fault_takes_nothing(fault: str, code: bytes):
    async with simulate.mllp_partner(fault=fault) as partner:
        (answer,) = await send(partner, message("A1"))
        assert b"\rMSA|" + code + b"|A1\r" in answer
        assert (partner.unique, partner.refused) == (0, 1)


async def test_drops_takes_the_message_and_answers_nothing():
    async with simulate.mllp_partner(fault="drops") as partner:
        with pytest.raises(asyncio.IncompleteReadError):
            await send(partner, message("A1"))
        assert partner.unique == 1


async def test_late_takes_the_message_and_outlasts_the_senders_patience():
    async with simulate.mllp_partner(fault="late") as partner:
        with pytest.raises(TimeoutError):
            await send(partner, message("A1"))
        assert partner.unique == 1


async def test_down_and_up_again():
    async with simulate.mllp_partner(fault="down") as partner:
        with pytest.raises(ConnectionRefusedError):
            await send(partner, message("A1"))
        partner.fault = "none"
        assert len(await send(partner, message("A1"))) == 1


async def test_bytes_that_are_no_message_get_an_answer_or_a_close():
    async with simulate.mllp_partner() as partner:
        assert await send(partner, b"", b"nonsense", b"MSH|")
