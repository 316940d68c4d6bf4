"""MLLP over TLS and mutual TLS, in and out: the right certificate, a wrong, an expired and a missing one."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from engine.connectors.mllp import Destination, DestinationSettings, Source, SourceSettings
from engine.connectors.mllp.settings import Dial, Listen
from engine.errors import DeliveryError, Misconfigured, Unavailable, Uncertain
from engine.message import LARGE, Delivery, Inbound, Receipt, Reply, Spooled, Verdict
from engine.settings import Secret
from engine.tls import ClientTls, ServerTls
from engine.wire.mllp import END, Deframer, frame

DELIVERY = Delivery(id=1, message=1, destination=1, key="k")
MESSAGE = b"MSH|^~\\&|CORRIDOR|HERE|LAB|GEN|2026||ADT^A08|M1|P|2.5.1\rPID|1\r"
ANSWER = b"MSH|^~\\&|LAB|GEN|CORRIDOR|HERE|2026||ACK|A1|P|2.5.1\rMSA|AA|M1\r"


class Engine:
    def __init__(self) -> None:
        self.taken: list[Inbound] = []

    async def __call__(self, inbound: Inbound) -> Reply:
        self.taken.append(inbound)
        return Reply(receipt=Receipt(id=1, verdict=Verdict.ACCEPTED), body=ANSWER)


@pytest.fixture
def engine() -> Engine:
    return Engine()


@asynccontextmanager
async def running(site: Any, engine: Engine, **settings: Any) -> AsyncIterator[Source]:
    source = Source(SourceSettings(**{"port": 0, **settings}), site)
    task = asyncio.create_task(source.run(engine))
    await asyncio.wait_for(source.ready.wait(), 5)
    try:
        yield source
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def send(
    site: Any, port: int, tls: ClientTls | None, raw: bytes = MESSAGE, **settings: Any
) -> str:
    """The status of one send."""
    settings = {"host": "127.0.0.1", "port": port, "tls": tls, "timeout": 2.0, **settings}
    destination = Destination(DestinationSettings(**settings), site)
    try:
        return (await destination.send(DELIVERY, raw)).status
    finally:
        await destination.close()
        await asyncio.sleep(0.01)


@pytest.fixture
def server_tls(authority: Any) -> ServerTls:
    certificate, key = authority.issue("server", "127.0.0.1", "localhost")
    return ServerTls(certificate=certificate, key=key)


@pytest.fixture
def mutual_tls(authority: Any) -> ServerTls:
    certificate, key = authority.issue("server", "127.0.0.1", "localhost")
    return ServerTls(certificate=certificate, key=key, clients=authority.pem)


def client_tls(trusted: Any, issuer: Any = None, **options: Any) -> ClientTls:
    if issuer is None:
        return ClientTls(authorities=trusted.pem, **options)
    certificate, key = issuer.issue("client", **options)
    return ClientTls(authorities=trusted.pem, certificate=certificate, key=key)


# -- TLS ----------------------------------------------------------------------------------------------------


async def test_tls_in_and_out(site, engine, server_tls, authority):
    async with running(site(), engine, tls=server_tls) as source:
        assert await send(site(), source.port, client_tls(authority)) == "AA"
    assert engine.taken[0].raw == MESSAGE


async def test_a_large_message_over_tls(site, engine, server_tls, authority):
    async def spool(chunks: list[bytes]) -> Spooled:
        return Spooled(path="p", size=sum(map(len, chunks)), digest=b"")

    raw = MESSAGE + b"x" * (LARGE * 20)
    async with running(site(spool=spool), engine, tls=server_tls) as source:
        assert await send(site(), source.port, client_tls(authority), raw, timeout=10.0) == "AA"
    assert engine.taken[0].raw.size == len(raw)


async def test_many_messages_without_waiting_over_tls(site, engine, server_tls, authority):
    context = ssl.create_default_context(cafile=authority.pem)
    async with running(site(), engine, tls=server_tls) as source:
        reader, writer = await asyncio.open_connection("127.0.0.1", source.port, ssl=context)
        writer.write(frame(MESSAGE) * 500)
        deframer, answers = Deframer(), 0
        while answers < 500:
            answers += len(deframer.feed(await asyncio.wait_for(reader.read(65536), 3)))
        writer.close()
        await writer.wait_closed()
    assert len(engine.taken) == 500


async def test_a_certificate_of_a_stranger_is_misconfigured(site, engine, server_tls, stranger):
    async with running(site(), engine, tls=server_tls) as source:
        with pytest.raises(Misconfigured, match="certificate verify failed"):
            await send(site(), source.port, client_tls(stranger))
    assert engine.taken == []


async def test_an_expired_certificate_is_misconfigured(site, engine, authority):
    certificate, key = authority.issue("expired", "127.0.0.1", days=-1)
    async with running(
        site(), engine, tls=ServerTls(certificate=certificate, key=key)
    ) as source:
        with pytest.raises(Misconfigured, match="expired"):
            await send(site(), source.port, client_tls(authority))


async def test_a_certificate_for_another_name_is_misconfigured(site, engine, authority):
    certificate, key = authority.issue("elsewhere", "elsewhere.example")
    async with running(
        site(), engine, tls=ServerTls(certificate=certificate, key=key)
    ) as source:
        with pytest.raises(Misconfigured, match="certificate verify failed"):
            await send(site(), source.port, client_tls(authority))
        assert (
            await send(site(), source.port, client_tls(authority, name="elsewhere.example"))
            == "AA"
        )


@pytest.mark.slow
async def test_a_partner_that_speaks_plain_is_not_sent_to(site, engine, authority):
    async with running(site(), engine) as source:
        with pytest.raises((Misconfigured, Unavailable)):
            await send(site(), source.port, client_tls(authority), connect_timeout=1.0)
    assert engine.taken == []


async def test_a_sender_that_speaks_plain_is_turned_away(site, engine, server_tls, notices):
    async with running(site(), engine, tls=server_tls) as source:
        with pytest.raises(Uncertain):
            await send(site(), source.port, None)
        assert not source.connections
    assert engine.taken == [] and notices.events() == ["refused_peer"]


async def test_a_probe_of_a_tls_port_is_not_logged(
    site, engine, server_tls, authority, notices
):
    async with running(site(), engine, tls=server_tls) as source:
        for _ in range(10):
            socket.create_connection(("127.0.0.1", source.port)).close()
        await asyncio.sleep(0.1)
        assert await send(site(), source.port, client_tls(authority)) == "AA"
    assert notices == []


async def test_a_peer_that_is_not_on_the_list_gets_no_handshake(
    site, engine, server_tls, authority, notices
):
    async with running(site(), engine, tls=server_tls, peers=("10.0.0.0/8",)) as source:
        with pytest.raises(Unavailable):
            await send(site(), source.port, client_tls(authority))
    assert notices.events() == ["refused_peer"]


async def test_handshakes_count_as_connections(site, engine, server_tls, notices):
    async with running(site(), engine, tls=server_tls, connections=3) as source:
        waiting = [socket.create_connection(("127.0.0.1", source.port)) for _ in range(5)]
        await asyncio.sleep(0.05)
        assert len(source._door.handshakes) == 3
        for sock in waiting:
            sock.close()
    assert "refused_peer" in notices.events()


# -- mutual TLS ---------------------------------------------------------------------------------------------


async def test_mutual_tls_in_and_out(site, engine, mutual_tls, authority):
    async with running(site(), engine, tls=mutual_tls) as source:
        assert await send(site(), source.port, client_tls(authority, authority)) == "AA"


@pytest.mark.parametrize("wrong", ["missing", "stranger", "expired"])
async def test_a_client_without_the_right_certificate_is_turned_away(
    site, engine, mutual_tls, authority, stranger, notices, wrong
):
    tls = {
        "missing": lambda: client_tls(authority),
        "stranger": lambda: client_tls(authority, stranger),
        "expired": lambda: client_tls(authority, authority, days=-1),
    }[wrong]()
    async with running(site(), engine, tls=mutual_tls) as source:
        with pytest.raises(DeliveryError):
            await send(site(), source.port, tls)
        assert not source.connections
    assert engine.taken == []
    assert notices.events() == ["refused_peer"] and "TLS" in notices[0][2]["why"]


@pytest.mark.parametrize("wrong", ["missing", "stranger"])
async def test_a_partner_that_does_not_trust_our_certificate_is_misconfigured(
    site, authority, stranger, mutual_tls, wrong
):
    """The partner is another implementation, which says why it turns us away."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(mutual_tls.certificate, mutual_tls.key)
    context.load_verify_locations(authority.pem)
    context.verify_mode = ssl.CERT_REQUIRED
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        plain, _ = listening.accept()
        # Closing on unread bytes would reset the alert away: a second handle keeps the connection open.
        with plain.dup() as rest:
            rest.settimeout(2)
            with suppress(ssl.SSLError):
                context.wrap_socket(plain, server_side=True)
            with suppress(OSError):
                while rest.recv(1000):
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    tls = client_tls(authority) if wrong == "missing" else client_tls(authority, stranger)
    with pytest.raises(Misconfigured, match="does not trust us"):
        await send(site(), listening.getsockname()[1], tls)
    await asyncio.to_thread(thread.join)
    listening.close()


