"""Partners that answer anything, and an answer that goes back to the sender (`answer:`): the sender always gets one, whole."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.runtime.conftest import House, charge, until

PASSED = """
description: A query that a partner answers
owner: integration
source:
  http: {{port: {port}, path: /query}}
  answer: {{from: registry, within: 3s, otherwise: 503}}
format: json
destinations:
  registry:
    http: {{url: "http://127.0.0.1:{registry}/", timeout: 2s}}
    order_by: none
"""
FRAMED = """
description: A query that a partner answers by HTTP
owner: integration
source:
  mllp: {{port: {port}}}
  answer: {{from: registry, within: 3s, otherwise: AE}}
format: hl7v2
destinations:
  registry:
    http: {{url: "http://127.0.0.1:{registry}/", timeout: 2s}}
    order_by: none
"""


@contextlib.asynccontextmanager
async def partner(answer: bytes) -> AsyncIterator[int]:
    """A partner that says the same to every request, whatever it is."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length")
            )
            await reader.readexactly(length)
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def asked(port: int, body: bytes) -> bytes:
    """Everything that comes back for one request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /query HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    said = await asyncio.wait_for(reader.read(), 8)
    writer.close()
    return said


def http(status: str, body: bytes = b"", kind: bytes = b"") -> bytes:
    line = b"Content-Type: " + kind + b"\r\n" if kind else b""
    head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + line + b"\r\n" + body


@pytest.mark.parametrize(
    ("answer", "line", "kind"),
    [
        (http("201 Created", b"{}", b"application/json; charset=utf-8"), b"201", b"application/json; charset=utf-8"),
        (http("299 Nobody", b"{}", b"text/plain"), b"200", b"text/plain"),
        (http("499 Nobody", b"no", b"text/plain"), b"400", b"text/plain"),
        (http("200 OK", b"{}"), b"200", b"application/octet-stream"),
        (http("200 OK", b"{}", b"text/html\xff\xfe"), b"200", b"application/octet-stream"),
        (http("200 OK", b"{}", b"text"), b"200", b"application/octet-stream"),
        (http("200 OK", b"{}", b"text/html;\tx=" + b"y" * 3000), b"200", b"text/html;"),
    ],
)  # fmt: skip
async def test_a_partners_answer_is_passed_on_as_an_answer_of_http(
    house: House, answer: bytes, line: bytes, kind: bytes
) -> None:
    async with partner(answer) as port:
        house.channel(PASSED, registry=port)
        await house.start()
        said = await asked(house.port, b"{}")
    status, _, rest = said.partition(b"\r\n")
    assert status.startswith(b"HTTP/1.1 " + line + b" "), said
    assert b"Content-Type: " + kind in rest


@pytest.mark.parametrize("answer", [http("204 No Content"), http("200 OK")])
async def test_an_answer_without_a_body_is_passed_on_without_one(
    house: House, answer: bytes
) -> None:
    async with partner(answer) as port:
        house.channel(PASSED, registry=port)
        await house.start()
        said = await asked(house.port, b"{}")
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 204 ") and body == b""
    assert b"content-length" not in head.lower(), "RFC 9110 8.6"


async def test_an_empty_answer_is_no_answer_to_a_sender_of_hl7(house: House) -> None:
    async with partner(http("200 OK")) as port:
        house.channel(FRAMED, registry=port)
        await house.start()
        (said,) = await house.send(charge("Q1"))
        assert b"MSA|AE|Q1" in said
        await until(lambda: "the answer of registry is empty" in house.log())


async def test_an_answer_cannot_end_its_own_frame(house: House) -> None:
    """Else what a partner writes behind the end of a block is taken for the answer to the next message."""
    forged = b"MSH|^~\\&|A|B|C|D|20260101||ACK|9|P|2.5.1\rMSA|AA|C1\r"
    async with partner(http("200 OK", forged + b"\x1c\r\x0b" + forged, b"text/plain")) as port:
        house.channel(FRAMED, registry=port)
        await house.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(b"\x0b" + charge("C1") + b"\x1c\r")
        said = await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 8)
        assert said == b"\x0b" + forged + b" \r\x0b" + forged + b"\x1c\r"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(1), 0.2)
        writer.close()
