"""MLLP as a destination, over real sockets, on both event loops."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
import pytest

from engine.connectors.mllp import Destination, DestinationSettings
from engine.connectors.mllp.settings import Listen
from engine.errors import DeliveryError, Misconfigured, Refused, Unavailable, Uncertain
from engine.message import LARGE, Delivery
from engine.wire.mllp import Deframer, frame

DELIVERY = Delivery(id=1, message=1, destination=1, key="k")


def message(control: str, more: str = "") -> bytes:
    return f"MSH|^~\\&|CORRIDOR|HERE|LAB|GEN|2026||ADT^A08|{control}|P|2.5.1\rPID|1{more}\r".encode()


def control_of(raw: bytes) -> str:
    return raw.split(b"\r")[0].split(b"|")[9].decode()


def answer(code: str, control: str, *more: str) -> bytes:
    segments = [
        "MSH|^~\\&|LAB|GEN|CORRIDOR|HERE|2026||ACK|A1|P|2.5.1",
        f"MSA|{code}|{control}",
        *more,
    ]
    return "".join(segment + "\r" for segment in segments).encode()


class Partner:
    """Takes messages; what it does with each is a function of the message and its connection."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.connections = 0
        self.port = 0
        self.writers: list[asyncio.StreamWriter] = []
        self.react: Callable[[bytes, asyncio.StreamWriter], Awaitable[None]] = self.accept

    async def accept(self, raw: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(answer("AA", control_of(raw))))

    def says(self, *data: bytes) -> None:
        """Answer every message with these writes."""

        async def react(raw: bytes, writer: asyncio.StreamWriter) -> None:
            for piece in data:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01)

        self.react = react

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        deframer = Deframer()
        with suppress(ConnectionError, asyncio.CancelledError):
            while data := await reader.read(1 << 20):
                for found in deframer.feed(data):
                    raw = found if isinstance(found, bytes) else b"".join(found)
                    self.taken.append(control_of(raw))
                    await self.react(raw, writer)
        writer.close()


@pytest.fixture
async def partner() -> AsyncIterator[Partner]:
    partner = Partner()
    server = await asyncio.start_server(partner.serve, "127.0.0.1", 0)
    partner.port = server.sockets[0].getsockname()[1]
    async with server:
        yield partner
        for writer in partner.writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)


@asynccontextmanager
async def sending(
    site: Callable[..., Any], partner: Partner | None, **settings: Any
) -> AsyncIterator[Destination]:
    if partner is not None:
        settings = {"host": "127.0.0.1", "port": partner.port, "timeout": 0.3, **settings}
    destination = Destination(DestinationSettings(**settings), site())
    try:
        yield destination
    finally:
        await destination.close()
        await asyncio.sleep(0)


# -- the ordinary -------------------------------------------------------------------------------------------


async def test_an_acknowledged_message_is_delivered(site, partner):
    async with sending(site, partner) as destination:
        answered = await destination.send(DELIVERY, message("M1"))
    assert (answered.status, answered.failure) == ("AA", None)
    assert answered.body == answer("AA", "M1")
    assert partner.taken == ["M1"]


async def test_a_connection_carries_many_messages(site, partner):
    async with sending(site, partner) as destination:
        for number in range(20):
            await destination.send(DELIVERY, message(f"M{number}"))
    assert partner.connections == 1


async def test_as_many_connections_as_sends_at_once(site, partner):
    async with sending(site, partner) as destination:
        for _ in range(3):
            await asyncio.gather(
                *(destination.send(DELIVERY, message(f"M{n}")) for n in range(8))
            )
    assert partner.connections == 8 and len(partner.taken) == 24


@pytest.mark.parametrize("code", ["AE", "AR", "CE", "CR"])
async def test_a_negative_acknowledgement_is_a_refusal(site, partner, code):
    partner.says(
        frame(answer(code, "M1", "ERR||PID^1|207^Application internal error|E|||DOE^JANE"))
    )
    async with sending(site, partner) as destination:
        answered = await destination.send(DELIVERY, message("M1"))
        assert isinstance(answered.failure, Refused) and answered.status == code
        assert "207" in answered.failure.detail and "DOE" not in str(answered.failure)
        await destination.send(DELIVERY, message("M1"))
    assert partner.connections == 1


