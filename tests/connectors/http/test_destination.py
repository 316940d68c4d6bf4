"""Every answer and every way of not answering, as the destination judges it."""

from __future__ import annotations

import asyncio
import email.utils
import os
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from engine.connectors.http import Destination, DestinationSettings
from engine.errors import DeliveryError, Misconfigured, Refused, Unavailable, Uncertain
from engine.message import Delivery
from engine.settings import Duration, Size

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"


def answer(status: int, more: str = "", body: bytes = b"") -> bytes:
    return f"HTTP/1.1 {status} x\r\n{more}Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture
async def to(site: Any) -> Any:
    opened: list[Destination] = []

    def make(partner: Any, **settings: Any) -> Destination:
        url = settings.pop("url", "") or f"http://127.0.0.1:{partner.port}/charges"
        destination = Destination(DestinationSettings(url=url, **settings), site)
        opened.append(destination)
        return destination

    yield make
    for destination in opened:
        await destination.close()


# -- the request --------------------------------------------------------------------------------------


async def test_a_request_carries_payload_key_and_correlation(
    serve: Any, to: Any, delivery: Delivery
) -> None:
    partner = await serve()
    got = await to(partner, headers={"X-Facility": "NORTH"}).send(delivery, b'{"a":1}')
    (asked,) = partner.asked
    assert (got.status, got.body, got.failure) == ("200", b"OK", None)
    assert asked.line == "POST /charges HTTP/1.1"
    assert asked.body == b'{"a":1}'
    assert asked.headers == {
        "host": f"127.0.0.1:{partner.port}",
        "content-type": "application/json",
        "x-facility": "NORTH",
        "idempotency-key": "a1b2-236691-1-1",
        "x-correlation-id": "774K-6",
        "content-length": "7",
    }


async def test_filled_options_replace_path_query_and_headers(
    serve: Any, to: Any, delivery: Delivery
) -> None:
    partner = await serve()
    settings = {"path": "{a}", "query": "q={b}", "headers": {"X-Kind": "{c}", "X-Fixed": "y"}}
    filled = {"path": "accounts/AC%2F1", "query": "q=7", "headers.X-Kind": "charge"}
    destination = to(partner, method="PUT", **settings)
    await destination.send(msgspec.structs.replace(delivery, options=filled), b"{}")
    (asked,) = partner.asked
    assert asked.line == "PUT /charges/accounts/AC%2F1?q=7 HTTP/1.1"
    assert (asked.headers["x-kind"], asked.headers["x-fixed"]) == ("charge", "y")


@pytest.mark.parametrize(
    "filled", [{"path": "a b"}, {"query": "a\r\nX: y"}, {"headers.X-Kind": "a\r\nX-Evil: 1"}]
)
async def test_a_hole_never_breaks_out(
    serve: Any, to: Any, delivery: Delivery, filled: dict[str, str]
) -> None:
    partner = await serve()
    destination = to(partner, path="{a}", headers={"X-Kind": "{c}"})
    with pytest.raises(Refused) as caught:
        await destination.send(msgspec.structs.replace(delivery, options=filled), b"{}")
    assert (
        not partner.asked and "a b" not in str(caught.value) and "Evil" not in str(caught.value)
    )


async def test_a_large_payload_arrives_whole(serve: Any, to: Any, delivery: Delivery) -> None:
    partner = await serve()
    payload = bytes(range(256)) * 20_000
    assert (await to(partner).send(delivery, payload)).failure is None
    assert partner.asked[0].body == payload


async def test_connections_are_kept_and_shared(serve: Any, to: Any, delivery: Delivery) -> None:
    partner = await serve()
    destination = to(partner)
    for _ in range(5):
        await destination.send(delivery, b"{}")
    assert partner.connections == 1
    await asyncio.gather(*(destination.send(delivery, b"{}") for _ in range(4)))
    assert partner.connections == 4 and len(partner.asked) == 9


