"""A partner that does what a test says, over real sockets, and certificates made for the run."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from engine.connectors import Site
from engine.message import Delivery, Spooled

Behaviour = Callable[["Partner", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Asked(msgspec.Struct):
    """One request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes


class Partner:
    """An HTTP server of few words: answers with `answer` unless a behaviour says otherwise."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"
        self.behaviour: Behaviour | None = None
        self.port = 0

    async def read(self, reader: asyncio.StreamReader) -> Asked:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        headers = {name.lower(): value for name, value in headers.items()}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        asked = Asked(head[0], headers, body)
        self.asked.append(asked)
        return asked

    async def __call__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.connections += 1
        try:
            if self.behaviour is not None:
                await self.behaviour(self, reader, writer)
            else:
                while True:
                    await self.read(reader)
                    writer.write(self.answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


Serve = Callable[..., Awaitable[Partner]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    servers: list[asyncio.Server] = []

    async def start(context: ssl.SSLContext | None = None) -> Partner:
        partner = Partner()
        server = await asyncio.start_server(partner, "127.0.0.1", 0, ssl=context)
        servers.append(server)
        partner.port = server.sockets[0].getsockname()[1]
        return partner

    yield start
    for server in servers:
        server.close()


class Notices(list[tuple[str, str, dict[str, object]]]):
    """What was said to the log."""

    def __call__(self, level: str, event: str, **facts: object) -> None:
        self.append((level, event, facts))

    def events(self) -> list[str]:
        return [event for _, event, _ in self]


@pytest.fixture
def notices() -> Notices:
    return Notices()


@pytest.fixture
def site(tmp_path: Path, notices: Notices) -> Site:
    async def spool(chunks: list[bytes]) -> Spooled:
        path = tmp_path / "spooled"
        path.write_bytes(b"".join(chunks))
        return Spooled(path=str(path), size=path.stat().st_size, digest=b"d" * 16)

    async def read(body: bytes | Spooled) -> bytes:
        return body if isinstance(body, bytes) else Path(body.path).read_bytes()

    return Site(
        channel="charges",
        name="billing",
        home=tmp_path,
        notice=notices,
        now=time.time,
        spool=spool,
        read=read,
        pressure=lambda: False,
    )


@pytest.fixture
def delivery() -> Delivery:
    return Delivery(id=7, message=236_691, destination=1, key="a1b2-236691-1-1")


class Authority:
    """A certificate authority for one run of the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"ca {folder.name}")])
        builder = self._builder(self.name, self.key.public_key(), days=2)
        builder = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
            key_encipherment=False, data_encipherment=False, key_agreement=False,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        self.certificate = builder.add_extension(usage, critical=True).sign(
            self.key, hashes.SHA256()
        )
        self.path = folder / "ca.pem"
        self.path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, days: int = 2) -> tuple[Path, Path]:
        """Certificate and key for 127.0.0.1 and `localhost`; negative days = expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        certificate = (
            self._builder(subject, key.public_key(), days)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        paths = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return paths

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, days: int
    ) -> x509.CertificateBuilder:
        end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(end - datetime.timedelta(days=5))
            .not_valid_after(end)
        )

    def server(
        self, name: str = "server", days: int = 2, clients: Path | None = None
    ) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(name, days))
        if clients is not None:
            context.load_verify_locations(clients)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"))