async def test_a_commit_acknowledgement_is_taken(site, partner):
    partner.says(frame(answer("CA", "M1")))
    async with sending(site, partner) as destination:
        assert (await destination.send(DELIVERY, message("M1"))).failure is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"MSH|^~\\&|\rPID|1\r",
        answer("XX", "M1"),
        answer("", "M1"),
        answer("PATIENT", "M1"),
    ],
)
async def test_an_answer_that_says_nothing_is_uncertain(site, partner, body):
    partner.says(frame(body))
    async with sending(site, partner) as destination:
        answered = await destination.send(DELIVERY, message("M1"))
    assert isinstance(answered.failure, Uncertain) and "PATIENT" not in str(answered.failure)
    assert answered.status == "unreadable"


async def test_an_answer_in_pieces_with_line_feeds_and_without_trailing_cr(site, partner):
    wire = frame(answer("AA", "M1").replace(b"\r", b"\n"))[:-1]
    partner.says(wire[:5], wire[5:-3], wire[-3:])
    async with sending(site, partner) as destination:
        assert (await destination.send(DELIVERY, message("M1"))).status == "AA"


async def test_a_large_message_goes_out_whole(site, partner):
    async with sending(site, partner, timeout=5.0) as destination:
        assert (
            await destination.send(DELIVERY, message("BIG", "x" * (LARGE * 40)))
        ).status == "AA"
        assert (await destination.send(DELIVERY, message("M2"))).status == "AA"
    assert partner.taken == ["BIG", "M2"] and partner.connections == 1


async def test_a_large_message_to_a_partner_that_stops_reading_is_uncertain(site):
    silent = socket.create_server(("127.0.0.1", 0))
    settings = {"host": "127.0.0.1", "port": silent.getsockname()[1], "timeout": 0.2}
    async with sending(site, None, **settings) as destination:
        with pytest.raises(Uncertain):
            await destination.send(DELIVERY, message("BIG", "x" * (LARGE * 80)))
    silent.close()


async def test_a_message_that_cannot_be_framed_is_not_sent(site, partner):
    async with sending(site, partner) as destination:
        with pytest.raises(Refused, match="cannot be framed"):
            await destination.send(DELIVERY, message("M1", "\x1c\rMSH|"))
    assert partner.taken == []


# -- when it does not arrive, or nobody knows ---------------------------------------------------------------


async def test_a_refused_connection_is_unavailable(site):
    holder = socket.create_server(("127.0.0.1", 0))
    port = holder.getsockname()[1]
    holder.close()
    async with sending(site, None, host="127.0.0.1", port=port) as destination:
        with pytest.raises(Unavailable, match="connection refused"):
            await destination.send(DELIVERY, message("M1"))


async def test_a_host_without_address_is_unavailable(site):
    async with sending(
        site, None, host="no-such-host.invalid", port=1, plaintext=True
    ) as destination:
        with pytest.raises(Unavailable):
            await destination.send(DELIVERY, message("M1"))


async def test_no_answer_in_time_is_uncertain_and_the_connection_is_not_used_again(
    site, partner
):
    async def never(raw: bytes, writer: asyncio.StreamWriter) -> None:
        pass

    async with sending(site, partner, timeout=0.05) as destination:
        partner.react = never
        with pytest.raises(Uncertain, match="no acknowledgement"):
            await destination.send(DELIVERY, message("M1"))
        partner.react = partner.accept
        assert (await destination.send(DELIVERY, message("M2"))).status == "AA"
    assert partner.connections == 2