@pytest.mark.parametrize(
    ("url", "plaintext", "word"),
    [
        ("ftp://a/b", False, "http"),
        ("http://billing.example/x", False, "clear text"),
        ("https://u:p@billing.example/", False, "credentials"),
        ("https://billing.example/{MSH-10}", False, "holes"),
        ("https://", False, "host"),
    ],
)
def test_a_url_that_cannot_be_is_a_mistake(url: str, plaintext: bool, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        DestinationSettings(url=url, plaintext=plaintext)


def test_clear_text_needs_a_word_unless_it_stays_on_this_machine() -> None:
    DestinationSettings(url="http://billing.example/x", plaintext=True)
    for host in ("127.0.0.1", "[::1]", "localhost"):
        DestinationSettings(url=f"http://{host}:81/x")


# -- the status table ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, None) for status in (200, 201, 202, 204)),
        *((status, Misconfigured) for status in (301, 302, 304, 307, 308, 401, 403, 404, 405)),
        *((status, Refused) for status in (400, 409, 410, 413, 415, 422)),
        *((status, Unavailable) for status in (408, 429, 503)),
        *((status, Uncertain) for status in (500, 502, 504, 507)),
    ],
)
async def test_the_status_table(
    serve: Any, to: Any, delivery: Delivery, status: int, kind: type[DeliveryError] | None
) -> None:
    partner = await serve()
    body = b"" if status in (204, 304) else b"why"
    partner.answer = answer(status, "Location: http://127.0.0.1:1/elsewhere\r\n", body)
    got = await to(partner).send(delivery, b"{}")
    assert got.status == str(status) and got.body == body
    assert (got.failure is None) if kind is None else type(got.failure) is kind
    assert len(partner.asked) == 1


async def test_retry_after_in_seconds_and_as_a_date(
    serve: Any, to: Any, delivery: Delivery
) -> None:
    partner = await serve()
    partner.answer = answer(429, "Retry-After: 17\r\n")
    assert (await to(partner).send(delivery, b"{}")).failure.retry_after == 17
    date = email.utils.formatdate(time.time() + 100, usegmt=True)
    partner.answer = answer(503, f"Retry-After: {date}\r\n")
    assert 97 < (await to(partner).send(delivery, b"{}")).failure.retry_after <= 100


# -- answers in every form ----------------------------------------------------------------------------


async def test_one_byte_at_a_time(serve: Any, to: Any, delivery: Delivery) -> None:
    async def trickle(partner: Any, reader: Any, writer: Any) -> None:
        for _ in range(2):
            await partner.read(reader)
            for byte in answer(201, "X-Number: CHG-1\r\n", b'{"n":1}'):
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0)

    partner = await serve()
    partner.behaviour = trickle
    destination = to(partner)
    for _ in range(2):
        got = await destination.send(delivery, b"{}")
        assert (got.status, got.body, got.headers["x-number"]) == ("201", b'{"n":1}', "CHG-1")
    assert partner.connections == 1


@pytest.mark.parametrize(
    "whole",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 102 Processing\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ],
)
async def test_chunked_interim_and_old_answers(
    serve: Any, to: Any, delivery: Delivery, whole: bytes
) -> None:
    partner = await serve()
    partner.answer = whole
    destination = to(partner)
    for _ in range(2):
        got = await destination.send(delivery, b"{}")
        assert (got.status, got.body, got.failure) == ("200", b"hello", None)


async def test_an_answer_that_ends_with_its_connection(
    serve: Any, to: Any, delivery: Delivery
) -> None:
    async def until_closed(partner: Any, reader: Any, writer: Any) -> None:
        await partner.read(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhel")
        await asyncio.sleep(0.02)
        writer.write(b"lo")

    partner = await serve()
    partner.behaviour = until_closed
    destination = to(partner)
    for _ in range(2):
        assert (await destination.send(delivery, b"{}")).body == b"hello"
    assert partner.connections == 2


async def test_connection_close_is_honoured(serve: Any, to: Any, delivery: Delivery) -> None:
    partner = await serve()
    partner.answer = answer(200, "Connection: close\r\n", b"OK")
    destination = to(partner)
    for _ in range(3):
        assert (await destination.send(delivery, b"{}")).failure is None
    assert partner.connections == 3


async def test_a_long_reply_is_cut_and_counts(
    serve: Any, to: Any, delivery: Delivery, notices: Any
) -> None:
    partner = await serve()
    partner.answer = answer(201, "", b"x" * 5000)
    destination = to(partner, max_reply=Size(1000))
    got = await destination.send(delivery, b"{}")
    assert (got.failure, len(got.body)) == (None, 1000)
    assert notices.events() == ["reply_cut"]
    assert (await destination.send(delivery, b"{}")).status == "201"


# -- faults -------------------------------------------------------------------------------------------


async def test_a_refused_connection_hands_nothing_over(to: Any, delivery: Delivery) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unavailable, match="connection refused"):
        await to(None, url=f"http://127.0.0.1:{port}/").send(delivery, b"{}")


async def test_an_unknown_name_hands_nothing_over(to: Any, delivery: Delivery) -> None:
    with pytest.raises(Unavailable, match="no connection"):
        await to(None, url="https://nowhere.invalid/").send(delivery, b"{}")


async def test_a_connect_time_out_hands_nothing_over(to: Any, delivery: Delivery) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        destination = to(None, url=f"http://127.0.0.1:{port}/", connect_timeout=Duration(0.1))
        with pytest.raises(Unavailable, match=r"within 0\.1 s"):
            await destination.send(delivery, b"{}")
        for filler in fillers:
            filler.close()