# -- the other way round ------------------------------------------------------------------------------------


async def test_connect_and_receive_over_tls(site, engine, server_tls, authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_tls.certificate, server_tls.key)
    answers: asyncio.Queue[bytes] = asyncio.Queue()

    async def partner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(MESSAGE))
        answers.put_nowait(await reader.readuntil(END))
        writer.close()

    server = await asyncio.start_server(partner, "127.0.0.1", 0, ssl=context)
    dial = Dial(
        host="127.0.0.1", port=server.sockets[0].getsockname()[1], tls=client_tls(authority)
    )
    async with server, running(site(), engine, port=None, connect=dial):
        assert b"MSA|AA|M1" in await asyncio.wait_for(answers.get(), 3)


async def test_connect_and_receive_does_not_take_from_a_stranger(
    site, engine, server_tls, stranger, notices
):
    async with running(site(), engine, tls=server_tls) as partner:
        dial = Dial(host="127.0.0.1", port=partner.port, tls=client_tls(stranger))
        async with running(site(), engine, port=None, connect=dial):
            await asyncio.sleep(0.1)
    assert "cannot_connect" in notices.events()


async def test_listen_and_send_over_tls(site, server_tls, authority):
    destination = Destination(
        DestinationSettings(listen=Listen(port=0, tls=server_tls)), site()
    )
    await destination.open()
    context = ssl.create_default_context(cafile=authority.pem)
    reader, writer = await asyncio.open_connection("127.0.0.1", destination.port, ssl=context)
    sending = asyncio.create_task(destination.send(DELIVERY, MESSAGE))
    assert await asyncio.wait_for(reader.readuntil(END), 2) == frame(MESSAGE)
    writer.write(frame(ANSWER))
    assert (await asyncio.wait_for(sending, 2)).status == "AA"
    await destination.close()
    writer.close()
    await asyncio.sleep(0.02)


# -- files --------------------------------------------------------------------------------------------------


async def test_a_certificate_that_is_not_there_is_an_os_error_for_a_source(site, engine):
    tls = ServerTls(certificate="none.pem", key="none.key")
    with pytest.raises(OSError, match="No such file"):
        await Source(SourceSettings(port=0, tls=tls), site()).run(engine)


async def test_a_secret_that_is_not_there_is_an_os_error_that_names_the_reference(
    site, engine, server_tls
):
    tls = ServerTls(
        certificate=server_tls.certificate,
        key=server_tls.key,
        password=Secret(env="NO_SUCH_SECRET"),
    )
    with pytest.raises(OSError, match="NO_SUCH_SECRET"):
        await Source(SourceSettings(port=0, tls=tls), site()).run(engine)


async def test_an_authority_that_is_not_there_is_misconfigured_for_a_destination(site):
    with pytest.raises(Misconfigured, match="cannot read"):
        await send(site(), 1, ClientTls(authorities="none.pem"))