@pytest.mark.parametrize("reset", [False, True])
async def test_a_connection_lost_after_sending_is_uncertain(site, partner, reset):
    async def drop(raw: bytes, writer: asyncio.StreamWriter) -> None:
        if reset:
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()

    partner.react = drop
    async with sending(site, partner) as destination:
        with pytest.raises(Uncertain, match="connection lost"):
            await destination.send(DELIVERY, message("M1"))


async def test_a_cancelled_send_leaves_no_connection_out_of_step(site, partner):
    async def late(raw: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        await partner.accept(raw, writer)

    partner.react = late
    async with sending(site, partner) as destination:
        task = asyncio.create_task(destination.send(DELIVERY, message("M1")))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (await destination.send(DELIVERY, message("M2"))).body == answer("AA", "M2")
    assert partner.connections == 2


# -- connections that died meanwhile ------------------------------------------------------------------------


async def test_a_partner_that_closes_after_each_message(site, partner):
    async def once(raw: bytes, writer: asyncio.StreamWriter) -> None:
        await partner.accept(raw, writer)
        writer.close()

    partner.react = once
    async with sending(site, partner) as destination:
        for number in range(5):
            assert (await destination.send(DELIVERY, message(f"M{number}"))).status == "AA"
            await asyncio.sleep(0.02)
    assert partner.connections == 5


async def test_a_half_dead_connection_is_noticed_before_the_next_message(site, partner):
    async with sending(site, partner) as destination:
        await destination.send(DELIVERY, message("M1"))
        handle = os.dup(partner.writers[0].get_extra_info("socket").fileno())
        with socket.socket(fileno=handle) as sock:
            sock.shutdown(socket.SHUT_WR)
        # Not a turn of our loop passes between the end arriving and the next send.
        time.sleep(0.1)
        assert (await destination.send(DELIVERY, message("M2"))).status == "AA"
    assert partner.taken == ["M1", "M2"] and partner.connections == 2


async def test_an_idle_connection_is_renewed_before_the_next_message(site, partner):
    async with sending(site, partner, idle=0.05) as destination:
        await destination.send(DELIVERY, message("M1"))
        await asyncio.sleep(0.1)
        await destination.send(DELIVERY, message("M2"))
    assert partner.connections == 2


async def test_one_connection_per_message(site, partner):
    async with sending(site, partner, one_connection_per_message=True) as destination:
        for number in range(3):
            await destination.send(DELIVERY, message(f"M{number}"))
    assert partner.connections == 3


async def test_tcp_keep_alive_is_on(site, partner):
    async with sending(site, partner, keep_alive=30.0) as destination:
        await destination.send(DELIVERY, message("M1"))
        sock = destination._free[0]._transport.get_extra_info("socket")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30


# -- whose acknowledgement it is ----------------------------------------------------------------------------


@pytest.mark.parametrize("control", ["M0", "", "m1", "M11"])
async def test_strict_closes_and_is_uncertain_when_the_acknowledgement_is_not_ours(
    site, partner, control
):
    partner.says(frame(answer("AA", control)))
    async with sending(site, partner) as destination:
        with pytest.raises(Uncertain, match="wrong acknowledgement"):
            await destination.send(DELIVERY, message("M1"))
        partner.react = partner.accept
        assert (await destination.send(DELIVERY, message("M2"))).status == "AA"
    assert partner.connections == 2


async def test_strict_renews_a_connection_on_which_something_came_unasked(site, partner):
    async with sending(site, partner) as destination:
        await destination.send(DELIVERY, message("M1"))
        partner.writers[0].write(frame(answer("AA", "M1")))
        await asyncio.sleep(0.02)
        assert (await destination.send(DELIVERY, message("M2"))).status == "AA"
    assert partner.connections == 2


async def test_lenient_takes_an_acknowledgement_without_msa_2(site, partner):
    partner.says(frame(answer("AA", "")))
    async with sending(site, partner, ack_match="lenient") as destination:
        assert (await destination.send(DELIVERY, message("M1"))).status == "AA"


async def test_lenient_skips_acknowledgements_of_earlier_messages(site, partner):
    async with sending(site, partner, ack_match="lenient") as destination:
        await destination.send(DELIVERY, message("M1"))
        partner.says(
            frame(answer("AE", "M1")), frame(answer("AE", "M0")) + frame(answer("AA", "M2"))
        )
        answered = await destination.send(DELIVERY, message("M2"))
        assert answered.body == answer("AA", "M2")
    assert partner.connections == 1


async def test_lenient_does_not_take_an_earlier_acknowledgement_for_ours(site, partner):
    partner.says(frame(answer("AA", "M0")))
    async with sending(site, partner, ack_match="lenient", timeout=0.1) as destination:
        with pytest.raises(Uncertain, match="no acknowledgement"):
            await destination.send(DELIVERY, message("M1"))


@pytest.mark.parametrize(
    "pieces",
    [
        (answer("AA", "M1"),),
        (answer("AA", "M1")[:30], answer("AA", "M1")[30:]),
        (answer("AA", "M1").rstrip(),),
        (answer("AA", "M1").replace(b"\r", b"\r\n"),),
        (b"\r\n" + answer("AA", "M1"),),
        (b"MSA|AA|M1",),
    ],
)
async def test_lenient_takes_an_acknowledgement_without_a_frame(site, partner, pieces):
    partner.says(*pieces)
    async with sending(site, partner, ack_match="lenient", timeout=1.0) as destination:
        assert (await destination.send(DELIVERY, message("M1"))).status == "AA"


async def test_lenient_takes_an_acknowledgement_without_a_frame_that_ends_with_the_connection(
    site, partner
):
    async def last_words(raw: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer("AE", "M1").rstrip())
        writer.close()

    partner.react = last_words
    async with sending(site, partner, ack_match="lenient") as destination:
        assert (await destination.send(DELIVERY, message("M1"))).status == "AE"


async def test_lenient_takes_a_framed_acknowledgement_in_pieces(site, partner):
    wire = b"\r\n" + frame(answer("AA", "M1"))
    partner.says(*(wire[at : at + 9] for at in range(0, len(wire), 9)))
    async with sending(site, partner, ack_match="lenient", timeout=1.0) as destination:
        assert (await destination.send(DELIVERY, message("M1"))).body == answer("AA", "M1")


async def test_strict_takes_no_acknowledgement_without_a_frame(site, partner):
    partner.says(answer("AA", "M1"))
    async with sending(site, partner, timeout=0.1) as destination:
        with pytest.raises(Uncertain):
            await destination.send(DELIVERY, message("M1"))


async def test_none_waits_for_nothing(site, partner):
    partner.says()
    async with sending(site, partner, ack_match="none") as destination:
        for number in range(3):
            assert (await destination.send(DELIVERY, message(f"M{number}"))).status == "written"
        await asyncio.sleep(0.05)
    assert partner.taken == ["M0", "M1", "M2"] and partner.connections == 1


async def test_none_takes_no_notice_of_answers(site, partner):
    async with sending(site, partner, ack_match="none") as destination:
        for number in range(3):
            assert (await destination.send(DELIVERY, message(f"M{number}"))).failure is None
            await asyncio.sleep(0.01)
    assert partner.connections == 1


async def test_of_a_batch_acknowledgement_the_worst_counts(site, partner):
    batch = b"BHS|^~\\&|\rMSH|^~\\&|\rMSA|AA|M1\rMSH|^~\\&|\rMSA|AE|M2\rBTS|2\r"
    partner.says(frame(batch))
    async with sending(site, partner) as destination:
        raw = b"BHS|^~\\&|A\r" + message("M1") + message("M2") + b"BTS|2\r"
        partner_taken = await destination.send(
            DELIVERY, raw.replace(b"BHS|^~\\&|A\r", b"BHS|^~\\&|A|B|C|D|E|F|G|H|I\r")
        )
    assert partner_taken.status == "AE"


# -- listen and send ----------------------------------------------------------------------------------------


@asynccontextmanager
async def partner_connected(destination: Destination, partner: Partner) -> AsyncIterator[None]:
    reader, writer = await asyncio.open_connection("127.0.0.1", destination.port)
    task = asyncio.create_task(partner.serve(reader, writer))
    try:
        yield
    finally:
        task.cancel()
        writer.transport.abort()
        await asyncio.gather(task, return_exceptions=True)


async def test_listen_and_send(site):
    partner = Partner()
    async with sending(site, None, listen=Listen(port=0)) as destination:
        await destination.open()
        async with partner_connected(destination, partner):
            for number in range(3):
                assert (await destination.send(DELIVERY, message(f"M{number}"))).status == "AA"
    assert partner.taken == ["M0", "M1", "M2"] and partner.connections == 1


async def test_listen_and_send_is_unavailable_while_nobody_is_connected(site):
    async with sending(site, None, listen=Listen(port=0), connect_timeout=0.05) as destination:
        with pytest.raises(Unavailable, match="has not connected"):
            await destination.send(DELIVERY, message("M1"))


async def test_listen_and_send_waits_a_while_for_the_partner(site):
    partner = Partner()
    async with sending(site, None, listen=Listen(port=0)) as destination:
        await destination.open()
        sends = [
            asyncio.create_task(destination.send(DELIVERY, message(f"M{n}"))) for n in range(3)
        ]
        await asyncio.sleep(0.02)
        async with partner_connected(destination, partner):
            assert [one.status for one in await asyncio.gather(*sends)] == ["AA"] * 3
    assert partner.connections == 1


async def test_listen_and_send_goes_on_when_the_partner_comes_back(site):
    partner = Partner()
    async with sending(site, None, listen=Listen(port=0), connect_timeout=0.1) as destination:
        await destination.open()
        async with partner_connected(destination, partner):
            await destination.send(DELIVERY, message("M1"))
        await asyncio.sleep(0.1)
        with pytest.raises(Unavailable):
            await destination.send(DELIVERY, message("M2"))
        async with partner_connected(destination, partner):
            await destination.send(DELIVERY, message("M2"))
    assert partner.taken == ["M1", "M2"]


async def test_listen_and_send_turns_strangers_away(site, notices):
    settings = {"listen": Listen(port=0, peers=("10.0.0.0/8",)), "connect_timeout": 0.1}
    async with sending(site, None, **settings) as destination:
        await destination.open()
        async with partner_connected(destination, Partner()):
            with pytest.raises(Unavailable):
                await destination.send(DELIVERY, message("M1"))
    assert notices.events() == ["refused_peer"]


async def test_a_port_that_is_taken_is_misconfigured(site):
    holder = socket.create_server(("127.0.0.1", 0))
    async with sending(site, None, listen=Listen(port=holder.getsockname()[1])) as destination:
        with pytest.raises(Misconfigured, match="cannot listen"):
            await destination.send(DELIVERY, message("M1"))
    holder.close()


# -- what people see ----------------------------------------------------------------------------------------


async def test_no_error_says_what_a_message_holds(site, partner):
    async def echo(raw: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(raw))

    partner.react = echo
    said: list[str] = []
    async with sending(site, partner, timeout=0.05) as destination:
        for control in ("CANARY1", "CANARY2"):
            partner.react = echo if control == "CANARY1" else partner.accept
            try:
                answered = await destination.send(DELIVERY, message(control, "CANARY"))
                said.append(str(answered.failure) + answered.status)
            except DeliveryError as error:
                said.append(str(error))
    assert len(said) == 2 and "CANARY" not in str(said)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "needs either 'host' and 'port'"),
        ({"host": "lab"}, "needs either 'host' and 'port'"),
        ({"host": "lab", "port": 1, "listen": {"port": 2}}, "needs either"),
        ({"listen": {"port": 2, "peers": ["x"]}}, "neither an address nor a network"),
        ({"host": "lab", "port": 1, "ack_match": "maybe"}, "Invalid enum value"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings, says):
    with pytest.raises(msgspec.ValidationError, match=says):
        msgspec.convert(settings, DestinationSettings)