async def silent(partner: Any, reader: Any, writer: Any) -> None:
    await partner.read(reader)
    await asyncio.sleep(5)


async def dropping(partner: Any, reader: Any, writer: Any) -> None:
    await partner.read(reader)


async def resetting(partner: Any, reader: Any, writer: Any) -> None:
    await partner.read(reader)
    peer = writer.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def half(partner: Any, reader: Any, writer: Any) -> None:
    await partner.read(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf")
    await writer.drain()


async def half_chunk(partner: Any, reader: Any, writer: Any) -> None:
    await partner.read(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf")
    await writer.drain()


async def stalling(partner: Any, reader: Any, writer: Any) -> None:
    await partner.read(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf")
    await asyncio.sleep(5)


async def babble(partner: Any, reader: Any, writer: Any) -> None:
    await partner.read(reader)
    writer.write(b"MSH|^~\\&|not http\r\n\r\n")
    await writer.drain()


async def endless(partner: Any, reader: Any, writer: Any) -> None:
    await partner.read(reader)
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"y" * 1000 + b"\r\n")
        await writer.drain()


@pytest.mark.parametrize(
    "behaviour", [silent, dropping, resetting, half, half_chunk, stalling, babble, endless]
)
async def test_what_ends_without_a_whole_answer_is_uncertain(
    serve: Any, to: Any, delivery: Delivery, behaviour: Callable[..., Any]
) -> None:
    partner = await serve()
    partner.behaviour = behaviour
    destination = to(partner, timeout=Duration(0.3), max_reply=Size(10_000))
    with pytest.raises(Uncertain):
        await destination.send(delivery, b"{}")
    assert len(partner.asked) == 1, "a request that may have arrived is never written again"
    partner.behaviour = None
    assert (await destination.send(delivery, b"{}")).failure is None


async def test_a_kept_connection_that_the_partner_closed_is_not_written_to(
    serve: Any, to: Any, delivery: Delivery
) -> None:
    async def once(partner: Any, reader: Any, writer: Any) -> None:
        await partner.read(reader)
        writer.write(OK)
        await writer.drain()

    partner = await serve()
    partner.behaviour = once
    destination = to(partner)
    for _ in range(20):
        assert (await destination.send(delivery, b"{}")).failure is None
        await asyncio.sleep(0.002)
    assert len(partner.asked) == partner.connections == 20


async def test_a_closed_connection_is_seen_even_before_the_loop_has_looked(
    serve: Any, to: Any, delivery: Delivery
) -> None:
    writers: list[Any] = []

    async def closable(partner: Any, reader: Any, writer: Any) -> None:
        writers.append(writer)
        await partner.read(reader)
        writer.write(OK)
        await reader.read()

    partner = await serve()
    partner.behaviour = closable
    destination = to(partner)
    await destination.send(delivery, b"{}")
    handle = os.dup(writers[0].get_extra_info("socket").fileno())
    with socket.socket(fileno=handle) as peer:
        peer.shutdown(socket.SHUT_WR)
    time.sleep(0.01)  # the loop sees nothing of it before the next send
    assert (await destination.send(delivery, b"{}")).failure is None
    assert partner.connections == 2


async def test_a_rested_connection_is_opened_anew(
    serve: Any, to: Any, delivery: Delivery
) -> None:
    partner = await serve()
    destination = to(partner, idle=Duration(0.05))
    await destination.send(delivery, b"{}")
    await asyncio.sleep(0.1)
    await destination.send(delivery, b"{}")
    assert partner.connections == 2
    partner.answer = answer(200, "Keep-Alive: timeout=1, max=9\r\n")
    long = to(partner)
    await long.send(delivery, b"{}")
    await long.send(delivery, b"{}")
    assert partner.connections == 4


async def test_a_cancelled_send_leaves_no_connection_behind(
    serve: Any, to: Any, delivery: Delivery
) -> None:
    partner = await serve()
    partner.behaviour = silent
    destination = to(partner)
    sending = asyncio.create_task(destination.send(delivery, b"{}"))
    await asyncio.sleep(0.05)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    partner.behaviour = None
    assert (await destination.send(delivery, b"{}")).body == b"OK"
    assert partner.connections == 2


async def test_no_error_shows_a_payload_or_a_key(
    serve: Any, to: Any, delivery: Delivery
) -> None:
    partner = await serve()
    partner.behaviour = babble
    with pytest.raises(Uncertain) as caught:
        await to(partner).send(delivery, b"CANARY-PAYLOAD")
    said = f"{caught.value}{caught.value.detail}{caught.value.status}"
    assert "CANARY" not in said and delivery.key not in said and "MSH" not in said
