"""What connector tests share: both event loops for those that need it, a place to stand, and certificates."""

from __future__ import annotations

import asyncio
import datetime
import time
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from engine.connectors import Site


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """MLLP is written on protocols, where the two loops differ: its tests run on both."""
    if item.path.name.startswith("test_mllp"):
        return {"asyncio": asyncio.SelectorEventLoop, "uvloop": uvloop.new_event_loop}
    return {"asyncio": asyncio.SelectorEventLoop}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The product runs on uvloop: the other loop is left to the slow run."""
    for item in items:
        if item.path.name.startswith("test_mllp") and "[asyncio" in item.nodeid:
            item.add_marker(pytest.mark.slow)


class Notices(list[tuple[str, str, dict[str, Any]]]):
    """What a connector said to the log."""

    def __call__(self, level: str, event: str, **facts: Any) -> None:
        self.append((level, event, facts))

    def events(self) -> list[str]:
        return [event for _, event, _ in self]


@pytest.fixture
def notices() -> Notices:
    return Notices()


@pytest.fixture
def site(tmp_path: Path, notices: Notices) -> Callable[..., Site]:
    """Makes a site; what is not named has the most ordinary value."""

    async def nothing(_: Any) -> Any:
        raise AssertionError("not expected here")

    def make(**changes: Any) -> Site:
        values = {
            "channel": "test",
            "name": "source",
            "home": tmp_path,
            "notice": notices,
            "now": time.time,
            "spool": nothing,
            "read": nothing,
            "pressure": lambda: False,
        }
        return Site(**{**values, **changes})

    return make


class Authority:
    """A certificate authority for one test run."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._sign(self.subject, self.key, days=30, authority=True)
        self.pem = self._write(
            f"{name}.pem", certificate.public_bytes(serialization.Encoding.PEM)
        )

    def issue(self, name: str, *hosts: str, days: int = 30) -> tuple[str, str]:
        """A certificate for names or addresses, and its key, as paths; negative days = expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._sign(subject, key, hosts=hosts, days=days, public=key.public_key())
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return (
            self._write(f"{name}.pem", certificate.public_bytes(serialization.Encoding.PEM)),
            self._write(f"{name}.key", private),
        )

    def _write(self, name: str, data: bytes) -> str:
        path = self.folder / name
        path.write_bytes(data)
        return str(path)

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        *,
        days: int,
        hosts: tuple[str, ...] = (),
        public: ec.EllipticCurvePublicKey | None = None,
        authority: bool = False,
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        names: list[x509.GeneralName] = []
        for host in hosts:
            names.append(
                x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
            )
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=authority, crl_sign=authority, content_commitment=False,
            key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.subject)
            .public_key(public or key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=60))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(public or key.public_key()),
                critical=False,
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        if not authority:
            both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            builder = builder.add_extension(x509.ExtendedKeyUsage(both), critical=False)
        return builder.sign(self.key, hashes.SHA256())


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority that tests trust."""
    return Authority(tmp_path_factory.mktemp("authority"), "trusted")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that nobody trusts."""
    return Authority(tmp_path_factory.mktemp("stranger"), "stranger")
