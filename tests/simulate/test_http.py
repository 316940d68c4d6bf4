"""A simulated partner over HTTP, asked over real sockets."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from engine import simulate
from engine.simulate import HttpPartner


async def post(
    partner: HttpPartner, key: str = "", body: bytes = b'{"a": 1}'
) -> tuple[int, dict[str, str], dict]:
    headers = {"Idempotency-Key": key} if key else {}
    timeout = aiohttp.ClientTimeout(total=0.5)
    url = f"http://127.0.0.1:{partner.port}/charges"
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.post(url, data=body, headers=headers) as reply,
    ):
        return reply.status, dict(reply.headers), await reply.json()


async def test_it_gives_its_own_number_to_what_it_takes():
    async with simulate.http_partner("billing") as partner:
        status, _, answer = await post(partner, "k1")
        assert (status, answer) == (201, {"number": "CHG-000001"})
        (received,) = partner.received
        assert (received.key, received.body, received.path) == ("k1", b'{"a": 1}', "/charges")


async def test_a_repeat_is_answered_the_same_and_counted():
    async with simulate.http_partner("erp") as partner:
        first = await post(partner, "k1")
        assert await post(partner, "k2") != first
        assert (await post(partner, "k1"))[2] == first[2]
        assert (partner.unique, partner.repeats) == (2, 1)
        assert [received.repeat for received in partner.received] == [False, False, True]


async def test_without_a_key_nothing_is_a_repeat():
    async with simulate.http_partner() as partner:
        await post(partner)
        await post(partner)
        assert (partner.unique, partner.repeats) == (2, 0)


@pytest.mark.parametrize(
    ("fault", "status"),
    [("429", 429), ("500", 500), ("503", 503), ("400", 400), ("401", 401), ("AE", 400)],
)
async def test_a_status_fault_takes_nothing(fault: str, status: int):
    async with simulate.http_partner(fault=fault, retry_after=7) as partner:
        answer = await post(partner, "k1")
        assert answer[0] == status
        assert (answer[1].get("Retry-After") == "7") == (status in (429, 503))
        assert (partner.unique, partner.refused) == (0, 1)
        partner.fault = "none"
        assert (await post(partner, "k1"))[0] == 201


async def test_down_refuses_connections_and_cuts_those_it_has():
    async with simulate.http_partner() as partner:
        reader, writer = await asyncio.open_connection("127.0.0.1", partner.port)
        await post(partner)
        partner.fault = "down"
        await asyncio.sleep(0.01)
        with pytest.raises(aiohttp.ClientConnectorError):
            await post(partner)
        with pytest.raises(ConnectionError):
            if not await reader.read(1):
                raise ConnectionError
        writer.close()


async def test_up_again_takes_connections_at_once_on_the_same_port():
    async with simulate.http_partner(fault="down") as partner:
        with pytest.raises(aiohttp.ClientConnectorError):
            await post(partner)
        partner.fault = "none"
        assert (await post(partner))[0] == 201


async def test_slow_answers_after_its_delay():
    async with simulate.http_partner(fault="slow", delay=0.1) as partner:
        began = asyncio.get_running_loop().time()
        assert (await post(partner))[0] == 201
        assert asyncio.get_running_loop().time() - began >= 0.09


async def test_drops_takes_the_message_and_answers_nothing():
    async with simulate.http_partner(fault="drops") as partner:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await post(partner, "k1")
        assert partner.unique == 1
        partner.fault = "none"
        assert (await post(partner, "k1"))[2] == {"number": "CHG-000001"}
        assert partner.repeats == 1


async def test_late_takes_the_message_and_outlasts_the_senders_patience():
    async with simulate.http_partner(fault="late") as partner:
        with pytest.raises(TimeoutError):
            await post(partner, "k1")
        assert partner.unique == 1


async def test_any_chunking_and_pipelining_of_requests():
    wire = b"POST /x HTTP/1.1\r\nHost: a\r\nIdempotency-Key: %d\r\nContent-Length: 2\r\n\r\n{}"
    async with simulate.http_partner() as partner:
        reader, writer = await asyncio.open_connection("127.0.0.1", partner.port)
        for byte in wire % 1 + wire % 2:
            writer.write(bytes((byte,)))
            await writer.drain()
        answers = b""
        while answers.count(b"201 Created") < 2:
            answers += await asyncio.wait_for(reader.read(1000), 2)
        assert [received.key for received in partner.received] == ["1", "2"]
        writer.close()


async def test_what_is_not_http_is_refused():
    async with simulate.http_partner() as partner:
        reader, writer = await asyncio.open_connection("127.0.0.1", partner.port)
        writer.write(b"\x0bMSH|\r\n\r\n")
        assert b"400 Bad Request" in await asyncio.wait_for(reader.read(), 2)
        writer.close()
