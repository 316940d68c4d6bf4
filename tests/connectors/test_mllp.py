"""MLLP as a source, over real sockets, on both event loops."""

from __future__ import annotations

import asyncio
import socket
import struct
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import msgspec
import pytest

from engine.connectors import Site, mllp
from engine.connectors.mllp import Source, SourceSettings
from engine.connectors.mllp import inbound as inbound_module
from engine.connectors.mllp import source as source_module
from engine.errors import CommitRefused, CommitUnknown
from engine.message import LARGE, Inbound, Receipt, Reply, Spooled, Verdict
from engine.wire.mllp import END, START, Deframer, frame


def message(control: str, more: str = "") -> bytes:
    return f"MSH|^~\\&|LAB|GEN|CORRIDOR|HERE|2026||ORU^R01|{control}|P|2.5.1\rPID|1{more}\r".encode()


def control_of(raw: bytes) -> bytes:
    fields = raw.split(b"\r")[0].split(b"|")
    return fields[9] if len(fields) > 9 else b""


def answer_to(raw: bytes, code: bytes = b"AA") -> bytes:
    return b"MSH|^~\\&|CORRIDOR|HERE|LAB|GEN|2026||ACK|1|P|2.5.1\rMSA|%b|%b\r" % (
        code,
        control_of(raw),
    )


class Hl7:
    """As much of a format as refusing takes."""

    def refuse(self, raw: bytes, reading: Any, now: float, why: str) -> bytes:
        return answer_to(raw, b"AR")


class Engine:
    """Takes messages as the engine would; what it took, in order."""

    def __init__(self) -> None:
        self.taken: list[Inbound] = []
        self.under_way = self.most = 0
        self.wait: Callable[[Inbound], Awaitable[None]] | None = None

    async def __call__(self, inbound: Inbound) -> Reply:
        self.taken.append(inbound)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            if self.wait is not None:
                await self.wait(inbound)
        finally:
            self.under_way -= 1
        body = (
            answer_to(inbound.raw)
            if isinstance(inbound.raw, bytes)
            else answer_to(message("BIG"))
        )
        return Reply(receipt=Receipt(id=len(self.taken), verdict=Verdict.ACCEPTED), body=body)

    def controls(self) -> list[str]:
        return [
            control_of(inbound.raw).decode()
            for inbound in self.taken
            if isinstance(inbound.raw, bytes)
        ]


@pytest.fixture
def engine() -> Engine:
    return Engine()


