"""Requests as callers send them: good, bad, slow, many, and what each is told."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.connectors import Site
from engine.connectors.http import Source, SourceSettings
from engine.errors import CommitRefused, CommitUnknown
from engine.http.auth import ApiKey, Basic, ServerAuth
from engine.message import Inbound, Receipt, Reply, Spooled, Verdict
from engine.settings import Duration, Secret, Size
from engine.tls import ServerTls


class Line:
    """Stands where the engine's line does: keeps what came and answers as told."""

    def __init__(self) -> None:
        self.inbound: list[Inbound] = []
        self.reply: Reply | Exception = Reply(
            receipt=Receipt(id=236_691, verdict=Verdict.ACCEPTED)
        )
        self.delay = 0.0

    async def __call__(self, inbound: Inbound) -> Reply:
        self.inbound.append(inbound)
        await asyncio.sleep(self.delay)
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply

    def says(self, verdict: Verdict, body: bytes = b"", **receipt: Any) -> None:
        self.reply = Reply(receipt=Receipt(id=236_691, verdict=verdict, **receipt), body=body)


class Caller:
    """One connection to the source."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def write(self, text: str, body: bytes = b"") -> None:
        self.writer.write(text.replace("\n", "\r\n").encode() + body)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(5):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return int(head[0].split()[1]), headers, body

    async def post(
        self, body: bytes, *headers: str, path: str = "/"
    ) -> tuple[int, dict[str, str], Any]:
        more = "".join(f"{header}\n" for header in headers)
        self.write(
            f"POST {path} HTTP/1.1\nHost: x\n{more}Content-Length: {len(body)}\n\n", body
        )
        status, found, raw = await self.answer()
        return status, found, json.loads(raw) if "json" in found["content-type"] else raw

    async def is_closed(self) -> bool:
        async with asyncio.timeout(5):
            try:
                return await self.reader.read() == b""
            except ConnectionError:
                return True


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
async def listen(site: Site, line: Line) -> AsyncIterator[Any]:
    running: list[asyncio.Task[None]] = []
    callers: list[Caller] = []

    async def start(**settings: Any) -> Any:
        pressure = settings.pop("pressure", None)
        stood = msgspec.structs.replace(site, pressure=pressure) if pressure else site
        source = Source(SourceSettings(port=0, **settings), stood)
        running.append(asyncio.create_task(source.run(line)))
        await source.ready.wait()

        async def call(context: ssl.SSLContext | None = None) -> Caller:
            host = "localhost" if context else None
            streams = await asyncio.open_connection(
                "127.0.0.1", source.port, ssl=context, server_hostname=host
            )
            callers.append(Caller(*streams))
            return callers[-1]

        call.task = running[-1]  # type: ignore[attr-defined]
        call.source = source  # type: ignore[attr-defined]
        return call

    yield start
    for caller in callers:
        caller.writer.close()
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


# -- what a caller is told ----------------------------------------------------------------------------


async def test_a_message_is_taken_and_its_id_told(listen: Any, line: Line) -> None:
    caller = await (await listen(path="/charges"))()
    status, headers, said = await caller.post(
        b"any \x00 bytes",
        "Content-Type: text/plain",
        "X-Facility: NORTH",
        "Cookie: a=b",
        path="/charges?x=1",
    )
    assert (status, said) == (202, {"id": "774K-6", "verdict": "accepted"})
    assert headers["content-type"] == "application/json" and "date" in headers
    (inbound,) = line.inbound
    assert (inbound.raw, inbound.peer) == (b"any \x00 bytes", "127.0.0.1")
    assert inbound.facts == {"header.x-facility": "NORTH", "header.content-type": "text/plain"}
    assert abs(inbound.received_at - time.time()) < 5


@pytest.mark.parametrize(
    ("verdict", "more", "status", "said"),
    [
        (Verdict.FILTERED, {"reason": "no_destination"}, 202, {"verdict": "filtered", "reason": "no_destination"}),
        (Verdict.DUPLICATE, {"original": 1, "reason": "accepted"}, 200, {"id": "1-1", "verdict": "duplicate"}),
        (Verdict.QUARANTINED, {"reason": "rejected", "detail": "PID-3: required"}, 422,
         {"code": "rejected", "detail": "PID-3: required", "correlation_id": "774K-6", "status": 422}),
        (Verdict.COLLECTED, {}, 202, {"verdict": "collected"}),
    ],
)  # fmt: skip
async def test_every_verdict_has_its_answer(
    listen: Any,
    line: Line,
    verdict: Verdict,
    more: dict[str, Any],
    status: int,
    said: dict[str, Any],
) -> None:
    line.says(verdict, **more)
    got, headers, body = await (await (await listen())()).post(b"x")
    assert got == status and body.items() >= said.items()
    assert headers["content-type"] == (
        "application/problem+json" if status >= 400 else "application/json"
    )


async def test_parts_are_told_one_by_one(listen: Any, line: Line) -> None:
    line.says(
        Verdict.SPLIT,
        parts=(
            Receipt(id=1, verdict=Verdict.ACCEPTED),
            Receipt(id=2, verdict=Verdict.QUARANTINED, reason="unreadable"),
        ),
    )
    _, _, body = await (await (await listen())()).post(b"x")
    assert body["parts"] == [
        {"id": "1-1", "verdict": "accepted"},
        {"id": "2-2", "verdict": "quarantined", "reason": "unreadable"},
    ]


@pytest.mark.parametrize(
    "failure",
    [
        CommitRefused("the disk is full"),
        RuntimeError("CANARY"),
        Reply(receipt=None, error="full"),
    ],
)
async def test_what_nobody_kept_is_a_503(listen: Any, line: Line, failure: Any) -> None:
    line.reply = failure
    caller = await (await listen())()
    for _ in range(2):
        status, headers, body = await caller.post(b"x")
        assert (status, headers["retry-after"], body["code"]) == (503, "5", "not_kept")
        assert "CANARY" not in str(body) and body["correlation_id"]


async def test_a_commit_of_unknown_outcome_is_not_answered(listen: Any, line: Line) -> None:
    line.reply = CommitUnknown("I/O error")
    caller = await (await listen())()
    caller.write("POST / HTTP/1.1\nHost: x\nContent-Length: 1\n\n", b"x")
    assert await caller.is_closed()


async def test_hl7_over_http_gets_its_acknowledgement(listen: Any, line: Line) -> None:
    caller = await (await listen())()
    er7 = "Content-Type: x-application/hl7-v2+er7; charset=utf-8"
    line.says(Verdict.ACCEPTED, body=b"MSH|AA")
    assert (await caller.post(b"MSH", er7))[::2] == (200, b"MSH|AA")
    line.says(Verdict.QUARANTINED, body=b"MSH|AE")
    assert (await caller.post(b"MSH", er7))[::2] == (422, b"MSH|AE")
    line.reply = Reply(receipt=None, body=b"MSH|AR", error="full")
    assert (await caller.post(b"MSH", er7))[::2] == (503, b"MSH|AR")
    line.says(Verdict.ACCEPTED, body=b"MSH|AA")
    assert (await caller.post(b"MSH", "Content-Type: text/plain"))[0] == 202


# -- who may come in, and where -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["basic", "bearer", "api_key"])
async def test_callers_show_who_they_are_before_their_body_is_read(
    listen: Any, line: Line, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "secret").write_text("s3cret")
    secret = Secret(file="secret")
    given = {
        "basic": Basic(user="us", password=secret),
        "bearer": secret,
        "api_key": ApiKey(key=secret),
    }
    pair = base64.b64encode(b"us:s3cret").decode()
    good, bad = {
        "basic": (f"authorization: basic {pair}", "Authorization: Basic dXM6eA=="),
        "bearer": ("Authorization: Bearer s3cret", "Authorization: Bearer s3cre"),
        "api_key": ("x-api-key: s3cret", "X-Api-Key: S3cret"),
    }[kind]
    call = await listen(auth=ServerAuth(**{kind: given[kind]}))
    assert (await (await call()).post(b"x", good))[0] == 202
    assert "s3cret" not in str(line.inbound) and pair not in str(line.inbound)
    for shown in (bad, "X-Nothing: 1"):
        caller = await call()
        caller.write(f"POST / HTTP/1.1\nHost: x\n{shown}\nContent-Length: 1000000\n\n")
        status, headers, body = await caller.answer()  # though not a byte of the body was sent
        assert (status, json.loads(body)["code"]) == (401, "not_authenticated")
        assert ("www-authenticate" in headers) == (kind != "api_key")
        assert await caller.is_closed()
    assert len(line.inbound) == 1


async def test_a_missing_secret_keeps_the_source_from_starting(site: Site, line: Line) -> None:
    settings = SourceSettings(port=0, auth=ServerAuth(bearer=Secret(env="NO_SUCH_VARIABLE")))
    with pytest.raises(OSError, match="NO_SUCH_VARIABLE"):
        await Source(settings, site).run(line)


async def test_only_allowed_peers_connect(listen: Any, line: Line, notices: Any) -> None:
    assert await (await (await listen(allow=("10.0.0.0/8",)))()).is_closed()
    assert "peer_refused" in notices.events()
    assert (await (await (await listen(allow=("127.0.0.1",)))()).post(b"x"))[0] == 202


@pytest.mark.parametrize(
    ("request_line", "status", "code"),
    [("POST /other", 404, "no_such_path"), ("GET /in", 405, "method_not_allowed"),
     ("POST /in/", 404, "no_such_path")],
)  # fmt: skip
async def test_other_paths_and_methods(
    listen: Any, line: Line, request_line: str, status: int, code: str
) -> None:
    caller = await (await listen(path="/in"))()
    caller.write(f"{request_line} HTTP/1.1\nHost: x\nContent-Length: 0\n\n")
    got, headers, body = await caller.answer()
    problem = json.loads(body)
    assert (got, problem["code"], problem["status"]) == (status, code, status)
    assert set(problem) == {"type", "title", "status", "detail", "code", "correlation_id"}
    assert headers.get("allow") == ("post" if status == 405 else None)
    assert not line.inbound


async def test_a_full_queue_refuses_before_the_body(listen: Any, line: Line) -> None:
    caller = await (await listen(pressure=lambda: True))()
    caller.write("POST / HTTP/1.1\nHost: x\nContent-Length: 1000000\n\n")
    status, headers, body = await caller.answer()
    assert (status, headers["retry-after"], json.loads(body)["code"]) == (
        503,
        "5",
        "queue_full",
    )


# -- limits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_a_body_over_the_limit(listen: Any, line: Line, framing: str) -> None:
    caller = await (await listen(max_body=Size(1000)))()
    if framing == "length":
        caller.write("POST / HTTP/1.1\nHost: x\nContent-Length: 1001\n\n")
    else:
        caller.write(
            "POST / HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n", b"3e9\r\n" + b"x" * 1001
        )
    status, _, body = await caller.answer()
    assert (status, json.loads(body)["code"]) == (413, "too_large")
    assert await caller.is_closed() and not line.inbound


async def test_a_refused_caller_who_sends_all_first_still_reads_its_answer(listen: Any) -> None:
    call = await listen(max_body=Size(1000))

    def send_then_read() -> bytes:
        with socket.create_connection(("127.0.0.1", call.source.port)) as caller:
            caller.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000\r\n\r\n")
            for _ in range(30):
                caller.sendall(b"x" * 1_000_000)
            return caller.recv(100)

    assert (await asyncio.to_thread(send_then_read)).startswith(b"HTTP/1.1 413")


async def test_a_large_body_is_spooled(listen: Any, line: Line, spooled: Path) -> None:
    body = bytes(range(256)) * 4096
    assert (await (await (await listen())()).post(body))[0] == 202
    raw = line.inbound[0].raw
    assert isinstance(raw, Spooled) and raw.size == len(body)
    assert spooled.read_bytes() == body


async def test_slow_senders_end(listen: Any, line: Line) -> None:
    call = await listen(timeout=Duration(0.2), idle=Duration(0.3))
    head, body, rest = [await call() for _ in range(3)]
    head.write("POST / HTTP/1.1\nHost:")
    body.write("POST / HTTP/1.1\nHost: x\nContent-Length: 100\n\n", b"x")
    for caller in (head, body):
        status, _, said = await caller.answer()
        assert (status, json.loads(said)["code"]) == (408, "too_slow")
    assert await rest.is_closed()
    assert not line.inbound


async def test_a_slow_commit_is_waited_for(listen: Any, line: Line) -> None:
    line.delay = 0.5
    call = await listen(timeout=Duration(0.1), idle=Duration(0.1))
    assert (await (await call()).post(b"x"))[0] == 202


async def test_an_endless_head(listen: Any) -> None:
    caller = await (await listen())()
    caller.write("POST / HTTP/1.1\nHost: x\nX-Long: ", b"y" * 50_000)
    assert (await caller.answer())[0] == 431


async def test_too_many_connections(listen: Any, line: Line, notices: Any) -> None:
    call = await listen(max_connections=2)
    first, _second = await call(), await call()
    await asyncio.sleep(0.02)
    assert await (await call()).is_closed()
    assert "too_many_connections" in notices.events()
    assert (await first.post(b"x"))[0] == 202


@pytest.mark.parametrize(
    "text",
    ["MSH|^~\\&|not http\n\n", "POST / HTTP/1.1\nHost: x\nContent-Length: 5\nTransfer-Encoding: chunked\n\n",
     "POST / HTTP/1.1\nHost: x\nContent-Length: 5\nContent-Length: 6\n\n", "\x16\x03\x01\x02\n\n"],
)  # fmt: skip
async def test_what_is_not_http_or_smuggles(listen: Any, line: Line, text: str) -> None:
    caller = await (await listen())()
    caller.write(text)
    assert (await caller.answer())[0] == 400
    assert await caller.is_closed() and not line.inbound


# -- the connection -----------------------------------------------------------------------------------


async def test_one_byte_at_a_time_and_again(listen: Any, line: Line) -> None:
    caller = await (await listen())()
    for _ in range(2):
        for byte in b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc":
            caller.writer.write(bytes([byte]))
            await asyncio.sleep(0)
        assert (await caller.answer())[0] == 202
    assert [inbound.raw for inbound in line.inbound] == [b"abc", b"abc"]


async def test_requests_sent_ahead_are_answered_in_order(listen: Any, line: Line) -> None:
    line.delay = 0.001
    caller = await (await listen())()
    for at in range(100):
        caller.write("POST / HTTP/1.1\nHost: x\nContent-Length: 3\n\n", b"%03d" % at)
    caller.write("POST /no HTTP/1.1\nHost: x\nContent-Length: 0\n\n")
    assert [(await caller.answer())[0] for _ in range(101)] == [202] * 100 + [404]
    assert [inbound.raw for inbound in line.inbound] == [b"%03d" % at for at in range(100)]


async def test_a_request_that_comes_the_moment_another_is_answered(
    listen: Any, line: Line
) -> None:
    """The answer is written, its task not yet gone: what comes now must not be left lying."""
    call = await listen()
    caller = await call()
    (connection,) = call.source._connections
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"
    written = connection._transport.write
    left = 3

    class Eager:
        """Sends the next request while the answer is being written."""

        def __getattr__(self, name: str) -> Any:
            return getattr(transport, name)

        def write(self, data: bytes) -> None:
            nonlocal left
            written(data)
            if (left := left - 1) > 0:
                asyncio.get_running_loop().call_soon(connection.data_received, request)

    transport, connection._transport = connection._transport, Eager()
    connection.data_received(request)
    assert [(await caller.answer())[0] for _ in range(3)] == [202] * 3


async def test_expect_continue_chunks_old_callers_and_offers_of_http_2(
    listen: Any, line: Line
) -> None:
    call = await listen()
    caller = await call()
    caller.write("POST / HTTP/1.1\nHost: x\nExpect: 100-continue\nContent-Length: 2\n\n")
    assert (await caller.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
    caller.write("", b"ab")
    assert (await caller.answer())[0] == 202
    caller.write(
        "POST / HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n",
        b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
    )
    assert (await caller.answer())[0] == 202
    offer = (
        "Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAEAAEAAAAIAAAAB\n"
    )
    for _ in range(2):
        caller.write(f"POST / HTTP/1.1\nHost: x\n{offer}Content-Length: 2\n\n", b"up")
        assert (await caller.answer())[0] == 202
    old = await call()
    old.write("POST / HTTP/1.0\nContent-Length: 1\n\n", b"x")
    status, headers, _ = await old.answer()
    assert (status, headers["connection"]) == (202, "close") and await old.is_closed()
    assert [inbound.raw for inbound in line.inbound] == [b"ab", b"abc", b"up", b"up", b"x"]


async def test_a_probe_that_only_connects_says_nothing(listen: Any, notices: Any) -> None:
    call = await listen()
    for _ in range(3):
        (await call()).writer.close()
    await asyncio.sleep(0.05)
    assert notices.events() == ["listening"]


async def test_a_caller_who_leaves_does_not_stop_the_next(listen: Any, line: Line) -> None:
    line.delay = 0.05
    call = await listen()
    gone = await call()
    gone.write("POST / HTTP/1.1\nHost: x\nContent-Length: 1\n\n", b"x")
    await asyncio.sleep(0.01)
    gone.writer.transport.abort()
    assert (await (await call()).post(b"y"))[0] == 202
    assert len(line.inbound) == 2


async def test_a_taken_port_says_so(listen: Any, site: Site, line: Line) -> None:
    call = await listen()
    with pytest.raises(OSError, match=f"port {call.source.port} on 127.0.0.1"):
        await Source(SourceSettings(port=call.source.port), site).run(line)


async def test_stopping_answers_what_is_under_way(listen: Any, line: Line) -> None:
    line.delay = 0.2
    call = await listen()
    busy, idle = await call(), await call()
    posting = asyncio.create_task(busy.post(b"x"))
    await asyncio.sleep(0.05)
    call.task.cancel()
    status, headers, _ = await posting
    assert (status, headers["connection"]) == (202, "close")
    assert await idle.is_closed()
    with pytest.raises(asyncio.CancelledError):
        await call.task
    with pytest.raises(ConnectionRefusedError):
        await call()


# -- TLS ----------------------------------------------------------------------------------------------


async def test_tls_and_mutual_tls(
    listen: Any, line: Line, authority: Any, stranger: Any
) -> None:
    certificate, key = authority.issue("listener", "localhost", "127.0.0.1")
    tls = ServerTls(certificate=certificate, key=key, clients=authority.pem)
    call = await listen(tls=tls)
    for issuer, welcome in ((authority, True), (stranger, False), (None, False)):
        context = ssl.create_default_context(cafile=authority.pem)
        if issuer is not None:
            context.load_cert_chain(*issuer.issue("caller"))
        try:
            status, _, _ = await (await call(context)).post(b"x")
            assert welcome and status == 202
        except (ssl.SSLError, ConnectionError, asyncio.IncompleteReadError):
            assert not welcome
    with socket.create_connection(("127.0.0.1", call.source.port)) as plain:
        plain.sendall(b"POST / HTTP/1.1\r\n\r\n")
    assert len(line.inbound) == 1
    listen_again = await call(authorised(authority))
    assert (await listen_again.post(b"y"))[0] == 202


def authorised(authority: Any) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority.pem)
    context.load_cert_chain(*authority.issue("again"))
    return context


async def test_a_missing_certificate_keeps_the_source_from_starting(
    site: Site, line: Line
) -> None:
    tls = ServerTls(certificate="nowhere.pem", key="nowhere.key")
    with pytest.raises(OSError):
        await Source(SourceSettings(port=0, tls=tls), site).run(line)


@pytest.mark.parametrize(
    "settings", [{"path": "charges"}, {"path": "/a?b"}, {"allow": ("10.0.0.300",)}]
)
def test_settings_that_cannot_be_are_mistakes(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        SourceSettings(port=0, **settings)