@asynccontextmanager
async def running(site: Site, receive: Any, **settings: Any) -> AsyncIterator[Source]:
    source = Source(SourceSettings(**{"port": 0, **settings}), site)
    task = asyncio.create_task(source.run(receive))
    try:
        ready = asyncio.create_task(source.ready.wait())
        await asyncio.wait({task, ready}, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if task.done():
            await task
        yield source
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Peer:
    """A sender with its own deframer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._deframer, self._frames = Deframer(), []

    async def answer(self, within: float = 3) -> bytes:
        """The next answer; b"" at the end of the connection."""
        while not self._frames:
            data = await asyncio.wait_for(self.reader.read(65536), within)
            if not data:
                return b""
            self._frames += self._deframer.feed(data)
        return self._frames.pop(0)

    async def ask(self, raw: bytes) -> bytes:
        self.writer.write(frame(raw))
        return await self.answer()


@asynccontextmanager
async def connected(source: Source, **options: Any) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", source.port, **options)
    try:
        yield Peer(reader, writer)
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


async def until(claim: Callable[[], Any], within: float = 3) -> None:
    async with asyncio.timeout(within):
        while True:
            if claim():
                return
            await asyncio.sleep(0.005)


# -- the ordinary -------------------------------------------------------------------------------------------


async def test_a_message_is_handed_over_as_it_came_and_answered(site, engine):
    async with running(site(), engine) as source, connected(source) as peer:
        raw = message("M1")
        assert await peer.ask(raw) == answer_to(raw)
        (inbound,) = engine.taken
        assert (inbound.raw, inbound.peer) == (raw, "127.0.0.1")


async def test_one_connection_carries_many_messages(site, engine):
    async with running(site(), engine) as source, connected(source) as peer:
        for number in range(50):
            assert b"|M%d\r" % number in await peer.ask(message(f"M{number}"))


async def test_one_byte_at_a_time(site, engine):
    async with running(site(), engine) as source, connected(source) as peer:
        for byte in frame(message("M1")):
            peer.writer.write(bytes((byte,)))
            await peer.writer.drain()
        assert b"MSA|AA|M1" in await peer.answer()


async def test_messages_sent_without_waiting_share_the_wait_and_are_answered_in_order(
    site, engine
):
    async def later_ones_are_quicker(inbound: Inbound) -> None:
        await asyncio.sleep(0.1 - 0.002 * int(control_of(inbound.raw)))

    engine.wait = later_ones_are_quicker
    async with running(site(), engine) as source, connected(source) as peer:
        peer.writer.write(b"".join(frame(message(str(number))) for number in range(40)))
        answers = [control_of_answer(await peer.answer()) for _ in range(40)]
    assert answers == engine.controls() == [str(number) for number in range(40)]
    assert engine.most == 40


def control_of_answer(answer: bytes) -> str:
    return answer.split(b"MSA|AA|")[1].strip().decode()


async def test_no_more_than_a_window_is_under_way_for_one_connection(site, engine):
    gate = asyncio.Event()
    engine.wait = lambda inbound: gate.wait()
    count = inbound_module.WINDOW * 40
    async with running(site(), engine) as source, connected(source) as peer:
        peer.writer.write(
            b"".join(frame(message(str(number), "x" * 4000)) for number in range(count))
        )
        await until(lambda: len(engine.taken) == inbound_module.WINDOW)
        await asyncio.sleep(0.05)
        (connection,) = source.connections
        assert len(engine.taken) == inbound_module.WINDOW
        assert len(connection._waiting) < count / 2
        gate.set()
        for number in range(count):
            assert control_of_answer(await peer.answer()) == str(number)


async def test_a_sender_that_reads_no_answers_is_slowed_down(site, engine):
    async with running(site(), engine) as source, connected(source, limit=1024) as peer:
        peer.writer.transport.pause_reading()
        (connection,) = source.connections
        connection._transport.set_write_buffer_limits(high=1024)
        raw = frame(message("1" * 100))
        for _ in range(400):
            peer.writer.write(raw * 100)
            await asyncio.sleep(0)
            if connection._paused:
                break
        await until(lambda: connection._paused, 5)


async def test_one_connection_per_message(site, engine, notices):
    async with running(site(), engine) as source:
        for number in range(5):
            async with connected(source) as peer:
                assert b"MSA|AA" in await peer.ask(message(str(number)))
        await until(lambda: not source.connections)
    assert notices == []


async def test_a_sender_that_says_it_is_done_still_gets_its_answer(site, engine):
    engine.wait = lambda inbound: asyncio.sleep(0.05)
    async with running(site(), engine) as source, connected(source) as peer:
        peer.writer.write(frame(message("M1")))
        peer.writer.write_eof()
        assert b"MSA|AA|M1" in await peer.answer()
        assert await peer.answer() == b""


async def test_a_format_without_answers_sends_none(site, engine):
    async def silent(inbound: Inbound) -> Reply:
        await engine(inbound)
        return Reply(receipt=Receipt(id=1, verdict=Verdict.ACCEPTED))

    async with running(site(), silent) as source, connected(source) as peer:
        peer.writer.write(frame(message("M1")) + frame(message("M2")))
        await until(lambda: len(engine.taken) == 2)
        with pytest.raises(TimeoutError):
            await peer.answer(0.05)


# -- what real senders do -----------------------------------------------------------------------------------


async def test_no_trailing_cr(site, engine):
    async with running(site(), engine) as source, connected(source) as peer:
        for number in range(3):
            peer.writer.write(frame(message(str(number)))[:-1])
            assert control_of_answer(await peer.answer()) == str(number)


async def test_a_trailing_cr_that_comes_late_is_no_junk(site, engine, notices):
    async with running(site(), engine) as source, connected(source) as peer:
        peer.writer.write(frame(message("1"))[:-1])
        await peer.answer()
        peer.writer.write(b"\r")
        assert b"AA|2" in await peer.ask(message("2"))
    assert "bytes_outside_frames" not in notices.events()


async def test_a_sender_that_ends_without_a_trailing_cr(site, engine):
    async with running(site(), engine) as source, connected(source) as peer:
        peer.writer.write(frame(message("M1"))[:-1])
        peer.writer.write_eof()
        assert b"MSA|AA|M1" in await peer.answer()


async def test_junk_between_frames_is_reported_once_and_not_kept(site, engine, notices):
    async with running(site(), engine) as source, connected(source) as peer:
        for number in range(3):
            peer.writer.write(b"junk" + frame(message(str(number))))
            await peer.answer()
    assert engine.controls() == ["0", "1", "2"]
    assert notices.events().count("bytes_outside_frames") == 1
    assert "junk" not in str(notices)


async def test_strict_framing_closes_on_a_deviation(site, engine, notices):
    async with (
        running(site(format=Hl7()), engine, framing="strict") as source,
        connected(source) as peer,
    ):
        assert b"AA|1" in await peer.ask(message("1"))
        peer.writer.write(b"junk" + frame(message("2")))
        assert await peer.answer() == b""
    assert engine.controls() == ["1"]
    assert "framing" in notices.events()


async def test_a_message_cut_off_is_not_kept_and_reported(site, engine, notices):
    async with running(site(), engine) as source:
        async with connected(source) as peer:
            peer.writer.write(frame(message("M1"))[:-30])
            await peer.writer.drain()
            await asyncio.sleep(0.05)
        await until(lambda: not source.connections)
    assert engine.taken == [] and notices.events() == ["message_cut_off"]


async def test_a_load_balancers_probe_is_neither_logged_nor_handed_over(site, engine, notices):
    async with running(site(), engine, idle=2.0) as source:
        for _ in range(20):
            probe = socket.create_connection(("127.0.0.1", source.port))
            probe.close()
        for _ in range(20):
            probe = socket.create_connection(("127.0.0.1", source.port))
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            probe.close()
        await asyncio.sleep(0.6)
        assert not source.connections
    assert notices == [] and engine.taken == []


async def test_an_answer_that_repeats_a_stray_fs_is_still_one_frame(site, engine):
    async with running(site(), engine) as source, connected(source) as peer:
        peer.writer.write(START + message("M\x1c1") + END)
        assert b"MSA|AA|M 1" in await peer.answer()


# -- limits -------------------------------------------------------------------------------------------------


async def test_a_frame_over_the_limit_is_answered_ar_and_the_connection_closed(
    site, engine, notices
):
    async with (
        running(site(format=Hl7()), engine, limit=2000) as source,
        connected(source) as peer,
    ):
        peer.writer.write(
            frame(message("M1")) + frame(message("M2", "x" * 3000)) + frame(message("M3"))
        )
        assert b"MSA|AA|M1" in await peer.answer()
        assert b"MSA|AR|M2" in await peer.answer()
        assert await peer.answer() == b""
    assert engine.controls() == ["M1"] and "too_long" in notices.events()


async def test_the_refusal_of_a_long_frame_reaches_a_sender_that_writes_all_of_it_first(
    site, engine
):
    async with (
        running(site(format=Hl7()), engine, limit=100_000) as source,
        connected(source) as peer,
    ):
        peer.writer.write(frame(message("M1", "x" * 8_000_000)))
        await asyncio.wait_for(peer.writer.drain(), 5)
        assert b"MSA|AR|M1" in await peer.answer()


async def test_a_large_message_is_spooled_and_those_behind_it_keep_their_place(site, engine):
    order: list[str] = []

    async def spool(chunks: list[bytes]) -> Spooled:
        assert max(map(len, chunks)) <= LARGE
        await asyncio.sleep(0.05)
        order.append("spooled")
        return Spooled(path="p", size=sum(map(len, chunks)), digest=b"")

    async def note(inbound: Inbound) -> None:
        order.append(
            "large" if isinstance(inbound.raw, Spooled) else control_of(inbound.raw).decode()
        )

    engine.wait = note
    big = message("BIG", "x" * (LARGE * 4))
    async with running(site(spool=spool), engine) as source, connected(source) as peer:
        peer.writer.write(
            frame(message("1")) + frame(big) + frame(message("2")) + frame(message("3"))
        )
        for expected in (b"AA|1", b"AA|BIG", b"AA|2", b"AA|3"):
            assert expected in await peer.answer()
    assert order == ["1", "spooled", "large", "2", "3"]
    assert engine.taken[1].raw.size == len(big)


async def test_what_arrived_whole_is_kept_although_its_sender_is_gone(site, engine):
    engine.wait = lambda inbound: asyncio.sleep(0.02)
    async with running(site(), engine) as source:
        async with connected(source) as peer:
            peer.writer.write(b"".join(frame(message(str(number))) for number in range(100)))
            await until(lambda: engine.taken)
        await until(lambda: len(engine.taken) == 100)
        await until(lambda: not source.connections)
    assert engine.controls() == [str(number) for number in range(100)]


async def test_many_large_messages_at_once_do_not_fill_the_memory(site, engine, notices):
    async with (
        running(site(format=Hl7()), engine, limit=1_000_000) as source,
        AsyncExitStack() as stack,
    ):
        peers = [await stack.enter_async_context(connected(source)) for _ in range(8)]
        for number, peer in enumerate(peers):
            peer.writer.write(START + message(str(number), "x" * 900_000)[:-1])
        await until(lambda: "too_much" in notices.events())
        refused = await asyncio.gather(
            *(peer.answer(0.5) for peer in peers), return_exceptions=True
        )
        assert sum(isinstance(answer, bytes) and b"MSA|AR" in answer for answer in refused) in (
            4,
            5,
        )
        assert source._held <= 4_000_000
    assert source._held == 0


async def test_large_messages_one_after_another_leave_nothing_counted(site, engine):
    async def spool(chunks: list[bytes]) -> Spooled:
        await asyncio.sleep(0)
        return Spooled(path="p", size=sum(map(len, chunks)), digest=b"")

    async with running(site(spool=spool), engine) as source, connected(source) as peer:
        for _ in range(6):
            assert b"AA|BIG" in await peer.ask(message("BIG", "x" * (LARGE * 2)))
            assert source._held == 0


async def test_a_body_that_cannot_be_written_is_refused(site, engine):
    async def full(chunks: list[bytes]) -> Spooled:
        raise OSError(28, "No space left on device")

    async with (
        running(site(spool=full, format=Hl7()), engine) as source,
        connected(source) as peer,
    ):
        assert b"MSA|AR|BIG" in await peer.ask(message("BIG", "x" * (LARGE * 2)))
        assert b"MSA|AA|2" in await peer.ask(message("2"))


async def test_a_slow_sender_is_disconnected(site, engine, notices):
    async with running(site(), engine, frame_within=0.2) as source, connected(source) as peer:
        for byte in frame(message("M1")):
            peer.writer.write(bytes((byte,)))
            await asyncio.sleep(0.02)
            if peer.reader.at_eof() or not source.connections:
                break
        else:
            pytest.fail("still connected")
    assert "slow_sender" in notices.events() and engine.taken == []


async def test_a_steady_sender_is_not_a_slow_one(site, engine, notices):
    async with running(site(), engine, frame_within=0.2) as source, connected(source) as peer:
        wire = frame(message("M1")) + START
        for _ in range(10):
            peer.writer.write(wire[: len(wire) // 2])
            await asyncio.sleep(0.03)
            peer.writer.write(wire[len(wire) // 2 :])
            await asyncio.sleep(0.03)
            wire = frame(message("M1"))[1:] + START
    assert "slow_sender" not in notices.events() and len(engine.taken) == 10


async def test_an_idle_connection_is_closed(site, engine, notices):
    async with running(site(), engine, idle=0.1) as source, connected(source) as peer:
        assert b"AA" in await peer.ask(message("M1"))
        assert await peer.answer() == b""
    assert "idle" in notices.events()


async def test_a_connection_that_waits_for_its_answer_is_not_idle(site, engine):
    engine.wait = lambda inbound: asyncio.sleep(0.5)
    async with running(site(), engine, idle=0.1) as source, connected(source) as peer:
        assert b"AA" in await peer.ask(message("M1"))


async def test_tcp_keep_alive_is_on(site, engine):
    async with running(site(), engine, keep_alive=30.0) as source, connected(source) as peer:
        await peer.ask(message("M1"))
        (connection,) = source.connections
        sock = connection._transport.get_extra_info("socket")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000


async def test_a_peer_that_is_not_on_the_list_is_turned_away_and_said_so_once(
    site, engine, notices
):
    async with running(site(), engine, peers=("10.0.0.0/8", "::1")) as source:
        for _ in range(5):
            async with connected(source) as peer:
                with pytest.raises((ConnectionError, AssertionError)):
                    assert await peer.ask(message("M1"))
    assert notices.events() == ["refused_peer"] and engine.taken == []


@pytest.mark.parametrize(
    "peers", [("127.0.0.1",), ("127.0.0.0/8",), ("10.0.0.0/8", "127.0.0.1/32")]
)
async def test_a_peer_on_the_list_comes_in(site, engine, peers):
    async with running(site(), engine, peers=peers) as source, connected(source) as peer:
        assert b"AA" in await peer.ask(message("M1"))


async def test_no_more_connections_than_allowed(site, engine, notices):
    async with running(site(), engine, connections=2) as source:
        async with connected(source) as one, connected(source) as two:
            assert b"AA" in await one.ask(message("M1"))
            assert b"AA" in await two.ask(message("M2"))
            async with connected(source) as three:
                with pytest.raises((ConnectionError, AssertionError)):
                    assert await three.ask(message("M3"))
        await until(lambda: not source.connections)
        async with connected(source) as four:
            assert b"AA" in await four.ask(message("M4"))
    assert "refused_peer" in notices.events()


async def test_a_thousand_idle_connections_cost_little_and_hinder_nobody(site, engine):
    async with running(site(), engine, connections=1100, backlog=1024) as source:
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        idle = [socket.create_connection(("127.0.0.1", source.port)) for _ in range(1000)]
        await until(lambda: len(source.connections) == 1000, 10)
        used = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        async with connected(source) as peer:
            for number in range(20):
                assert b"AA" in await peer.ask(message(str(number)))
        for sock in idle:
            sock.close()
        await until(lambda: not source.connections, 10)
    assert used < 12_000_000


# -- the engine says no, or nothing -------------------------------------------------------------------------


async def test_a_refused_commit_is_answered_ar_and_the_connection_goes_on(site, engine):
    async def refusing(inbound: Inbound) -> Reply:
        if control_of(inbound.raw) == b"M1":
            raise CommitRefused("disk full")
        return await engine(inbound)

    async with running(site(format=Hl7()), refusing) as source, connected(source) as peer:
        assert b"MSA|AR|M1" in await peer.ask(message("M1"))
        assert b"MSA|AA|M2" in await peer.ask(message("M2"))


async def test_a_reply_without_a_receipt_is_answered_ar(site):
    async def full(inbound: Inbound) -> Reply:
        return Reply(receipt=None, error="the queue is full")

    async with running(site(format=Hl7()), full) as source, connected(source) as peer:
        assert b"MSA|AR|M1" in await peer.ask(message("M1"))


async def test_a_large_message_that_is_not_kept_is_refused_by_its_own_number(site):
    async def spool(chunks: list[bytes]) -> Spooled:
        return Spooled(path="p", size=sum(map(len, chunks)), digest=b"")

    async def full(inbound: Inbound) -> Reply:
        return Reply(receipt=None, body=b"MSH|^~\\&|\rMSA|AR|\r", error="the queue is full")

    async with (
        running(site(spool=spool, format=Hl7()), full) as source,
        connected(source) as peer,
    ):
        assert b"MSA|AR|BIG" in await peer.ask(message("BIG", "x" * (LARGE * 2)))


@pytest.mark.parametrize("error", [CommitUnknown("fsync"), RuntimeError("a mistake")])
async def test_when_nobody_knows_there_is_no_answer(site, error):
    async def unknown(inbound: Inbound) -> Reply:
        raise error

    async with running(site(format=Hl7()), unknown) as source, connected(source) as peer:
        with pytest.raises((ConnectionError, AssertionError)):
            assert await peer.ask(message("M1"))


async def test_a_mistake_of_ours_is_logged_without_the_message(site, notices):
    async def wrong(inbound: Inbound) -> Reply:
        raise RuntimeError(f"cannot take {inbound.raw!r}")

    async with running(site(), wrong) as source, connected(source) as peer:
        with pytest.raises((ConnectionError, AssertionError)):
            assert await peer.ask(message("CANARY"))
    assert "receive_failed" in notices.events() and "CANARY" not in str(notices)


async def test_a_full_queue_pauses_reading_until_there_is_room(site, engine):
    full = True
    async with (
        running(site(pressure=lambda: full), engine) as source,
        connected(source) as peer,
    ):
        peer.writer.write(frame(message("1")) + frame(message("2")))
        await asyncio.sleep(0.1)
        assert engine.taken == []
        (connection,) = source.connections
        assert connection._paused
        full = False
        assert b"AA|1" in await peer.answer()
        assert b"AA|2" in await peer.answer()
    assert engine.controls() == ["1", "2"]


async def test_a_queue_that_stays_full_is_said_so(site, engine, monkeypatch):
    monkeypatch.setattr(source_module, "PATIENCE", 0.05)
    async with (
        running(site(format=Hl7(), pressure=lambda: True), engine) as source,
        connected(source) as peer,
    ):
        assert b"MSA|AR|1" in await peer.ask(message("1"))
        assert b"MSA|AR|2" in await peer.ask(message("2"))
    assert engine.taken == []


# -- starting and stopping ----------------------------------------------------------------------------------


async def test_stopping_lets_answers_under_way_out_and_takes_nothing_new(site, engine):
    gate = asyncio.Event()
    engine.wait = lambda inbound: gate.wait()
    source = Source(SourceSettings(port=0), site())
    task = asyncio.create_task(source.run(engine))
    await source.ready.wait()
    async with connected(source) as peer:
        peer.writer.write(frame(message("1")))
        await until(lambda: engine.taken)
        task.cancel()
        await asyncio.sleep(0.02)
        peer.writer.write(frame(message("2")))
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", source.port)
        gate.set()
        assert b"AA|1" in await peer.answer()
        assert await peer.answer() == b""
        with pytest.raises(asyncio.CancelledError):
            await task
    assert engine.controls() == ["1"]


async def test_stopping_with_idle_connections_is_immediate(site, engine):
    loop = asyncio.get_running_loop()
    async with running(site(), engine) as source, connected(source) as peer:
        await peer.ask(message("1"))
        began = loop.time()
    assert loop.time() - began < 1


async def test_stopping_does_not_wait_for_ever(site, engine, monkeypatch, notices):
    monkeypatch.setattr(source_module, "_STOP_WITHIN", 0.1)
    engine.wait = lambda inbound: asyncio.sleep(3600)
    async with running(site(), engine) as source, connected(source) as peer:
        peer.writer.write(frame(message("1")))
        await until(lambda: engine.taken)
    assert "stopped_unanswered" in notices.events()


async def test_a_port_that_is_taken_is_an_os_error(site, engine):
    async with running(site(), engine) as source:
        with pytest.raises(OSError, match="in use"):
            await Source(SourceSettings(port=source.port), site()).run(engine)


async def test_after_a_stop_the_port_can_be_taken_at_once(site, engine):
    async with running(site(), engine) as source:
        port = source.port
        async with connected(source) as peer:
            await peer.ask(message("1"))
    async with running(site(), engine, port=port) as source, connected(source) as peer:
        assert b"AA|2" in await peer.ask(message("2"))


# -- connect and receive ------------------------------------------------------------------------------------


async def test_connect_and_receive(site, engine):
    answers: asyncio.Queue[bytes] = asyncio.Queue()

    async def partner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(message("M1")))
        answers.put_nowait(await reader.readuntil(END))
        writer.close()

    server = await asyncio.start_server(partner, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with (
        server,
        running(
            site(), engine, port=None, connect=mllp.settings.Dial(host="127.0.0.1", port=port)
        ),
    ):
        assert b"MSA|AA|M1" in await asyncio.wait_for(answers.get(), 3)
    assert engine.taken[0].peer == "127.0.0.1"


async def test_connect_and_receive_dials_again(site, engine, notices, monkeypatch):
    monkeypatch.setattr(source_module, "_REDIAL", (0.02, 0.05))
    holder = socket.create_server(("127.0.0.1", 0))
    port = holder.getsockname()[1]
    holder.close()
    connections = 0

    async def partner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writer.close()

    async with running(
        site(), engine, port=None, connect=mllp.settings.Dial(host="127.0.0.1", port=port)
    ):
        await asyncio.sleep(0.1)
        assert notices.events() == ["cannot_connect"]
        server = await asyncio.start_server(partner, "127.0.0.1", port)
        async with server:
            await until(lambda: connections >= 2)


# -- settings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "either 'port'"),
        ({"port": 1, "connect": {"host": "localhost", "port": 2}}, "either 'port'"),
        ({"port": 70000}, "<= 65535"),
        ({"port": 1, "connections": 0}, ">= 1"),
        ({"port": 1, "host": "0.0.0.0"}, "clear text"),
        ({"port": 1, "host": ""}, "clear text"),
        ({"connect": {"host": "lab.example", "port": 2}}, "clear text"),
        ({"port": 1, "peers": ["10.0.0.300"]}, "neither an address nor a network"),
        ({"port": 1, "ack": "sometime"}, "Invalid enum value"),
        ({"port": 1, "prot": 2}, "unknown field"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings, says):
    with pytest.raises(msgspec.ValidationError, match=says):
        msgspec.convert(settings, SourceSettings)


@pytest.mark.parametrize(
    "settings",
    [
        *[{"port": 1, "host": host} for host in ("localhost", "127.0.0.9", "::1")],
        {"port": 1, "host": "0.0.0.0", "plaintext": True},
        {"port": 1, "host": "0.0.0.0", "tls": {"certificate": "a.pem", "key": "a.key"}},
        {"connect": {"host": "lab.example", "port": 2, "tls": {}}},
        {"connect": {"host": "lab.example", "port": 2, "plaintext": True}},
    ],
)
def test_other_machines_are_met_with_tls_or_where_clear_text_is_asked_for(settings):
    assert msgspec.convert(settings, SourceSettings)
